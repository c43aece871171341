"""One committed file of a data set: `sessions/part-<shard>[.r<retry>].parquet`.

A part comes into being whole or not at all: it is written under a temporary name in the same
directory, fsynced, and linked to its name only if that name is free. Its footer says what it
must hold (shard, rows) and which sessions of the shard failed, so that a part can be checked and
a lost quarantine restored without reading a row. Pages carry checksums.
"""

import errno
import json
import os
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.dataset import SCHEMA, check_version
from mirrorplay.runs.spool import Frame

ROW_GROUP_SESSIONS = 128
ROW_GROUP_BYTES = 64 << 20
"""A row group closes at whichever comes first: 128 sessions or 64 MiB. The hub's viewer scans at
most 286 MiB of one, and a commit holds one in memory."""

CLAIM_PATIENCE_SECONDS = 5.0
"""How long a commit waits for another one that holds the claim on a name."""

RETRY_GAP = 8
"""How many retry numbers in a row may be free below a part: repairs free some by putting parts
aside, and a shard's parts are found by trying their names."""

_NAME = re.compile(r"^part-(\d{5,})(?:\.r(\d+))?\.parquet$")
_CLAIM = ".claim"
_TEMPORARY = ".tmp"
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EXDEV}


class DamagedPart(Exception):
    """A part that is not what a commit left: cut short, overwritten, or of another kind."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a part says about itself. `failed`: error by session id of what never got a row."""

    path: Path
    shard: int
    retry: int
    rows: int
    failed: Mapping[str, dict[str, Any]]


def part_path(run_dir: Path, shard: int, retry: int = 0) -> Path:
    """Where a part lies; `retry` 0 is the shard's first part."""
    return Path(run_dir) / "sessions" / f"part-{shard:05d}{f'.r{retry}' if retry else ''}.parquet"


def parts_by_shard(run_dir: Path) -> dict[int, dict[int, Path]]:
    """The committed files of a run: path by retry by shard, both ascending.

    Raises UserError for a part whose number `parts_of` would not reach.
    """
    found: dict[int, dict[int, Path]] = defaultdict(dict)
    with suppress(FileNotFoundError), os.scandir(Path(run_dir) / "sessions") as entries:
        for entry in entries:
            name = _NAME.match(entry.name)
            if name is None:
                continue
            shard, retry = int(name[1]), int(name[2] or 0)
            if entry.name == part_path(run_dir, shard, retry).name:
                found[shard][retry] = Path(entry.path)
    for shard, retries in found.items():
        for below, retry in pairwise([-1, *sorted(retries)]):
            if retry - below > RETRY_GAP + 1:
                free = part_path(run_dir, shard, below + 1)
                raise UserError(
                    f"stands {retry - below} numbers above the shard's next lower part; a commit "
                    f"looks {RETRY_GAP + 1} ahead",
                    where=str(retries[retry]),
                    hint=f"rename it to {free.name}",
                )
    return {shard: dict(sorted(found[shard].items())) for shard in sorted(found)}


def parts_of(run_dir: Path, shard: int) -> dict[int, Path]:
    """The committed files of one shard: path by retry, ascending.

    Tries the shard's own names instead of listing a directory that holds every other shard's.
    """
    found: dict[int, Path] = {}
    retry = 0
    while retry <= max(found, default=-1) + 1 + RETRY_GAP:
        path = part_path(run_dir, shard, retry)
        if path.exists():
            found[retry] = path
        retry += 1
    return found


def read_footer(path: Path) -> Footer:
    """Checks a part by its footer.

    Raises DamagedPart when it is not whole, UserError when a newer mirrorplay wrote it or it
    cannot be read at all (permission, input/output error), FileNotFoundError when it is gone.
    """
    name = _NAME.match(path.name)
    if name is None:
        raise DamagedPart(f"{path.name} is not the name of a part")
    try:
        stored = pq.read_metadata(path)
        metadata = stored.metadata
        check_version(metadata, str(path))
        rows = int(metadata[b"mirrorplay.rows"])
        shard = int(metadata[b"mirrorplay.shard"])
        failed = json.loads(metadata[b"mirrorplay.failed"])
    except FileNotFoundError:
        raise
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise DamagedPart(f"its footer cannot be read: {error}") from error
    except OSError as error:
        if error.errno is None:
            raise DamagedPart(f"its footer cannot be read: {error}") from error
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if stored.num_rows != rows:
        raise DamagedPart(f"{stored.num_rows} rows, its footer says {rows}")
    if shard != int(name[1]):
        raise DamagedPart(f"holds shard {shard}")
    if not isinstance(failed, dict):
        raise DamagedPart("its list of failed sessions is no mapping")
    return Footer(path, shard, int(name[2] or 0), rows, failed)


