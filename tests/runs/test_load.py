"""Presets, files and overrides: what is merged, and how a mistake is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.load import load_config, preset_names, schema


def told(source: str | Path | None = None, *overrides: str) -> str:
    """The message of the mistake."""
    with pytest.raises(UserError) as caught:
        load_config(None if source is None else str(source), overrides)
    text = str(caught.value)
    assert "pydantic" not in text
    assert "http" not in text
    return text


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_under_its_own_name(name: str) -> None:
    assert load_config(name).config.name == name


def test_quickstart_is_the_default_and_has_24_sessions() -> None:
    config = load_config().config
    assert config.name == "quickstart"
    assert config.sample.limit == 6
    assert len(config.sample.resistance) == 4
    assert config.executor.model_dump()["workers"] == "auto"


def test_a_file_may_leave_everything_out(tmp_path: Path) -> None:
    loaded = load_config(str(written(tmp_path, "seed: 3\n", "pilot.yaml")))
    assert loaded.config == RunConfig(seed=3, name="pilot")
    assert "name" not in load_config(str(written(tmp_path, "seed: 3\n", "a b.yaml"))).document


def test_overrides_win_and_the_last_one_most() -> None:
    config = load_config("quickstart", ["seed=1", "session.max_exchanges=3", "seed=2"]).config
    assert (config.seed, config.session.max_exchanges) == (2, 3)


def test_a_source_that_is_an_override() -> None:
    assert load_config("seed=5", ["name=x"]).config.seed == 5


def test_values_are_yaml_1_2() -> None:
    config = load_config(
        None,
        [
            "session.time_limit_s=1e2",
            "therapist.crisis_line=no",
            "sample.resistance=[none, emotional]",
            "executor.address=12:30",
            "sample.limit=null",
        ],
    ).config
    assert config.session.time_limit_s == 100.0
    assert config.therapist.model_dump()["crisis_line"] == "no"
    assert config.sample.resistance == ("none", "emotional")
    assert config.executor.model_dump()["address"] == "12:30"
    assert config.sample.limit is None


def test_keys_are_made_on_the_way() -> None:
    config = load_config(
        None, ["judge.kind=custom", "judge.target=a:B", "judge.args.style.tone=dry"]
    ).config
    assert config.judge.model_dump()["args"] == {"style": {"tone": "dry"}}


@pytest.mark.parametrize("override", ["executor=inline", "executor.kind=inline"])
def test_a_changed_kind_drops_what_only_the_former_knew(override: str) -> None:
    executor = load_config("quickstart", [override]).config.executor
    assert executor.model_dump() == {"kind": "inline", "in_flight": 64, "shutdown_grace_s": 10.0}


def test_a_changed_kind_keeps_what_was_asked_for() -> None:
    text = told("quickstart", "executor=inline", "executor.workers=2")
    assert text.startswith("command line: \"executor.workers=2\": unknown key 'executor.workers'")
    assert "belongs to executor.kind ray" in text
    assert "unknown key 'face.size'" in told(None, "face={kind: none, size: 3}")


def test_a_changed_kind_keeps_what_both_know() -> None:
    config = load_config(None, ["therapist.kind=custom", "therapist.target=a:B"]).config
    assert config.therapist.model_dump() == {
        "kind": "custom",
        "target": "a:B",
        "args": {},
        "mode": "p",
    }


def test_a_bare_word_in_the_file_can_be_gone_into(tmp_path: Path) -> None:
    path = written(tmp_path, "face: portrait\nsample:\n")
    config = load_config(str(path), ["face.size=100", "sample.limit=2"]).config
    assert config.face.model_dump() == {"kind": "portrait", "size": 100}


def test_factors_of_the_grid_keep_their_dots() -> None:
    config = load_config(
        "ablation", ["grid.client.dynamics=[full, static]", "grid.exclude=[{therapist.mode: p}]"]
    ).config
    assert config.grid == {
        "therapist.mode": ["text", "p"],
        "client.dynamics": ["full", "static"],
        "exclude": [{"therapist.mode": "p"}],
    }


def test_a_run_json_repeats_its_run(tmp_path: Path) -> None:
    config = load_config("ablation", ["seed=11"]).config
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"config": config.model_dump(mode="json"), "provenance": {}}))
    assert load_config(str(path)).config == config
    assert "is a run" in told(tmp_path)


def test_origins(tmp_path: Path) -> None:
    path = written(tmp_path, "# mine\nseed: 3\nsession:\n  attempts: 1\n")
    loaded = load_config(str(path), ["session.max_exchanges=4"])
    assert loaded.origin("seed") == f"{path}:2"
    assert loaded.origin("session.attempts") == f"{path}:4"
    assert loaded.origin("session.max_exchanges") == 'command line: "session.max_exchanges=4"'
    assert loaded.origin("executor.in_flight") == "default"
    assert load_config().origin("seed") == "preset quickstart:3"


def test_an_unknown_key_in_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, "seed: 1\nsession:\n  max_exchange: 3\n")
    assert told(path) == (
        f"{path}:3: unknown key 'session.max_exchange'\n"
        "  allowed: max_exchanges, time_limit_s, attempts\n"
        "  did you mean 'max_exchanges'?"
    )


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        (
            "therapist.mode=pp",
            ["'pp' is not known", "text, base, p, ec, p+ec", "did you mean 'p'?"],
        ),
        ("face=nne", ["face.kind: 'nne' is not known", "did you mean 'none'?"]),
        ("executor.kind=rya", ["executor.kind: 'rya' is not known", "ray, inline", "'ray'?"]),
        ("session.max_exchanges=0", ["0 is out of range", "from 1 to 100"]),
        ("session.max_exchanges=ten", ["'ten' is not a whole number"]),
        ("session.time_limit_s=.nan", ["nan is out of range"]),
        ("session.time_limit_s=.inf", ["inf is out of range"]),
        ("sample.intensity=2", ["2 is out of range", "from 0 to 1 or null"]),
        ("seed=0x" + "f" * 9000, ["thousands of digits is out of range"]),
        ("mode=p", ["unknown key 'mode'", "did you mean 'therapist.mode'?"]),
        ("sed=4", ["unknown key 'sed'", "did you mean 'seed'?"]),
        ("seed.low=1", ["seed is 7, not a block"]),
        (
            "face=null",
            ["face: None is not a block", "portrait, none, blank, shuffled, swapped, custom"],
        ),
        ("session=5", ["session: 5 is not a block", "max_exchanges"]),
        ("name=12", ["name: 12 is not text"]),
        ("name=", ["name: None is not text"]),
        ("therapist.kind=custom", ["therapist.target is missing", "module:Class"]),
        ("grid=5", ["grid: 5 is not a mapping"]),
        ("seed=[1", ["not valid YAML"]),
        ("seed=*a", ["aliases are not accepted"]),
        ("seed=!!python/object:os.system x", ["tags are not accepted"]),
        ("sample={limit: 1, limit: 2}", ["'limit' appears twice"]),
        ("seed=\udcff", ["holds a control character"]),
        ("seed=" + "[" * 50 + "]" * 50, ["nested too deeply"]),
        ("seed", ["is not an override", "key=value"]),
        ("=5", ["is not an override"]),
        ("session..attempts=1", ["has an empty part"]),
    ],
)
def test_a_mistake_on_the_command_line(override: str, parts: list[str]) -> None:
    text = told(None, override)
    assert text.startswith('command line: "')
    text.encode()
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    "overrides",
    [
        ["therapist.args.api_key=sk-1234"],
        ["judge={kind: custom, target: 'a:B', args: {token: sk-1234}}"],
        ["judge=custom", "judge.target=a:B", "judge.args.token=sk-1234"],
        ["judge=custom", "judge.target=a:B", "judge.args.token=[sk-1234"],
        ["grid.judge.args.token=[sk-1234]"],
        ["grid={judge.args.token: [{name: a, value: sk-1234}]}"],
    ],
)
def test_a_secret_is_not_repeated(overrides: list[str]) -> None:
    assert "sk-1234" not in told(None, *overrides)


def test_all_mistakes_are_told_at_once_but_not_without_end() -> None:
    text = told(None, "seed=-1", "face.size=1", "therapist.mode=x")
    assert text.startswith("3 mistakes in the configuration\n")
    assert text.count("command line:") == 3
    many = told(None, *[f"odd{number}=1" for number in range(12)])
    assert "12 mistakes" in many
    assert "… and 2 more" in many


def test_a_conflict_is_told_where_the_mode_was_set() -> None:
    text = told(
        None, "therapist=custom", "therapist.target=a:B", "therapist.mode=base", "face=none"
    )
    assert text.startswith(
        "command line: \"therapist.mode=base\": therapist.mode: 'base' needs a face"
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "holds nothing, not a configuration"),
        ("# only a comment\n", "holds nothing"),
        ("- seed: 1\n", "holds a list, not a configuration"),
        ("just words\n", "holds 'just words'"),
        ("seed: 1\nseed: 2\n", ":2: key 'seed' appears twice"),
        ("a: &a [x, x]\nb: [*a, *a]\n", ":1: YAML anchors and aliases"),
        ("seed: !!int 3\n", ":1: YAML tags"),
        ("seed: [1\n", "not valid YAML"),
        ("seed: 1\n---\nseed: 2\n", "document"),
        ("1: 2\n", "1"),
        ("x: " + "[" * 40 + "]" * 40 + "\n", "nested too deeply"),
        ("x: " + "[" * 4000 + "\n", "nested too deeply"),
        (
            "perceiver: none\ngrid:\n  therapist.mode: [text, ec]\n",
            ":3: in cell 'mode=ec': therapist.mode: 'ec'",
        ),
        ("grid:\n  therapist.mod: [text]\n", ":2: unknown key 'therapist.mod'"),
    ],
)
def test_a_bad_file(tmp_path: Path, text: str, part: str) -> None:
    path = written(tmp_path, text)
    message = told(path)
    assert message.startswith(str(path))
    assert part in message


def test_wrong_encoding_and_size(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes("name: café\n".encode("latin-1"))
    assert "not UTF-8" in told(path)
    path.write_text("seed: 3\n", encoding="utf-16")
    assert "not UTF-8" in told(path)
    path.write_bytes(b"# " + b"x" * 1_100_000)
    assert "too large" in told(path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not valid JSON"),
        ('{"config": {', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("{}", "no `config`"),
        ('{"config": {"seed": 1, "seed": 2}}', "'seed' appears twice"),
        ('{"config": {"seed": NaN}}', "seed: nan"),
        ('{"config": {"sead": 1}}', "did you mean 'seed'?"),
        ('{"config": {"x": ' + "[" * 500 + "]" * 500 + "}}", "nested too deeply"),
    ],
)
def test_a_bad_run_json(tmp_path: Path, text: str, part: str) -> None:
    path = written(tmp_path, text, "run.json")
    message = told(path)
    assert str(path) in message
    assert part in message


def test_an_unknown_source(tmp_path: Path) -> None:
    text = told("quikstart")
    assert "no preset or file 'quikstart'" in text
    assert "ablation, inline, quickstart, screenplay" in text
    assert "did you mean 'quickstart'?" in text
    written(tmp_path, "seed: 1\n", "pilot.yaml")
    assert "did you mean 'pilot.yaml'?" in told(tmp_path / "pilo.yaml")
    assert "is not a file" in told(tmp_path)
    assert "no preset or file" in told("x" * 5000)
    assert "no such file" in told("../../etc/nothing")


def test_the_schema_describes_every_field() -> None:
    described = schema()
    assert described["additionalProperties"] is False
    definitions: dict[str, Any] = described["$defs"]
    limits = definitions["SessionLimits"]["properties"]
    assert limits["max_exchanges"]["minimum"] == 1
    assert limits["max_exchanges"]["maximum"] == 100
    assert limits["max_exchanges"]["description"] == "Client turns with their replies."
    kinds = ["portrait", "none", "blank", "shuffled", "swapped", "custom"]
    assert {"enum": kinds} in described["properties"]["face"]["anyOf"]
    blocks = {"RunConfig": described, **definitions}
    bare = [
        f"{name}.{key}"
        for name, block in blocks.items()
        for key, value in block.get("properties", {}).items()
        if "description" not in value and key not in {"kind", *RunConfig.model_fields}
    ]
    assert bare == []
    json.dumps(described)
