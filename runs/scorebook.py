"""Scores given to a run after it was played: new files beside the shards, none of which is touched.

    RUN/scores/<rater>/<part>.parquet     session_id · instrument · item · value · rater · evidence

A rater is a coder, a model or a person, with its variant ("scripted-v1:words", "human:anna"). Each
has a folder; a part is written whole or not at all, so that a rating that was cut off goes on with
the parts it has not. What the run's own judge gave stays in the row and is not repeated here.
"""

import os
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

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


class Scored(NamedTuple):
    """One score of one session."""

    session_id: str
    score: Score


def folder_of(run_dir: Path, rater: str) -> Path:
    """Where a rater's files lie. Its name comes from outside, so only a readable part of it and a
    hash of the whole are used."""
    readable = re.sub(r"[^a-z0-9.-]+", "_", rater.lower()).strip("._")[:40]
    return run_dir / FOLDER / f"{readable}-{blake2b(rater.encode(), digest_size=4).hexdigest()}"


def write_scores(run_dir: Path, rater: str, part: str, scores: Iterable[Scored]) -> Path:
    """Writes one part of a rater's scores, streaming, and replaces one of the same name. `part` is
    letters, digits, dots and dashes. Raises ValueError for a score of another rater."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", part):
        raise ValueError(f"{part!r} is no name of a part")
    folder = folder_of(run_dir, rater)
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"{part}.parquet", folder / f".{part}.{os.getpid()}"
    try:
        with pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
            for rows in _batches(rater, scores):
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
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


def written_parts(run_dir: Path, rater: str) -> frozenset[str]:
    """Names of the parts that a rater has."""
    return frozenset(path.stem for path in folder_of(run_dir, rater).glob("[!.]*.parquet"))


def iter_scores(run_dir: Path, rater: str | None = None) -> Iterator[Scored]:
    """Scores of one rater, or of all, streaming. Raises UserError for a file that is none."""
    root = folder_of(run_dir, rater) if rater else run_dir / FOLDER
    for path in sorted(root.rglob("[!.]*.parquet")):
        try:
            with pq.ParquetFile(path) as file:
                if not set(SCHEMA.names) <= set(file.schema_arrow.names):
                    raise UserError("these are no scores", where=str(path))
                for batch in file.iter_batches(BATCH, columns=SCHEMA.names):
                    for row in batch.to_pylist():
                        session_id = row.pop("session_id")
                        yield Scored(
                            session_id, Score(**{**row, "evidence": row["evidence"] or ()})
                        )
        except (pa.ArrowException, OSError) as error:
            raise UserError(
                f"scores cannot be read ({type(error).__name__})",
                where=str(path),
                hint="remove the file and score again",
            ) from None


def raters(run_dir: Path) -> tuple[str, ...]:
    """Names of all raters that scored the run after it was played, sorted."""
    found: set[str] = set()
    for folder in (run_dir / FOLDER).glob("*/"):
        first = next(iter(sorted(folder.glob("[!.]*.parquet"))), None)
        if first is not None:
            column = pq.read_table(first, columns=["rater"]).column("rater")
            found.update(column.unique().to_pylist())
    return tuple(sorted(found))
