"""The plan: how many sessions, in which order, under which ids, and what survives the disk."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import RESISTANCE_TYPES, Persona
from mirrorplay.runs import plan as plan_module
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.plan import (
    Plan,
    PlannedSession,
    make_plan,
    pair_key,
    plan_of,
    read_plan,
    select_personas,
    shard_size,
    write_plan,
)


def person(number: int, **resistance: Any) -> Persona:
    own = {"type": RESISTANCE_TYPES[number % 4], **resistance}
    return Persona.model_validate(
        {"id": f"person-{number:04}", "intake": {"name": f"P{number}"}, "resistance": own}
    )


PEOPLE = [person(number) for number in range(8)]
GRID = {"therapist.mode": ["text", "p"]}


def planned(people: list[Persona] | None = None, **blocks: Any) -> Plan:
    return make_plan(RunConfig.model_validate(blocks), PEOPLE if people is None else people)


def test_clients_times_cells() -> None:
    plan = planned(sample={"limit": 6, "replicates": 2}, grid=GRID)
    assert len(plan) == 6 * 4 * 2 * 2
    met = Counter((s.persona_id, s.resistance, s.replicate, s.cell) for s in plan)
    assert set(met.values()) == {1}
    assert {session.cell for session in plan} == {"mode=text", "mode=p"}


def test_default_keeps_each_personas_own_type() -> None:
    plan = planned(sample={"resistance": "default"})
    assert {s.persona_id: s.resistance for s in plan} == {p.id: p.resistance.type for p in PEOPLE}


def test_early_sessions_are_varied_and_pairs_stay_together() -> None:
    early = planned(grid=GRID)[:8]
    assert len({session.persona_id for session in early}) == 4
    assert {session.resistance for session in early} == set(RESISTANCE_TYPES)
    assert [s.cell for s in early] == ["mode=text", "mode=p"] * 4


def test_the_sample_is_seeded_and_drawn_once() -> None:
    config = RunConfig.model_validate({"sample": {"limit": 3}})
    chosen = select_personas(config, PEOPLE)
    assert chosen == select_personas(config, PEOPLE[::-1])
    assert make_plan(config, PEOPLE) == make_plan(config, chosen)
    assert {session.persona_id for session in make_plan(config, PEOPLE)} == {p.id for p in chosen}


def test_ids_do_not_depend_on_how_or_where() -> None:
    base = planned(grid=GRID)
    other = planned(
        name="other", executor="inline", output={"dir": "x"}, checkpoints="sqlite", grid=GRID
    )
    assert base == other
    assert base == planned(PEOPLE[::-1], grid=GRID)


def test_a_larger_run_has_the_same_sessions_and_more() -> None:
    small = {s.session_id: s for s in planned(sample={"limit": 3})}
    large = {s.session_id: s for s in planned(sample={"limit": 6, "replicates": 2})}
    for identifier, session in small.items():
        assert large[identifier].model_copy(update={"shard": session.shard}) == session


@pytest.mark.parametrize(
    "blocks",
    [
        {"seed": 8},
        {"therapist": {"mode": "text"}},
        {"client": {"dynamics": "static"}},
        {"session": {"max_exchanges": 9}},
        {"sample": {"intensity": 0.2}},
        {"face": "none"},
        {"graph": "screenplay"},
        {"judge": {"kind": "custom", "target": "a:B"}},
    ],
    ids=str,
)
def test_other_content_has_other_ids(blocks: dict[str, Any]) -> None:
    assert not set(planned().session_ids) & set(planned(**blocks).session_ids)


def test_an_id_is_what_it_was() -> None:
    """Changes only with what makes a session: data sets are joined by these ids."""
    assert planned(PEOPLE[:1], sample={"resistance": "none"}).session_ids == ["0da3f0738f62c1aa"]


def test_two_cells_meet_the_same_client() -> None:
    seeds: dict[tuple[str, int], set[int]] = {}
    for session in planned(sample={"replicates": 2}, grid=GRID):
        seeds.setdefault((session.persona_id, session.replicate), set()).add(session.seed)
    assert all(len(found) == 1 for found in seeds.values())
    assert len({next(iter(found)) for found in seeds.values()}) == len(seeds)


def test_a_cell_leaves_clients_out() -> None:
    plan = planned(grid={"sample.resistance": ["emotional", ["emotional", "none"]]})
    assert Counter((s.cell, s.resistance) for s in plan) == {
        ("resistance=emotional", "emotional"): 8,
        ("resistance=emotional+none", "emotional"): 8,
        ("resistance=emotional+none", "none"): 8,
    }
    own = planned(grid={"sample.resistance": ["default"]})
    assert len(own) == 8


def test_a_cell_without_clients() -> None:
    with pytest.raises(UserError, match="left in cell 'resistance=none'"):
        planned(
            PEOPLE[:2],
            sample={"resistance": "default"},
            grid={"sample.resistance": ["emotional", "none"]},
        )


def test_nobody_and_too_many() -> None:
    with pytest.raises(UserError):
        planned([])
    with pytest.raises(UserError, match="32,000,000 sessions are planned"):
        planned(sample={"replicates": 1_000_000})


@pytest.mark.parametrize(
    ("sessions", "size"),
    [(1, 1), (24, 1), (64, 1), (65, 2), (6400, 100), (8192, 128), (10**6, 128)],
)
def test_shard_size(sessions: int, size: int) -> None:
    assert shard_size(sessions) == size


@given(st.integers(1, 100_000))
def test_shards_are_few_or_large(sessions: int) -> None:
    size = shard_size(sessions)
    assert 1 <= size <= 128
    assert size == 128 or -(-sessions // size) <= 64


def test_shards_follow_the_order() -> None:
    plan = planned(sample={"replicates": 3})
    assert len(plan) == 96
    assert plan.shards == 48
    assert [session.shard for session in plan] == [index // 2 for index in range(96)]
    assert plan.shard(47) == plan[94:]
    assert plan.shard(48) == ()


def test_a_plan_is_a_sequence() -> None:
    plan = planned()
    sessions = tuple(plan)
    assert all(isinstance(session, PlannedSession) for session in sessions)
    assert sessions[0] == PlannedSession.model_validate(sessions[0].model_dump())
    assert (plan[3], plan[-1], plan[2:9:3], plan[30:5]) == (
        sessions[3],
        sessions[-1],
        sessions[2:9:3],
        (),
    )
    assert plan[5] in plan
    assert plan.index(plan[5]) == 5
    assert plan.session_ids == [session.session_id for session in sessions]
    with pytest.raises(IndexError):
        plan[len(plan)]


def test_a_plan_of_chosen_sessions(tmp_path: Path) -> None:
    plan = planned(sample={"replicates": 3})
    assert plan_of(list(plan)) == plan
    assert plan_of(plan) is plan
    chosen = plan_of([plan[90]])
    assert chosen[0] == plan[90].model_copy(update={"shard": 0})
    assert chosen.persona_ids == {plan[90].persona_id}
    write_plan([plan[90]], tmp_path / "plan.parquet")
    assert read_plan(tmp_path / "plan.parquet") == chosen
    assert (len(plan_of([])), plan_of([]).shards) == (0, 0)


def test_ids_beyond_one_batch() -> None:
    plan = planned([person(n) for n in range(40)], sample={"replicates": 500})
    assert len(set(plan.session_ids)) == len(plan) == 80_000


def test_a_plan_survives_the_disk(tmp_path: Path) -> None:
    plan, path = planned(grid=GRID), tmp_path / "plan.parquet"
    write_plan(plan, path)
    assert read_plan(path) == plan
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.parquet"]


def test_a_plan_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        write_plan(planned(), tmp_path / "missing" / "plan.parquet")


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plan_module.os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        write_plan(planned(), tmp_path / "plan.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_plan(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_plan(tmp_path / "plan.parquet")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped", "directory"])
def test_a_damaged_plan(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "plan.parquet"
    write_plan(planned(), path)
    whole = path.read_bytes()
    middle = len(whole) // 4
    changed = {
        "empty": b"",
        "text": b"not a table",
        "cut": whole[:-20],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }
    if damage == "directory":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(changed[damage])
    with pytest.raises(UserError, match="plan"):
        read_plan(path)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("session_id", "../../../etc/pwd"),
        ("persona_id", "../up"),
        ("resistance", "odd"),
        ("replicate", -1),
        ("seed", -1),
        ("shard", 5),
        ("session_id", None),
    ],
)
def test_a_plan_with_other_values(tmp_path: Path, column: str, value: Any) -> None:
    table = planned().table
    rows = table.to_pylist()
    rows[0][column] = value
    path = tmp_path / "plan.parquet"
    changed = table.from_pylist(
        rows, schema=plan_module.pa.schema([field.with_nullable(True) for field in table.schema])
    )
    pq.write_table(changed.replace_schema_metadata({b"mirrorplay.plan": b"1"}), path)
    with pytest.raises(UserError, match="not a plan, or is damaged"):
        read_plan(path)


def test_another_table_is_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.parquet"
    table = planned().table
    pq.write_table(table, path)
    with pytest.raises(UserError, match="not a plan"):
        read_plan(path)
    pq.write_table(table.drop_columns(["seed"]), path)
    with pytest.raises(UserError, match="not a plan"):
        read_plan(path)


def test_a_newer_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.parquet"
    table = planned().table.append_column("later", [[1] * 32])
    pq.write_table(table.replace_schema_metadata({b"mirrorplay.plan": b"2"}), path)
    with pytest.raises(UserError, match="newer mirrorplay"):
        read_plan(path)


def test_pairs() -> None:
    config = RunConfig.model_validate({"grid": GRID})
    session = make_plan(config, PEOPLE)[0]
    assert pair_key(session, config) == (session.persona_id, 0, session.resistance)
    gridded = RunConfig.model_validate({"grid": {"sample.resistance": ["emotional", "none"]}})
    assert pair_key(make_plan(gridded, PEOPLE)[0], gridded) == ("person-0000", 0, None)
