"""`make bench`: what this machine does, as ratios measured in one run.

    make bench                      everything (about a quarter of an hour on 2 cores)
    make bench BENCH_ARGS=session   one part: session, modes, faces, …

Ratios, since times say more about the machine than about us. Nothing here is asserted.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from langgraph.graph import END, START, StateGraph
from rich.console import Console
from typing_extensions import TypedDict

from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import jpeg
from mirrorplay.agents.faces.training.samples import sample
from mirrorplay.agents.roles import MODES, Mode, Review, SupervisorScene
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.graphs.context import Cast, MemoryAlbum, SessionContext
from mirrorplay.graphs.session import STEPS, build_session_graph, step_limit
from mirrorplay.graphs.state import SessionSpec, opening
from mirrorplay.personas.collection import load_personas
from mirrorplay.runs.analysis.variety import variety
from mirrorplay.runs.api import run
from mirrorplay.runs.casting import cast_of
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.driver import resume, start

EXCHANGES = 10
PEOPLE = load_personas("library")
QUIET = Console(quiet=True)


class _Empty(TypedDict, total=False):
    left: int


class _NeverStops(ScriptedSupervisor):
    """Ten exchanges in every session, so that sessions and empty steps can be compared."""

    async def review(self, scene: SupervisorScene) -> Review:
        review = await super().review(scene)
        if scene.exchange < scene.max_exchanges:
            return Review(review.client_codes, review.therapist_codes, review.safety)
        return Review(review.client_codes, review.therapist_codes, (), "max_exchanges", "limit")


def _empty_graph(mode: Mode = "p") -> Any:
    """As many nodes as the arm has, which do nothing."""

    async def nothing(state: _Empty) -> dict[str, Any]:
        return {}

    async def count(state: _Empty) -> dict[str, Any]:
        return {"left": state["left"] - 1}

    graph = StateGraph(_Empty)
    steps = STEPS[mode]
    for step in steps:
        graph.add_node(step, count if step == "supervise" else nothing)
    graph.add_node("judge", nothing)
    graph.add_edge(START, steps[0])
    for source, target in pairwise(steps):
        graph.add_edge(source, target)
    graph.add_conditional_edges(
        "supervise", lambda s: "client" if s["left"] else "judge", ["client", "judge"]
    )
    graph.add_edge("judge", END)
    return graph.compile()


def _cast(faces: bool, mode: Mode = "p") -> Cast:
    config = RunConfig.model_validate(
        {"face": {"kind": "portrait" if faces else "none"}, "therapist": {"mode": mode}}
    )
    return replace(cast_of(config), supervisor=_NeverStops())


async def _time_session(cast: Cast, seed: int, mode: Mode = "p") -> float:
    """Milliseconds of one session of ten exchanges; clients of all types in turn."""
    persona = PEOPLE[seed % len(PEOPLE)]
    spec = SessionSpec(
        session_id="bench",
        persona=persona,
        profile=persona.resistance,
        mode=mode,
        seed=seed,
        max_exchanges=EXCHANGES,
    )
    graph = build_session_graph(mode)
    began = time.perf_counter()
    final = await graph.ainvoke(
        opening(spec),
        {"recursion_limit": step_limit(spec)},
        context=SessionContext(cast, MemoryAlbum()),
    )
    if final["exchange"] != EXCHANGES and not final["leaving"]:
        raise RuntimeError("a session of the benchmark ended early")
    return (time.perf_counter() - began) * 1000


async def _time_empty(graph: Any) -> float:
    began = time.perf_counter()
    await graph.ainvoke({"left": EXCHANGES}, {"recursion_limit": 200})
    return (time.perf_counter() - began) * 1000


WARM_UP = 45
"""Sessions that are played and not counted: data files are read, and phrases of the crisis screen
compiled, when they are first needed."""


async def _time_all(rounds: int) -> list[float]:
    """Medians of empty steps, a session without drawing, and a whole one, taken in turn, so that a
    machine that slows down slows all three."""
    graph, plain, whole = _empty_graph(), _cast(False), _cast(True)
    times: list[list[float]] = [[], [], []]
    for seed in range(rounds):
        times[0].append(await _time_empty(graph))
        times[1].append(await _time_session(plain, seed))
        times[2].append(await _time_session(whole, seed))
    return [statistics.median(found[WARM_UP:]) for found in times]


def bench_session() -> None:
    empty, plain, whole = asyncio.run(_time_all(WARM_UP + 80))
    print(f"empty LangGraph steps, {EXCHANGES} exchanges:  {empty:6.1f} ms")
    print(f"session without drawing:              {plain:6.1f} ms   {plain / empty:.2f}×")
    print(f"whole session:                        {whole:6.1f} ms   {whole / empty:.2f}×")


async def _time_modes(rounds: int) -> dict[Mode, tuple[float, float]]:
    """Medians of empty steps and of a whole session, for each arm in turn."""
    parts = {mode: (_empty_graph(mode), _cast(True, mode)) for mode in MODES}
    times: dict[Mode, tuple[list[float], list[float]]] = {mode: ([], []) for mode in MODES}
    for seed in range(rounds):
        for mode, (graph, cast) in parts.items():
            times[mode][0].append(await _time_empty(graph))
            times[mode][1].append(await _time_session(cast, seed, mode))
    return {
        mode: (statistics.median(empty[WARM_UP:]), statistics.median(whole[WARM_UP:]))
        for mode, (empty, whole) in times.items()
    }


def bench_modes() -> None:
    for mode, (empty, whole) in asyncio.run(_time_modes(WARM_UP + 40)).items():
        print(
            f"whole session, arm {mode:<5} {whole:6.1f} ms   "
            f"{whole / empty:.2f}× its empty steps ({empty:.1f} ms)"
        )


def bench_faces(people: int = 300) -> None:
    """Drawing and reading on one core, and both beside an empty session of the same machine."""
    drawn: list[float] = []
    read: list[float] = []
    eyes = EmbeddedPerceiver()
    for number in range(people):
        one = sample("bench", number, "played")
        began = time.perf_counter()
        image = jpeg(portrait_svg(one.identity, one.expression, 336))
        drawn.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        eyes.read(image.data)
        read.append((time.perf_counter() - began) * 1000)
    graph = _empty_graph()
    empty = statistics.median([asyncio.run(_time_empty(graph)) for _ in range(60)][20:])
    for name, times in (("portraits", drawn), ("perceptions", read)):
        took = statistics.median(times)
        print(
            f"{name:<12} {took:5.2f} ms, {1000 / took:4.0f} a second; "
            f"one costs {took / empty:.2f} of an empty session's steps"
        )


class _Timed:
    """A role whose time is added up, in seconds."""

    def __init__(self, role: Any) -> None:
        self._role = role
        self.spent = 0.0

    async def review(self, scene: SupervisorScene) -> Review:
        began = time.perf_counter()
        review = await self._role.review(scene)
        self.spent += time.perf_counter() - began
        return review  # type: ignore[no-any-return]

    async def score(self, transcript: Any) -> Any:
        began = time.perf_counter()
        scores = await self._role.score(transcript)
        self.spent += time.perf_counter() - began
        return scores


async def _time_measuring(rounds: int) -> tuple[float, float, float]:
    """Medians of the supervisor's and the judge's time in a session, and of the whole session."""
    cast = _cast(True)
    found: list[tuple[float, float, float]] = []
    for seed in range(rounds):
        watching, rating = _Timed(cast.supervisor), _Timed(cast.judge)
        timed = replace(cast, supervisor=watching, judge=rating)
        whole = await _time_session(timed, seed)
        found.append((watching.spent * 1000, rating.spent * 1000, whole))
    columns = zip(*found[WARM_UP:], strict=True)
    watched, rated, whole = (statistics.median(column) for column in columns)
    return watched, rated, whole


def bench_measuring() -> None:
    watched, rated, whole = asyncio.run(_time_measuring(WARM_UP + 60))
    print(
        f"coding and watching {watched:.1f} ms, coding again and scoring {rated:.1f} ms: "
        f"{(watched + rated) / whole:.0%} of a whole session ({whole:.1f} ms)"
    )


def bench_judge() -> None:
    """`judge` over stored sessions: time and memory, 10,000 against 1,000."""
    from tests.runs.judging import stored

    stored.main()


def bench_models() -> None:
    """Our overhead over a bare call, and throughput against the ideal."""
    from tests import bench_models

    bench_models.bench_models(Console())


def bench_local() -> None:
    """Generation for sixteen sessions together against one at a time."""
    from tests import bench_local

    bench_local.bench_local()


def _config(folder: Path, sessions: int, **changes: Any) -> RunConfig:
    personas = 8
    base = {
        "name": "bench",
        "sample": {"limit": personas, "replicates": max(1, sessions // (personas * 4))},
        "executor": {"kind": "inline"},
        "output": {"dir": str(folder)},
    }
    return RunConfig.model_validate({**base, **changes})


def bench_executors(sessions: int = 2000) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = {}
        for kind, block in (
            ("inline", {"kind": "inline"}),
            ("ray ×2", {"kind": "ray", "workers": 2}),
        ):
            began = time.perf_counter()
            result = start(_config(folder, sessions, executor=block), QUIET)
            times[kind] = time.perf_counter() - began
            rate = result.done / times[kind]
            print(f"{kind}: {result.done:,} sessions in {times[kind]:.0f} s, {rate:.1f} a second")
        print(f"Ray with 2 workers against inline:    {times['inline'] / times['ray ×2']:.2f}×")


_CHILD = """
import json, resource, sys
from rich.console import Console
from mirrorplay.runs.analysis.variety import variety
from mirrorplay.runs.api import run
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.driver import start
result = start(RunConfig.model_validate(json.loads(sys.argv[1])), Console(quiet=True))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, result.run.path)
"""


def bench_memory() -> None:
    """Peak memory of the whole process (inline: driver and worker), and the resume after it."""
    with tempfile.TemporaryDirectory() as name:
        peaks: dict[int, int] = {}
        path = Path(name)
        for sessions in (1_000, 10_000):
            config = _config(
                Path(name),
                sessions,
                session={"max_exchanges": 4},
                face={"kind": "portrait", "size": 64},
            )
            text = json.dumps(config.model_dump(mode="json"))
            told = subprocess.run(
                [sys.executable, "-c", _CHILD, text], capture_output=True, text=True, check=True
            ).stdout.split()
            peaks[sessions], path = int(told[0]), Path(told[1])
            peak = peaks[sessions] / 1024
            print(f"peak memory at {sessions:>6,} sessions:          {peak:6.0f} MiB")
        print(f"peak memory, 10,000 against 1,000:    {peaks[10_000] / peaks[1_000]:.2f}×")
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "mirrorplay.runs.cli", "resume", str(path)],
            capture_output=True,
            check=True,
        )
        command = time.perf_counter() - began
        began = time.perf_counter()
        resume(RunDirectory.open(path), QUIET)
        print(
            f"resume of a finished run of 10,000:   {time.perf_counter() - began:.2f} s"
            f" ({command:.2f} s with the summary, as a command)"
        )


def bench_variety() -> None:
    """How much the embedded agents repeat themselves, over 960 sessions of the library."""
    with tempfile.TemporaryDirectory() as name:
        asked = {
            "sample": {"personas": "library", "replicates": 5},
            "face": "none",
            "output": {"dir": name},
        }
        for speaker, found in variety(run(asked).path).items():
            print(
                f"{speaker:<10} masked duplicates {found.duplicates:.3f}  "
                f"distinct-1/2 {found.distinct_1:.3f}/{found.distinct_2:.3f}  "
                f"self-BLEU {found.self_bleu:.2f}  median words {found.median_words:.0f}"
            )


PARTS = {
    "session": bench_session,
    "modes": bench_modes,
    "faces": bench_faces,
    "executors": bench_executors,
    "memory": bench_memory,
    "variety": bench_variety,
    "measuring": bench_measuring,
    "judge": bench_judge,
    "models": bench_models,
    "local": bench_local,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
