"""Where a finished session lives until its shard is committed: an append-only file of frames.

    spool/<shard>.<attempt>
    frame = u32 length · u32 CRC32C · a one-row Arrow IPC stream     (little endian)

Every lease of a shard opens a file of its own, the first free attempt by O_EXCL, so that no two
processes ever append to one file: a worker that outlives its driver disturbs nobody. A frame is
handed to the kernel whole before `append` returns, which a killed process cannot undo, and is
fsynced within a second of further appends and on `close`. A reader takes frames until the first
one that does not check and drops the rest: a torn tail is a session that was never finished.
"""

import os
import re
import struct
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import google_crc32c
import pyarrow as pa

from mirrorplay.runs.dataset import SCHEMA, VERSION_KEY, check_version

FRAME_LIMIT = 1 << 30
"""Bytes of the largest frame, 1 GiB; a longer one is taken for damage."""
SYNC_SECONDS = 1.0
"""How long an appended frame may wait for its fsync while others follow."""

_HEADER = struct.Struct("<II")
_NAME = re.compile(r"^(\d+)\.(\d+)$")
_ATTEMPT = SCHEMA.get_field_index("attempt")
_METADATA = {VERSION_KEY: SCHEMA.metadata[VERSION_KEY]}


@dataclass(frozen=True, slots=True)
class Frame:
    """One session in a spool: its row, and where its bytes stand in the file."""

    session_id: str
    batch: pa.RecordBatch
    offset: int
    size: int


class SpoolWriter:
    """The spool of one lease. Not for use from two threads at once.

    Raises OSError when the file cannot be made or written (no space, input/output error).
    """

    def __init__(self, run_dir: Path, shard: int) -> None:
        directory = Path(run_dir) / "spool"
        directory.mkdir(exist_ok=True)
        taken = [attempt for attempt, _ in spools_by_shard(run_dir).get(shard, [])]
        self.shard = shard
        self.attempt = max(taken, default=-1) + 1
        while True:
            self.path = directory / f"{shard:05d}.{self.attempt}"
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                self._descriptor = os.open(self.path, flags, 0o666)
                break
            except FileExistsError:
                self.attempt += 1
        self._size = 0
        self._unsynced_since: float | None = None
        self._broken: OSError | None = None
        self._closed = False

    def append(self, batch: pa.RecordBatch) -> None:
        """Adds one session, a batch of one row; its column `attempt` becomes this spool's.

        Raises ValueError for a batch that is no single row of the schema, and OSError when the
        disk refuses: what was written of the frame is then cut off again, and earlier frames stay.
        """
        frame = _encode(batch, self.attempt)
        if self._closed:
            raise ValueError(f"{self.path} is closed")
        if self._broken is not None:
            raise OSError(self._broken.errno, self._broken.strerror, str(self.path))
        try:
            _write_all(self._descriptor, frame)
        except OSError as error:
            self._cut_back(error)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._size += len(frame)
        now = time.monotonic()
        if self._unsynced_since is None:
            self._unsynced_since = now
        elif now - self._unsynced_since >= SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Puts every appended frame on the disk now."""
        if self._unsynced_since is not None:
            os.fsync(self._descriptor)
            self._unsynced_since = None

    def close(self) -> None:
        """Syncs and closes; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self.sync()
        finally:
            os.close(self._descriptor)

    def _cut_back(self, error: OSError) -> None:
        # A frame appended behind a torn one would never be read, so if the cut fails as well,
        # nothing may follow.
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._broken = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class SpoolReader:
    """Iterates over the whole frames of a spool.

    Garbage never raises: reading stops there. A missing file raises FileNotFoundError, and a frame
    written by a newer version of mirrorplay raises UserError.
    The file stays readable through this object after it was deleted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO = path.open("rb", buffering=0)

    def __iter__(self) -> Iterator[Frame]:
        end = os.fstat(self._file.fileno()).st_size
        offset = 0
        while offset < end:
            frame = self._frame(offset, end)
            if frame is None:
                break
            yield frame
            offset += frame.size

    def frame_at(self, offset: int, size: int) -> Frame:
        """The frame found there before. Raises ValueError when it is whole no longer."""
        frame = self._frame(offset, offset + size)
        if frame is None:
            raise ValueError(f"{self.path}: the frame at byte {offset} does not check any more")
        return frame

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _frame(self, offset: int, end: int) -> Frame | None:
        header = self._read(offset, _HEADER.size)
        if len(header) < _HEADER.size:
            return None
        length, checksum = _HEADER.unpack(header)
        # A power cut can leave zeros: length 0 with checksum 0 would otherwise look like a frame.
        if not 0 < length <= min(FRAME_LIMIT, end - offset - _HEADER.size):
            return None
        body = self._read(offset + _HEADER.size, length)
        if len(body) < length or google_crc32c.value(body) != checksum:
            return None
        batch = _decode(body, str(self.path))
        if batch is None:
            return None
        session_id = batch.column("session_id")[0].as_py()
        return Frame(session_id, batch, offset, _HEADER.size + length)

    def _read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        pieces = []
        while length > 0:
            piece = self._file.read(length)
            if not piece:
                break
            pieces.append(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def read_spool(path: Path) -> SpoolReader:
    """The whole frames of a spool file, in the order in which they were written."""
    return SpoolReader(Path(path))


def spools_by_shard(run_dir: Path) -> dict[int, list[tuple[int, Path]]]:
    """The spool files of a run: (attempt, path) by shard, lowest attempt first."""
    found: dict[int, list[tuple[int, Path]]] = defaultdict(list)
    with suppress(FileNotFoundError), os.scandir(Path(run_dir) / "spool") as entries:
        for entry in entries:
            name = _NAME.match(entry.name)
            if name:
                found[int(name[1])].append((int(name[2]), Path(entry.path)))
    return {shard: sorted(found[shard]) for shard in sorted(found)}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a session's frame stands in an open spool."""

    reader: SpoolReader
    offset: int
    size: int

    def read(self) -> Frame:
        return self.reader.frame_at(self.offset, self.size)


