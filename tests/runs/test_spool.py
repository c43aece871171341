"""Frames are whole or dropped; a spool belongs to one lease."""

import errno
import os
import struct

import google_crc32c
import pyarrow as pa
import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs import spool as spool_module
from mirrorplay.runs.dataset import VERSION_KEY, from_row, to_batch
from mirrorplay.runs.spool import SpoolWriter, read_spool, spools_by_shard


def _ids(path):
    """The ids of the whole frames, and how many bytes after them were dropped."""
    with read_spool(path) as reader:
        frames = list(reader)
    whole = sum(frame.size for frame in frames)
    return [frame.session_id for frame in frames], path.stat().st_size - whole


def test_what_is_appended_can_be_read_at_once(tmp_path, make_record):
    with SpoolWriter(tmp_path, 3) as writer:
        assert writer.path == tmp_path / "spool" / "00003.0"
        writer.append(to_batch(make_record("a")))
        assert _ids(writer.path) == (["a"], 0)
        writer.append(to_batch(make_record("b")))
        assert _ids(writer.path) == (["a", "b"], 0)


def test_a_frame_holds_the_record_with_its_attempt(tmp_path, make_record, fill_spool):
    fill_spool(0, "a")
    path = fill_spool(0, "a")
    with read_spool(path) as reader:
        [frame] = reader
        again = reader.frame_at(frame.offset, frame.size)
    [row] = again.batch.to_pylist()
    assert from_row(row) == make_record("a", attempt=1)


def test_every_lease_has_a_file_of_its_own(tmp_path, fill_spool):
    assert [fill_spool(7).name for _ in range(3)] == ["00007.0", "00007.1", "00007.2"]
    (tmp_path / "spool" / "00007.0").unlink()
    assert fill_spool(7).name == "00007.3"
    assert fill_spool(123456).name == "123456.0"
    (tmp_path / "spool" / "notes.txt").touch()
    found = {
        shard: [attempt for attempt, _ in files]
        for shard, files in spools_by_shard(tmp_path).items()
    }
    assert found == {7: [1, 2, 3], 123456: [0]}


def test_two_writers_of_one_shard_never_share_a_file(tmp_path, monkeypatch):
    first = SpoolWriter(tmp_path, 1)
    monkeypatch.setattr(spool_module, "spools_by_shard", lambda _: {})  # both looked before
    second = SpoolWriter(tmp_path, 1)
    assert (first.attempt, second.attempt) == (0, 1)
    first.close()
    second.close()


def test_a_torn_tail_is_dropped_at_every_byte(tmp_path, fill_spool):
    path = fill_spool(0, "a", "b")
    with read_spool(path) as reader:
        first, last = reader
    for size in range(last.offset + last.size - 1, last.offset - 1, -1):
        os.truncate(path, size)
        assert _ids(path) == (["a"], size - first.size)


@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_ends_the_reading(fill_spool, bit):
    path = fill_spool(0, "a", "b")
    good = path.read_bytes()
    with read_spool(path) as reader:
        first, _ = reader
    for place in [*range(12), *range(12, len(good), 101)]:
        data = bytearray(good)
        data[place] ^= 1 << bit
        path.write_bytes(data)
        ids, dropped = _ids(path)
        kept = [] if place < first.size else ["a"]
        assert ids == kept
        assert dropped == len(good) - first.size * len(kept)


@pytest.mark.parametrize(
    "tail",
    [
        b"\0" * 4096,
        b"\xff" * 64,
        struct.pack("<II", 4, google_crc32c.value(b"what")) + b"what",
        os.urandom(512),
    ],
    ids=["zeros of a power cut", "impossible length", "checksum of something else", "noise"],
)
def test_garbage_never_raises(fill_spool, tail):
    path = fill_spool(0, "a")
    with path.open("ab") as file:
        file.write(tail)
    assert _ids(path) == (["a"], len(tail))
    path.write_bytes(tail)
    assert _ids(path) == ([], len(tail))


def test_a_frame_of_a_newer_version_asks_for_an_upgrade(fill_spool, make_record):
    path = fill_spool(0)
    batch = to_batch(make_record()).replace_schema_metadata({VERSION_KEY: b"99"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    body = sink.getvalue().to_pybytes()
    path.write_bytes(struct.pack("<II", len(body), google_crc32c.value(body)) + body)
    with pytest.raises(UserError, match="upgrade mirrorplay"):
        _ids(path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_whole_frames_only(tmp_path, make_record, monkeypatch, code):
    writer = SpoolWriter(tmp_path, 0)
    writer.append(to_batch(make_record("a")))
    size = writer.path.stat().st_size
    real = os.write
    calls = []

    def write(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return real(descriptor, data[:100])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match=r"00000\.0") as caught:
        writer.append(to_batch(make_record("b")))
    assert caught.value.errno == code
    assert writer.path.stat().st_size == size
    monkeypatch.setattr(os, "write", real)
    writer.append(to_batch(make_record("c")))
    writer.close()
    assert _ids(writer.path) == (["a", "c"], 0)


def test_nothing_is_written_behind_a_tail_that_cannot_be_cut(tmp_path, make_record, monkeypatch):
    writer = SpoolWriter(tmp_path, 0)
    real = os.write

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "ftruncate", refuse)
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(OSError):
        writer.append(to_batch(make_record("a")))
    monkeypatch.setattr(os, "write", real)
    with pytest.raises(OSError):
        writer.append(to_batch(make_record("b")))
    writer.close()
    assert _ids(writer.path) == ([], 0)


def test_frames_are_fsynced_each_second_and_on_close(tmp_path, make_record, monkeypatch):
    synced = []
    clock = [100.0]
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(clock[0]), real(descriptor)))
    monkeypatch.setattr(spool_module.time, "monotonic", lambda: clock[0])
    batch = to_batch(make_record())
    with SpoolWriter(tmp_path, 0) as writer:
        for seconds in (0.0, 0.9, 1.1, 1.2, 2.5):
            clock[0] = 100.0 + seconds
            writer.append(batch)
    assert synced == [101.1, 102.5]
    with SpoolWriter(tmp_path, 0) as writer:
        writer.append(batch)
    assert len(synced) == 3


def test_only_single_rows_of_the_schema_are_taken(tmp_path, make_record):
    batch = to_batch(make_record())
    with SpoolWriter(tmp_path, 0) as writer:
        for wrong in (batch.slice(0, 0), batch.drop_columns(["mode"])):
            with pytest.raises(ValueError, match="single rows"):
                writer.append(wrong)
    with pytest.raises(ValueError, match="closed"):
        writer.append(batch)
    assert _ids(writer.path) == ([], 0)


def test_a_deleted_spool_stays_readable_where_it_is_open(fill_spool):
    path = fill_spool(0, "a")
    with read_spool(path) as reader:
        path.unlink()
        assert [frame.session_id for frame in reader] == ["a"]
    with pytest.raises(FileNotFoundError):
        read_spool(path)
