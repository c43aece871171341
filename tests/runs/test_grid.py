"""Cells of a grid: which there are, what they are called, and what is impossible."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.grid import MAX_NAME, Cell, cells, factor_keys

MODE, DYNAMICS = "therapist.mode", "client.dynamics"


def made(grid: dict[str, Any], **blocks: Any) -> tuple[Cell, ...]:
    return cells(RunConfig.model_validate({**blocks, "grid": grid}))


def told(grid: dict[str, Any], **blocks: Any) -> str:
    with pytest.raises(UserError) as caught:
        made(grid, **blocks)
    return str(caught.value)


def names(grid: dict[str, Any], **blocks: Any) -> list[str]:
    return [cell.name for cell in made(grid, **blocks)]


def test_no_grid_is_one_cell() -> None:
    config = RunConfig()
    assert cells(config) == (Cell(name="all", factors={}, config=config),)


def test_every_combination_with_the_last_factor_fastest() -> None:
    grid = {MODE: ["text", "p"], DYNAMICS: ["full", "static"]}
    assert names(grid) == [
        "mode=text,dynamics=full",
        "mode=text,dynamics=static",
        "mode=p,dynamics=full",
        "mode=p,dynamics=static",
    ]
    last = made(grid)[-1]
    assert last.factors == {MODE: "p", DYNAMICS: "static"}
    assert (last.config.therapist.mode, last.config.client.model_dump()["dynamics"]) == (
        "p",
        "static",
    )
    assert last.config.grid == {}


def test_joined_keys_vary_together() -> None:
    cell = made({f"{MODE}, {DYNAMICS}": [["text", "full"], ["p", "static"]]})[1]
    assert cell.name == "mode=p,dynamics=static"
    assert cell.factors == {MODE: "p", DYNAMICS: "static"}


def test_exclude_drops_combinations() -> None:
    grid = {MODE: ["text", "p"], DYNAMICS: ["full", "static"]}
    assert len(made({**grid, "exclude": [{MODE: "text", DYNAMICS: "static"}]})) == 3
    assert names({**grid, "exclude": [{MODE: "text"}]}) == [
        "mode=p,dynamics=full",
        "mode=p,dynamics=static",
    ]


def test_blocks_and_named_levels() -> None:
    still = {"kind": "scripted", "dynamics": "static"}
    grid = {"client": [{"name": "still", "value": still}, "scripted"], "exclude": []}
    first, second = made(grid, client={"dynamics": "memoryless"})
    assert first.factors == {"client": "still"}
    assert first.config.client.model_dump().items() >= {**still, "appraisal": "embedded"}.items()
    # A bare word changes the kind alone; a block replaces the whole block.
    assert second.config.client.model_dump()["dynamics"] == "memoryless"
    assert names({**grid, "exclude": [{"client": "still"}]}) == ["client=scripted"]
    assert names({**grid, "exclude": [{"client": still}]}) == ["client=scripted"]


def test_a_changed_kind_drops_the_keys_of_the_former() -> None:
    cell = made({"face.kind": ["none", "portrait"]}, face={"size": 100})[0]
    assert cell.name == "face=none"
    assert cell.config.face.model_dump() == {"kind": "none"}


def test_names_stay_apart() -> None:
    custom = {"kind": "custom", "target": "a:B"}
    assert names({"client": [{**custom, "args": {"x": 1}}, custom]}) == [
        "client=custom-1",
        "client=custom-2",
    ]
    assert names({"client.kind": ["scripted"], "judge.kind": ["scripted"]}) == [
        "client=scripted,judge=scripted"
    ]
    roles = {role: {**custom, "args": {}} for role in ("client", "judge")}
    grid = {"client.args.warmth": [0.5, None], "judge.args.warmth": [True]}
    assert names(grid, **roles) == [
        "client.args.warmth=0.5,judge.args.warmth=true",
        "client.args.warmth=null,judge.args.warmth=true",
    ]


def test_names_are_short_and_safe() -> None:
    lines = ["../../etc/passwd", "a\nb", "x" * 300, "x" * 299, "../../etc passwd"]
    found = names({"judge.args.line": lines}, judge={"kind": "custom", "target": "a:B"})
    assert len(set(found)) == len(lines)
    for name in found:
        assert len(name) <= MAX_NAME
        assert not set(name) - set("=,+._-") - set(map(chr, range(48, 123)))
        assert "/" not in name


def test_resistance_is_restricted_within_the_cell() -> None:
    grid = {"sample.resistance": ["emotional", ["cognitive", "none"], "default"]}
    assert [cell.config.sample.resistance for cell in made(grid)] == [
        ("emotional",),
        ("cognitive", "none"),
        "default",
    ]
    assert names(grid)[1] == "resistance=cognitive+none"
    message = told({"sample.resistance": ["none"]}, sample={"resistance": ["emotional"]})
    assert "in cell 'resistance=none'" in message
    assert "allowed: emotional" in message


def test_factor_keys() -> None:
    config = RunConfig.model_validate(
        {"grid": {f"{MODE} ,{DYNAMICS}": [["p", "full"]], "sample.intensity": [1], "exclude": []}}
    )
    assert factor_keys(config) == (MODE, DYNAMICS, "sample.intensity")


@pytest.mark.parametrize(
    ("grid", "parts"),
    [
        ({MODE: []}, ["grid.therapist.mode: [] is not a list of values"]),
        ({MODE: "p"}, ["'p' is not a list of values"]),
        ({MODE: None}, ["None is not a list of values"]),
        ({"therapist": {"mode": ["p"]}}, ["write dotted keys"]),
        ({"therapist.mod": ["p"]}, ["unknown key 'therapist.mod'", "'therapist.mode'?"]),
        ({"therapist.": ["p"]}, ["unknown key"]),
        ({"": ["p"]}, ["unknown key ''"]),
        ({"seed": [1, 2]}, ["'seed' cannot vary", "use sample.replicates"]),
        ({"name": ["a"]}, ["'name' cannot vary", "therapist.*"]),
        ({"executor.workers": [1, 2]}, ["'executor.workers' cannot vary"]),
        ({"output.dir": ["a"]}, ["cannot vary"]),
        ({"sample.limit": [1]}, ["cannot vary"]),
        ({"session.attempts": [1]}, ["cannot vary"]),
        ({"checkpoints": ["none"]}, ["cannot vary"]),
        ({"grid": [{}]}, ["cannot vary"]),
        ({MODE: ["p", "p"]}, ["grid.therapist.mode holds 'p' twice"]),
        (
            {MODE: ["p", "ec"], "perceiver": ["none"]},
            ["therapist.mode: 'ec' needs a perceiver"],
        ),
        ({MODE: ["p", "q"]}, ["in cell 'mode=q': therapist.mode: 'q' is not known", "text, base"]),
        ({MODE: ["p"], "therapist": ["scripted"]}, ["both vary"]),
        ({MODE: ["p"], f"{MODE},{DYNAMICS}": [["p", "full"]]}, ["varies twice"]),
        ({f"{MODE},{DYNAMICS}": [["p"]]}, ["does not fit the 2 keys"]),
        ({f"{MODE},{DYNAMICS}": ["p"]}, ["does not fit the 2 keys"]),
        ({"client": [5]}, ["in cell 'client=5': client: 5 is not a block"]),
        ({"client": [{"name": 3, "value": "scripted"}]}, ["3 is not a name"]),
        ({"client": [{"name": "//", "value": "scripted"}]}, ["'//' is not a name"]),
        (
            {"therapist.kind": ["custom"]},
            ["in cell 'therapist=custom': therapist.target is missing"],
        ),
        ({"client.dynamics.x": [1]}, ["unknown key"]),
        ({"judge.args.x": [1]}, ["in cell", "'args' belongs to judge.kind custom"]),
        ({MODE: ["p"], "exclude": {MODE: "p"}}, ["is not a list"]),
        ({MODE: ["p"], "exclude": [{}]}, ["is not a combination"]),
        ({MODE: ["p"], "exclude": ["p"]}, ["is not a combination"]),
        ({MODE: ["p"], "exclude": [{"therapist.mod": "p"}]}, ["is not a key", "'therapist.mode'?"]),
        ({MODE: ["p"], "exclude": [{MODE: "q"}]}, ["'q' is not a value of this grid", "'p'"]),
        ({MODE: ["p"], "exclude": [{MODE: "p"}]}, ["grid.exclude leaves no combination"]),
        (
            {"session.max_exchanges": list(range(1, 102)), "face.size": list(range(64, 164))},
            ["10,100 combinations", "up to 10,000"],
        ),
    ],
    ids=str,
)
def test_an_impossible_grid(grid: dict[str, Any], parts: list[str]) -> None:
    message = told(grid)
    for part in parts:
        assert part in message


def test_where_a_factor_came_from() -> None:
    config = RunConfig.model_validate({"grid": {f"{MODE}, {DYNAMICS}": [["p", "odd"]]}})
    with pytest.raises(UserError) as caught:
        cells(config, lambda path: f"mine.yaml:{len(path)} {path[-1]}")
    assert caught.value.where == f"mine.yaml:2 {MODE}, {DYNAMICS}"


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(["full", "static", "memoryless"]), min_size=1, unique=True),
)
def test_as_many_cells_as_combinations(limits: list[int], dynamics: list[str]) -> None:
    found = made({"session.max_exchanges": limits, DYNAMICS: dynamics})
    assert len({cell.name for cell in found}) == len(found) == len(limits) * len(dynamics)