def winners(spools: Iterable[tuple[int, Path]], stack: ExitStack) -> dict[str, Slot]:
    """The frame that counts by session id: of a session run twice, the lowest attempt's.

    spools: lowest attempt first; one that is gone is passed over. The files stay open, and
    readable even when they are deleted, as long as the stack.
    """
    found: dict[str, Slot] = {}
    for _, path in spools:
        try:
            reader = stack.enter_context(read_spool(path))
        except FileNotFoundError:
            continue
        for frame in reader:
            found.setdefault(frame.session_id, Slot(reader, frame.offset, frame.size))
    return found


def _encode(batch: pa.RecordBatch, attempt: int) -> bytes:
    if batch.num_rows != 1 or not batch.schema.equals(SCHEMA):
        raise ValueError(
            f"a spool takes single rows of the session schema, not {batch.num_rows} rows of "
            f"{', '.join(batch.schema.names[:4])}, …"
        )
    field = SCHEMA.field(_ATTEMPT)
    row = batch.set_column(_ATTEMPT, field, pa.array([attempt], field.type))
    # Of the metadata a frame needs the version alone, not the viewer's types.
    row = row.replace_schema_metadata(_METADATA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, row.schema) as stream:
        stream.write_batch(row)
    body: bytes = sink.getvalue().to_pybytes()
    if len(body) > FRAME_LIMIT:
        raise ValueError(f"a session of {len(body):,} bytes; at most {FRAME_LIMIT:,} can be stored")
    header = _HEADER.pack(len(body), google_crc32c.value(body))
    return header + body


def _decode(body: bytes, where: str) -> pa.RecordBatch | None:
    """The row of a frame whose checksum was right, or None when it is no session."""
    try:
        with pa.ipc.open_stream(body) as stream:
            check_version(stream.schema.metadata, where)
            batch = stream.read_next_batch()
    except (pa.ArrowException, OSError, ValueError, StopIteration):
        return None
    if batch.num_rows != 1 or not batch.schema.equals(SCHEMA):
        return None
    return batch.replace_schema_metadata(SCHEMA.metadata)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
