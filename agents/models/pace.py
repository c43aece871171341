"""How many calls may be in flight to one endpoint: more while it keeps up, half when it says no.

Additive increase, multiplicative decrease (Chiu and Jain, 1989): a round of answers with every
place taken adds one place; a 429, a 503 or a time-out halves them, once a round. Errors of content
say nothing about load and change nothing. Waiting is first come, first served.
"""

import asyncio
from collections import deque

SHRINK = 0.5


class Place:
    """One call's place: `async with pace.place() as place`."""

    __slots__ = ("_pace", "_round")

    def __init__(self, pace: "Pace") -> None:
        self._pace = pace
        self._round = 0

    async def __aenter__(self) -> "Place":
        await self._pace.enter()
        self._round = self._pace.round
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._pace.leave()

    def answered(self) -> None:
        """The endpoint kept up with this call."""
        self._pace.grow()

    def too_much(self) -> None:
        """The endpoint did not. Counts once for all calls of a round."""
        if self._round == self._pace.round:
            self._pace.shrink()


class Pace:
    """Places of one endpoint: at most `most`, never fewer than one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.in_flight = 0
        self.round = 0
        """Counts the times that it shrank; a call belongs to the round in which it began."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    def allow(self, most: int) -> None:
        """Raise the ceiling; a pace that was never slowed goes up with it."""
        if most > self.most:
            self.limit = float(most) if self.limit == self.most else self.limit
            self.most = most

    def place(self) -> Place:
        return Place(self)

    async def enter(self) -> None:
        """Take a place, waiting for one."""
        if self.in_flight < int(self.limit) and not self._waiting:
            self.in_flight += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was given in the same moment
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def leave(self) -> None:
        self.in_flight -= 1
        self._admit()

    def grow(self) -> None:
        # Only when the places are used: an idle endpoint proves nothing.
        if self.limit < self.most and self.in_flight >= int(self.limit):
            self.limit = min(float(self.most), self.limit + 1 / self.limit)
            self._admit()

    def shrink(self) -> None:
        self.limit = max(1.0, self.limit * SHRINK)
        self.round += 1

    def _admit(self) -> None:
        while self._waiting and self.in_flight < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
