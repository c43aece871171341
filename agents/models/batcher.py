"""Calls of many sessions gathered into batches for one worker thread.

A model on this machine answers sixteen questions in little more than the time of one. Requests
wait, bounded in number, until a batch is full or the oldest of them has waited `wait_s`; those
that a model can take together share a key. One thread runs the model, so the event loop never
stalls and the model is never entered twice.

A caller that gives up is dropped from the queue; once its batch runs, its answer goes nowhere. An
exception is an answer like any other: it reaches the caller whose request it answers.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")
A = TypeVar("A")


@dataclass(slots=True)
class _Waiting(Generic[R, A]):
    request: R
    key: Hashable
    since: float
    answer: asyncio.Future[A]


class Batcher(Generic[R, A]):
    """Batches for one event loop; several may share one `thread`.

    `work` is called in the thread with requests of one key and gives, in their order, an answer or
    an exception for each. `most` is the size of a batch, `wait_s` how many seconds the first
    request waits for company, `room` how many requests may wait: further ones wait outside, in
    order.
    """

    def __init__(
        self,
        work: Callable[[Sequence[R]], Sequence[A | BaseException]],
        thread: ThreadPoolExecutor,
        *,
        most: int = 16,
        wait_s: float = 0.03,
        room: int = 1024,
    ) -> None:
        if most < 1 or room < most or wait_s < 0:
            raise ValueError(f"a batch of {most} from {room} after {wait_s} s")
        self._work, self._thread = work, thread
        self._most, self._wait_s = most, wait_s
        self._room = asyncio.Semaphore(room)
        self._queue: deque[_Waiting[R, A]] = deque()
        self._arrived = asyncio.Event()
        self._server: asyncio.Task[None] | None = None

    async def submit(self, request: R, key: Hashable = None) -> A:
        """The answer to one request; raises what `work` answered it with."""
        async with self._room:
            loop = asyncio.get_running_loop()
            waiting = _Waiting[R, A](request, key, loop.time(), loop.create_future())
            self._queue.append(waiting)
            self._arrived.set()
            if self._server is None or self._server.done():
                self._server = loop.create_task(self._serve())
            return await waiting.answer

    async def _serve(self) -> None:
        """Run batches until none waits: an idle batcher has no task."""
        loop = asyncio.get_running_loop()
        running: list[_Waiting[R, A]] = []
        try:
            while await self._gather():
                running = self._take()
                requests = [one.request for one in running]
                _deliver(running, await loop.run_in_executor(self._thread, self._run, requests))
        finally:
            # Only a loop that is closing gets here with somebody waiting.
            for one in (*running, *self._queue):
                one.answer.cancel()
            self._queue.clear()

    async def _gather(self) -> bool:
        """Wait until a batch is due; False when nobody waits any more."""
        loop = asyncio.get_running_loop()
        while self._drop_given_up():
            first = self._queue[0]
            left = first.since + self._wait_s - loop.time()
            alike = sum(one.key == first.key for one in self._queue)
            if alike >= self._most or left <= 0:
                return True
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except TimeoutError:
                return self._drop_given_up()
        return False

    def _drop_given_up(self) -> bool:
        self._queue = deque(one for one in self._queue if not one.answer.done())
        return bool(self._queue)

    def _take(self) -> list[_Waiting[R, A]]:
        """The oldest request and those after it that go with it; the rest keep their places."""
        key = self._queue[0].key
        batch: list[_Waiting[R, A]] = []
        rest: deque[_Waiting[R, A]] = deque()
        for one in self._queue:
            if one.key == key and len(batch) < self._most:
                batch.append(one)
            else:
                rest.append(one)
        self._queue = rest
        return batch

    def _run(self, requests: Sequence[R]) -> Sequence[A | BaseException]:
        try:
            answers = self._work(requests)
        except Exception as error:
            # Nobody else would ever hear of it: an unanswered caller waits for ever.
            return [error] * len(requests)
        if len(answers) != len(requests):
            wrong = RuntimeError(f"{len(answers)} answers to {len(requests)} requests")
            return [wrong] * len(requests)
        return answers


def _deliver(batch: Sequence[_Waiting[R, A]], answers: Sequence[A | BaseException]) -> None:
    for one, answer in zip(batch, answers, strict=True):
        if one.answer.done():
            continue
        if isinstance(answer, BaseException):
            one.answer.set_exception(answer)
        else:
            one.answer.set_result(answer)
