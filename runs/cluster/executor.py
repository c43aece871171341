"""The Ray executor: session workers as actors, leased shards from here.

The driver is the only scheduler and keeps nothing durable: when an actor dies, its shards are
leased again to a new one, which plays only what the spools lack (`deaths` tells how). Only the
death of an open worker counts: one that cannot be started stops the run and blames no session.
"""

import logging
import os
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import ray
from ray.exceptions import RayError, RayTaskError

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.blocks import RayExecutor
from mirrorplay.runs.casting import extend_import_path
from mirrorplay.runs.cluster.deaths import Deaths, first_line
from mirrorplay.runs.executor import Order, lanes
from mirrorplay.runs.worker import Lease, Pulse, SessionWorker, ShardReport

WAIT_SECONDS = 0.25
PLACE_SECONDS = 120.0
"""How long a run goes without a single open worker."""
MAX_PORT = 65_535


class WorkerActor:
    """A SessionWorker in a process of its own. Control calls have a thread of their own.

    The constructor only keeps its arguments: an error in it would look like a worker's death.
    """

    def __init__(
        self, run_dir: str, name: str, in_flight: int, import_path: tuple[str, ...]
    ) -> None:
        self._arguments = (Path(run_dir), name, in_flight)
        self._import_path = import_path
        self._opened: SessionWorker | None = None

    async def open(self) -> None:
        """To be awaited before all else. Raises what is wrong with the run directory."""
        extend_import_path(self._import_path)
        self._opened = SessionWorker(*self._arguments)

    async def run_shard(self, lease: Lease) -> ShardReport:
        return await self._worker.run_shard(lease)

    @ray.method(concurrency_group="control")
    async def pulse(self) -> Pulse:
        return self._worker.pulse()

    @ray.method(concurrency_group="control")
    async def stop(self, grace_s: float | None) -> None:
        self._worker.stop(grace_s)

    @property
    def _worker(self) -> SessionWorker:
        if self._opened is None:
            raise RuntimeError("the worker was not opened")
        return self._opened


actor_class: Any = cast(Any, ray.remote)(concurrency_groups={"control": 4})(WorkerActor)


@dataclass(eq=False)
class _Seat:
    """One actor and what it holds. `opening` is None once it is open."""

    actor: Any
    opening: Any
    leases: dict[Any, Lease] = field(default_factory=dict)
    asked: Any = None
    last: Pulse = field(default_factory=lambda: Pulse(0, 0, 0))

    @property
    def solo(self) -> bool:
        return any(lease.solo for lease in self.leases.values())


def run_on_ray(order: Order, executor: RayExecutor) -> None:
    """Play all leases on Ray, started on this machine unless an address is given.

    Raises UserError when Ray or a worker cannot be started, and whatever a worker raised.
    """
    started = not ray.is_initialized()
    if started:
        _connect(executor.address)
        order.stop.listen()  # Ray has put its own handler on SIGTERM
    try:
        _Floor(order, executor).run()
    finally:
        if started:
            ray.shutdown()


