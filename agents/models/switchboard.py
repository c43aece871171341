"""What the minds of a process share: models, the lines to their endpoints, cache and purse.

A local model is loaded once for all roles and cells; calls of all sessions to one server are paced
together and trip one breaker. A switchboard belongs to one event loop.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from langchain_core.language_models import BaseChatModel

from mirrorplay.agents.models.breaker import Breaker
from mirrorplay.agents.models.cache import AnswerCache
from mirrorplay.agents.models.key import read_key
from mirrorplay.agents.models.pace import Pace
from mirrorplay.agents.models.providers import chat_model
from mirrorplay.agents.models.purse import Purse
from mirrorplay.agents.models.spec import ModelSpec

Sleep = Callable[[float], Awaitable[None]]
Report = Callable[[str, dict[str, Any]], None]
"""Told of events worth a log line: a name and plain fields, without keys and prompts."""


def _quiet(event: str, fields: dict[str, Any]) -> None:
    """Reports to nobody."""


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one endpoint."""

    pace: Pace
    breaker: Breaker


class Switchboard:
    """cache: answers are kept and taken from here; off when None. purse: counts what is spent.
    clock, sleep: seconds; for tests that do not wait."""

    def __init__(
        self,
        *,
        cache: AnswerCache | None = None,
        purse: Purse | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        report: Report = _quiet,
    ) -> None:
        self.cache = cache
        self.purse = purse or Purse(clock=clock)
        self.clock = clock
        self.sleep = sleep
        self.report = report
        self._models: dict[str, BaseChatModel] = {}
        self._lines: dict[str, Line] = {}

    def model(self, spec: ModelSpec) -> BaseChatModel:
        """The chat model of a spec, made at its first use. Raises UserError when it cannot be."""
        name = spec.model_dump_json(exclude={"attempts", "price", "forward_seed", "structured"})
        if name not in self._models:
            self._models[name] = chat_model(spec, read_key(spec))
        return self._models[name]

    def line(self, endpoint: str, most: int) -> Line:
        """The line to an endpoint. Of several specs' concurrency the highest counts."""
        line = self._lines.get(endpoint)
        if line is None:
            line = self._lines[endpoint] = Line(Pace(most), Breaker(endpoint, clock=self.clock))
        line.pace.allow(most)
        return line

    @property
    def lines(self) -> Mapping[str, Line]:
        """The lines in use, by endpoint."""
        return MappingProxyType(self._lines)

    async def close(self) -> None:
        """Close connections, models and the cache."""
        for model in self._models.values():
            close = getattr(model, "aclose", None)
            if close is not None and inspect.iscoroutinefunction(close):
                await close()
        self._models.clear()
        if self.cache is not None:
            await self.cache.close()
