"""Graphs for LangGraph Studio: scripted agents bound in, nothing else to configure.

Studio passes no context and brings its own checkpointer; faces lie in the system's folder for
temporary files, so that a thread can be taken up again. Its input is a persona id, a resistance
type and a seed; an `intake` step turns them into a session.
"""

from getpass import getuser
from pathlib import Path
from tempfile import gettempdir

from typing_extensions import TypedDict

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import Mode
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.graphs.context import Cast, FolderAlbum, SessionContext
from mirrorplay.graphs.session import SessionGraph, session_builder
from mirrorplay.graphs.state import SessionSpec, SessionState, opening
from mirrorplay.personas.collection import find_persona, load_personas
from mirrorplay.personas.profile import resistance_profile
from mirrorplay.personas.schema import ResistanceType


class StudioInput(TypedDict, total=False):
    """What Studio asks for; every field may be left out."""

    persona: str
    resistance: ResistanceType
    seed: int
    max_exchanges: int


def studio_graph(mode: Mode) -> SessionGraph:
    """The session graph of an arm behind an `intake` step."""
    bound = SessionContext(
        cast=Cast(
            client=ScriptedClient(),
            therapist=ScriptedTherapist(mode=mode),
            supervisor=ScriptedSupervisor(),
            judge=ScriptedJudge(),
            artist=PortraitArtist(),
        ),
        album=FolderAlbum(Path(gettempdir()) / f"mirrorplay-studio-{getuser()}"),
    )

    async def intake(asked: StudioInput) -> SessionState:
        personas = load_personas("library")
        persona = find_persona(personas, asked["persona"]) if "persona" in asked else personas[0]
        profile = resistance_profile(persona, asked.get("resistance", "default"))
        return opening(
            SessionSpec(
                session_id=f"studio-{persona.id}",
                persona=persona,
                profile=profile,
                mode=mode,
                seed=asked.get("seed", 0),
                max_exchanges=asked.get("max_exchanges", 10),
            )
        )

    graph = session_builder(mode, bound, intake, StudioInput)
    return graph.compile(name=f"session:{mode}")


text = studio_graph("text")
p = studio_graph("p")
