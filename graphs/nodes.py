"""What happens at each step of a session.

A node makes a scene, asks one role, and returns what changes. Handles come from the runtime
context; where there is none (Studio) from the context the nodes were made with.
"""

from collections.abc import Awaitable
from time import perf_counter
from typing import Any, Literal, TypeVar, overload

from langgraph.runtime import Runtime

from mirrorplay.agents.roles import (
    ClientTurn,
    Face,
    Image,
    Review,
    Scores,
    TherapistTurn,
    Usage,
)
from mirrorplay.graphs import scenes
from mirrorplay.graphs.context import SessionContext
from mirrorplay.graphs.record import FaceAttemptRecord, Turn, UsageRecord
from mirrorplay.graphs.state import Reply, SessionState
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.stopping import EndedBy, Outcome

Update = dict[str, Any]
Answer = TypeVar("Answer")
_INT64 = 2**63


class Nodes:
    """The steps of a session graph. Which of them an arm has, and in which order, is the graph's to
    say: a therapist gets the image where the face was drawn before the reply."""

    def __init__(self, bound: SessionContext | None = None) -> None:
        self._bound = bound

    def _context(self, runtime: Runtime[SessionContext]) -> SessionContext:
        context = runtime.context or self._bound
        if context is None:
            raise RuntimeError("a session graph needs context=SessionContext(...)")
        return context

    async def client(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        scene = scenes.client_scene(state)
        start = perf_counter()
        spoke = await asked(ClientTurn, self._context(runtime).cast.client.speak(scene))
        turn = Turn(
            index=scene.turn,
            exchange=scene.exchange,
            speaker="client",
            text=spoke.text,
            stage_direction=spoke.stage_direction,
            intended_act=spoke.act,
            state=spoke.state,
            expression=spoke.expression,
            agreement=spoke.agreement,
            tries=spoke.tries,
            latency_ms=_since(start),
            **_model_of(spoke.usage),
        )
        return {
            "exchange": scene.exchange,
            "turns": [turn],
            "client": spoke.state,
            "leaving": spoke.leaving,
            "client_phrases": list(spoke.phrases),
            "disclosed": list(spoke.disclosed),
            "usage": usage_of(spoke.usage),
        }

    async def face(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        context, turn = self._context(runtime), state["turns"][-1]
        if context.cast.artist is None:
            return {}
        drawn = await asked(Face, context.cast.artist.draw(scenes.face_brief(state, turn)))
        number = len(state["faces"])
        changed = with_face(turn, drawn, number)
        faces = [context.album.put(drawn.image)] if drawn.image else []
        return {"turns": [changed], "faces": faces}

    async def perceive(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        context, turn = self._context(runtime), state["turns"][-1]
        image = self._image(state, context)
        if context.cast.perceiver is None or image is None:
            return {}
        perception = await asked(Perception, context.cast.perceiver.look(image), optional=True)
        if perception is None:
            return {}
        return {"turns": [turn.model_copy(update={"perception": perception})]}

    async def plan(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        if state["plan"] is not None:
            return {}
        context = self._context(runtime)
        scene = scenes.therapist_scene(state, self._image(state, context))
        return {"plan": await asked(Plan, context.cast.therapist.plan(scene))}

    async def respond(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        context = self._context(runtime)
        scene = scenes.therapist_scene(
            state, self._image(state, context), self._earlier(state, context)
        )
        start = perf_counter()
        reply = await asked(TherapistTurn, context.cast.therapist.respond(scene))
        plan = state["plan"]
        if plan is not None and reply.stage is not None:
            plan = plan.model_copy(update={"stage": min(reply.stage, len(plan.steps))})
        turn = Turn(
            index=scene.turn,
            exchange=scene.exchange,
            speaker="therapist",
            text=reply.text,
            intended_act="+".join(reply.acts) if reply.acts else None,
            plan=plan,
            note=reply.note,
            latency_ms=_since(start),
            **_model_of(reply.usage),
        )
        return {
            "turns": [turn],
            "plan": plan,
            "reply": Reply(acts=reply.acts, manner=reply.manner),
            "therapist_phrases": list(reply.phrases),
            "usage": usage_of(reply.usage),
        }

    async def supervise(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        supervisor = self._context(runtime).cast.supervisor
        review = await asked(Review, supervisor.review(scenes.supervisor_scene(state)))
        client, therapist = state["turns"][-2:]
        ended = ending_of(review, state["leaving"], state["exchange"], state["spec"].max_exchanges)
        seen = state["ending"]
        if seen is not None and (ended is None or ended[0] not in _OVERRIDING):
            ended = seen
        goodbye = seen is None and ended is not None and ended[0] in _SPOKEN_OUT
        if goodbye and state["exchange"] < state["spec"].max_exchanges:
            seen, ended = ended, None
        outcome, ended_by = ended or (None, None)
        return {
            "turns": [
                client.model_copy(update={"codes": review.client_codes, "note": note_of(review)}),
                therapist.model_copy(update={"codes": review.therapist_codes}),
            ],
            "ending": seen,
            "outcome": outcome,
            "ended_by": ended_by,
            "plan": None if review.replan else state["plan"],
            "usage": usage_of(review.usage),
        }

    async def judge(self, state: SessionState, runtime: Runtime[SessionContext]) -> Update:
        context = self._context(runtime)
        faces: tuple[Image | None, ...] = ()
        if getattr(context.cast.judge, "looks_at_faces", False):
            faces = tuple(
                None if turn.face is None else context.album.get(state["faces"][turn.face])
                for turn in state["turns"]
                if turn.speaker == "client"
            )
        scored = await asked(Scores, context.cast.judge.score(scenes.transcript(state, faces)))
        return {"scores": list(scored.scores), "usage": usage_of(scored.usage)}

    def _image(self, state: SessionState, context: SessionContext) -> Image | None:
        number = state["turns"][-1].face
        return None if number is None else context.album.get(state["faces"][number])

    def _earlier(self, state: SessionState, context: SessionContext) -> tuple[Image | None, ...]:
        """Faces of the client's earlier turns. The arm `text` has them drawn beside its replies,
        and is not to see them."""
        if state["spec"].mode == "text":
            return ()
        return tuple(
            None if turn.face is None else context.album.get(state["faces"][turn.face])
            for turn in state["turns"][:-1]
            if turn.speaker == "client"
        )


_SPOKEN_OUT: frozenset[Outcome] = frozenset({"resolved", "impasse"})
"""Endings that leave one exchange for a goodbye, as long as the limit does."""
_OVERRIDING: frozenset[Outcome] = frozenset({"client_left", "safety_stop"})
"""What may still happen in that exchange."""


def ending_of(
    review: Review, leaving: bool, exchange: int, limit: int
) -> tuple[Outcome, EndedBy] | None:
    """How the session ends here, if it does. A client who gets up and the limit end it whatever a
    supervisor says: a row never has more exchanges than asked for."""
    if review.outcome is not None:
        return review.outcome, review.ended_by or "supervisor"
    if leaving:
        return "client_left", "client"
    if exchange >= limit:
        return "max_exchanges", "limit"
    return None


def note_of(review: Review) -> str | None:
    """What the supervisor noted, and every safety cue, on the client's turn."""
    cues = [f"{finding.category}: {finding.cue}" for finding in review.safety]
    return "; ".join([*([review.note] if review.note else []), *cues]) or None


def with_face(turn: Turn, drawn: Face, number: int) -> Turn:
    """The turn with its face's number (null when every attempt was refused) and all attempts."""
    attempts = tuple(
        FaceAttemptRecord(
            seed=attempt.seed % _INT64,
            scores=dict(attempt.scores),
            reasons=attempt.reasons,
            accepted=attempt.accepted,
        )
        for attempt in drawn.attempts
    )
    return turn.model_copy(
        update={"face": number if drawn.image else None, "face_attempts": attempts}
    )


def usage_of(usage: Usage) -> UsageRecord:
    return UsageRecord(
        calls=0 if usage.model is None else usage.calls,
        prompt_tokens=usage.prompt_tokens or 0,
        completion_tokens=usage.completion_tokens or 0,
    )


@overload
async def asked(kind: type[Answer], call: Awaitable[object]) -> Answer: ...


@overload
async def asked(
    kind: type[Answer], call: Awaitable[object], *, optional: Literal[True]
) -> Answer | None: ...


async def asked(
    kind: type[Answer], call: Awaitable[object], *, optional: bool = False
) -> Answer | None:
    """What a role gives back, if it is what its contract says: with `optional`, perhaps nothing.
    Raises TypeError for a custom part
    that gives something else, and RuntimeError for one that calls exit: neither may end more than
    its session."""
    try:
        answer = await call
    except SystemExit as stop:
        raise RuntimeError(f"called exit({stop.code!r})") from stop
    if optional and answer is None:
        return None
    if not isinstance(answer, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(answer).__name__}")
    return answer


def _model_of(usage: Usage) -> Update:
    return {
        "model": usage.model,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }


def _since(start: float) -> float:
    return round((perf_counter() - start) * 1000, 3)
