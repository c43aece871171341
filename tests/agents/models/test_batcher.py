"""Batches: who goes with whom, who is told what, and who is forgotten."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from mirrorplay.agents.models.batcher import Batcher


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as one:
        yield one


class Doubler:
    """Doubles numbers, notes its batches, answers odd ones with an error, waits for `gate`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, numbers: Sequence[int]) -> list[int | BaseException]:
        self.batches.append(list(numbers))
        self.entered.set()
        self.gate.wait(10)
        return [2 * n if n % 2 == 0 else ValueError(f"{n} is odd") for n in numbers]


async def test_requests_that_wait_together_go_together(thread: ThreadPoolExecutor) -> None:
    work = Doubler()
    batcher = Batcher(work, thread, most=4)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(0, 20, 2)))
    assert answers == [2 * n for n in range(0, 20, 2)]
    assert work.batches == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]


async def test_a_full_batch_does_not_wait(thread: ThreadPoolExecutor) -> None:
    batcher = Batcher(Doubler(), thread, most=2, wait_s=3600)
    assert await asyncio.gather(batcher.submit(2), batcher.submit(4)) == [4, 8]


async def test_only_requests_of_one_key_share_a_batch(thread: ThreadPoolExecutor) -> None:
    work = Doubler()
    batcher = Batcher(work, thread, most=4)
    await asyncio.gather(*(batcher.submit(n, n % 3) for n in (0, 2, 6, 8, 12)))
    assert work.batches == [[0, 6, 12], [2, 8]]


async def test_an_exception_reaches_its_caller_alone(thread: ThreadPoolExecutor) -> None:
    batcher = Batcher(Doubler(), thread)
    answers = await asyncio.gather(*(batcher.submit(n) for n in (2, 3, 4)), return_exceptions=True)
    assert answers[0] == 4
    assert answers[2] == 8
    assert isinstance(answers[1], ValueError)
    assert await batcher.submit(6) == 12


@pytest.mark.parametrize("answers", [[], [1, 2, 3]])
async def test_the_wrong_number_of_answers_fails_every_caller(
    thread: ThreadPoolExecutor, answers: list[int]
) -> None:
    batcher: Batcher[int, int] = Batcher(lambda numbers: answers, thread)
    with pytest.raises(RuntimeError, match="answers to 1 requests"):
        await batcher.submit(2)


async def test_work_that_raises_fails_its_batch_and_no_other(thread: ThreadPoolExecutor) -> None:
    def work(numbers: Sequence[int]) -> list[int | BaseException]:
        if 13 in numbers:
            raise OSError("no model")
        return list(numbers)

    batcher = Batcher(work, thread)
    with pytest.raises(OSError, match="no model"):
        await batcher.submit(13)
    assert await batcher.submit(14) == 14


async def test_who_gives_up_while_waiting_is_never_worked_for(thread: ThreadPoolExecutor) -> None:
    work = Doubler()
    work.gate.clear()
    batcher = Batcher(work, thread, most=1)
    first = asyncio.create_task(batcher.submit(2))
    await asyncio.to_thread(work.entered.wait, 10)
    given_up = asyncio.create_task(batcher.submit(4))
    last = asyncio.create_task(batcher.submit(6))
    await asyncio.sleep(0)
    given_up.cancel()
    work.gate.set()
    assert await asyncio.gather(first, last) == [4, 12]
    assert work.batches == [[2], [6]]
    assert given_up.cancelled()


async def test_who_gives_up_while_worked_for_disturbs_nobody(thread: ThreadPoolExecutor) -> None:
    work = Doubler()
    work.gate.clear()
    batcher = Batcher(work, thread, most=2)
    given_up, other = (asyncio.create_task(batcher.submit(n)) for n in (2, 4))
    await asyncio.to_thread(work.entered.wait, 10)
    given_up.cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert await other == 8
    assert given_up.cancelled()
    assert await batcher.submit(6) == 12


async def test_room_is_bounded(thread: ThreadPoolExecutor) -> None:
    work = Doubler()
    work.gate.clear()
    batcher = Batcher(work, thread, most=1, room=2)
    tasks = [asyncio.create_task(batcher.submit(n)) for n in (0, 2, 4, 6)]
    await asyncio.to_thread(work.entered.wait, 10)
    assert len(batcher._queue) <= 1
    work.gate.set()
    assert await asyncio.gather(*tasks) == [0, 4, 8, 12]


async def test_an_idle_batcher_has_no_task(thread: ThreadPoolExecutor) -> None:
    batcher = Batcher(Doubler(), thread)
    await batcher.submit(2)
    await asyncio.sleep(0)
    assert batcher._server is not None
    assert batcher._server.done()


def test_a_loop_that_closes_leaves_no_caller_waiting(thread: ThreadPoolExecutor) -> None:
    work = Doubler()
    work.gate.clear()

    async def start() -> asyncio.Task[int]:
        batcher = Batcher(work, thread)
        task = asyncio.create_task(batcher.submit(2))
        await asyncio.to_thread(work.entered.wait, 10)
        work.gate.set()
        return task

    assert asyncio.run(start()).cancelled()


@pytest.mark.parametrize("wrong", [{"most": 0}, {"most": 9, "room": 8}, {"wait_s": -1.0}])
def test_sizes_that_make_no_sense_are_refused(
    thread: ThreadPoolExecutor, wrong: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match="a batch of"):
        Batcher(Doubler(), thread, **wrong)
