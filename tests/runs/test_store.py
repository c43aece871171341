"""Exactly once: whatever dies, doubles, races or is damaged on the way."""

import errno
import multiprocessing
import os
import resource
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mirrorplay.graphs.record import RecordedImage
from mirrorplay.personas.errors import UserError
from mirrorplay.runs import part as part_module
from mirrorplay.runs.dataset import VERSION_KEY, to_batch
from mirrorplay.runs.digest import digest
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
    assert survey(tmp_path, {0: ["a", "b"]}).shards[0].todo == ("b",)
    fill_spool(0, "b")
    assert commit_shard(tmp_path, 0, ["a", "b"], {}).rows == 2


def test_failed_sessions_have_no_row_and_stand_in_the_footer(tmp_path, fill_spool):
    fill_spool(0, "a")
    error = {**ERROR, "error": "key\x00 sk-abcdefghijklmnopqrstuv"}
    done = commit_shard(tmp_path, 0, ["a", "b"], {"b": error, "a": ERROR, "stranger": ERROR})
    assert (done.rows, done.failed) == (1, {"b": {**ERROR, "error": "key  [removed]"}})
    status = survey(tmp_path, {0: ["a", "b"]}).shards[0]
    assert (status.state, status.todo, set(status.failed)) == ("committed", (), {"b"})


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
    assert commit_shard(tmp_path, 0, ["c"], {}).path.name == "part-00000.r2.parquet"
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


def test_a_link_whose_answer_was_lost_counts(tmp_path, fill_spool, monkeypatch):
    fill_spool(0, "a")
    real = os.link

    def link(source: Path, target: Path) -> None:
        real(source, target)
        real(source, target)  # the repeated request of a network file system

    monkeypatch.setattr(os, "link", link)
    assert commit_shard(tmp_path, 0, ["a"], {}).rows == 1


def _commit_together(run_dir, links, barrier, results):
    if not links:

        def link(*_):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

        os.link = link
    barrier.wait()
    results.put(commit_shard(run_dir, 0, ["a", "b", "c"], {}).rows)


@pytest.mark.parametrize("links", [True, False])
def test_racing_committers_make_one_part(tmp_path, fill_spool, links):
    fork = multiprocessing.get_context("fork")
    for round_ in range(3):
        run_dir = tmp_path / "runs" / str(round_)
        fill_spool(0, "a", "b")
        fill_spool(0, "b", "c")
        run_dir.mkdir(parents=True)
        (tmp_path / "spool").rename(run_dir / "spool")
        barrier, results = fork.Barrier(4), fork.SimpleQueue()
        rivals = [
            fork.Process(target=_commit_together, args=(run_dir, links, barrier, results))
            for _ in range(4)
        ]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join(30)
        assert [rival.exitcode for rival in rivals] == [0] * 4
        assert [results.get() for _ in rivals] == [3] * 4
        assert _files(run_dir, "sessions") == ["part-00000.parquet"]
        assert _ids(run_dir) == ["a", "b", "c"]


