"""The session worker: plays the sessions of a leased shard, spools each, commits the shard.

The same class serves every executor. It needs nothing but the run directory, holds nothing durable
in memory, and may die at any moment: what it had finished is in its spool, and whoever gets the
shard next plays only what is missing. All policy on failing sessions is here: a session that raises
is data (a failure in the report), an operating-system error on the run directory stops the run.
"""

import asyncio
import errno
import sqlite3
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.agents.models.purse import Spent
from mirrorplay.graphs.context import Cast
from mirrorplay.runs.casting import cast_of
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.dataset import to_batch
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.grid import cells
from mirrorplay.runs.log import open_log
from mirrorplay.runs.memory import keep_one_heap
from mirrorplay.runs.outage import Outage, switchboard
from mirrorplay.runs.plan import PlannedSession
from mirrorplay.runs.play import CheckpointPlace, play
from mirrorplay.runs.quarantine import readable_error
from mirrorplay.runs.spool import SpoolWriter
from mirrorplay.runs.store import commit_shard, shard_status

if TYPE_CHECKING:
    from mirrorplay.agents.models.switchboard import Switchboard

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""Errors of the run directory's disk: they stop the run, wherever in a session they come up."""
SQLITE_DISK_ERRORS = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
)
"""The same, as SQLite says it of a checkpoint file."""
Failure = dict[str, Any]
"""{"cell", "persona_id", "error", "where", "attempts"} of a session that failed every attempt."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One shard of the plan, of which a worker plays the sessions not yet done. `failed` holds the
    quarantined ones, which it leaves out. `solo`: one session after the other in the order of the
    plan, and back with the first failure, so that a death can be laid to the one that ran."""

    shard: int
    failed: Mapping[str, Failure] = field(default_factory=dict)
    solo: bool = False


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What became of a lease. Not committed means: interrupted, the rest runs on resume."""

    shard: int
    committed: bool
    failed: Mapping[str, Failure]


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a worker has done so far in its life. `waiting`: for which endpoint. `halt`: why the run
    cannot go on, when it cannot."""

    done: int
    running: int
    failed: int
    spent: Spent = field(default_factory=Spent)
    waiting: str | None = None
    halt: str | None = None

    def __add__(self, other: "Pulse") -> "Pulse":
        return Pulse(
            self.done + other.done,
            self.running + other.running,
            self.failed + other.failed,
            self.spent + other.spent,
            self.waiting or other.waiting,
            self.halt or other.halt,
        )


