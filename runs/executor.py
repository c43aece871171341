"""What an executor is: leases in, reports out, a pulse in between, and a way to stop."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from mirrorplay.runs.plan import Plan, shard_size
from mirrorplay.runs.worker import Lease, Pulse, ShardReport


@dataclass(frozen=True, slots=True)
class Order:
    """What an executor is asked to run."""

    run_dir: Path
    plan: Plan
    leases: tuple[Lease, ...]
    import_path: tuple[str, ...]
    on_report: Callable[[ShardReport], None]
    on_pulse: Callable[[Pulse], None]
    stop: "StopSignal"


def lanes(order: Order, in_flight: int) -> int:
    """How many shards to have open at once: enough for `in_flight` sessions, and one more so that
    a shard's last sessions and its commit do not idle the rest."""
    return min(len(order.leases), -(-in_flight // shard_size(len(order.plan))) + 1)


@dataclass
class StopSignal:
    """Ctrl-C and SIGTERM counted: the first asks for a clean stop, the second for one at once.
    `reason` says why the run itself asked for one, which lets running sessions end."""

    count: int = 0
    reason: str | None = None
    listeners: list[Callable[[], None]] = field(default_factory=list)
    _previous: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._previous = self.listen()
        return self

    def listen(self) -> dict[int, Any]:
        """Take the signals, again where a library has taken them since; what handled them before.

        Only in the main thread: Python lets no other handle signals, and a run there has no Ctrl-C.
        """
        if threading.current_thread() is not threading.main_thread():
            return {}
        return {
            number: signal.signal(number, self._caught)
            for number in (signal.SIGINT, signal.SIGTERM)
        }

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            for listener in self.listeners:
                listener()
        else:
            raise KeyboardInterrupt

    def ask(self, reason: str) -> None:
        """A clean stop that nobody pressed a key for."""
        if not self.asked:
            self.reason = reason
            for listener in self.listeners:
                listener()

    def grace_s(self, after_a_key: float) -> float | None:
        """Time that running sessions get: all they need when nobody pressed a key."""
        return after_a_key if self.count else None

    @property
    def asked(self) -> bool:
        return self.count > 0 or self.reason is not None
