"""Specs, casts and a way to play them, for the graph tests."""

from typing import Any

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import Mode
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.graphs.context import Cast, MemoryAlbum, SessionContext
from mirrorplay.graphs.session import build_session_graph, step_limit
from mirrorplay.graphs.state import SessionSpec, SessionState, opening
from mirrorplay.personas.collection import load_personas

PERSONA = load_personas("library")[0]


def spec(mode: Mode = "text", **changes: Any) -> SessionSpec:
    base: dict[str, Any] = {
        "session_id": "s1",
        "persona": PERSONA,
        "profile": PERSONA.resistance,
        "mode": mode,
        "seed": 5,
        "max_exchanges": 4,
        "face_size": 64,
    }
    return SessionSpec(**{**base, **changes})


def cast(**parts: Any) -> Cast:
    base: dict[str, Any] = {
        "client": ScriptedClient(),
        "therapist": ScriptedTherapist(mode="text"),
        "supervisor": ScriptedSupervisor(),
        "judge": ScriptedJudge(),
    }
    return Cast(**{**base, **parts})


async def play(asked: SessionSpec, players: Cast) -> SessionState:
    return await build_session_graph(asked.mode).ainvoke(
        opening(asked),
        {"recursion_limit": step_limit(asked)},
        context=SessionContext(players, MemoryAlbum()),
    )