@pytest.mark.parametrize("function", ["fsync", "link"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_no_part_and_all_spools(
    tmp_path, fill_spool, monkeypatch, function, code
):
    fill_spool(0, "a")
    real = getattr(os, function)

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(UserError, match=r"part-00000\.parquet: cannot be written") as caught:
        commit_shard(tmp_path, 0, ["a"], {})
    assert f"mirrorplay resume {tmp_path}" in str(caught.value)
    assert _files(tmp_path, "sessions") == []
    assert _files(tmp_path, "spool") == ["00000.0"]
    monkeypatch.setattr(os, function, real)
    assert commit_shard(tmp_path, 0, ["a"], {}).rows == 1


def _commit_within(run_dir, limit, answers):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        commit_shard(run_dir, 0, ["a"], {})
    except UserError as error:
        answers.put(str(error))
    else:
        answers.put("committed")


def test_a_write_that_the_system_refuses_leaves_no_part(tmp_path, fill_spool, make_record):
    faces = (RecordedImage(data=os.urandom(300_000)),)
    fill_spool(0, make_record("a", faces=faces))
    fork = multiprocessing.get_context("fork")
    for limit in (0, 1000, 200_000):
        answers = fork.SimpleQueue()
        child = fork.Process(target=_commit_within, args=(tmp_path, limit, answers))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        assert "cannot be written: File too large" in answers.get()
        assert _files(tmp_path, "sessions") == []
    assert commit_shard(tmp_path, 0, ["a"], {}).rows == 1


def test_a_claim_that_nobody_lets_go_is_reported_and_cleared(
    tmp_path, fill_spool, monkeypatch, publishing
):
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(part_module, "CLAIM_PATIENCE_SECONDS", -1.0)
    fill_spool(0, "a")
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / ".part-00000.claim").touch()
    with pytest.raises(UserError, match="cannot be written: another commit holds"):
        commit_shard(tmp_path, 0, ["a"], {})
    repair(tmp_path, {0: ["a"]})
    assert commit_shard(tmp_path, 0, ["a"], {}).rows == 1


def test_a_rival_that_had_the_claim_before_us_keeps_its_part(tmp_path, fill_spool, monkeypatch):
    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    real = os.open

    def open_claim(path, *rest):
        if str(path).endswith(".claim"):
            monkeypatch.setattr(os, "open", real)
            commit_shard(tmp_path, 0, ["a"], {})
            rivals.append((tmp_path / "sessions" / "part-00000.parquet").stat().st_ino)
        return real(path, *rest)

    rivals: list[int] = []
    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(os, "open", open_claim)
    fill_spool(0, "a")
    assert commit_shard(tmp_path, 0, ["a"], {}).path.stat().st_ino == rivals[0]
    assert _files(tmp_path, "sessions") == ["part-00000.parquet"]


def test_row_groups_close_by_count_and_by_size(tmp_path, fill_spool, make_record, monkeypatch):
    monkeypatch.setattr(part_module, "ROW_GROUP_SESSIONS", 3)
    monkeypatch.setattr(part_module, "ROW_GROUP_BYTES", 200_000)
    large = (RecordedImage(data=os.urandom(250_000)),)
    ids = [f"s{number}" for number in range(8)]
    fill_spool(0, *ids[:4], make_record("s4", faces=large), *ids[5:])
    path = commit_shard(tmp_path, 0, ids, {}).path
    stored = pq.read_metadata(path)
    assert [stored.row_group(n).num_rows for n in range(stored.num_row_groups)] == [3, 2, 3]
    column = stored.row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert column.has_column_index
    assert column.has_offset_index


# --- survey and repair


def test_a_survey_tells_what_is_left(tmp_path, fill_spool):
    plan = {0: ["a", "b"], 1: ["c", "d"], 2: ["e"]}
    fill_spool(0, "a", "b")
    commit_shard(tmp_path, 0, plan[0], {})
    fill_spool(1, "d", "stranger")
    found = survey(tmp_path, plan)
    assert [status.state for status in found.shards.values()] == ["committed", "open", "open"]
    assert [status.todo for status in found.shards.values()] == [(), ("c",), ("e",)]
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
    assert (status.state, status.todo, list(status.damage)) == ("damaged", ("a", "b"), [path])
    fixed = repair(tmp_path, plan)
    assert [aside.name for aside in fixed.renamed] == ["part-00000.parquet.damaged"]
    assert fixed.survey.shards[0].state == "open"
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
    assert repair(tmp_path, plan).survey.shards[0].todo == ("a", "b")


def test_retried_rows_outlive_a_damaged_first_part(tmp_path, fill_spool):
    plan = {0: ["a", "b"]}
    fill_spool(0, "a")
    first = commit_shard(tmp_path, 0, plan[0], {"b": ERROR}).path
    fill_spool(0, "b")
    commit_shard(tmp_path, 0, plan[0], {})
    os.truncate(first, 100)
    status = repair(tmp_path, plan).survey.shards[0]
    assert (status.state, status.todo) == ("open", ("a",))
    fill_spool(0, "a", "b")
    assert commit_shard(tmp_path, 0, plan[0], {}).rows == 2
    assert first.exists()
    assert sorted(_ids(tmp_path)) == ["a", "b"]
    assert survey(tmp_path, plan).shards[0].state == "committed"


def test_a_damaged_retry_leaves_its_sessions_in_quarantine(tmp_path, fill_spool):
    plan = {0: ["a", "b"]}
    fill_spool(0, "a")
    commit_shard(tmp_path, 0, plan[0], {"b": ERROR})
    fill_spool(0, "b")
    os.truncate(commit_shard(tmp_path, 0, plan[0], {}).path, 100)
    status = repair(tmp_path, plan).survey.shards[0]
    assert (status.state, status.rows, set(status.failed)) == ("committed", {"a"}, {"b"})


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


# --- reading


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
