"""The phrasing rules a clinician would hold a session to, over whole played sessions."""

import asyncio
import re
import statistics
from functools import lru_cache
from itertools import pairwise

import pytest

from mirrorplay.agents.roles import Mode, ScreenplayBrief
from mirrorplay.agents.screenwriter import ScriptedScreenwriter
from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.schema import RESISTANCE_TYPES, Persona
from mirrorplay.policies.phrasing.lint import BANNED, CLINICAL, SOUNDS_LIKE
from mirrorplay.policies.seeds import Draws

Session = tuple[Persona, list[tuple[str, str]]]
CONVERTED = re.compile(
    r"\b(?:chang(?:ed|ing) my life|i feel (?:so )?much better now|everything (?:makes sense|is"
    r" clear)|i'm (?:cured|a new person)|thanks to you|you've fixed|i see it all (?:clearly )?now"
    r"|i was wrong all along|i'll never .* again)\b",
    re.I,
)
NAMED = re.compile(r"\byou said (?:fine|\W?fine\W?)|\bI wasn't sure\b.*\bI may be wrong\b", re.I)
_LINE = re.compile(r"^(Client|Therapist): (?:\[([^\]]*)\] )?(.*)$")


@lru_cache(maxsize=1)
def sessions() -> tuple[Session, ...]:
    """A session of every third library persona with each type, with and without a plan."""
    writer = ScriptedScreenwriter()

    async def play() -> list[Session]:
        played: list[Session] = []
        for number, persona in enumerate(list(load_personas("library"))[::3]):
            for kind in RESISTANCE_TYPES:
                profile = persona.resistance.model_copy(update={"type": kind})
                mode: Mode = "p" if number % 2 else "text"
                brief = ScreenplayBrief(persona, profile, mode, 10, Draws(11, persona.id, 0))
                page = (await writer.write(brief)).text
                lines = [m for m in map(_LINE.match, page.split("\n")) if m]
                played.append((persona, [(m[1].lower(), m[3]) for m in lines]))
        return played

    return tuple(asyncio.run(play()))


def said(speaker: str) -> list[list[str]]:
    return [[text for who, text in lines if who == speaker] for _, lines in sessions()]


def own_words(persona: Persona) -> list[str]:
    talk, facts = persona.talk.model_dump(exclude_none=True), []
    for value in talk.values():
        if isinstance(value, str):
            facts.append(value)
        else:
            facts += [answer for answers in value.values() for answer in answers]
    return [*facts, *(m.text for m in persona.memories), persona.intake.reason or ""]


def test_nothing_banned_is_said_and_it_sounds_like_not_twice_running() -> None:
    for turns in said("therapist"):
        assert not any(BANNED.search(text) for text in turns)
        sounds = [bool(SOUNDS_LIKE.search(text)) for text in turns]
        assert not any(a and b for a, b in pairwise(sounds))


def test_therapists_ask_one_question_and_stay_short() -> None:
    turns = [text for session in said("therapist") for text in session]
    assert statistics.mean(text.count("?") <= 1 for text in turns) > 0.99
    assert 10 <= statistics.median(len(text.split()) for text in turns) <= 22


def test_a_mismatch_is_named_once_at_most() -> None:
    for turns in said("therapist"):
        assert sum(bool(NAMED.search(text)) for text in turns) <= 1


def test_clients_do_not_talk_like_textbooks_and_are_not_converted() -> None:
    for persona, lines in sessions():
        own = own_words(persona)
        for who, text in lines:
            if who != "client" or any(fact and fact in text for fact in own):
                continue
            assert not CLINICAL.search(text), text
            assert not CONVERTED.search(text), text


def test_no_client_says_a_sentence_twice_or_leaves_a_slot_open() -> None:
    repeated = total = 0
    for turns in said("client"):
        assert not any(re.search(r"[{}<>\[\]|]", text) for text in turns)
        longer = [text.lower() for text in turns if len(text.split()) > 3]
        repeated += len(longer) - len(set(longer))
        total += len(longer)
    assert repeated == 0 < total


def test_replies_are_short_and_change_comes_with_doubt() -> None:
    words = [len(text.split()) for turns in said("client") for text in turns]
    assert 6 <= statistics.median(words) <= 12
    assert statistics.mean(count <= 3 for count in words) > 0.08
    torn = [
        text
        for turns in said("client")
        for text in turns
        if re.search(
            r"\b(?:should|could|would like|'d like)\b.*\b(?:won't|don't know|though)", text
        )
    ]
    assert torn


@pytest.mark.parametrize("speaker", ["client", "therapist"])
def test_sentences_are_written_as_sentences(speaker: str) -> None:
    for turns in said(speaker):
        for text in turns:
            assert text[0].isupper() or not text[0].isalpha(), text
            assert not re.search(r" [,.;:?!](?:\s|$)|\.\.(?!\.)|,,|  | '(?:s|m|d|ll|re|ve)\b", text)
            assert not re.search(r"[.!?] [a-z]", text), text
