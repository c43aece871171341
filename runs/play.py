"""One session played: from the plan's line to the record, whatever executor asked for it."""

import typing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig

from mirrorplay.agents.roles import Usage
from mirrorplay.graphs.checkpoints import open_saver, session_graph
from mirrorplay.graphs.context import Album, Cast, FolderAlbum, MemoryAlbum, SessionContext
from mirrorplay.graphs.nodes import usage_of
from mirrorplay.graphs.record import RecordedImage, ResistanceRecord, SessionRecord
from mirrorplay.graphs.screenplay import build_screenplay_graph
from mirrorplay.graphs.session import build_session_graph, step_limit
from mirrorplay.graphs.state import SessionSpec, SessionState, add_usage, opening
from mirrorplay.personas.profile import resistance_profile
from mirrorplay.personas.schema import Persona
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.grid import Cell
from mirrorplay.runs.plan import PlannedSession


@dataclass(frozen=True, slots=True)
class CheckpointPlace:
    """Where a session's checkpoints go: the file, the thread in it, and the folder of faces."""

    file: Path
    thread: str
    blobs: Path


def spec_of(session: PlannedSession, config: RunConfig, persona: Persona) -> SessionSpec:
    """What the graph is asked to play."""
    return SessionSpec(
        session_id=session.session_id,
        persona=persona,
        profile=resistance_profile(persona, session.resistance, config.sample.intensity),
        mode=config.therapist.mode,
        seed=session.seed,
        replicate=session.replicate,
        max_exchanges=config.session.max_exchanges,
        face_size=getattr(config.face, "size", 336),
    )


async def play(
    session: PlannedSession,
    cell: Cell,
    persona: Persona,
    cast: Cast,
    run_name: str,
    attempt: int,
    place: CheckpointPlace | None = None,
) -> SessionRecord:
    """Play a session to its end and make its record. Raises whatever an agent raises."""
    config = cell.config
    spec = spec_of(session, config, persona)
    with beside_the_graph(session, cell) as beside:
        record = await _played(session, cell, spec, cast, run_name, attempt, place)
    return with_usage(record, beside)


@contextmanager
def beside_the_graph(session: PlannedSession, cell: Cell) -> Iterator[list[Usage]]:
    """Whatever models of a session need to know or tell that does not go through its state: who is
    played, for replays, and what plans and captions cost."""
    if not cell.config.specs():
        yield []
        return
    from mirrorplay.agents.models.bill import collected
    from mirrorplay.agents.models.replay import Player, playing

    player = Player(session.persona_id, session.resistance, session.replicate, cell.name)
    with playing(player), collected() as beside:
        yield beside


def with_usage(record: SessionRecord, beside: list[Usage]) -> SessionRecord:
    """The record with what was told beside its graph."""
    if not beside:
        return record
    usage = reduce(add_usage, map(usage_of, beside), record.usage)
    return record.model_copy(update={"usage": usage})


async def _played(
    session: PlannedSession,
    cell: Cell,
    spec: SessionSpec,
    cast: Cast,
    run_name: str,
    attempt: int,
    place: CheckpointPlace | None,
) -> SessionRecord:
    config = cell.config
    album: Album = FolderAlbum(place.blobs) if place else MemoryAlbum()
    context = SessionContext(cast, album)
    settings: RunnableConfig = {"recursion_limit": step_limit(spec)}
    if place is None:
        graph = (
            build_screenplay_graph()
            if config.graph.kind == "screenplay"
            else build_session_graph(spec.mode)
        )
        final = await graph.ainvoke(opening(spec), settings, context=context)
    else:
        async with open_saver(place.file) as saver:
            graph = session_graph(config.graph.kind, spec.mode, saver)
            settings["configurable"] = {"thread_id": place.thread}
            # With durability="async" LangGraph 1.2 saves a waiting edge's set by reference while
            # later steps fill it: such a checkpoint has the wrong next step.
            final = await graph.ainvoke(opening(spec), settings, context=context, durability="sync")
    provenance: dict[str, Any] = {"graph": config.graph.kind}
    if place is not None:
        provenance |= {"checkpoint": place.file.name, "thread": place.thread}
    return record_of(
        typing.cast(SessionState, final), session, cell, album, run_name, attempt, provenance
    )


def record_of(
    state: SessionState,
    session: PlannedSession,
    cell: Cell,
    album: Album,
    run_name: str,
    attempt: int,
    provenance: dict[str, Any],
) -> SessionRecord:
    """The row of a finished session. Raises ValueError when it has no outcome."""
    spec, config = state["spec"], cell.config
    outcome, ended_by = state["outcome"], state["ended_by"]
    if outcome is None or ended_by is None:
        raise ValueError("the graph ended without an outcome")
    profile = spec.profile
    return SessionRecord(
        session_id=session.session_id,
        run=run_name,
        cell=cell.name,
        factors=dict(cell.factors),
        replicate=session.replicate,
        seed=session.seed,
        attempt=attempt,
        persona_id=spec.persona.id,
        persona=spec.persona,
        resistance=ResistanceRecord(
            type=profile.type,
            intensity=profile.intensity,
            reactivity=profile.reactivity,
            masking=profile.masking,
            dynamics=dynamics_name(config),
        ),
        therapist=therapist_name(config),
        mode=spec.mode,
        turns=tuple(state["turns"]),
        faces=tuple(
            RecordedImage(data=album.get(ref).data, mime=ref.mime) for ref in state["faces"]
        ),
        outcome=outcome,
        ended_by=ended_by,
        scores=tuple(state["scores"]),
        usage=state["usage"],
        provenance=provenance,
    )


def therapist_name(config: RunConfig) -> str:
    """Who spoke for the therapist: `scripted:mi_consistent`, `model:openai:…`,
    `custom:module:Class`, or `writer:…` where one that is not scripted wrote both sides."""
    if config.graph.kind == "screenplay" and config.graph.writer.kind != "scripted":
        writer = config.graph.writer
        return f"writer:{writer.target if writer.kind == 'custom' else writer.spec.model}"
    therapist = config.therapist
    if therapist.kind == "scripted":
        return f"scripted:{therapist.policy}"
    if therapist.kind == "model":
        return f"model:{therapist.spec.model}"
    return f"custom:{therapist.target}"


def dynamics_name(config: RunConfig) -> str:
    """The client's variant, `custom`, or `writer`: what moved the client's state."""
    if config.graph.kind == "screenplay" and config.graph.writer.kind != "scripted":
        return "writer"
    return "custom" if config.client.kind == "custom" else config.client.dynamics