def _connect(address: str | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        if address:
            _knock(address)
        ray.init(
            address=address or "local",  # None would follow RAY_ADDRESS and running clusters
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            configure_logging=True,
            logging_level=logging.ERROR,
        )
    except (ValueError, OSError, RuntimeError) as error:
        told = first_line(error)
        raise UserError(
            f"no Ray cluster at {address!r}: {told}"
            if address
            else f"Ray could not be started on this machine: {told}",
            where="executor.address",
            allowed="auto, host:port of a running cluster; null starts Ray on this machine",
            hint="is the cluster up? ray status --address HOST:PORT tells"
            if address
            else "executor=inline runs without Ray",
        ) from error


def _knock(address: str) -> None:
    """Ray itself tries for minutes where nobody listens. Raises OSError at once."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal() and int(port) <= MAX_PORT:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


class _Floor:
    """The seats of one run and the leases among them."""

    def __init__(self, order: Order, executor: RayExecutor) -> None:
        self._order = order
        self._grace = executor.shutdown_grace_s
        cpus = int(cast(Any, ray).cluster_resources().get("CPU", 1))
        wanted = cpus if executor.workers == "auto" else executor.workers
        # Asking for a core each would leave workers beyond the cores waiting for ever.
        self._cores = 1 if wanted <= cpus else 0
        self._count = max(1, min(wanted, len(order.leases)))
        self._in_flight = max(1, -(-executor.in_flight // self._count))
        self._per_seat = max(2, lanes(order, self._in_flight))
        self._waiting = deque(order.leases)
        self._solo: deque[Lease] = deque()
        self._deaths = Deaths(order.run_dir, order.plan)
        self._retired = Pulse(0, 0, 0)
        self._made = 0
        self._stopped = 0
        self._open_at = time.monotonic()
        self._seats: list[_Seat] = []

    def run(self) -> None:
        try:
            self._seats.extend(self._seat() for _ in range(self._count))
            self._play()
            self._pulse(final=True)
        finally:
            # A cluster outlives the run, and its cores are wanted back.
            for seat in self._seats:
                ray.kill(seat.actor)

    def _play(self) -> None:
        while True:
            if self._order.stop.asked and self._stopped < 1 + bool(self._order.stop.count):
                self._stop()
            self._lease()
            busy = {ref: seat for seat in self._seats for ref in seat.leases}
            if not (busy or self._waiting or self._solo):
                return
            opening = {seat.opening: seat for seat in self._seats if seat.opening is not None}
            self._see_that_one_is_open()
            ready, _ = ray.wait([*busy, *opening], num_returns=1, timeout=WAIT_SECONDS)
            for ref in ready:
                if ref in opening:
                    self._opened(opening[ref])
                else:
                    self._collect(busy[ref], ref)
            self._pulse()

    def _stop(self) -> None:
        """Once when the run asks for it, and once more when a key is pressed while it ends."""
        self._stopped = 1 + bool(self._order.stop.count)
        self._waiting.clear()
        self._solo.clear()
        for seat in self._open():
            seat.actor.stop.remote(self._order.stop.grace_s(self._grace))

    def _seat(self) -> _Seat:
        self._made += 1
        name = f"worker-{os.getpid()}-{self._made}"
        actor = actor_class.options(num_cpus=self._cores, max_restarts=0).remote(
            str(self._order.run_dir), name, self._in_flight, self._order.import_path
        )
        return _Seat(actor, actor.open.remote())

    def _open(self) -> list[_Seat]:
        return [seat for seat in self._seats if seat.opening is None]

    def _opened(self, seat: _Seat) -> None:
        try:
            _got(seat.opening)
        except RayError as error:
            raise UserError(
                f"a worker could not be started: {first_line(error)}",
                where="executor",
                hint="is mirrorplay installed on every machine of the cluster, as it is here?",
            ) from error
        seat.opening = None

    def _see_that_one_is_open(self) -> None:
        if self._open():
            self._open_at = time.monotonic()
        elif time.monotonic() - self._open_at > PLACE_SECONDS:
            raise UserError(
                f"no worker could be placed within {PLACE_SECONDS:g} s:"
                " are the cluster's cores taken?",
                where="executor.workers",
                hint="ray status shows who holds them",
            )

    def _lease(self) -> None:
        """Deal out one at a time: a solo lease to an empty seat, others to the seat with the
        fewest."""
        seats = [seat for seat in self._open() if not seat.solo]
        for seat in list(seats):
            if self._solo and not seat.leases:
                self._give(seat, self._solo.popleft())
                seats.remove(seat)
        while self._waiting and seats:
            seat = min(seats, key=lambda s: len(s.leases))
            if len(seat.leases) >= self._per_seat:
                return
            self._give(seat, self._waiting.popleft())

    def _give(self, seat: _Seat, lease: Lease) -> None:
        seat.leases[seat.actor.run_shard.remote(lease)] = lease

    def _collect(self, seat: _Seat, ref: Any) -> None:
        try:
            report: ShardReport = _got(ref)
        except RayError as error:
            self._bury(seat, error)
        else:
            self._take(seat.leases.pop(ref), report)

    def _take(self, lease: Lease, report: ShardReport) -> None:
        self._order.on_report(report)
        if lease.solo and not report.committed and not self._stopped:
            # A solo worker comes back with each failure, so that a later death is not laid to it.
            self._solo.appendleft(replace(lease, failed={**lease.failed, **report.failed}))

    def _bury(self, seat: _Seat, error: RayError) -> None:
        """An actor died: seat a new one, lease its shards again."""
        self._replace(seat)
        ended, _ = ray.wait(list(seat.leases), num_returns=len(seat.leases), timeout=0)
        for ref, held in seat.leases.items():
            with suppress(RayError):
                if ref in ended:  # perhaps with a report, just before the death
                    self._take(held, _got(ref))
                    continue
            if self._stopped:
                continue
            lease, failed = self._deaths.after(held, error)
            if failed:
                self._retired = _sum([self._retired, Pulse(0, 0, len(failed))])
                self._order.on_report(ShardReport(lease.shard, False, failed))
            self._solo.append(lease)

    def _replace(self, seat: _Seat) -> None:
        ray.kill(seat.actor)  # it may only be out of reach
        self._retired = _sum([self._retired, replace(seat.last, running=0, waiting=None)])
        self._seats[self._seats.index(seat)] = self._seat()

    def _pulse(self, *, final: bool = False) -> None:
        for seat in self._open():
            if seat.asked is None or final:
                seat.asked = seat.actor.pulse.remote()
            ready, _ = ray.wait([seat.asked], timeout=1.0 if final else 0)
            if not ready:
                continue
            try:
                seat.last = _got(seat.asked)
            except RayError:
                # The death of a busy seat shows in its leases, and is dealt with there.
                if not seat.leases and not final:
                    self._replace(seat)
            seat.asked = None
        self._order.on_pulse(_sum([self._retired, *(seat.last for seat in self._seats)]))


def _got(ref: Any) -> Any:
    """The result; RayError means that the actor died, all else was raised by its code."""
    try:
        return ray.get(ref)
    except RayTaskError as error:
        cause = error.cause
        if cause is None or isinstance(cause, RayError):  # one that could not be pickled
            cause = RuntimeError(str(error))
        raise cause from None


def _sum(pulses: list[Pulse]) -> Pulse:
    return sum(pulses, Pulse(0, 0, 0))
