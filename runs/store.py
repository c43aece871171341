"""The committed sessions of a run: exactly once, in plan order, whole or not at all.

Sessions are executed at least once and kept exactly once. A shard's spools are merged into one
part when every planned session has either a row or an error; the lowest attempt wins a session
that was run twice. Parts are only ever added, each under the first free name of its shard
(`part-<shard>.parquet`, then `.r1`, `.r2` for retried sessions), and always hold just those
sessions that no other part of the shard holds. Since a name can be taken once, two committers
of one shard (a worker that outlived its driver, and its successor) cannot both add a session:
the one that comes second finds the name taken, looks again at what is missing, and is done.
A session's error stands in the footer of the part that was committed without it, until a later
part has its row. As long as a session has none, a commit deletes no spool that is newer than its
own: somebody may be writing the missing row there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mirrorplay.graphs.record import SessionRecord
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.columns import column_of, columns_of, stored_path
from mirrorplay.runs.dataset import SCHEMA, from_row
from mirrorplay.runs.part import (
    DamagedPart,
    Footer,
    batches,
    cannot_write,
    clear_leftovers,
    part_path,
    parts_by_shard,
    parts_of,
    put_aside,
    read_footer,
    session_ids,
    sync_directory,
    write_part,
)
from mirrorplay.runs.quarantine import readable_failure
from mirrorplay.runs.spool import spools_by_shard, winners

Plan = Mapping[int, Sequence[str]]
"""Session ids in plan order, by shard."""
Failures = Mapping[str, dict[str, Any]]
"""Error by session id."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A shard after its commit. `rows` and `failed` are of the whole shard and of what is really
    on the disk, which another committer may have written; `path` is the last part."""

    rows: int
    path: Path
    failed: Failures


class IncompleteShard(Exception):
    """A commit was asked for although planned sessions have neither a row nor an error."""

    def __init__(self, shard: int, missing: Sequence[str]) -> None:
        self.shard = shard
        self.missing = tuple(missing)
        super().__init__(shard, self.missing)

    def __str__(self) -> str:
        few = ", ".join(self.missing[:3]) + (", …" if len(self.missing) > 3 else "")
        return f"shard {self.shard}: {len(self.missing)} planned sessions are missing ({few})"


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """What the disk holds of one shard.

    committed: every planned session has a row or an error in a part, and no spool adds a row.
    damaged: a part is not whole, or the parts do not cover the plan; `repair` puts it aside.
    open: sessions are to be run or spooled ones to be committed.
    """

    shard: int
    state: Literal["committed", "damaged", "open"]
    planned: tuple[str, ...]
    rows: frozenset[str]
    """Sessions with a committed row."""
    spooled: frozenset[str]
    """Finished sessions that wait in a spool for the commit."""
    failed: Failures
    """Sessions with an error in a footer and no row anywhere."""
    damage: Mapping[Path, str] = field(default_factory=dict)
    """Why, by damaged file."""

    @property
    def done(self) -> frozenset[str]:
        return self.rows | self.spooled


@dataclass(frozen=True, slots=True)
class Survey:
    """Every planned shard, in order."""

    shards: Mapping[int, ShardStatus]

    @property
    def done(self) -> int:
        return sum(len(status.done) for status in self.shards.values())

    @property
    def failed(self) -> dict[str, dict[str, Any]]:
        return {
            session: error
            for status in self.shards.values()
            for session, error in status.failed.items()
        }


@dataclass(frozen=True, slots=True)
class _Held:
    """The parts of one shard, read through their footers."""

    parts: Mapping[int, Footer]
    rows: frozenset[str]
    failed: Failures

    @property
    def free(self) -> int:
        """The first retry number that no part has."""
        return next(number for number in range(len(self.parts) + 1) if number not in self.parts)


def commit_shard(
    run_dir: Path,
    shard: int,
    planned_ids: Sequence[str],
    failed: Failures,
    *,
    attempt: int | None = None,
) -> Committed:
    """Merges the shard's spools into a part. Only what no part holds is added.

    planned_ids: the whole shard in the order of the plan; spooled sessions of other names are
    dropped.
    failed: error by id, JSON-able, of planned sessions that may be missing. A spooled row counts
    more than an error, here and in the footer of an earlier part.
    attempt: the number of the committer's own spool, None when it has none. When every planned
    session has its row, all spools are deleted; otherwise those up to this number, and the rest
    is left to its writer and to `repair`.

    Doing it again, or at the same time as another process, changes nothing and succeeds.
    Raises IncompleteShard, UserError when the disk refuses (spools are kept) or an earlier part
    is damaged.
    """
    run_dir = Path(run_dir)
    while True:
        with ExitStack() as stack:
            spools = spools_by_shard(run_dir).get(shard, [])
            finished = winners(spools, stack)
            # After the spools, since a rival deletes them only when its part is in place.
            held = _held(run_dir, shard)
            wanted = [session for session in planned_ids if session not in held.rows]
            frames = [finished[session] for session in wanted if session in finished]
            lost = [session for session in wanted if session not in finished]
            missing = [one for one in lost if one not in failed and one not in held.failed]
            if missing:
                raise IncompleteShard(shard, missing)
            untold = [one for one in lost if one not in held.failed]
            if frames or untold or not held.parts:
                path = part_path(run_dir, shard, held.free)
                errors = {one: readable_failure(failed[one]) for one in lost if one in failed}
                if not write_part(path, shard, (frame.read() for frame in frames), errors):
                    continue
                held = _held(run_dir, shard)
        whole = held.rows.issuperset(planned_ids)
        own = -1 if attempt is None else attempt
        _delete([path for number, path in spools if whole or number <= own])
        last = held.parts[max(held.parts)]
        return Committed(len(held.rows), last.path, held.failed)


def survey(run_dir: Path, plan: Plan) -> Survey:
    """What is there of every planned shard, from footers and spools.

    Raises UserError for a part of a newer schema version or of a shard that is not in the plan.
    """
    parts, spools = parts_by_shard(run_dir), spools_by_shard(run_dir)
    for shard in parts.keys() - plan.keys():
        raise UserError(
            f"belongs to shard {shard}, and this run's plan has {len(plan)} shards",
            where=str(next(iter(parts[shard].values()))),
            hint="move the file out of the run",
        )
    return Survey(
        {
            shard: _status(shard, planned, parts.get(shard, {}), spools.get(shard, []))
            for shard, planned in plan.items()
        }
    )


def shard_status(run_dir: Path, shard: int, planned_ids: Sequence[str]) -> ShardStatus:
    """What is there of one shard."""
    spools = spools_by_shard(run_dir).get(shard, [])
    return _status(shard, planned_ids, parts_of(run_dir, shard), spools)


@dataclass(frozen=True, slots=True)
class Repair:
    """The run after a repair."""

    survey: Survey
    renamed: Mapping[Path, str]
    """Reason by the name a damaged part was put aside under."""
    reopened: frozenset[str]
    """Sessions to run again: those without a row of every shard that lost a part, whatever the
    footers say. Which of them had a row in that part cannot be told."""


def repair(run_dir: Path, plan: Plan) -> Repair:
    """Surveys a run and makes it ready to go on; only for the holder of its lock.

    Damaged parts are renamed `.damaged`, leftovers of interrupted commits are deleted, and so are
    the spools of shards in which no spool holds a row that the parts lack.
    """
    run_dir = Path(run_dir)
    shards = dict(survey(run_dir, plan).shards)
    damaged = [status for status in shards.values() if status.damage]
    renamed = {}
    try:
        for status in damaged:
            for path, reason in status.damage.items():
                renamed[put_aside(path)] = reason
        if renamed:
            sync_directory(run_dir / "sessions")
            shards.update(survey(run_dir, plan).shards)
        clear_leftovers(run_dir)
        for shard, spools in spools_by_shard(run_dir).items():
            if shard not in plan:
                continue
            # Looked at again: a worker that outlived its driver may have finished a session.
            shards[shard] = _status(shard, plan[shard], parts_of(run_dir, shard), spools)
            if shards[shard].state == "committed":
                _delete([path for _, path in spools])
    except OSError as error:
        raise cannot_write(run_dir / "sessions" / "…", error) from error
    reopened = (set(shards[one.shard].planned) - shards[one.shard].done for one in damaged)
    return Repair(Survey(shards), renamed, frozenset().union(*reopened))


def iter_rows(
    run_dir: Path, columns: Sequence[str] | None = None, *, include_spooled: bool = False
) -> Iterator[dict[str, Any]]:
    """Rows as plain Python values, shard by shard, a few in memory at once.

    columns: names (all for None; UserError for an unknown one). Of a column of lists one field can
    be read alone, which is much quicker: with `turns.index` the turns of a committed row hold
        nothing else (those of a spooled row are whole).
    include_spooled: also finished sessions that wait for the commit of their shard.
    """
    wanted = columns_of(columns)
    run_dir = Path(run_dir)
    shards = {*(spools_by_shard(run_dir) if include_spooled else ()), *parts_by_shard(run_dir)}
    for shard in sorted(shards):
        yield from _shard_rows(run_dir, shard, wanted, include_spooled)


def iter_sessions(run_dir: Path, *, include_spooled: bool = False) -> Iterator[SessionRecord]:
    """The sessions of a run, typed, shard by shard, a few in memory at once."""
    for row in iter_rows(run_dir, include_spooled=include_spooled):
        yield from_row(row)


def find_session(run_dir: Path, name: str) -> SessionRecord:
    """The session whose id is `name`, or the only one whose id begins with it.

    Sessions that wait for their commit are found too. Raises UserError for none or several.
    """
    run_dir = Path(run_dir)
    shard_of = {
        row["session_id"]: shard
        for shard in sorted({*spools_by_shard(run_dir), *parts_by_shard(run_dir)})
        for row in _shard_rows(run_dir, shard, ["session_id"], True)
    }
    matches = [name] if name in shard_of else [one for one in shard_of if one.startswith(name)]
    if not matches:
        raise UserError(
            f"no session {name!r} among {len(shard_of):,} finished ones",
            where=str(run_dir),
            hint=nearest(name, shard_of),
        )
    if len(matches) > 1:
        few = ", ".join(sorted(matches)[:5]) + (", …" if len(matches) > 5 else "")
        raise UserError(
            f"{name!r} begins the ids of {len(matches):,} sessions: {few}", where=str(run_dir)
        )
    [found] = matches
    [row] = _shard_rows(run_dir, shard_of[found], SCHEMA.names, True, only=found)
    return from_row(row)


def _held(run_dir: Path, shard: int) -> _Held:
    """The parts of a shard and the sessions in them. Raises UserError for a damaged one."""
    parts: dict[int, Footer] = {}
    rows: set[str] = set()
    failed: dict[str, dict[str, Any]] = {}
    for retry, path in parts_of(run_dir, shard).items():
        try:
            parts[retry] = read_footer(path)
            rows.update(session_ids(path))
        except DamagedPart as damage:
            raise UserError(
                f"is damaged: {damage}", where=str(path), hint=f"mirrorplay resume {run_dir}"
            ) from damage
        failed.update(parts[retry].failed)
    for session in rows & failed.keys():
        del failed[session]
    return _Held(parts, frozenset(rows), failed)


def _status(
    shard: int,
    planned: Sequence[str],
    parts: Mapping[int, Path],
    spools: Sequence[tuple[int, Path]],
) -> ShardStatus:
    footers: list[Footer] = []
    rows: set[str] = set()
    failed: dict[str, dict[str, Any]] = {}
    damage: dict[Path, str] = {}
    for path in parts.values():
        try:
            footer = read_footer(path)
            # Ids are read only where counting cannot tell: a run of many shards must open fast.
            whole = len(parts) == 1 and footer.rows + len(footer.failed) == len(planned)
            rows.update(set(planned) - footer.failed.keys() if whole else session_ids(path))
        except DamagedPart as reason:
            damage[path] = str(reason)
            continue
        footers.append(footer)
        failed.update(footer.failed)
    covered = all(session in rows or session in failed for session in planned)
    first = next((footer for footer in footers if footer.retry == 0), None)
    if first is not None and not covered and not damage:
        damage[first.path] = (
            f"{len(rows)} rows and {len(failed)} errors for {len(planned)} planned sessions"
        )
    with ExitStack() as stack:
        spooled = winners(spools, stack).keys() & set(planned) - rows
    state: Literal["committed", "damaged", "open"] = "open"
    if damage:
        state = "damaged"
    elif footers and covered and not spooled:
        state = "committed"
    return ShardStatus(
        shard=shard,
        state=state,
        planned=tuple(planned),
        rows=frozenset(rows),
        spooled=frozenset(spooled),
        failed={
            session: error
            for session, error in failed.items()
            if session not in rows and session not in spooled
        },
        damage=damage,
    )


def _shard_rows(
    run_dir: Path,
    shard: int,
    columns: Sequence[str],
    include_spooled: bool,
    only: str | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows of one shard; `only` the one of that id."""
    with ExitStack() as stack:
        # Opened before the parts are looked up: a commit in between deletes the names alone.
        spools = spools_by_shard(run_dir).get(shard, []) if include_spooled else []
        waiting = winners(spools, stack)
        kept = list(dict.fromkeys(column_of(name) for name in columns))
        extra = [] if "session_id" in columns else ["session_id"]
        for path in parts_of(run_dir, shard).values():
            if only is not None and only not in session_ids(path):
                continue
            for batch in batches(path, [stored_path(name) for name in (*columns, *extra)]):
                for row in batch.to_pylist():
                    waiting.pop(row["session_id"], None)
                    if only is None or row["session_id"] == only:
                        yield {name: row[name] for name in kept}
        for session, slot in waiting.items():
            if only is None or session == only:
                [row] = slot.read().batch.to_pylist()
                yield {name: row[name] for name in kept}


def _delete(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