class SessionWorker:
    """Plays leases of one run. `in_flight` bounds the sessions running at once in this worker,
    across its leases."""

    def __init__(self, run_dir: Path, name: str, in_flight: int) -> None:
        keep_one_heap()
        self._run = RunDirectory.open(run_dir)
        config = self._run.config()
        self._run_name = config.name
        self._cells = {cell.name: cell for cell in cells(config)}
        self._personas = self._run.personas()
        self._plan = self._run.plan()
        self._casts: dict[str, Cast] = {}
        self._slots = asyncio.Semaphore(in_flight)
        self._log = open_log(self._run.logs, name)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._done = self._running = self._failed = 0
        self._board: Switchboard | None = None
        self._down = Outage()

    def pulse(self) -> Pulse:
        return Pulse(
            self._done,
            self._running,
            self._failed,
            self._board.purse.own if self._board else Spent(),
            self._down.waiting,
            self._down.halt,
        )

    async def close(self) -> None:
        """Close the models' connections."""
        if self._board is not None:
            await self._board.close()

    def stop(self, grace_s: float | None) -> None:
        """Start no more sessions; cancel those still running after `grace_s` seconds (None: let
        them end). Callable from any thread."""
        self._stopping = True
        if self._loop is not None and grace_s is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, grace_s, self._cancel)

    async def run_shard(self, lease: Lease) -> ShardReport:
        """Play what the shard lacks, then commit it. Raises OSError when the run directory
        cannot be written; finished sessions are safe in the spool."""
        self._loop = asyncio.get_running_loop()
        sessions = self._plan.shard(lease.shard)
        planned = [session.session_id for session in sessions]
        left_out = self._settled(lease.shard, planned) | lease.failed.keys()
        missing = [s for s in sessions if s.session_id not in left_out]
        failed: dict[str, Failure] = {}
        attempt: int | None = None
        if missing and not self._stopping:
            with SpoolWriter(self._run.path, lease.shard) as spool:
                attempt = spool.attempt
                for together in [[one] for one in missing] if lease.solo else [missing]:
                    tasks = [
                        asyncio.create_task(self._session(session, spool, failed))
                        for session in together
                    ]
                    self._tasks.update(tasks)
                    try:
                        await self._all(tasks)
                    finally:
                        self._tasks.difference_update(tasks)
                    if failed:
                        break
        settled = self._settled(lease.shard, planned) | failed.keys() | lease.failed.keys()
        if (self._stopping or lease.solo) and not settled.issuperset(planned):
            return ShardReport(lease.shard, False, failed)
        committed = await asyncio.to_thread(
            commit_shard,
            self._run.path,
            lease.shard,
            planned,
            {**lease.failed, **failed},
            attempt=attempt,
        )
        self._log.info("shard committed", shard=lease.shard, rows=committed.rows)
        # A worker of a killed driver may have committed first, and with a row for what failed here.
        return ShardReport(
            lease.shard, True, {s: f for s, f in failed.items() if s in committed.failed}
        )

    async def _all(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for the sessions; one that raises stops the others, and its error is raised."""
        try:
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise
        if any(not task.cancelled() and task.exception() for task in done):
            for task in pending:
                task.cancel()
        if pending:
            await asyncio.wait(pending)
        for task in tasks:
            if not task.cancelled():
                task.result()

    def _settled(self, shard: int, planned: list[str]) -> frozenset[str]:
        return shard_status(self._run.path, shard, planned).done

    async def _session(
        self, session: PlannedSession, spool: SpoolWriter, failed: dict[str, Failure]
    ) -> None:
        async with self._slots:
            if self._stopping:
                return
            self._running += 1
            try:
                failure = await self._attempts(session, spool)
            finally:
                self._running -= 1
            if failure is not None:
                failed[session.session_id] = failure
                self._failed += 1

    async def _attempts(self, session: PlannedSession, spool: SpoolWriter) -> Failure | None:
        cell = self._cells[session.cell]
        limits = cell.config.session
        # Not inside the try below: a model that cannot be made is nobody's session.
        cast = self._cast(cell.config, cell.name)
        log = self._log.bind(session_id=session.session_id)
        failure: Failure | None = None
        attempt = 1
        while attempt <= limits.attempts:
            try:
                async with asyncio.timeout(limits.time_limit_s) as limit:
                    record = await play(
                        session,
                        cell,
                        self._personas[session.persona_id],
                        cast,
                        self._run_name,
                        spool.attempt,
                        self._place(cell.config, session, spool, attempt),
                    )
                batch = to_batch(record)
            except OSError as error:
                if error.errno in DISK_ERRORS:
                    raise
                late = isinstance(error, TimeoutError) and limit.expired()
                told = (
                    f"took longer than {limits.time_limit_s:g} s"
                    if late
                    else f"{type(error).__name__}: {error}"
                )
                failure = _failure(session, told, "session" if late else _origin(error), attempt)
            except sqlite3.OperationalError as error:
                # Of all that SQLite is used for here, only the checkpoints can meet a full disk.
                if error.sqlite_errorcode & 0xFF in SQLITE_DISK_ERRORS:
                    raise OSError(errno.EIO, str(error), str(self._run.checkpoints)) from error
                told = f"{type(error).__name__}: {error}"
                failure = _failure(session, told, _origin(error), attempt)
            except EndpointDown as down:
                if not await self._down.wait(down, self._log):
                    self.stop(0.0)
                    return None
                continue
            except Exception as error:  # a bad session is data, whatever a part of it raised
                failure = _failure(
                    session, f"{type(error).__name__}: {error}", _origin(error), attempt
                )
            else:
                self._down.over()
                spool.append(batch)
                self._done += 1
                log.info("session done", outcome=record.outcome, turns=len(record.turns))
                return None
            log.warning("session failed", attempt=attempt, **failure)
            attempt += 1
        return failure

    def _cast(self, config: RunConfig, cell: str) -> Cast:
        if cell not in self._casts:
            if config.specs() and self._board is None:
                self._board = switchboard(config, self._log)
                for spec in config.specs().values():
                    self._board.model(spec)
            self._casts[cell] = cast_of(config, self._board)
        return self._casts[cell]

    def _place(
        self, config: RunConfig, session: PlannedSession, spool: SpoolWriter, attempt: int
    ) -> CheckpointPlace | None:
        if config.checkpoints == "none":
            return None
        return CheckpointPlace(
            file=self._run.checkpoints / f"{spool.path.name}.sqlite",
            # Never one that was used: LangGraph would go on from what it finds there.
            thread=f"{session.session_id}/{attempt}/{uuid4().hex}",
            blobs=self._run.blobs,
        )

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()


def _failure(session: PlannedSession, error: str, where: str, attempts: int) -> Failure:
    return {
        "cell": session.cell,
        "persona_id": session.persona_id,
        "error": readable_error(error),
        "where": where,
        "attempts": attempts,
    }


def _origin(error: BaseException) -> str:
    """File and line that raised, the innermost frame of the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
