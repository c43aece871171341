"""What is there, what is damaged, and what a repair makes of it."""

import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs import store
from mirrorplay.runs.dataset import VERSION_KEY, to_batch
from mirrorplay.runs.digest import digest
from mirrorplay.runs.spool import SpoolWriter
from mirrorplay.runs.store import (
    commit_shard,
    iter_rows,
    iter_sessions,
    repair,
    shard_status,
    survey,
)

ERROR = {"cell": "p", "persona_id": "ada", "error": "boom", "where": "respond", "attempts": 3}


def _ids(run_dir: Path, **options: bool) -> list[str]:
    return [row["session_id"] for row in iter_rows(run_dir, ["session_id"], **options)]


def _files(run_dir: Path, folder: str) -> list[str]:
    return sorted(os.listdir(run_dir / folder))


def test_a_survey_tells_what_is_left(tmp_path, fill_spool):
    plan = {0: ["a", "b"], 1: ["c", "d"], 2: ["e"]}
    fill_spool(0, "a", "b")
    commit_shard(tmp_path, 0, plan[0], {})
    fill_spool(1, "d", "stranger")
    found = survey(tmp_path, plan)
    assert [status.state for status in found.shards.values()] == ["committed", "open", "open"]
    assert [set(status.done) for status in found.shards.values()] == [{"a", "b"}, {"d"}, set()]
    assert found.shards[1].spooled == {"d"}
    assert found.done == 3
    assert shard_status(tmp_path, 1, plan[1]) == found.shards[1]


def test_an_empty_run_is_open(tmp_path):
    found = repair(tmp_path, {0: ["a"]})
    assert (found.survey.shards[0].state, found.renamed) == ("open", {})


@pytest.mark.parametrize("damage", ["truncated", "emptied", "overwritten", "of another shard"])
def test_a_damaged_part_is_put_aside_and_run_again(tmp_path, fill_spool, damage):
    plan = {0: ["a", "b"], 1: ["c"]}
    fill_spool(0, "a", "b")
    path = commit_shard(tmp_path, 0, plan[0], {}).path
    fill_spool(1, "c")
    other = commit_shard(tmp_path, 1, plan[1], {}).path
    before = digest(tmp_path)
    if damage == "truncated":
        os.truncate(path, path.stat().st_size - 10)
    elif damage == "emptied":
        os.truncate(path, 0)
    elif damage == "overwritten":
        path.write_bytes(b"PAR1" + os.urandom(2000) + b"PAR1")
    else:
        shutil.copy(other, path)
    status = survey(tmp_path, plan).shards[0]
    assert (status.state, status.done, list(status.damage)) == ("damaged", set(), [path])
    fixed = repair(tmp_path, plan)
    assert [aside.name for aside in fixed.renamed] == ["part-00000.parquet.damaged"]
    assert fixed.survey.shards[0].state == "open"
    assert fixed.reopened == {"a", "b"}
    assert fixed.survey.shards[1].state == "committed"
    fill_spool(0, "b", "a")
    commit_shard(tmp_path, 0, plan[0], {})
    assert digest(tmp_path) == before
    os.truncate(path, 5)
    again = repair(tmp_path, plan)
    assert [aside.name for aside in again.renamed] == ["part-00000.parquet.damaged.2"]


def test_a_part_that_does_not_cover_the_plan_is_damaged(tmp_path, fill_spool):
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, ["a"], {})
    plan = {0: ["a", "b"]}
    status = survey(tmp_path, plan).shards[0]
    assert status.state == "damaged"
    assert "1 rows and 0 errors for 2 planned sessions" in str(status.damage)
    fixed = repair(tmp_path, plan)
    assert (fixed.survey.shards[0].state, fixed.reopened) == ("open", {"a", "b"})


def test_retried_rows_outlive_a_damaged_first_part(tmp_path, fill_spool):
    plan = {0: ["a", "b"]}
    fill_spool(0, "a")
    first = commit_shard(tmp_path, 0, plan[0], {"b": ERROR}).path
    fill_spool(0, "b")
    commit_shard(tmp_path, 0, plan[0], {})
    os.truncate(first, 100)
    fixed = repair(tmp_path, plan)
    assert (fixed.survey.shards[0].state, fixed.reopened) == ("open", {"a"})
    fill_spool(0, "a", "b")
    assert commit_shard(tmp_path, 0, plan[0], {}).rows == 2
    assert first.exists()
    assert sorted(_ids(tmp_path)) == ["a", "b"]
    assert survey(tmp_path, plan).shards[0].state == "committed"