def session_ids(path: Path) -> list[str]:
    """The session ids of a part, in its order. Raises DamagedPart."""
    try:
        ids: list[str] = (
            pq.read_table(path, columns=["session_id"], page_checksum_verification=True)
            .column("session_id")
            .to_pylist()
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedPart(f"its session ids cannot be read: {error}") from error
    return ids


def batches(path: Path, columns: Sequence[str], rows_at_once: int = 16) -> Iterator[pa.RecordBatch]:
    """The rows of a part in small batches. Raises UserError when a page is damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            check_version(file.metadata.metadata, str(path))
            yield from file.iter_batches(batch_size=rows_at_once, columns=list(columns))
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(
            f"is damaged: {error}",
            where=str(path),
            hint="delete or rename the file and resume the run: its sessions are run again",
        ) from error


def write_part(
    path: Path, shard: int, frames: Iterable[Frame], failed: Mapping[str, dict[str, Any]]
) -> bool:
    """Writes the frames under the part's name. False if that name was taken meanwhile.

    Raises UserError when the disk refuses; no half-written part is left behind.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(6)}{_TEMPORARY}")
    try:
        path.parent.mkdir(exist_ok=True)
        try:
            _write(temporary, shard, frames, failed)
            published = _publish(temporary, path)
            sync_directory(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return published


def clear_leftovers(run_dir: Path) -> None:
    """Deletes what interrupted commits left: temporary files and claims.

    Only for the holder of the run's lock, before it starts workers. A commit that is slow and not
    dead loses its temporary file before its claim, and can publish nothing after that.
    """
    # A claim is younger than its owner's temporary file, which is therefore in the second listing
    # when the claim is in the first. One listing may show the younger of two new names alone.
    claims = _hidden(run_dir, _CLAIM)
    for path in [*_hidden(run_dir, _TEMPORARY), *claims]:
        path.unlink(missing_ok=True)


def put_aside(path: Path) -> Path:
    """Renames a damaged part to the first free one of `part-00003.parquet.damaged`, `.damaged.2`
    and so on, which is returned."""
    aside = path.with_name(f"{path.name}.damaged")
    number = 2
    while aside.exists():
        aside = path.with_name(f"{path.name}.damaged.{number}")
        number += 1
    return path.rename(aside)


def sync_directory(path: Path) -> None:
    """Makes new names in a directory durable, where the file system knows how to."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> UserError:
    """The error for a disk that refuses, with what to do next."""
    return UserError(
        f"cannot be written: {error.strerror or error}",
        where=str(path),
        hint="nothing is lost: make room or correct the permissions, then "
        f"mirrorplay resume {path.parent.parent}",
    )


def _hidden(run_dir: Path, suffix: str) -> list[Path]:
    """What commits in progress keep beside the parts, by its suffix."""
    try:
        with os.scandir(Path(run_dir) / "sessions") as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.name.startswith(".part-") and entry.name.endswith(suffix)
            ]
    except FileNotFoundError:
        return []


def _write(
    path: Path, shard: int, frames: Iterable[Frame], failed: Mapping[str, dict[str, Any]]
) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        writer = pq.ParquetWriter(
            file,
            SCHEMA,
            compression="zstd",
            use_dictionary=_LEAVES,
            write_statistics=_LEAVES,
            write_page_index=True,
            write_page_checksum=True,
        )
        try:
            rows = 0
            for group in _groups(frames):
                table = pa.Table.from_batches(group, schema=SCHEMA)
                writer.write_table(table, row_group_size=table.num_rows)
                rows += table.num_rows
            writer.add_key_value_metadata(
                {
                    "mirrorplay.shard": str(shard),
                    "mirrorplay.rows": str(rows),
                    "mirrorplay.failed": json.dumps(failed),
                }
            )
        except BaseException:
            # Closing writes a footer and would hide the first error behind a second one.
            with suppress(OSError, pa.ArrowException, ValueError):
                writer.close()
            raise
        writer.close()
        file.flush()
        os.fsync(file.fileno())


def _groups(frames: Iterable[Frame]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    size = 0
    for frame in frames:
        group.append(frame.batch)
        size += frame.size
        if len(group) >= ROW_GROUP_SESSIONS or size >= ROW_GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _leaves(kind: pa.DataType, path: str) -> Iterator[str]:
    """The Parquet names of the leaf columns under an Arrow type."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(field.type, f"{path}.{field.name}")
    elif pa.types.is_list(kind):
        yield from _leaves(kind.value_type, f"{path}.list.element")
    else:
        yield path


_LEAVES = [
    leaf
    for field in SCHEMA
    for leaf in _leaves(field.type, field.name)
    if leaf != "faces.list.element.bytes"
]
"""The columns worth a dictionary and statistics: all but the image bytes."""


def _publish(temporary: Path, path: Path) -> bool:
    """Gives the file its name unless the name is taken; True if it is ours."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        # A network file system can repeat a request whose answer was lost, and meet its own link.
        return os.path.samestat(temporary.stat(), path.stat())
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _publish_by_claim(temporary, path)
    return True


def _publish_by_claim(temporary: Path, path: Path) -> bool:
    """The same where there are no hard links: whoever creates the claim may rename.

    A rename replaces what has the name, so that of two committers only one may come to it:

    - Two hold no claim at once unless `clear_leftovers` took the first one's. It took the first
      one's temporary file before, whose rename then fails. If that rename came earlier still, the
      second one finds the part.
    - A claim is let go only where the part stands and it has become needless. Where the rename
      fails it stays, since it may be another's by now; the next repair clears it.
    """
    claim = path.with_name(f".{path.stem}{_CLAIM}")
    deadline = time.monotonic() + CLAIM_PATIENCE_SECONDS
    while not path.exists():
        try:
            os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        except FileExistsError:
            if time.monotonic() > deadline:
                raise OSError(
                    errno.EBUSY, f"another commit holds {claim.name}", str(path)
                ) from None
            time.sleep(0.02)
            continue
        ours = not path.exists()
        if ours:
            temporary.rename(path)
        claim.unlink(missing_ok=True)
        return ours
    return False
