"""The therapist's words: rules for the bank, and manner read off the words."""

import random
import re
import statistics

import pytest

from mirrorplay.policies.listening import hear
from mirrorplay.policies.phrasing.bank import load_bank
from mirrorplay.policies.phrasing.therapist import (
    client_slots,
    hedging,
    last_reply_keys,
    own_keys,
    permission_asked,
    word,
)
from mirrorplay.policies.rolling import Beat, Move
from mirrorplay.policies.safety import screen_therapist

BANK = load_bank()
OWN = sorted(own_keys(BANK.keys))
TEMPLATES = [template for key in OWN for template in BANK.templates(key)]
SLOTS = {
    *("name", "you_clause", "feeling", "topic", "person", "belief", "change_clause", "crisis_line"),
}
BANNED = re.compile(
    r"it sounds like|i hear you|completely valid|how does that make you feel|proud of you"
    r"|i understand how you|must feel|you should\b|why don't you|have you tried|calm down"
    r"|eyebrow|your face|your jaw|look in your eyes",
    re.IGNORECASE,
)


def test_no_banned_phrase() -> None:
    assert [template.text for template in TEMPLATES if BANNED.search(template.text)] == []


def test_only_known_slots() -> None:
    assert {slot for template in TEMPLATES for slot in template.slots} <= SLOTS


def test_no_two_templates_are_the_same() -> None:
    texts = [one.text for one in TEMPLATES if "you_clause" not in one.slots]
    assert len(texts) == len(set(texts))


def test_one_question_and_short() -> None:
    ordinary = [template for template in TEMPLATES if not template.id.startswith("safety_inquiry")]
    assert [one.text for one in ordinary if one.text.count("?") > 1] == []
    assert max(len(one.text.split()) for one in ordinary) <= 24
    assert statistics.median(len(one.text.split()) for one in ordinary) <= 11


def test_a_reflection_is_not_a_question_and_has_no_but() -> None:
    for key in OWN:
        if "reflection" in key:
            for template in BANK.templates(key):
                assert "?" not in template.text
                assert " but " not in template.text


def test_the_bank_does_no_harm() -> None:
    assert [one.text for one in TEMPLATES if screen_therapist(one.text)] == []


def test_safety_names_a_person_and_a_line_and_promises_no_secrecy() -> None:
    for key in OWN:
        if not key.startswith("safety_inquiry") or key.endswith(("stay", "leaving")):
            continue
        for template in BANK.templates(key):
            assert "crisis_line" in template.slots
            assert "?" in template.text
            assert re.search(
                r"between us|secre|only with me|keep (?:it|this|that|to)", template.text
            )
            assert re.search(
                r"clinician|doctor|someone|somebody|second person|colleague|advocate|worker"
                r"|others|a person|medic|who (?:could|else)",
                template.text,
                re.IGNORECASE,
            )


@pytest.mark.parametrize(
    "key",
    [
        *("affirm.candour", "open_question.explore", "open_question.view", "emphasize_autonomy"),
        *("open_question.tell_more", "open_question.evoke", "complex_reflection.weight"),
        *("simple_reflection.fact", "open_question.opening", "complex_reflection.distress"),
        *("open_question.event", "open_question.habit", "open_question.onward", "greeting"),
    ],
)
def test_common_acts_have_many_wordings(key: str) -> None:
    assert len(BANK.templates(key)) >= 10


@pytest.mark.parametrize("key", OWN)
def test_every_key_that_needs_no_clause_works_without_words_of_the_client(key: str) -> None:
    if key.startswith(("simple_reflection.", "complex_reflection.feeling")):
        return
    slots = {"crisis_line": "112"}
    assert BANK.realise([key], slots, (), random.Random(0)).text


def test_words_follow_the_move() -> None:
    move = Move(
        (
            Beat("simple_reflection", ("simple_reflection.fact",)),
            Beat("open_question", ("open_question.explore",)),
        ),
        "reflect, explore",
        0.8,
    )
    slots = client_slots([hear("My manager rings me at night.")])
    wording = word(move, slots, (), BANK, random.Random(1))
    assert "your manager rings you at night" in wording.text.lower()
    assert wording.acts == ("simple_reflection", "open_question")
    assert wording.echoes
    assert [identifier.split("/")[0] for identifier in wording.phrases] == [
        "simple_reflection.fact",
        "open_question.explore",
    ]


def test_a_fallback_is_logged_as_what_was_said() -> None:
    keys = ("simple_reflection.fact", "complex_reflection.weight")
    wording = word(
        Move((Beat("simple_reflection", keys),), "", 0.5), {}, (), BANK, random.Random(1)
    )
    assert wording.acts == ("complex_reflection",)
    assert not wording.echoes


def test_a_move_without_words_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"nothing\.here"):
        word(Move((Beat("affirm", ("nothing.here",)),), "", 0.5), {}, (), BANK, random.Random(1))


def test_braces_in_a_clients_words_stay_text() -> None:
    slots = {"you_clause": "you use {name} a lot", "name": "Ana"}
    beat = Beat("simple_reflection", ("simple_reflection.fact",))
    wording = word(Move((beat,), "", 0.5), slots, (), BANK, random.Random(2))
    assert "{name}" in wording.text


def test_own_keys_pass_over_a_clients_phrases() -> None:
    phrases = ("greeting/core/1", "disagreeing.cognitive/core/3", "affirm.candour/core/0",
               "open_question.view/core/2", "answering/core/1")  # fmt: skip
    assert own_keys(phrases) == ["greeting", "affirm.candour", "open_question.view"]
    assert last_reply_keys(phrases) == {"affirm.candour", "open_question.view"}
    assert last_reply_keys(("answering/core/1",)) == frozenset()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("That's how it is.", 0.0, 0.0),
        ("Perhaps it might be so, and I may be wrong.", 0.5, 1.0),
        ("Maybe, perhaps, possibly, it seems it could be.", 1.0, 1.0),
    ],
)
def test_hedging(text: str, low: float, high: float) -> None:
    assert low <= hedging(text) <= high


def test_permission() -> None:
    assert permission_asked("Would it be all right to look at that?")
    assert permission_asked("There may be a rule in that. May I ask about it?")
    assert not permission_asked("What do you make of it?")
