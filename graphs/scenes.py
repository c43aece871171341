"""From the whole state to what one role may see: the only place where scenes are made.

Who may see what is decided here and nowhere else; a field that a scene has no place for cannot
leak into a role.
"""

from dataclasses import replace

from mirrorplay.agents.roles import (
    ClientScene,
    FaceBrief,
    Image,
    ObservedLine,
    SpokenLine,
    SupervisorScene,
    TherapistScene,
    TherapistTurn,
    Transcript,
)
from mirrorplay.graphs.record import Turn
from mirrorplay.graphs.state import SessionState
from mirrorplay.policies.acts import ClientAct


def spoken(turns: list[Turn]) -> tuple[SpokenLine, ...]:
    return tuple(SpokenLine(turn.speaker, turn.text) for turn in turns)


def observed(turns: list[Turn]) -> tuple[ObservedLine, ...]:
    return tuple(
        ObservedLine(turn.index, turn.speaker, turn.text, turn.stage_direction, turn.codes)
        for turn in turns
    )


def client_scene(state: SessionState) -> ClientScene:
    spec, turns = state["spec"], state["turns"]
    reply = state["reply"]
    acts: tuple[ClientAct, ...] = tuple(
        turn.intended_act  # type: ignore[misc]  # a client turn's intended act is a ClientAct
        for turn in turns
        if turn.speaker == "client" and turn.intended_act is not None
    )
    return ClientScene(
        persona=spec.persona,
        profile=spec.profile,
        state=state["client"],
        lines=spoken(turns),
        reply=TherapistTurn(turns[-1].text, reply.acts, reply.manner) if reply else None,
        exchange=state["exchange"] + 1,
        max_exchanges=spec.max_exchanges,
        turn=len(turns),
        disclosed=tuple(state["disclosed"]),
        phrases=tuple(state["client_phrases"]),
        acts=acts,
        draws=spec.draws,
    )


def face_brief(state: SessionState, turn: Turn) -> FaceBrief:
    spec = state["spec"]
    if turn.expression is None:
        raise ValueError(f"turn {turn.index} has no expression to draw")
    return FaceBrief(
        persona_id=spec.persona.root,
        age=spec.persona.intake.age,
        gender=spec.persona.intake.gender,
        appearance=spec.persona.appearance,
        expression=turn.expression,
        size=spec.face_size,
        seed=spec.draws.seed(turn.index, "face", "image"),
        resistance=spec.profile.type,
        replicate=spec.replicate,
        turn=turn.index // 2,
    )


def therapist_scene(
    state: SessionState, image: Image | None, faces: tuple[Image | None, ...] = ()
) -> TherapistScene:
    spec, turns = state["spec"], state["turns"]
    return TherapistScene(
        card=spec.persona.card,
        lines=spoken(turns),
        image=image,
        perception=turns[-1].perception,
        plan=state["plan"],
        exchange=state["exchange"],
        max_exchanges=state["exchange"] if state["ending"] else spec.max_exchanges,
        turn=len(turns),
        leaving=state["leaving"],
        phrases=tuple(state["therapist_phrases"]),
        draws=spec.draws.bound("therapist"),
        faces=faces,
    )


def supervisor_scene(state: SessionState) -> SupervisorScene:
    spec = state["spec"]
    return SupervisorScene(
        lines=observed(state["turns"]),
        exchange=state["exchange"],
        max_exchanges=spec.max_exchanges,
        leaving=state["leaving"],
        planned=spec.mode in ("p", "p+ec"),
    )


def transcript(state: SessionState, faces: tuple[Image | None, ...] = ()) -> Transcript:
    """The tape without the supervisor's codes: a judge that codes does so by itself."""
    outcome = state["outcome"]
    if outcome is None:
        raise ValueError("a session without an outcome cannot be judged")
    return Transcript(
        card=state["spec"].persona.card,
        lines=tuple(replace(line, codes=()) for line in observed(state["turns"])),
        outcome=outcome,
        faces=faces,
    )
