"""The scripted client: words are chosen by state, not the other way round.

One turn: appraise the therapist's reply, move the state, choose an act, make the face, and only
then find the words. Every kind of draw has a purpose of its own, and the client's own intercepts
depend on persona and replicate alone, so two arms meet the same person.
"""

from pathlib import Path
from typing import Literal

from mirrorplay.agents.roles import ClientScene, ClientTurn
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Memory
from mirrorplay.policies.acts import ClientAct, Manner, TherapistAct
from mirrorplay.policies.appraisal import appraise
from mirrorplay.policies.expression import OVERLAYS, RELIABILITY, Overlay, express
from mirrorplay.policies.phrasing.bank import BANK_A, Bank, load_bank
from mirrorplay.policies.phrasing.client import phrase
from mirrorplay.policies.phrasing.keys import NEEDED_KEYS, band_of
from mirrorplay.policies.resistance import ActContext, choose_act, wants_to_leave
from mirrorplay.policies.situation import OPENING, echoed, hear
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


class ScriptedClient:
    """A client without a model.

    `appraisal` names the coder for replies whose acts nobody states, `dynamics` the variant (full,
    memoryless, static), `bank` a phrase bank or its directory, `coefficients` another set.
    `display_reliability` in [0, 1] is how often the face shows anything, `overlay` how masking
    shows. Raises UserError for an unknown name.
    """

    def __init__(
        self,
        appraisal: Appraisal = "embedded",
        dynamics: DynamicsVariant = "full",
        bank: Bank | Path | None = None,
        coefficients: Dynamics | None = None,
        display_reliability: float = RELIABILITY,
        overlay: Overlay = "familiar",
    ) -> None:
        _check("client.appraisal", appraisal, APPRAISALS)
        _check("client.dynamics", dynamics, DYNAMICS_VARIANTS)
        self.appraisal = appraisal
        _check("client.overlay", overlay, OVERLAYS)
        self.variant = dynamics
        self.reliability, self.overlay = display_reliability, overlay
        self._bank = bank if isinstance(bank, Bank) else load_bank(bank or BANK_A)
        missing = sorted(NEEDED_KEYS - self._bank.keys)
        if missing:
            raise UserError(
                f"the phrase bank has no words for {', '.join(missing)}",
                where="phrasing.bank",
                hint="every act, opening, leaving and disclosing.memory need a core without slots",
            )
        self._dynamics = coefficients or load_dynamics()

    async def speak(self, scene: ClientScene) -> ClientTurn:
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
        telling = told if act == "disclosing" else None
        expression = express(
            state,
            act,
            profile,
            persona.appearance.expressivity,
            draws.at(turn, "client", "expression"),
            reliability=self.reliability,
            overlay=self.overlay,
        )
        mine = [line.text for line in scene.lines if line.speaker == "client"]
        words = phrase(
            self._bank,
            act,
            persona,
            profile,
            called_for,
            scene.phrases,
            draws.after(_moved_by(scene, act, state), turn, "client", "words"),
            memory=telling.text if telling else None,
            leaving=leaving,
            band=band_of(state, scene.exchange),
            echo=echoed(scene.reply.text, mine[-1]) if scene.reply and mine else None,
            earlier=mine,
        )
        return ClientTurn(
            text=words.text,
            stage_direction=stage_direction(
                expression,
                state,
                act,
                draws.at(turn, "client", "stage"),
                leaving=leaving is not None,
            ),
            act=act,
            state=state,
            expression=expression,
            disclosed=(telling.id,) if telling else (),
            phrases=words.ids,
            leaving=leaving is not None,
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


def _moved_by(scene: ClientScene, act: ClientAct, state: ClientState) -> str:
    """What the choice of words follows from, beside chance: the act, the state, and the reply but
    for the client's name, which a twin does not share."""
    given = scene.persona.intake.name.split()[0]
    heard = scene.reply.text.replace(given, "") if scene.reply else ""
    return f"{act}/{state.discord:.2f}/{state.ambivalence:.2f}/{heard}"


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
