"""Reading the sessions of a run, typed, as rows and with other tools."""

import os
from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.store import commit_shard, find_session, iter_rows, iter_sessions

ERROR = {"cell": "p", "persona_id": "ada", "error": "boom", "where": "respond", "attempts": 3}


def _ids(run_dir: Path, **options: bool) -> list[str]:
    return [row["session_id"] for row in iter_rows(run_dir, ["session_id"], **options)]


@pytest.fixture
def half_done(tmp_path, fill_spool):
    """A run with a and b committed, c and its double waiting, d torn."""
    fill_spool(0, "run-a", "run-b")
    commit_shard(tmp_path, 0, ["run-a", "run-b"], {})
    fill_spool(1, "run-c")
    path = fill_spool(1, "run-c", "run-d")
    os.truncate(path, path.stat().st_size - 1)
    return tmp_path


def test_spooled_sessions_are_read_on_demand(half_done):
    assert _ids(half_done) == ["run-a", "run-b"]
    assert _ids(half_done, include_spooled=True) == ["run-a", "run-b", "run-c"]
    assert [s.session_id for s in iter_sessions(half_done, include_spooled=True)][-1] == "run-c"


def test_rows_come_with_the_columns_asked_for(half_done):
    assert next(iter_rows(half_done, ["mode", "run"], include_spooled=True)) == {
        "run": "test",
        "mode": "p",
    }
    with pytest.raises(UserError, match="no column 'nothing'"):
        next(iter_rows(half_done, ["nothing"]))


def test_one_field_of_a_column_of_lists_is_read_alone(half_done):
    rows = list(iter_rows(half_done, ["turns.index"]))
    assert rows
    for row in rows:
        assert list(row) == ["turns"]
        assert [set(turn) for turn in row["turns"]] == [{"index"}] * len(row["turns"])
    for name in ("turn.index", "turns.nosuch", "resistance.type", "mode.x"):
        with pytest.raises(UserError, match=name):
            next(iter_rows(half_done, [name]))


def test_a_session_is_found_by_the_beginning_of_its_name(half_done):
    assert find_session(half_done, "run-a").session_id == "run-a"
    assert find_session(half_done, "run-c").attempt == 0
    with pytest.raises(UserError, match="begins the ids of 3 sessions: run-a, run-b, run-c"):
        find_session(half_done, "run-")
    with pytest.raises(UserError, match="did you mean 'run-b'"):
        find_session(half_done, "runb")
    with pytest.raises(UserError, match="no session 'x' among 0"):
        find_session(half_done / "nowhere", "x")


def test_the_exact_name_wins_over_longer_ones(tmp_path, fill_spool):
    fill_spool(0, "s1", "s12")
    assert find_session(tmp_path, "s1").session_id == "s1"


def test_duckdb_queries_in_place(tmp_path, fill_spool):
    duckdb = pytest.importorskip("duckdb")
    for shard, name in enumerate("ab"):
        fill_spool(shard, name)
        commit_shard(tmp_path, shard, [name], {})
    commit_shard(tmp_path, 2, ["c"], {"c": ERROR})  # a part without a row
    found = duckdb.sql(
        "SELECT session_id, turn.speaker, turn.state.trust, len(turn.text) FROM "
        f"(SELECT session_id, unnest(turns) AS turn FROM '{tmp_path}/sessions/*.parquet') "
        "ORDER BY session_id, turn.index"
    ).fetchall()
    assert len(found) == 8
    assert found[0] == ("a", "client", 0.5, 25)
    factor = duckdb.sql(
        f"""SELECT DISTINCT factors->>'$."therapist.mode"' FROM '{tmp_path}/sessions/*.parquet'"""
    )
    assert factor.fetchall() == [("p",)]


def test_datasets_loads_typed_images(tmp_path, fill_spool):
    datasets = pytest.importorskip("datasets")
    for shard, name in enumerate("ab"):
        fill_spool(shard, name)
        commit_shard(tmp_path, shard, [name], {})
    loaded = datasets.load_dataset(
        "parquet",
        data_files=f"{tmp_path}/sessions/*.parquet",
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )
    assert loaded.features["faces"] == datasets.List(datasets.Image())
    assert loaded["session_id"][:] == ["a", "b"]
    assert loaded["turns"][0][0]["state"]["trust"] == 0.5
    pytest.importorskip("PIL")
    image = loaded[1]["faces"][1]
    assert image.size == (8, 8)
    assert image.getpixel((3, 3)) == (20, 0, 0)
