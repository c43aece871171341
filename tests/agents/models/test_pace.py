import asyncio

import pytest

from mirrorplay.agents.models.pace import Pace


async def hold(pace: Pace, go: asyncio.Event, most: list[int]) -> None:
    async with pace.place():
        most.append(pace.in_flight)
        await go.wait()


async def test_no_more_than_the_limit_are_in_flight() -> None:
    pace, go, seen = Pace(3), asyncio.Event(), []
    tasks = [asyncio.create_task(hold(pace, go, seen)) for _ in range(10)]
    await asyncio.sleep(0)
    assert pace.in_flight == 3
    go.set()
    await asyncio.gather(*tasks)
    assert max(seen) == 3
    assert len(seen) == 10
    assert pace.in_flight == 0


async def test_too_much_halves_it_once_a_round() -> None:
    pace = Pace(64)
    places = [pace.place() for _ in range(10)]
    for place in places:
        await place.__aenter__()
    for place in places:
        place.too_much()
    assert pace.limit == 32
    for place in places:
        await place.__aexit__()
    async with pace.place() as later:
        later.too_much()
    assert pace.limit == 16


async def test_never_fewer_than_one() -> None:
    pace = Pace(4)
    for _ in range(10):
        async with pace.place() as place:
            place.too_much()
    assert pace.limit == 1


async def test_a_round_of_answers_adds_about_one_place_when_all_are_taken() -> None:
    pace = Pace(100)
    pace.limit = 10.0
    places = [pace.place() for _ in range(10)]
    for place in places:
        await place.__aenter__()
    for place in places:
        place.answered()
    assert pace.limit == pytest.approx(11, abs=0.1)


async def test_an_idle_endpoint_proves_nothing() -> None:
    pace = Pace(100)
    pace.limit = 10.0
    async with pace.place() as place:
        place.answered()
    assert pace.limit == 10


async def test_those_who_stop_waiting_lose_no_place() -> None:
    pace, go = Pace(1), asyncio.Event()
    first = asyncio.create_task(hold(pace, go, []))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hold(pace, go, [])) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    go.set()
    await first
    await asyncio.gather(*waiting[1:])
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    assert pace.in_flight == 0


async def test_cancelled_in_the_moment_a_place_is_given() -> None:
    pace = Pace(1)
    await pace.enter()
    waiting = asyncio.create_task(pace.enter())
    await asyncio.sleep(0)
    pace.leave()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pace.in_flight == 0
    await asyncio.wait_for(pace.enter(), 1)


def test_the_highest_ceiling_counts() -> None:
    pace = Pace(8)
    pace.allow(16)
    assert (pace.most, pace.limit) == (16, 16)
    pace.shrink()
    pace.allow(32)
    assert (pace.most, pace.limit) == (32, 8)
