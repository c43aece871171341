"""A client worded by a model: the state decides what is conveyed, the model says it.

State, act, face, disclosure and leaving come from `agents/psyche.py`, the same as for the scripted
client. The model is told in plain words what to convey and gives back a stage direction and words.
A listener's ear that shares nothing with the measuring coder (`policies/listening.py`) hears the
words; where they say the opposite of what was meant the model is asked once more.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Literal

from mirrorplay.agents.minds import portrayal
from mirrorplay.agents.minds.reading import Style, check_style, summed
from mirrorplay.agents.minds.tape import NOTHING_SAID, spoken_text
from mirrorplay.agents.models.message import Message, assistant, system, user
from mirrorplay.agents.models.mind import Mind, MindFailed, Unreadable
from mirrorplay.agents.prompts.catalogue import fence, plain, prompt
from mirrorplay.agents.psyche import Appraisal, Intent, Psyche
from mirrorplay.agents.roles import ClientScene, ClientTurn
from mirrorplay.policies.acts import RESISTANT_ACTS, ClientAct
from mirrorplay.policies.expression import RELIABILITY, Expression, Overlay, parse_display
from mirrorplay.policies.listening import DISCORD, hear
from mirrorplay.policies.percept import percept
from mirrorplay.policies.screenplay import (
    ScriptLine,
    parse_utterance,
    says_leaving,
    whole_sentences,
)
from mirrorplay.policies.state import Dynamics, DynamicsVariant

Heard = Literal["straining", "holding", "collaborating", "unclear"]
LINES_KEPT = 12
"""Lines of the session, from its end, that the client is reminded of, beside its own first one."""
BRIEF_LINES = 4
"""The same in the brief style."""
DIRECTION_LIMIT = 160
"""Characters of a stage direction that are kept."""
_HOLDING = frozenset({"partial_agreement", "minimizing", "others", "caution", "sustain_talk"})
_OPEN = frozenset({"commitment", "change_talk", "insight", "confides"})
_LEAVES_ROOM: frozenset[ClientAct] = frozenset({"answering", "disclosing", "asking"})
_RESISTANT = frozenset(RESISTANT_ACTS)
_SPOKEN = re.compile(r"\w|\u2026|\.\.\.")
_MARK = re.compile(r"^/?(?:end|exit|stop|session\b.*|conversation\b.*)$", re.I)
_AGAINST = 0.04
"""Product of two valences of opposite sign from which a direction contradicts the face (H)."""


class ModelClient:
    """A client with a model for its words. The model cannot end the session, change the state, or
    tell what trust does not allow, since it is never told. `style` "brief" asks for words alone, in
    a chat of a few lines, for models too small for the whole prompt; directions are then the
    state's. The other arguments are Psyche's. Raises MindFailed where no words came back."""

    def __init__(
        self,
        mind: Mind,
        appraisal: Appraisal = "embedded",
        dynamics: DynamicsVariant = "full",
        coefficients: Dynamics | None = None,
        display_reliability: float = RELIABILITY,
        overlay: Overlay = "familiar",
        style: Style = "full",
    ) -> None:
        check_style("client.style", style)
        self._style = style
        self._mind = mind
        self._psyche = Psyche(appraisal, dynamics, coefficients, display_reliability, overlay)

    async def speak(self, scene: ClientScene) -> ClientTurn:
        intent = self._psyche.intend(scene)
        messages = client_messages(scene, intent, self._style)
        read = partial(_read, name=scene.persona.intake.name)
        first = await self._mind.ask(
            messages,
            seed=scene.draws.seed(scene.turn, "client", "model"),
            read=read,
            turn=scene.turn,
        )
        if first.value is None:
            raise MindFailed(f"no client words could be read: {first.failure}")
        line, usages = _whole(first.value, first.cut), [first.usage]
        heard = comes_across(line.text, scene)
        if agrees(heard, intent.act) is False:
            again = await self._mind.ask(
                [*messages, assistant(plain(first.text)), user(_hint(heard, intent, scene))],
                seed=scene.draws.seed(scene.turn, "client", "model_again"),
                read=read,
                turn=scene.turn,
            )
            usages.append(again.usage)
            if again.value is not None:
                line = _whole(again.value, again.cut)
                heard = comes_across(line.text, scene)
        return ClientTurn(
            text=line.text,
            stage_direction=_direction(line.direction, intent),
            act=intent.act,
            state=intent.state,
            expression=intent.expression,
            disclosed=(intent.telling.id,) if intent.telling else (),
            leaving=intent.leaving is not None,
            usage=summed(usages),
            agreement=agrees(heard, intent.act),
            tries=len(usages),
        )


def client_messages(scene: ClientScene, intent: Intent, style: Style = "full") -> list[Message]:
    """What the model is told: who the client is, what was said, and what to convey."""
    if style == "brief":
        return _brief_messages(scene, intent)
    persona = scene.persona
    said = spoken_text(scene.lines, client="You", last=LINES_KEPT)
    if said == NOTHING_SAID:
        said = f"{NOTHING_SAID} The therapist nods to you to begin."
    known = {*scene.disclosed, *([intent.telling.id] if intent.telling else [])}
    turn = prompt("client/turn").render(
        session=said,
        act=portrayal.act_words(intent, opening=not scene.lines),
        attitude=portrayal.attitude(scene, intent.state),
        face=intent.expression.caption,
        telling=portrayal.telling(scene, intent),
        length=portrayal.length(intent, persona.idiolect),
    )
    return [
        system(
            prompt("client/system").render(
                who=portrayal.person(persona, known), voice=portrayal.voice(persona.idiolect)
            )
        ),
        user(turn),
    ]


def _brief_messages(scene: ClientScene, intent: Intent) -> list[Message]:
    """A chat: the therapist's lines are asked, the client's own answered."""
    persona = scene.persona
    head = prompt("client/brief_system").render(
        name=plain(persona.intake.name),
        reason=fence(persona.intake.reason or "You were told to come.", "reason"),
        voice=portrayal.banded(portrayal.wordings()["register"], persona.idiolect.formality),
    )
    now = prompt("client/brief_turn").render(
        reply=plain(scene.reply.text) if scene.reply else "What brings you here?",
        act=portrayal.act_words(intent, opening=not scene.lines),
        telling=portrayal.telling(scene, intent),
        length=portrayal.length(intent, persona.idiolect),
    )
    turns: list[Message] = []
    for line in scene.lines[: -1 if scene.reply else None][-BRIEF_LINES:]:
        if line.speaker == "therapist":
            turns.append(user(plain(line.text)))
        elif turns:
            turns.append(assistant(plain(line.text)))
        else:
            turns += [user("What brings you?"), assistant(plain(line.text))]
    return [system(head), *turns, user(now)]


def comes_across(words: str, scene: ClientScene) -> Heard:
    """How the words sound to a listener who knows what was asked: strain with the therapist,
    holding on to how things are, going along, or nothing clear (or both ways at once)."""
    signals = hear(words, scene.reply.text if scene.reply else None).signals
    against: Heard = "straining" if signals & DISCORD else "holding"
    if signals & (DISCORD | _HOLDING):
        return "unclear" if signals & _OPEN else against
    return "collaborating" if signals & _OPEN else "unclear"


def agrees(heard: Heard, act: ClientAct) -> bool | None:
    """Whether the words do what the act does; None where the ear is not sure. To answer, to tell or
    to ask leaves room for holding on."""
    if heard == "unclear" or (heard == "holding" and act in _LEAVES_ROOM):
        return None
    return (heard != "collaborating") == (act in _RESISTANT)


def _read(text: str, name: str) -> ScriptLine:
    line = parse_utterance(text, "client", name)
    if not _SPOKEN.search(line.text):
        raise Unreadable("there are no spoken words in it; write [what is seen] and then the words")
    return line


def _whole(line: ScriptLine, cut: bool) -> ScriptLine:
    return replace(line, text=whole_sentences(line.text)) if cut else line


def _hint(heard: Heard, intent: Intent, scene: ClientScene) -> str:
    return prompt("client/again").render(
        heard=str(portrayal.wordings()["heard"][heard]),
        act=portrayal.act_words(intent, opening=not scene.lines),
    )


def _direction(written: str | None, intent: Intent) -> str:
    """What the model saw, unless it shows a client who goes and does not, or stays and does not,
    or another face than this one."""
    parts = [part.strip() for part in (written or "").split(";")]
    seen = "; ".join(part for part in parts if part and not _MARK.match(part))[:DIRECTION_LIMIT]
    if not seen or says_leaving(seen) != (intent.leaving is not None):
        return intent.stage_direction
    return intent.stage_direction if _contradicts(seen, intent.expression) else seen


def _contradicts(direction: str, face: Expression) -> bool:
    return percept(parse_display(direction)).valence * percept(face).valence < -_AGAINST
