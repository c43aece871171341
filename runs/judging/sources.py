"""What there is to score in a run: each committed file, and the sessions that wait in spools.

A source has a fingerprint, so that a second scoring knows what it has scored already: a file by
its bytes (its size and time of change spare the reading while they stay the same), waiting
sessions by their ids. Rows are read with the columns asked for and no others.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.columns import column_of, columns_of, stored_path
from mirrorplay.runs.part import DamagedPart, batches, parts_by_shard, read_footer, session_ids
from mirrorplay.runs.spool import spools_by_shard, winners

SPOOLED = "spooled"
"""The part for sessions that wait for their shard's commit."""
BLOCK = 1 << 20
"""Bytes read at a time for a hash."""

Fingerprint = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One committed file, or (with `path` None) all waiting sessions. `part` names its scores."""

    run_dir: Path
    part: str
    path: Path | None
    sessions: int

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """The rows, a few in memory at once. Raises UserError for an unknown column or a damaged
        file."""
        wanted = columns_of(columns)
        kept = list(dict.fromkeys(column_of(name) for name in wanted))
        if self.path is None:
            with ExitStack() as stack:
                for slot in _waiting(self.run_dir, stack).values():
                    [row] = slot.read().batch.select(kept).to_pylist()
                    yield row
            return
        for batch in batches(self.path, [stored_path(name) for name in wanted]):
            yield from batch.to_pylist()

    def fingerprint(self) -> Fingerprint:
        """Tells this content from any other."""
        if self.path is None:
            with ExitStack() as stack:
                ids = "\n".join(sorted(_waiting(self.run_dir, stack)))
            return {"blake2b": blake2b(ids.encode(), digest_size=16).hexdigest()}
        digest = blake2b(digest_size=16)
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return {**self._stamp(), "blake2b": digest.hexdigest()}

    def is_still(self, known: Mapping[str, Any]) -> bool:
        """Whether the content is what this fingerprint was taken of."""
        if self.path is not None and self._stamp().items() <= known.items():
            return True
        return bool(known.get("blake2b") == self.fingerprint()["blake2b"])

    def _stamp(self) -> Fingerprint:
        if self.path is None:
            return {}
        status = self.path.stat()
        return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def sources(run_dir: Path) -> tuple[Source, ...]:
    """Everything in a run that can be scored, in order of the shards. Raises UserError for a
    damaged file."""
    found = []
    for parts in parts_by_shard(run_dir).values():
        for path in parts.values():
            try:
                found.append(Source(run_dir, path.stem, path, read_footer(path).rows))
            except DamagedPart as damage:
                raise _damaged(run_dir, path, damage) from None
    with ExitStack() as stack:
        waiting = len(_waiting(run_dir, stack))
    if waiting:
        found.append(Source(run_dir, SPOOLED, None, waiting))
    return tuple(found)


def _waiting(run_dir: Path, stack: ExitStack) -> dict[str, Any]:
    """Spooled sessions without a committed row, by id."""
    waiting: dict[str, Any] = {}
    committed = parts_by_shard(run_dir)
    for shard, spools in spools_by_shard(run_dir).items():
        finished = winners(spools, stack)
        for path in committed.get(shard, {}).values():
            try:
                for session in session_ids(path):
                    finished.pop(session, None)
            except DamagedPart as damage:
                raise _damaged(run_dir, path, damage) from None
        waiting.update(finished)
    return waiting


def _damaged(run_dir: Path, path: Path, damage: DamagedPart) -> UserError:
    return UserError(f"is damaged: {damage}", where=str(path), hint=f"mirrorplay resume {run_dir}")
