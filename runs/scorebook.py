"""Scores given to a run after it was played: new files beside the shards, none of which is touched.

    RUN/scores/<rater>/<part>.parquet     session_id · instrument · item · value · rater · evidence

A rater is a coder, a model or a person, with its variant ("scripted-v1:words", "human:anna"). Each
has a folder; a part is written whole or not at all, so that a rating that was cut off goes on with
the parts it has not. What the run's own judge gave stays in the row and is not repeated here.
A part may carry a note in its metadata: what was scored, and how.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score

FOLDER = "scores"
SCHEMA = pa.schema(
    [
        ("session_id", pa.string()),
        ("instrument", pa.string()),
        ("item", pa.string()),
        ("value", pa.float64()),
        ("rater", pa.string()),
        ("evidence", pa.list_(pa.int32())),
    ]
)
BATCH = 4096
"""Rows held in memory at a time."""
_NOTE = b"mirrorplay.scored"


class Scored(NamedTuple):
    """One score of one session."""

    session_id: str
    score: Score


def folder_of(run_dir: Path, rater: str) -> Path:
    """Where a rater's files lie. Its name comes from outside, so only a readable part of it and a
    hash of the whole are used."""
    readable = re.sub(r"[^a-z0-9.-]+", "_", rater.lower()).strip("._")[:40]
    return run_dir / FOLDER / f"{readable}-{blake2b(rater.encode(), digest_size=4).hexdigest()}"


def write_scores(
    run_dir: Path,
    rater: str,
    part: str,
    scores: Iterable[Scored],
    note: Mapping[str, Any] | None = None,
) -> Path:
    """Writes one part of a rater's scores, streaming, and replaces one of the same name.

    part: letters, digits, dots and dashes.
    note: JSON-able, kept with the part for `note_of`. It is read when the scores are written, so
    that whoever makes the scores may still add to it.
    Raises ValueError for a score of another rater.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", part):
        raise ValueError(f"{part!r} is no name of a part")
    folder = folder_of(run_dir, rater)
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"{part}.parquet", folder / f".{part}.{os.getpid()}"
    try:
        with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
            for rows in _batches(rater, scores):
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
            writer.add_key_value_metadata({_NOTE.decode(): json.dumps(dict(note or {}))})
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _batches(rater: str, scores: Iterable[Scored]) -> Iterator[list[dict[str, object]]]:
    rows: list[dict[str, object]] = []
    for session_id, score in scores:
        if score.rater != rater:
            raise ValueError(f"a score of {score.rater!r} among those of {rater!r}")
        rows.append({"session_id": session_id, **score.model_dump()})
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def path_of(run_dir: Path, rater: str, part: str) -> Path:
    """Where a part of a rater's scores lies, or would."""
    return folder_of(run_dir, rater) / f"{part}.parquet"


def written_parts(run_dir: Path, rater: str) -> frozenset[str]:
    """Names of the parts that a rater has."""
    return frozenset(path.stem for path in folder_of(run_dir, rater).glob("[!.]*.parquet"))


def note_of(run_dir: Path, rater: str, part: str) -> dict[str, Any] | None:
    """The note of a part, empty where it has none; None for a part that is not there or damaged,
    and so has to be written."""
    try:
        stored = pq.read_metadata(path_of(run_dir, rater, part))
        note = json.loads((stored.metadata or {}).get(_NOTE, b"{}"))
    except (OSError, pa.ArrowException, ValueError):
        return None
    if not set(SCHEMA.names) <= set(stored.schema.to_arrow_schema().names):
        return None
    return note if isinstance(note, dict) else None


def iter_scores(run_dir: Path, rater: str | None = None) -> Iterator[Scored]:
    """Scores of one rater, or of all, streaming. Raises UserError for a file that is none."""
    root = folder_of(run_dir, rater) if rater else run_dir / FOLDER
    for path in sorted(root.rglob("[!.]*.parquet")):
        yield from read_part(path)


def read_part(path: Path) -> Iterator[Scored]:
    """Scores of one file, streaming. Raises UserError for a file that is none."""
    for batch in iter_columns(path, SCHEMA.names):
        for row in batch.to_pylist():
            session_id = row.pop("session_id")
            yield Scored(session_id, Score(**{**row, "evidence": row["evidence"] or ()}))


def iter_columns(path: Path, columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of one file in batches, for whoever only counts. Raises UserError for a file
    that holds no scores."""
    with _readable(path), pq.ParquetFile(path) as file:
        if not set(SCHEMA.names) <= set(file.schema_arrow.names):
            raise UserError("these are no scores", where=str(path), hint=_AGAIN)
        yield from file.iter_batches(BATCH, columns=list(columns))


def raters(run_dir: Path) -> tuple[str, ...]:
    """Names of all raters that scored the run after it was played, sorted. Raises UserError for a
    file that holds no scores."""
    found: set[str] = set()
    for folder in sorted((run_dir / FOLDER).glob("*/")):
        # Every score of a part has the rater of its folder; a part may hold none at all.
        for path in sorted(folder.glob("[!.]*.parquet")):
            batch = next(iter_columns(path, ["rater"]), None)
            if batch is not None and batch.num_rows:
                found.add(batch.column("rater")[0].as_py())
                break
    return tuple(sorted(found))


_AGAIN = "remove the file and score again"


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"scores cannot be read ({type(error).__name__})", where=str(path), hint=_AGAIN
        ) from None
