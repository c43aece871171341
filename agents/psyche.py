"""What goes on in a client before there are words: shared by every client, whoever finds the words.

One turn: appraise the therapist's reply, move the state, see what may be told and whether to stay,
choose an act, make the face. Every kind of draw has a purpose of its own, and the client's own
intercepts depend on persona and replicate alone, so that two arms, or a scripted client and one
worded by a model, are the same person.
"""

from dataclasses import dataclass
from typing import Literal

from mirrorplay.agents.roles import ClientScene
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Memory
from mirrorplay.policies.acts import ClientAct, Manner, TherapistAct
from mirrorplay.policies.appraisal import appraise
from mirrorplay.policies.expression import OVERLAYS, RELIABILITY, Expression, Overlay, express
from mirrorplay.policies.resistance import ActContext, choose_act, wants_to_leave
from mirrorplay.policies.situation import OPENING, Heard, hear
from mirrorplay.policies.stage_direction import stage_direction
from mirrorplay.policies.state import (
    DYNAMICS_VARIANTS,
    ClientState,
    Dynamics,
    DynamicsVariant,
    Intercepts,
    draw_intercepts,
    initial_state,
    load_dynamics,
    push,
    update,
)

Appraisal = Literal["embedded"]
APPRAISALS: tuple[Appraisal, ...] = ("embedded",)
"""Coders a client may hear a model's words through."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the client will do with this turn, words apart. `telling` is the memory that is told;
    `leaving` says which rupture makes the client go; `called_for` is what the reply asks."""

    state: ClientState
    act: ClientAct
    expression: Expression
    stage_direction: str
    telling: Memory | None
    leaving: Literal["confrontation", "withdrawal"] | None
    called_for: Heard


class Psyche:
    """The dynamics of one kind of client; holds nothing of a session.

    `appraisal` names the coder for replies whose acts nobody states, `dynamics` the variant (full,
    memoryless, static), `coefficients` another set. `display_reliability` in [0, 1] is how often
    the face shows anything, `overlay` how masking shows. Raises UserError for an unknown name.
    """

    def __init__(
        self,
        appraisal: Appraisal = "embedded",
        dynamics: DynamicsVariant = "full",
        coefficients: Dynamics | None = None,
        display_reliability: float = RELIABILITY,
        overlay: Overlay = "familiar",
    ) -> None:
        _check("client.appraisal", appraisal, APPRAISALS)
        _check("client.dynamics", dynamics, DYNAMICS_VARIANTS)
        _check("client.overlay", overlay, OVERLAYS)
        self.appraisal = appraisal
        self.variant = dynamics
        self.reliability, self.overlay = display_reliability, overlay
        self._dynamics = coefficients or load_dynamics()

    def intend(self, scene: ClientScene) -> Intent:
        """This turn's state, act, face and disclosure."""
        dynamics, draws, turn = self._dynamics, scene.draws, scene.turn
        persona, profile = scene.persona, scene.profile
        intercepts = draw_intercepts(draws.at(0, "client", "intercepts"), dynamics)
        heard = _heard(scene)
        state = self._state(scene, intercepts, heard)
        told = _memory(scene, state, dynamics)
        leaving = (
            wants_to_leave(state, scene.exchange, dynamics, draws.at(turn, "client", "leaving"))
            if heard
            else None
        )
        called_for = hear(heard[0], scene.reply.text) if heard and scene.reply else OPENING
        context = ActContext(
            situation=called_for.kind,
            pushed=push(*heard, profile, dynamics) if heard else 0.0,
            progress=min(1.0, scene.exchange / scene.max_exchanges),
            previous=scene.acts[-1] if scene.acts else None,
            intercepts=intercepts,
            can_disclose=told is not None,
            about=called_for.about,
            told=len(scene.disclosed),
        )
        act = choose_act(state, profile, context, dynamics, draws.at(turn, "client", "act"))
        if leaving:
            act = "challenging" if leaving == "confrontation" else "limit_setting"
        expression = express(
            state,
            act,
            profile,
            persona.appearance.expressivity,
            draws.at(turn, "client", "expression"),
            reliability=self.reliability,
            overlay=self.overlay,
        )
        direction = stage_direction(
            expression, state, act, draws.at(turn, "client", "stage"), leaving=leaving is not None
        )
        return Intent(
            state=state,
            act=act,
            expression=expression,
            stage_direction=direction,
            telling=told if act == "disclosing" else None,
            leaving=leaving,
            called_for=called_for,
        )

    def _state(
        self,
        scene: ClientScene,
        intercepts: Intercepts,
        heard: tuple[tuple[TherapistAct, ...], Manner] | None,
    ) -> ClientState:
        state = scene.state
        if state is None or (heard is not None and self.variant == "memoryless"):
            state = initial_state(scene.profile, intercepts, self._dynamics)
        if heard is None or self.variant == "static":
            return state
        rng = scene.draws.at(scene.turn, "client", "state")
        return update(state, *heard, scene.profile, self._dynamics, rng)


def _check(where: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise UserError(
            f"{given!r} is not known", where=where, allowed=allowed, hint=nearest(given, allowed)
        )


def _heard(scene: ClientScene) -> tuple[tuple[TherapistAct, ...], Manner] | None:
    """Acts and manner of the reply: as intended where the speaker says so, else as appraised."""
    reply = scene.reply
    if reply is None:
        return None
    if reply.acts is not None and reply.manner is not None:
        return reply.acts, reply.manner
    mine = next((line.text for line in reversed(scene.lines) if line.speaker == "client"), None)
    acts, manner = appraise(reply.text, mine)
    return reply.acts if reply.acts is not None else acts, reply.manner or manner


def _memory(scene: ClientScene, state: ClientState, dynamics: Dynamics) -> Memory | None:
    """The untold memory with the lowest threshold that trust allows."""
    allowed = state.trust - dynamics["disclosure"]["margin"]
    untold = [
        memory
        for memory in scene.persona.memories
        if memory.threshold <= allowed and memory.id not in scene.disclosed
    ]
    return min(untold, key=lambda memory: memory.threshold, default=None)
