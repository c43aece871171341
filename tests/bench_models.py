"""Benches of model calls, for `make bench`: what we add to a call, and how full we keep a model.

Each function measures once and returns what it measured; ratios to an ideal or to the bare library
in the same run. Servers run in a process of their own where their processor time would count.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from rich.console import Console

from mirrorplay.agents.models.message import Message, system, to_langchain, user
from mirrorplay.agents.models.mind import Mind
from mirrorplay.agents.models.scripted import FunctionChat
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.models.switchboard import Switchboard
from tests.parts.model_server import ModelServer

SERVER = Path(__file__).parent / "parts" / "model_server.py"
SCALE = (1, 4, 16, 32, 64, 128, 256, 512)
"""Calls in flight of the saturation curve."""


def prompt(number: int) -> list[Message]:
    """A short prompt, another one each time."""
    return [system("You are the client in a session."), user(f"{number}. And how was that?")]


@contextmanager
def server_process(latency_s: float) -> Iterator[str]:
    """The address of a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), "--latency", str(latency_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.communicate("")


@asynccontextmanager
async def mind_at(base_url: str, concurrency: int) -> AsyncIterator[Mind]:
    spec = ModelSpec(model="openai:tiny", base_url=base_url, concurrency=concurrency)
    board = Switchboard()
    try:
        yield Mind(spec, role="client", board=board)
    finally:
        await board.close()


async def overhead(pairs: int = 400, warm: int = 50) -> dict[str, float]:
    """Milliseconds that `Mind.ask` adds to `ChatOpenAI.ainvoke`, one call in flight: medians over
    pairs of calls, every other pair the other way round. `busy_ms` is the processor's share of
    it, which other work on the machine disturbs less."""
    wall: dict[str, list[float]] = {"bare": [], "ask": []}
    busy: dict[str, list[float]] = {"bare": [], "ask": []}
    async with ModelServer() as server, mind_at(server.base_url, 8) as mind:
        chat = mind.board.model(mind.spec)
        for number in range(-warm, pairs):
            seed = number % 1000
            for kind in ("bare", "ask") if number % 2 else ("ask", "bare"):
                began, used = time.perf_counter(), time.process_time()
                if kind == "bare":
                    await chat.ainvoke(to_langchain(prompt(number)), seed=seed)
                else:
                    await mind.ask(prompt(number), seed=seed, read=str)
                if number >= 0:
                    wall[kind].append(time.perf_counter() - began)
                    busy[kind].append(time.process_time() - used)

    def extra(of: dict[str, list[float]]) -> float:
        pairs = zip(of["ask"], of["bare"], strict=True)
        return statistics.median(ours - bare for ours, bare in pairs) * 1000

    return {
        "bare_ms": statistics.median(wall["bare"]) * 1000,
        "ask_ms": statistics.median(wall["ask"]) * 1000,
        "overhead_ms": extra(wall),
        "busy_ms": extra(busy),
    }


async def in_process(in_flight: int = 256, calls: int = 20, delay_s: float = 0.2) -> float:
    """Share of the ideal throughput with sleeping agents: `in_flight` sessions of `calls` calls
    one after the other."""
    mind = Mind(
        FunctionChat(answer=lambda asked: "Go on.", delay_s=delay_s),
        role="client",
        spec=ModelSpec(model="custom:sleeping", concurrency=in_flight),
    )
    return await _share(mind, in_flight, calls, delay_s)


async def over_http(in_flight: int, calls: int, latency_s: float) -> float:
    """Share of the ideal throughput over HTTP, the server in another process."""
    with server_process(latency_s) as base_url:
        async with mind_at(base_url, in_flight) as mind:
            await mind.ask(prompt(-1), seed=0, read=str)
            return await _share(mind, in_flight, calls, latency_s)


async def saturation(latency_s: float = 0.2, seconds: float = 4.0) -> dict[int, float]:
    """Calls a second by calls in flight, over HTTP."""
    curve: dict[int, float] = {}
    with server_process(latency_s) as base_url:
        for in_flight in SCALE:
            calls = max(2, round(seconds / latency_s / max(1, in_flight / 64)))
            async with mind_at(base_url, in_flight) as mind:
                share = await _share(mind, in_flight, calls, latency_s)
            curve[in_flight] = share * in_flight / latency_s
    return curve


async def _share(mind: Mind, in_flight: int, calls: int, each_s: float) -> float:
    async def session(number: int) -> None:
        for call in range(calls):
            await mind.ask(prompt(number * calls + call), seed=call, read=str)

    began = time.perf_counter()
    await asyncio.gather(*(session(number) for number in range(in_flight)))
    return calls * each_s / (time.perf_counter() - began)


def bench_models(console: Console) -> None:
    """All of it, printed."""
    found = asyncio.run(overhead())
    console.print(
        f"models: a call {found['bare_ms']:.2f} ms with bare ChatOpenAI, {found['ask_ms']:.2f} ms "
        f"asked by a mind; overhead {found['overhead_ms']:.2f} ms, "
        f"{found['busy_ms']:.2f} of it processor time (≤ 1)"
    )
    console.print(f"  in process, 256 × 200 ms: {asyncio.run(in_process()):.0%} of ideal (≥ 90%)")
    long = asyncio.run(over_http(256, 5, 2.0))
    console.print(f"  HTTP, 256 in flight × 2 s: {long:.0%} of ideal (≥ 90%)")
    short = asyncio.run(over_http(32, 50, 0.2))
    console.print(f"  HTTP, 32 in flight × 200 ms: {short:.0%} of ideal (≥ 90%)")
    console.print("  calls a second at 200 ms by calls in flight, and of the ideal:")
    for in_flight, rate in asyncio.run(saturation()).items():
        console.print(f"    {in_flight:4}  {rate:7.1f}  {rate * 0.2 / in_flight:.0%}")
