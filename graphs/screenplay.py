"""MIRROR's own data path as a graph: one call writes the whole session.

START → write → parse → faces → review → judge → END. It fills the same record as the session graph;
what a page cannot tell (hidden state, intended acts) stays null.
"""

from functools import lru_cache
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from mirrorplay.agents.roles import (
    Face,
    ObservedLine,
    Review,
    Screenplay,
    ScreenplayBrief,
    SupervisorScene,
)
from mirrorplay.graphs import scenes
from mirrorplay.graphs.context import SessionContext
from mirrorplay.graphs.nodes import Nodes, Update, asked, ending_of, note_of, usage_of, with_face
from mirrorplay.graphs.record import ImageRef, Turn, UsageRecord
from mirrorplay.graphs.session import RETRY, SessionGraph
from mirrorplay.graphs.state import SessionState, add_usage
from mirrorplay.policies.expression import parse_display
from mirrorplay.policies.screenplay import parse_screenplay
from mirrorplay.policies.stopping import EndedBy, Outcome


class UnreadableScreenplay(ValueError):
    """A written session without one whole exchange in it."""


class ScreenplayNodes(Nodes):
    """The steps that differ from a played session; the judge is the same."""

    async def write(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        writer, spec = self._context(runtime).cast.writer, state["spec"]
        if writer is None:
            raise RuntimeError("a screenplay graph needs a writer in its cast")
        brief = ScreenplayBrief(
            persona=spec.persona,
            profile=spec.profile,
            mode=spec.mode,
            max_exchanges=spec.max_exchanges,
            draws=spec.draws,
        )
        written = await asked(Screenplay, writer.write(brief))
        return {"script": written.text, "usage": usage_of(written.usage)}

    async def parse(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        spec = state["spec"]
        parsed = parse_screenplay(state["script"] or "", spec.persona.intake.name)
        lines = parsed.lines[: 2 * spec.max_exchanges]
        ends_by_leaving = len(lines) == len(parsed.lines) and parsed.leaving
        if len(lines) < 2:
            raise UnreadableScreenplay(
                f"no exchange could be read from {len(state['script'] or ''):,} characters"
            )
        unread = f"not read: {len(parsed.unread)} lines" if parsed.unread else None
        turns = [
            Turn(
                index=index,
                exchange=index // 2 + 1,
                speaker=line.speaker,
                text=line.text,
                stage_direction=line.direction,
                expression=parse_display(line.direction or "")
                if line.speaker == "client"
                else None,
                note=unread if index == 0 else None,
            )
            for index, line in enumerate(lines)
        ]
        return {"turns": turns, "exchange": turns[-1].exchange, "leaving": ends_by_leaving}

    async def faces(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        context = self._context(runtime)
        if context.cast.artist is None:
            return {}
        changed: list[Turn] = []
        faces: list[ImageRef] = []
        for turn in state["turns"]:
            if turn.speaker == "client":
                drawn = await asked(Face, context.cast.artist.draw(scenes.face_brief(state, turn)))
                changed.append(with_face(turn, drawn, len(faces)))
                if drawn.image:
                    faces.append(context.album.put(drawn.image))
        return {"turns": changed, "faces": faces}

    async def review(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        """Review exchange by exchange, as if it were played; the end is where the page ends."""
        supervisor = self._context(runtime).cast.supervisor
        lines: tuple[ObservedLine, ...] = ()
        changed: list[Turn] = []
        outcome: Outcome | None = None
        ended_by: EndedBy | None = None
        usage = UsageRecord()
        last = state["exchange"]
        for client, therapist in zip(state["turns"][::2], state["turns"][1::2], strict=True):
            leaving = state["leaving"] and client.exchange == last
            scene = SupervisorScene(
                lines=(*lines, *scenes.observed([client, therapist])),
                exchange=client.exchange,
                max_exchanges=last,
                leaving=leaving,
                planned=False,
            )
            review = await asked(Review, supervisor.review(scene))
            note = "; ".join(part for part in (client.note, note_of(review)) if part)
            coded = [
                client.model_copy(update={"codes": review.client_codes, "note": note or None}),
                therapist.model_copy(update={"codes": review.therapist_codes}),
            ]
            lines = (*lines, *scenes.observed(coded))
            changed += coded
            usage = add_usage(usage, usage_of(review.usage))
            if review.outcome == "safety_stop" or (
                client.exchange == last and outcome != "safety_stop"
            ):
                ended = ending_of(review, leaving, client.exchange, last)
                outcome, ended_by = ended or (None, None)
        return {"turns": changed, "outcome": outcome, "ended_by": ended_by, "usage": usage}


def screenplay_builder(
    bound: SessionContext | None = None,
) -> StateGraph[SessionState, SessionContext, Any, Any]:
    """The uncompiled screenplay graph."""
    nodes = ScreenplayNodes(bound)
    graph: StateGraph[SessionState, SessionContext, Any, Any] = StateGraph(
        SessionState, context_schema=None if bound else SessionContext
    )
    steps = ("write", "parse", "faces", "review", "judge")
    for step in steps:
        graph.add_node(step, getattr(nodes, step), retry_policy=RETRY)
    for source, target in zip((START, *steps), (*steps, END), strict=True):
        graph.add_edge(source, target)
    return graph


@lru_cache(maxsize=1)
def build_screenplay_graph() -> SessionGraph:
    """The compiled screenplay graph, without a checkpointer."""
    return screenplay_builder().compile(name="screenplay")


def checkpointed_screenplay_graph(saver: BaseCheckpointSaver[Any]) -> SessionGraph:
    """The same graph, saving its state at every step."""
    return screenplay_builder().compile(checkpointer=saver, name="screenplay")
