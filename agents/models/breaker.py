"""A circuit breaker: an endpoint that answers nobody stops the run instead of its sessions.

It opens when a number of calls in a row failed, over some time: a server that restarts resets
hundreds of calls in one moment and is back in the next. While it is open every call is refused at
once with the same line for the user. After a pause one call is let through to try; a success
closes it.
"""

import time
from collections.abc import Callable

from mirrorplay.agents.models.faults import Fault

REJECTIONS = 5
"""Requests refused as wrong, before any was ever answered, after which it opens."""
FAILURES = 5
"""Failures in a row before it may open, and the seconds that they must span: less than the eight
attempts of a single call take (see `retry`), so that it opens before a session is lost."""
SPAN_S = 12.0
PAUSE_S = 30.0
"""How long it stays open before one call tries again."""

_NEXT_STEPS = {
    "denied": "correct the key (api_key_env or api_key_file), then resume the run",
    "unknown_model": "correct the model's name or base_url (GET <base_url>/models lists what is "
    "served), then resume the run",
    "rate_limited": "wait or lower `concurrency`, then resume the run",
    "overloaded": "wait or lower `concurrency`, then resume the run",
    "rejected": "correct the spec's parameters, then resume the run",
    "timeout": "see whether the server is alive, or raise `timeout_s`, then resume the run",
}
_LASTING = frozenset({"denied", "unknown_model", "rejected"})
"""What no waiting cures."""
_NEXT_STEP = "start the server or correct base_url, then resume the run"


class EndpointDown(RuntimeError):
    """The run must pause: an endpoint answers nobody. No session is at fault.

    endpoint: which one. last: its last error. hint: the next step. retry_in_s: when a call would
    be let through again. passing: whether waiting may help, as it does not for a refused key.
    """

    def __init__(
        self, endpoint: str, last: str, hint: str, retry_in_s: float = 0.0, passing: bool = True
    ) -> None:
        super().__init__(f"{endpoint} cannot be used now ({last}): {hint}")
        self.endpoint = endpoint
        self.last = last
        self.hint = hint
        self.retry_in_s = retry_in_s
        self.passing = passing

    def __reduce__(self) -> tuple[type["EndpointDown"], tuple[str, str, str, float, bool]]:
        told = (self.endpoint, self.last, self.hint, self.retry_in_s, self.passing)
        return EndpointDown, told


class Breaker:
    """One endpoint's."""

    def __init__(
        self,
        endpoint: str,
        *,
        failures: int = FAILURES,
        span_s: float = SPAN_S,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = endpoint
        self._failures, self._span_s, self._pause_s = failures, span_s, pause_s
        self._clock = clock
        self._row = 0
        self._since = 0.0
        self._rejected = 0
        self._answered = False
        self._open_until: float | None = None
        self._last: Fault | None = None

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def check(self) -> None:
        """Raises EndpointDown while it is open. The first call after the pause passes and keeps
        the others out for another pause."""
        if self._open_until is None:
            return
        now = self._clock()
        if now < self._open_until:
            raise self._down(self._open_until - now)
        self._open_until = now + self._pause_s

    def heard(self) -> None:
        """It lives, whatever it said."""
        self._row, self._open_until = 0, None

    def succeeded(self) -> None:
        """An answer arrived, of use or not."""
        self.heard()
        self._answered = True

    def rejected(self, fault: Fault) -> None:
        """It lives, and calls this request wrong. That may be one session's fault, unless it has
        never accepted any."""
        self.heard()
        self._rejected += 1
        if not self._answered and self._rejected >= REJECTIONS:
            self.refuse(fault)

    def failed(self, fault: Fault) -> None:
        """A call failed. Opens when it was one too many."""
        now = self._clock()
        if not self._row:
            self._since = now
        self._row += 1
        self._last = fault
        if self._row >= self._failures and now - self._since >= self._span_s:
            self._open_until = now + self._pause_s

    def refuse(self, fault: Fault) -> EndpointDown:
        """Opens at once, for what no repetition cures: a refused key, a model that is not there."""
        self._last = fault
        self._open_until = self._clock() + self._pause_s
        return self._down(self._pause_s)

    def down(self) -> EndpointDown:
        """The error of a call that failed while it opened."""
        return self._down(max(0.0, (self._open_until or 0.0) - self._clock()))

    def _down(self, retry_in_s: float) -> EndpointDown:
        last = self._last or Fault("server", "no answer")
        row = f"{self._row} failures in a row, last: " if self._row > 1 else ""
        hint = _NEXT_STEPS.get(last.kind, _NEXT_STEP)
        passing = last.kind not in _LASTING
        return EndpointDown(self.endpoint, f"{row}{last.told}", hint, retry_in_s, passing)
