"""The Ray executor: session workers as actors, leased shards from here.

The driver is the only scheduler and keeps nothing durable: when an actor dies, its shards are
leased again to a new one, which plays only what the spools lack. A shard whose workers died
DEATHS times is given up: its unfinished sessions are reported as failed.
"""

import logging
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import ray
from ray.exceptions import RayActorError, RayTaskError

from mirrorplay.runs.casting import extend_import_path
from mirrorplay.runs.config import RayExecutor
from mirrorplay.runs.executor import Order, lanes
from mirrorplay.runs.store import commit_shard, shard_status
from mirrorplay.runs.worker import Failure, Lease, Pulse, SessionWorker, ShardReport

DEATHS = 3
"""Workers a shard may cost before it is given up."""
WAIT_SECONDS = 0.25


class WorkerActor:
    """A SessionWorker in a process of its own. Control calls have a thread of their own."""

    def __init__(
        self, run_dir: str, name: str, in_flight: int, import_path: tuple[str, ...]
    ) -> None:
        extend_import_path(import_path)
        self._worker = SessionWorker(Path(run_dir), name, in_flight)

    async def run_shard(self, lease: Lease) -> ShardReport:
        return await self._worker.run_shard(lease)

    @ray.method(concurrency_group="control")
    async def pulse(self) -> Pulse:
        return self._worker.pulse()

    @ray.method(concurrency_group="control")
    async def stop(self, grace_s: float) -> None:
        self._worker.stop(grace_s)


_actor_class: Any = cast(Any, ray.remote)(concurrency_groups={"control": 4})(WorkerActor)


@dataclass
class _Seat:
    """One actor and what it holds."""

    actor: Any
    leases: dict[Any, Lease] = field(default_factory=dict)
    asked: Any = None
    last: Pulse = field(default_factory=lambda: Pulse(0, 0, 0))


def run_on_ray(order: Order, executor: RayExecutor) -> None:
    """Play all leases on Ray, started on this machine unless an address is given."""
    started = not ray.is_initialized()
    if started:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            address=executor.address,
            include_dashboard=False if executor.address is None else None,
            log_to_driver=False,
            configure_logging=True,
            logging_level=logging.ERROR,
        )
        order.stop.listen()  # Ray has put its own handler on SIGTERM
    try:
        _Floor(order, executor).run()
    finally:
        if started:
            ray.shutdown()


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
        self._deaths: dict[int, int] = {}
        self._retired = Pulse(0, 0, 0)
        self._made = 0
        self._stopped = False
        self._seats = [self._seat() for _ in range(self._count)]

    def run(self) -> None:
        while True:
            if self._order.stop.asked and not self._stopped:
                self._stopped = True
                self._waiting.clear()
                for seat in self._seats:
                    seat.actor.stop.remote(self._grace)
            self._lease()
            busy = {ref: seat for seat in self._seats for ref in seat.leases}
            if not busy:
                break
            ready, _ = ray.wait(list(busy), num_returns=1, timeout=WAIT_SECONDS)
            for ref in ready:
                self._collect(busy[ref], ref)
            self._pulse()
        self._pulse(final=True)

    def _seat(self) -> _Seat:
        self._made += 1
        name = f"worker-{os.getpid()}-{self._made}"
        actor = _actor_class.options(num_cpus=self._cores, max_restarts=0).remote(
            str(self._order.run_dir), name, self._in_flight, self._order.import_path
        )
        return _Seat(actor)

    def _lease(self) -> None:
        """Deal out one at a time, always to the seat with the fewest."""
        while self._waiting:
            seat = min(self._seats, key=lambda s: len(s.leases))
            if len(seat.leases) >= self._per_seat:
                return
            lease = self._waiting.popleft()
            seat.leases[seat.actor.run_shard.remote(lease)] = lease

    def _collect(self, seat: _Seat, ref: Any) -> None:
        if ref not in seat.leases:  # its seat died with another reference, earlier in this round
            return
        try:
            report: ShardReport = ray.get(ref)
        except RayTaskError as error:
            raise error.cause or error from None
        except RayActorError as error:
            self._bury(seat, error)
            return
        del seat.leases[ref]
        self._order.on_report(report)

    def _bury(self, seat: _Seat, error: RayActorError) -> None:
        """An actor died: remember what it had done, seat a new one, lease its shards again."""
        self._retired = _sum([self._retired, Pulse(seat.last.done, 0, seat.last.failed)])
        self._seats[self._seats.index(seat)] = self._seat()
        for lease in seat.leases.values():
            deaths = self._deaths[lease.shard] = self._deaths.get(lease.shard, 0) + 1
            if deaths < DEATHS:
                if not self._stopped:
                    self._waiting.appendleft(lease)
            else:
                self._order.on_report(self._give_up(lease, str(error).splitlines()[0]))

    def _give_up(self, lease: Lease, reason: str) -> ShardReport:
        sessions = self._order.plan.shard(lease.shard)
        planned = [session.session_id for session in sessions]
        done = shard_status(self._order.run_dir, lease.shard, planned).done
        failed: dict[str, Failure] = {
            session.session_id: {
                "cell": session.cell,
                "persona_id": session.persona_id,
                "error": f"its worker died {DEATHS} times: {reason}",
                "where": "worker",
                "attempts": DEATHS,
            }
            for session in sessions
            if session.session_id not in done
        }
        commit_shard(self._order.run_dir, lease.shard, planned, {**lease.failed, **failed})
        return ShardReport(lease.shard, True, failed)

    def _pulse(self, *, final: bool = False) -> None:
        for seat in self._seats:
            if seat.asked is None:
                seat.asked = seat.actor.pulse.remote()
            ready, _ = ray.wait([seat.asked], timeout=1.0 if final else 0)
            if ready:
                # A death shows in the seat's leases too, and is dealt with there.
                with suppress(RayActorError):
                    seat.last = ray.get(seat.asked)
                seat.asked = None
        self._order.on_pulse(_sum([self._retired, *(seat.last for seat in self._seats)]))


def _sum(pulses: list[Pulse]) -> Pulse:
    return Pulse(
        sum(p.done for p in pulses), sum(p.running for p in pulses), sum(p.failed for p in pulses)
    )
