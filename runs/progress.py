"""Live progress of a run: a bar in a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mirrorplay.runs.worker import Pulse

LINE_SECONDS = 5.0
"""Time between two plain lines."""


class Board:
    """Shows sessions done, running and failed, sessions a second, and the time left.

    total: sessions of the whole run; done, failed: those settled before this execution.
    """

    def __init__(self, console: Console, total: int, done: int, failed: int) -> None:
        self._console = console
        self._total, self._done, self._failed = total, done, failed
        self._started = time.monotonic()
        self._next_line = self._started + 1.0
        self._last = Pulse(0, 0, 0)
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("[bold]sessions[/]"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[text]}"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("", total=total, completed=done + failed, text="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()
        self._console.print(self._text(self._last, final=True), highlight=False, markup=False)

    def pulse(self, pulse: Pulse) -> None:
        """Take in what the workers have done since this execution began."""
        if pulse.waiting and not self._last.waiting:
            self._console.print(
                f"waiting: {pulse.waiting}", highlight=False, markup=False, soft_wrap=True
            )
        self._last = pulse
        settled = self._done + self._failed + pulse.done + pulse.failed
        if self._bar:
            self._bar.update(self._task, completed=settled, text=self._text(pulse))
        elif time.monotonic() >= self._next_line and settled < self._total:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.print(self._text(pulse), highlight=False, markup=False)

    def _text(self, pulse: Pulse, *, final: bool = False) -> str:
        elapsed = time.monotonic() - self._started
        done = self._done + pulse.done
        rate = pulse.done / elapsed if elapsed > 0 else 0.0
        parts = [f"{done:,} of {self._total:,} done"]
        if not final:
            parts.append(f"{pulse.running} running")
        parts.append(f"{self._failed + pulse.failed} failed")
        if pulse.done:
            parts.append(f"{rate:.1f} sessions/s")
        total = pulse.spent.total
        if total.calls:
            parts.append(f"{total.prompt_tokens + total.completion_tokens:,} tokens")
        if total.usd:
            parts.append(f"${total.usd:.2f}")
        if pulse.waiting and not final:
            parts.append("waiting")
        left = self._total - done - self._failed - pulse.failed
        if not final and rate > 0 and left:
            parts.append(f"{_duration(left / rate)} left")
        if final:
            parts.append(_duration(elapsed))
        return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"
