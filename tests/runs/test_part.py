"""A part gets its name once, whole, on any file system and any disk."""

import errno
import multiprocessing
import os
import resource
from contextlib import nullcontext
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mirrorplay.graphs.record import RecordedImage
from mirrorplay.personas.errors import UserError
from mirrorplay.runs import part as part_module
from mirrorplay.runs.part import clear_leftovers, part_path, parts_by_shard, parts_of
from mirrorplay.runs.store import commit_shard, iter_rows, repair


def _ids(run_dir: Path, **options: bool) -> list[str]:
    return [row["session_id"] for row in iter_rows(run_dir, ["session_id"], **options)]


def _files(run_dir: Path, folder: str) -> list[str]:
    return sorted(os.listdir(run_dir / folder))


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


def test_a_claim_that_nobody_lets_go_is_reported_and_cleared(tmp_path, fill_spool, monkeypatch):
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


@pytest.fixture
def no_links(monkeypatch):
    """A file system without hard links."""

    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)


def test_a_slow_commit_whose_claim_was_cleared_replaces_nothing(
    tmp_path, fill_spool, monkeypatch, no_links
):
    """It stops before the rename; the next driver clears up and its worker commits."""
    real_rename, real_scandir = Path.rename, os.scandir
    successors: list[int] = []

    def scandir(path):
        # Names that are made while a directory is listed may be in the listing or not: here the
        # younger one, the claim, is in the first listing and the temporary file is not.
        monkeypatch.setattr(os, "scandir", real_scandir)
        with os.scandir(path) as entries:
            return nullcontext([entry for entry in entries if entry.name.endswith(".claim")])

    def rename(self, target):
        monkeypatch.setattr(Path, "rename", real_rename)
        monkeypatch.setattr(os, "scandir", scandir)
        clear_leftovers(tmp_path)
        successors.append(commit_shard(tmp_path, 0, ["a"], {}).path.stat().st_ino)
        return real_rename(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    fill_spool(0, "a")
    with pytest.raises(UserError, match="cannot be written: No such file"):
        commit_shard(tmp_path, 0, ["a"], {})
    assert [part_path(tmp_path, 0).stat().st_ino] == successors


def test_a_slow_commit_does_not_let_go_the_claim_of_another(
    tmp_path, fill_spool, monkeypatch, no_links
):
    claim = tmp_path / "sessions" / ".part-00000.claim"
    real = Path.rename

    def rename(self, target):
        clear_leftovers(tmp_path)
        claim.touch()  # the successor's
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    fill_spool(0, "a")
    with pytest.raises(UserError, match="cannot be written: No such file"):
        commit_shard(tmp_path, 0, ["a"], {})
    assert claim.exists()


def _empty_part(run_dir, shard, retry):
    path = part_path(run_dir, shard, retry)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def test_the_parts_of_a_shard_are_found_over_gaps(tmp_path):
    assert parts_of(tmp_path, 0) == {}
    assert parts_by_shard(tmp_path) == {}
    far = part_module.RETRY_GAP
    for retry in (far, far + 2, 2 * far + 3):
        _empty_part(tmp_path, 3, retry)
    _empty_part(tmp_path, 31, 0)
    for foreign in ("part-000003.parquet", "part-00003.r0.parquet", "part-00003.r01.parquet"):
        (tmp_path / "sessions" / foreign).touch()
    assert list(parts_of(tmp_path, 3)) == [far, far + 2, 2 * far + 3]
    assert parts_by_shard(tmp_path) == {3: parts_of(tmp_path, 3), 31: parts_of(tmp_path, 31)}


def test_a_part_that_a_commit_would_not_find_is_refused(tmp_path):
    _empty_part(tmp_path, 3, 1)
    far = _empty_part(tmp_path, 3, part_module.RETRY_GAP + 3)
    assert list(parts_of(tmp_path, 3)) == [1]
    with pytest.raises(UserError, match=r"rename it to part-00003\.r2\.parquet") as caught:
        parts_by_shard(tmp_path)
    assert far.name in str(caught.value)
