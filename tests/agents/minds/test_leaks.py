"""No leaks: whole sessions are played, every prompt is kept, and nothing hidden is in any of them.

What is hidden: the client's state, beliefs, memories not told, resistance label, thinking error,
intended acts, stage directions (from all but the variant that shows them), what the face was meant
to show, and every seed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.minds.judge import ModelJudge
from mirrorplay.agents.minds.perceiver import ModelPerceiver
from mirrorplay.agents.minds.supervisor import ModelSupervisor
from mirrorplay.agents.minds.therapist import ModelTherapist
from mirrorplay.agents.models.mind import Mind
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.prompts.catalogue import plain
from mirrorplay.agents.roles import MODES, Mode
from mirrorplay.graphs.state import SessionSpec, SessionState
from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.schema import RESISTANCE_TYPES, ResistanceType
from playing import cast, play, spec

PEOPLE = load_personas("library")
SEED = 90210
CAPTION = "eyes narrowed; perhaps far away"
PLAN = "Technique: continuum\n1. Ask leave to look\n2. Draw a line\n3. Wait"
REVIEW = {"client": "answering", "talk": "talk:neutral", "therapist": ["open_question"]}


@dataclass
class Ears:
    """Every prompt by role."""

    asked: list[tuple[str, Asked]] = field(default_factory=list)

    def mind(self, role: str) -> Mind:
        def answer(call: Asked) -> str:
            self.asked.append((role, call))
            if role == "perceiver":
                return f"Face: {CAPTION.split(';')[0]}\nReading: {CAPTION.split('; ')[1]}"
            if role == "supervisor":
                return json.dumps(REVIEW)
            if role == "judge":
                return json.dumps({"score": 3})
            if "TECHNIQUES" in call.text:
                return PLAN
            return f"Reply {len(call.messages)}. What was that like for you?"

        return Mind(FunctionChat(answer=answer), role=role)


def hidden(session: SessionSpec, final: SessionState) -> Iterator[str]:
    """Everything that must not be in a prompt, unless somebody said it aloud."""
    persona = session.persona
    yield from (session.profile.type, "resistance", str(persona.problem.thinking_trap), persona.id)
    yield from (belief.text for belief in persona.beliefs.core)
    yield from (*persona.beliefs.rules, *persona.beliefs.strategies)
    yield from (memory.text for memory in persona.memories if memory.id not in final["disclosed"])
    yield from (one.thought for one in persona.episodes if one.thought)
    yield from (str(session.seed), str(session.profile.intensity), str(session.profile.masking))
    for turn in final["turns"]:
        if turn.state is not None:
            for value in turn.state.model_dump().values():
                yield from (str(value), f"{value:.2f}", f"{value:.3f}")
        if turn.stage_direction:
            yield turn.stage_direction
        if turn.expression is not None:
            yield from (turn.expression.caption, turn.expression.contrast)
        if turn.intended_act and turn.speaker == "client":
            yield turn.intended_act
        yield from (str(attempt.seed) for attempt in turn.face_attempts)


def shown(role: str, call: Asked) -> str:
    """A prompt without what stands in it for every client alike."""
    text = call.text.replace("cognitive behavioural therapy", "CBT")
    if role == "supervisor":
        text = re.sub(r"THE CLIENT'S LINE: one of.*?THE CLIENT'S LINE, ABOUT", "", text, flags=re.S)
        text = text.replace("nothing but resistance", "")
    return text


def leaks(session: SessionSpec, final: SessionState, role: str, call: Asked) -> list[str]:
    text = shown(role, call)
    said = " ".join(plain(turn.text) for turn in final["turns"])
    card = " ".join(str(value) for value in session.persona.card.model_dump().values())
    secrets = {*hidden(session, final), str(call.seed)} - {"", "none", "0.0", "1.0", "None"}
    found = []
    for secret in (one for one in secrets if one in text):
        pattern = re.compile(rf"(?<![\w.]){re.escape(secret)}(?![\w.])")
        spoken = pattern.search(said) or pattern.search(card)
        if pattern.search(text) and not (spoken and secret.count(" ") < 3):
            found.append(secret)
    return found


async def session(mode: Mode, kind: ResistanceType, person: int) -> tuple[
    SessionSpec, SessionState, Ears
]:  # fmt: skip
    ears = Ears()
    persona = PEOPLE[person]
    profile = persona.resistance.model_copy(
        update={"type": kind, "masking": 0.87, "intensity": 0.83}
    )
    asked = spec(mode, persona=persona, profile=profile, seed=SEED, max_exchanges=5)
    players = cast(
        client=ScriptedClient(),
        therapist=ModelTherapist(ears.mind("therapist"), mode),
        supervisor=ModelSupervisor(ears.mind("supervisor")),
        judge=ModelJudge(ears.mind("judge"), ("ctrs",)),
        artist=PortraitArtist(),
        perceiver=ModelPerceiver(ears.mind("perceiver")) if mode in ("ec", "p+ec") else None,
    )
    return asked, await play(asked, players), ears


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_hidden_is_in_any_prompt(mode: Mode) -> None:
    offset = MODES.index(mode)
    for at in (offset, offset + 2):
        kind = RESISTANCE_TYPES[at % len(RESISTANCE_TYPES)]
        asked, final, ears = await session(mode, kind, at * 7)
        assert len(final["turns"]) >= 8
        roles = {role for role, _ in ears.asked}
        assert roles == {"therapist", "supervisor", "judge"} | (
            {"perceiver"} if mode in ("ec", "p+ec") else set()
        )
        found = {
            (role, secret)
            for role, call in ears.asked
            for secret in leaks(asked, final, role, call)
        }
        assert found == set()


async def test_the_perceiver_is_given_the_same_words_for_everybody() -> None:
    prompts = set()
    for at in range(3):
        _, _, ears = await session("ec", "emotional", at)
        prompts |= {call.text for role, call in ears.asked if role == "perceiver"}
    assert len(prompts) == 1


async def test_the_check_can_fire() -> None:
    asked, final, ears = await session("p+ec", "emotional", 0)
    first = final["turns"][0]
    assert first.state is not None
    assert first.expression is not None
    template = next(call for role, call in ears.asked if role == "therapist")
    for secret in (
        first.stage_direction,
        first.intended_act,
        first.expression.caption,
        f"trust {first.state.trust:.2f}",
        "an emotional client",
        str(SEED),
        PEOPLE[0].beliefs.core[0].text,
        PEOPLE[0].memories[-1].text,
    ):
        message = template.messages[-1]
        dirty = Asked(
            (*template.messages[:-1], type(message)("user", (f"{message.text} ({secret})",))), 1
        )
        assert leaks(asked, final, "therapist", dirty), secret
