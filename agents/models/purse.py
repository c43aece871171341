"""What a run has spent, by role, and whether it may go on.

A purse counts in one process; what it counted is a `Spent`, which adds up across workers and
sittings and knows which of a run's limits it exhausts. Reaching a limit is no failure: the run
starts no further session, lets the running ones end and can be resumed with a higher limit.
"""

import time
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field

from mirrorplay.agents.models.spec import ModelSpec, Price
from mirrorplay.agents.roles import Usage
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Frozen


class Limits(Frozen):
    """Where a run stops by itself; null: nowhere."""

    usd: Annotated[float, Field(gt=0)] | None = None
    """US dollars, by the prices in the specs."""
    tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens read and written, of all roles."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Minutes of work, of all sittings of a run together."""

    def check(self, specs: Mapping[str, ModelSpec]) -> None:
        """Raises UserError when there is a limit in dollars and a model without a price."""
        free = [role for role, spec in specs.items() if spec.price == Price()]
        if self.usd is not None and free:
            raise UserError(
                f"limits.usd with no price for the model of {', '.join(sorted(free))}",
                where="limits.usd",
                hint="give price: {prompt: …, completion: …} in US dollars a million tokens, "
                "or limit tokens",
            )


class Sum(Frozen):
    """What one role has spent."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum.model_construct(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            usd=self.usd + other.usd,
        )


class Spent(Frozen):
    """What has been spent, by role, and for how long. Adds up: minutes of workers that work side
    by side are not to be added, so a sum keeps the longer of two."""

    roles: dict[str, Sum] = Field(default_factory=dict)
    minutes: float = 0.0

    @property
    def total(self) -> Sum:
        return sum(self.roles.values(), Sum())

    def __add__(self, other: "Spent") -> "Spent":
        names = sorted({*self.roles, *other.roles})
        return Spent(
            roles={
                name: self.roles.get(name, Sum()) + other.roles.get(name, Sum()) for name in names
            },
            minutes=max(self.minutes, other.minutes),
        )

    def exhausts(self, limits: Limits) -> str | None:
        """The limit that is reached, in words, or None."""
        total = self.total
        tokens = total.prompt_tokens + total.completion_tokens
        if limits.usd is not None and total.usd >= limits.usd:
            return f"limits.usd reached: {total.usd:.2f} of {limits.usd:g} US dollars spent"
        if limits.tokens is not None and tokens >= limits.tokens:
            return f"limits.tokens reached: {tokens:,} of {limits.tokens:,} tokens used"
        if limits.minutes is not None and self.minutes >= limits.minutes:
            return f"limits.minutes reached: {self.minutes:.1f} of {limits.minutes:g} minutes"
        return None


class Purse:
    """Counts in one process. clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._roles: dict[str, Sum] = {}

    def spend(self, role: str, usage: Usage, price: Price = Price()) -> None:  # noqa: B008 - frozen
        """Count the calls of one answer. Unknown tokens count as none."""
        prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
        self._roles[role] = self._roles.get(role, Sum()) + Sum.model_construct(
            calls=usage.calls,
            prompt_tokens=prompt,
            completion_tokens=completion,
            usd=price.of(prompt, completion),
        )

    @property
    def own(self) -> Spent:
        """What this process has spent since it began: for the driver to add up."""
        return Spent(roles=dict(self._roles), minutes=(self._clock() - self._began) / 60)