def test_the_sessions_of_a_damaged_retry_are_open_again(tmp_path, fill_spool):
    """The first part's footer still lists b as failed, which is out of date."""
    plan = {0: ["a", "b"], 1: ["c", "d"]}
    fill_spool(1, "c")
    commit_shard(tmp_path, 1, plan[1], {"d": ERROR})
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, plan[0], {"b": ERROR})
    fill_spool(0, "b")
    os.truncate(commit_shard(tmp_path, 0, plan[0], {}).path, 100)
    fixed = repair(tmp_path, plan)
    status = fixed.survey.shards[0]
    assert (status.state, status.rows, set(status.failed)) == ("committed", {"a"}, {"b"})
    assert fixed.reopened == {"b"}
    assert repair(tmp_path, plan).reopened == set()
    fill_spool(0, "b")
    assert commit_shard(tmp_path, 0, plan[0], {}).rows == 2


def test_a_spooled_session_of_a_damaged_part_is_not_run_again(tmp_path, fill_spool):
    plan = {0: ["a", "b"]}
    fill_spool(0, "a", "b")
    os.truncate(commit_shard(tmp_path, 0, plan[0], {}).path, 100)
    fill_spool(0, "b")
    assert repair(tmp_path, plan).reopened == {"a"}


def test_nothing_is_committed_beside_a_damaged_part(tmp_path, fill_spool):
    fill_spool(0, "a")
    os.truncate(commit_shard(tmp_path, 0, ["a"], {}).path, 100)
    fill_spool(0, "a")
    with pytest.raises(UserError, match=r"part-00000\.parquet: is damaged"):
        commit_shard(tmp_path, 0, ["a"], {})
    assert _files(tmp_path, "spool") == ["00000.0"]


def test_a_survey_of_a_finished_run_reads_footers_only(tmp_path, fill_spool):
    """Rows are damaged, the footer is whole: a survey does not see it, a reader says so."""
    fill_spool(0, "a")
    path = commit_shard(tmp_path, 0, ["a"], {}).path
    data = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(0).data_page_offset
    data[start : start + 60] = os.urandom(60)
    path.write_bytes(data)
    assert survey(tmp_path, {0: ["a"]}).shards[0].state == "committed"
    with pytest.raises(UserError, match=r"part-00000\.parquet: is damaged"):
        list(iter_sessions(tmp_path))


def test_repair_clears_what_interrupted_commits_left(tmp_path, fill_spool):
    plan = {0: ["a"], 1: ["b"]}
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, plan[0], {})
    fill_spool(0, "a")
    fill_spool(1)
    (tmp_path / "sessions" / ".part-00001.77.abc.tmp").write_bytes(b"half")
    (tmp_path / "sessions" / ".part-00001.claim").touch()
    repair(tmp_path, plan)
    assert _files(tmp_path, "sessions") == ["part-00000.parquet"]
    assert _files(tmp_path, "spool") == ["00001.0"]


def test_a_part_of_no_planned_shard_is_refused(tmp_path, fill_spool):
    fill_spool(5, "a")
    commit_shard(tmp_path, 5, ["a"], {})
    with pytest.raises(UserError, match=r"part-00005\.parquet: belongs to shard 5"):
        survey(tmp_path, {0: ["b"]})


def test_a_run_of_a_newer_version_asks_for_an_upgrade(tmp_path, fill_spool):
    fill_spool(0, "a")
    path = commit_shard(tmp_path, 0, ["a"], {}).path
    table = pq.read_table(path)
    table = table.replace_schema_metadata({**table.schema.metadata, VERSION_KEY: b"99"})
    pq.write_table(table, path)
    for use in (
        lambda: survey(tmp_path, {0: ["a"]}),
        lambda: repair(tmp_path, {0: ["a"]}),
        lambda: commit_shard(tmp_path, 0, ["a"], {}),
        lambda: list(iter_sessions(tmp_path)),
        lambda: digest(tmp_path),
    ):
        with pytest.raises(UserError, match="upgrade mirrorplay"):
            use()
    assert _files(tmp_path, "sessions") == ["part-00000.parquet"]


def test_repair_keeps_what_a_zombie_finishes_meanwhile(
    tmp_path, fill_spool, make_record, monkeypatch
):
    plan = {0: ["a", "b"]}
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, plan[0], {"b": ERROR})
    real = store.clear_leftovers
    with SpoolWriter(tmp_path, 0) as zombie:

        def clear_leftovers(run_dir: Path) -> None:
            zombie.append(to_batch(make_record("b")))
            real(run_dir)

        monkeypatch.setattr(store, "clear_leftovers", clear_leftovers)
        status = repair(tmp_path, plan).survey.shards[0]
    assert (status.state, status.spooled, status.failed) == ("open", {"b"}, {})
    assert commit_shard(tmp_path, 0, plan[0], {}).rows == 2


def test_repair_leaves_the_spools_of_unplanned_shards(tmp_path, fill_spool):
    fill_spool(7, "z")
    repair(tmp_path, {0: ["a"]})
    assert _files(tmp_path, "spool") == ["00007.0"]
