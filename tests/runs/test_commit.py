"""A commit: each session once, in plan order, whatever dies, doubles or comes late."""

import errno
import os
from pathlib import Path

import pytest

from mirrorplay.runs.dataset import to_batch
from mirrorplay.runs.spool import SpoolWriter
from mirrorplay.runs.store import (
    IncompleteShard,
    commit_shard,
    find_session,
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


@pytest.fixture(params=["links", "no links"])
def publishing(request, monkeypatch):
    """Both ways of giving a part its name."""
    if request.param == "no links":

        def link(*_: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", link)


def test_a_commit_holds_the_plan_in_its_order(tmp_path, fill_spool, make_record, publishing):
    fill_spool(2, "c", "a", "stranger")
    fill_spool(2, "b")
    done = commit_shard(tmp_path, 2, ["a", "b", "c"], {})
    assert (done.rows, done.failed) == (3, {})
    assert done.path == tmp_path / "sessions" / "part-00002.parquet"
    assert _ids(tmp_path) == ["a", "b", "c"]
    assert list(iter_sessions(tmp_path))[1] == make_record("b", attempt=1)
    assert _files(tmp_path, "spool") == []
    assert _files(tmp_path, "sessions") == ["part-00002.parquet"]


def test_the_lowest_attempt_wins(tmp_path, fill_spool, make_record):
    fill_spool(0, make_record("a", therapist="first"))
    for number in range(1, 10):
        fill_spool(0, make_record("a", therapist="later"), f"b{number}")
    fill_spool(0, make_record("a", therapist="tenth"))  # "10" sorts before "2" as a text
    planned = ["a", *(f"b{number}" for number in range(1, 10))]
    commit_shard(tmp_path, 0, planned, {})
    assert _ids(tmp_path) == planned
    assert find_session(tmp_path, "a").therapist == "first"


def test_a_torn_spool_is_not_a_whole_shard(tmp_path, fill_spool):
    path = fill_spool(0, "a", "b")
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(IncompleteShard, match=r"1 planned sessions are missing \(b\)") as caught:
        commit_shard(tmp_path, 0, ["a", "b"], {})
    assert caught.value.missing == ("b",)
    assert not (tmp_path / "sessions").exists()
    assert survey(tmp_path, {0: ["a", "b"]}).shards[0].done == {"a"}
    fill_spool(0, "b")
    assert commit_shard(tmp_path, 0, ["a", "b"], {}).rows == 2


def test_failed_sessions_have_no_row_and_stand_in_the_footer(tmp_path, fill_spool):
    fill_spool(0, "a")
    error = {**ERROR, "error": "key\x00 sk-abcdefghijklmnopqrstuv"}
    done = commit_shard(tmp_path, 0, ["a", "b"], {"b": error, "a": ERROR, "stranger": ERROR})
    assert (done.rows, done.failed) == (1, {"b": {**ERROR, "error": "key  [removed]"}})
    status = survey(tmp_path, {0: ["a", "b"]}).shards[0]
    assert (status.state, status.done, set(status.failed)) == ("committed", {"a"}, {"b"})


def test_a_shard_may_fail_as_a_whole(tmp_path):
    assert commit_shard(tmp_path, 0, ["a"], {"a": ERROR}).rows == 0
    found = survey(tmp_path, {0: ["a"]})
    assert (found.shards[0].state, found.done, found.failed) == ("committed", 0, {"a": ERROR})
    assert _ids(tmp_path) == []


def test_retried_sessions_are_added_under_the_next_free_name(tmp_path, fill_spool):
    plan = {0: ["a", "b", "c"]}
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, plan[0], {"b": ERROR, "c": ERROR})
    fill_spool(0, "b", "a")
    assert survey(tmp_path, plan).shards[0].state == "open"
    again = commit_shard(tmp_path, 0, plan[0], {"c": {**ERROR, "attempts": 6}})
    assert again.path.name == "part-00000.r1.parquet"
    assert (again.rows, again.failed) == (2, {"c": {**ERROR, "attempts": 6}})
    fill_spool(0, "c")
    assert commit_shard(tmp_path, 0, plan[0], {}).path.name == "part-00000.r2.parquet"
    assert _ids(tmp_path) == ["a", "b", "c"]
    status = survey(tmp_path, plan).shards[0]
    assert (status.state, status.failed, status.rows) == ("committed", {}, {"a", "b", "c"})


def test_a_second_commit_changes_nothing(tmp_path, fill_spool):
    fill_spool(0, "a", "b")
    first = commit_shard(tmp_path, 0, ["a", "b"], {})
    before = first.path.read_bytes()
    fill_spool(0, "a")  # a worker that outlived its driver, late
    assert commit_shard(tmp_path, 0, ["a", "b"], {}) == first
    assert first.path.read_bytes() == before
    assert _files(tmp_path, "sessions") == ["part-00000.parquet"]


def test_a_zombie_that_commits_after_us_finds_the_work_done(tmp_path, fill_spool, make_record):
    zombie = SpoolWriter(tmp_path, 0)
    zombie.append(to_batch(make_record("a")))
    fill_spool(0, "b")
    ours = commit_shard(tmp_path, 0, ["a", "b"], {})
    zombie.append(to_batch(make_record("b")))
    zombie.close()
    assert commit_shard(tmp_path, 0, ["a", "b"], {"b": ERROR}) == ours
    assert _ids(tmp_path) == ["a", "b"]


def test_a_zombie_that_committed_before_us_is_believed(tmp_path, fill_spool, monkeypatch):
    fill_spool(0, "a", "b")
    real = os.link

    def link(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", real)
        commit_shard(tmp_path, 0, ["a", "b"], {})  # the zombie's, a moment earlier
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    done = commit_shard(tmp_path, 0, ["a", "b"], {})
    assert (done.rows, done.failed) == (2, {})
    assert _files(tmp_path, "sessions") == ["part-00000.parquet"]


def test_rivals_of_different_knowledge_lose_and_double_nothing(tmp_path, fill_spool, monkeypatch):
    """One committer thinks b failed; the other has it. Whoever wins, b has one row or none."""
    own = fill_spool(0, "a", "b")
    real = os.link

    def link(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", real)
        aside = tmp_path / "aside"
        own.rename(aside)
        fill_spool(0, "a")
        commit_shard(tmp_path, 0, ["a", "b"], {"b": ERROR})
        aside.rename(own)
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    done = commit_shard(tmp_path, 0, ["a", "b"], {})
    assert (done.rows, done.failed) == (2, {})
    assert _ids(tmp_path) == ["a", "b"]


def test_a_zombie_that_gave_a_session_up_leaves_its_successor_to_finish_it(
    tmp_path, fill_spool, make_record
):
    plan = ["a", "b", "c"]
    fill_spool(0, "a")
    with SpoolWriter(tmp_path, 0) as successor:
        successor.append(to_batch(make_record("b")))
        commit_shard(tmp_path, 0, plan, {"c": ERROR}, attempt=0)
        assert _files(tmp_path, "spool") == ["00000.1"]
        successor.append(to_batch(make_record("c")))
    done = commit_shard(tmp_path, 0, plan, {}, attempt=successor.attempt)
    assert (done.rows, done.failed) == (3, {})
    assert sorted(_ids(tmp_path)) == plan
    assert _files(tmp_path, "spool") == []


def test_a_row_counts_more_than_the_error_another_committed(tmp_path, fill_spool):
    commit_shard(tmp_path, 0, ["a", "b"], {"a": ERROR, "b": ERROR})
    fill_spool(0, "a")
    fill_spool(0, "b")
    done = commit_shard(tmp_path, 0, ["a", "b"], {"a": ERROR, "b": ERROR}, attempt=0)
    assert (done.rows, done.failed) == (2, {})


@pytest.mark.parametrize(
    ("attempt", "kept"),
    [(None, ["00000.0", "00000.1", "00000.2"]), (0, ["00000.1", "00000.2"]), (2, [])],
)
def test_a_commit_without_every_row_deletes_no_spool_newer_than_its_own(
    tmp_path, fill_spool, attempt, kept
):
    for _ in range(3):
        fill_spool(0, "a")
    commit_shard(tmp_path, 0, ["a", "b"], {"b": ERROR}, attempt=attempt)
    assert _files(tmp_path, "spool") == kept
    repair(tmp_path, {0: ["a", "b"]})
    assert _files(tmp_path, "spool") == []


def test_a_new_failure_beside_committed_rows_is_kept(tmp_path, fill_spool):
    """The first part was damaged, the retry has b: that a now fails must stand somewhere."""
    plan = {0: ["a", "b"]}
    fill_spool(0, "a")
    first = commit_shard(tmp_path, 0, plan[0], {"b": ERROR}, attempt=0).path
    fill_spool(0, "b")
    commit_shard(tmp_path, 0, plan[0], {})
    os.truncate(first, 100)
    repair(tmp_path, plan)
    done = commit_shard(tmp_path, 0, plan[0], {"a": ERROR})
    assert (done.rows, done.failed) == (1, {"a": ERROR})
    status = survey(tmp_path, plan).shards[0]
    assert (status.state, status.rows, status.failed) == ("committed", {"b"}, {"a": ERROR})


def test_the_parts_of_other_shards_are_not_looked_at(tmp_path, fill_spool, monkeypatch):
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, ["a"], {})
    fill_spool(1, "b")
    listed = []
    real = os.scandir

    def scandir(path: Path):
        listed.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    commit_shard(tmp_path, 1, ["b"], {})
    assert shard_status(tmp_path, 1, ["b"]).state == "committed"
    assert set(listed) == {"spool"}
