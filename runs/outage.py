"""What a worker does while an endpoint answers nobody: it waits, and gives up in the end.

No session is blamed: one that met the closed endpoint is begun again when it is open. What waiting
cannot cure (a refused key, a model that is not there) halts the run at once, with everything
finished kept and the rest to be resumed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.runs.config import RunConfig

if TYPE_CHECKING:
    from mirrorplay.agents.models.switchboard import Switchboard

PATIENCE_S = 600.0
"""How long a run waits for an endpoint before it halts."""
SHORTEST_WAIT_S = 1.0
GAP_S = 180.0
"""An endpoint that no session has met closed for so long was open in between."""


class Outage:
    """One worker's. `waiting` tells what is waited for, `halt` why the run cannot go on."""

    def __init__(
        self,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._patience_s, self._clock, self._sleep = patience_s, clock, sleep
        self._met: dict[str, tuple[float, float]] = {}
        """Endpoint → when it was first and last found closed."""
        self.waiting: str | None = None
        self.halt: str | None = None

    async def wait(self, down: EndpointDown, log: structlog.typing.FilteringBoundLogger) -> bool:
        """Wait until a call would be let through again. False: the run is to halt."""
        now = self._clock()
        since, last = self._met.get(down.endpoint, (now, now))
        if now - last > GAP_S:
            since = now
        if since == now:
            log.warning("endpoint down", endpoint=down.endpoint, error=str(down))
        self._met[down.endpoint] = (since, now)
        self.waiting = str(down)
        if not down.passing or now - since > self._patience_s:
            self.halt = self.halt or str(down)
        if self.halt is not None:
            return False
        await self._sleep(max(SHORTEST_WAIT_S, down.retry_in_s))
        return self.halt is None

    def over(self) -> None:
        """A session was played to its end: what it needed answers."""
        self.waiting = None


def switchboard(config: RunConfig, log: structlog.typing.FilteringBoundLogger) -> "Switchboard":
    """What the minds of a worker share."""
    from mirrorplay.agents.models.cache import AnswerCache
    from mirrorplay.agents.models.switchboard import Switchboard

    cache = AnswerCache(Path(config.cache) / "answers.sqlite") if config.cache else None
    return Switchboard(cache=cache, report=lambda event, fields: log.info(event, **fields))
