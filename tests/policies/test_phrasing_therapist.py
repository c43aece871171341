"""The therapist's words: rules for the bank, and manner read off the words."""

import itertools
import random
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirrorplay.policies.listening import hear
from mirrorplay.policies.moves import Beat, Move
from mirrorplay.policies.phrasing.bank import Bank, load_bank
from mirrorplay.policies.phrasing.template import Template
from mirrorplay.policies.phrasing.therapist import (
    NEEDED_KEYS,
    client_slots,
    hedging,
    last_reply_keys,
    own_keys,
    permission_asked,
    word,
)
from mirrorplay.policies.reframing import load_techniques
from mirrorplay.policies.safety import screen_therapist

BANK = load_bank()
OWN = sorted(own_keys(BANK.keys))
GOOD = [key for key in OWN if not key.endswith(".poor")]
TEMPLATES = [template for key in OWN for template in BANK.templates(key)]
SLOTS = {
    *("name", "you_clause", "feeling", "topic", "person", "belief", "change_clause", "crisis_line"),
}
BANNED = re.compile(
    r"it sounds like|i hear you|completely valid|how does that make you feel|proud of you"
    r"|i understand how you|must feel|you should\b|why don't you|have you tried|calm down"
    r"|eyebrow|your face|your jaw|look in your eyes|your mouth",
    re.IGNORECASE,
)


ALWAYS_BANNED = re.compile(
    r"it sounds like|i hear you\b|completely valid|how does that make you feel|proud of you",
    re.IGNORECASE,
)


def ways(template: Template) -> Iterator[str]:
    """Every way a template can go."""
    pieces = [
        [piece] if isinstance(piece, str) else [option.text for option in piece]
        for piece in template.pieces
    ]
    return map("".join, itertools.product(*pieces))


def test_no_banned_phrase_in_any_wording() -> None:
    for key in OWN:
        banned = ALWAYS_BANNED if key.endswith(".poor") else BANNED
        for template in BANK.templates(key):
            assert [text for text in ways(template) if banned.search(text)] == [], template.id


def test_every_wording_is_one_sentence_after_another() -> None:
    odd = re.compile(r"  |[,;:][,;:.]|\.\.|\?\?| [,.;?]|\[|\]|\|| '[a-z]")
    for template in TEMPLATES:
        for text in ways(template):
            assert not odd.search(text.strip()), (template.id, text)


def test_only_known_slots() -> None:
    assert {slot for template in TEMPLATES for slot in template.slots} <= SLOTS


def test_no_two_templates_are_the_same() -> None:
    texts = [
        one.text for one in TEMPLATES
        if "you_clause" not in one.slots and not one.text.startswith("<")
    ]  # fmt: skip
    assert len(texts) == len(set(texts))


def test_a_core_after_a_shared_opener_begins_in_lower_case() -> None:
    for key in OWN:
        parts = BANK.parts(key)
        if parts.openers.templates and not key.endswith(".poor"):
            starts = [
                text for one in parts.cores.templates for text in ways(one) if text[:1].isupper()
            ]
            assert not [text for text in starts if not text.startswith(("I ", "I'"))], key


def test_praise_of_somebody_elses_is_not_said_back() -> None:
    reflects = Move((Beat("simple_reflection", ("simple_reflection.fact",)),), "", 0.5)
    slots = {"you_clause": "your aunt is proud of you"}
    for seed in range(20):
        assert "proud" not in word(reflects, slots, (), BANK, random.Random(seed)).text


def test_the_same_answer_after_other_words_is_met_in_other_words() -> None:
    move = Move((Beat("open_question", ("open_question.explore",)),), "", 0.5)
    pasts = [(f"greeting/core/{number}",) for number in range(8)]
    first, *others = [
        word(move, {}, used, BANK, random.Random(3)).text for used in (*pasts, pasts[0])
    ]
    assert others[-1] == first
    assert len({first, *others}) > 3


def test_one_question_and_short() -> None:
    ordinary = [
        template
        for key in GOOD
        if not key.startswith("safety_inquiry")
        for template in BANK.templates(key)
    ]
    for one in TEMPLATES:
        assert max(text.count("?") for text in itertools.islice(ways(one), 200)) <= 1, one.text
    lengths = [len(text.split()) for one in ordinary for text in itertools.islice(ways(one), 6)]
    assert max(lengths) <= 32
    assert statistics.median(lengths) <= 14


def test_poor_manner_asks_no_leave_hedges_nothing_and_runs_longer() -> None:
    good, poor = [], []
    for key in OWN:
        if key.startswith(("safety", "plan", "eliza")):
            continue
        texts = [next(ways(template)) for template in BANK.templates(key)]
        (poor if key.endswith(".poor") else good).extend(texts)
    assert sum(map(permission_asked, poor)) == 0
    assert statistics.mean(map(hedging, poor)) < 0.03 < 0.1 < statistics.mean(map(hedging, good))
    words = [statistics.median(len(text.split()) for text in texts) for texts in (good, poor)]
    assert words[1] > 1.5 * words[0]


def test_the_bank_has_what_it_needs() -> None:
    assert BANK.keys >= NEEDED_KEYS
    for key in NEEDED_KEYS:
        always = [one for one in BANK.templates(key) if one.fits({"crisis_line"})]
        assert len(always) >= 3 or key.startswith("safety_inquiry"), key


def utterances(key: str) -> int:
    """In how many ways a key can be said: every core alone and after every opener."""
    count = dict.fromkeys(("opener", "core", "tail"), 0)
    for template in BANK.templates(key):
        count[template.id.split("/")[1]] += template.variants(SLOTS)
    return count["core"] * (1 + count["opener"]) * (1 + count["tail"])


COMMON = (
    *("open_question", "closed_question", "simple_reflection", "complex_reflection", "affirm"),
    *("seek_collaboration", "emphasize_autonomy", "giving_information", "persuade"),
    *("persuade_with_permission", "confront", "socratic_question", "reframe_offer", "summary"),
    *("homework_cocreated", "homework_prescribed", "checking_impasse"),
)


@pytest.mark.parametrize("manner", ["good", "poor"])
@pytest.mark.parametrize("act", COMMON)
def test_four_hundred_ways_of_every_common_act(act: str, manner: str) -> None:
    steps = {step.key for known in load_techniques().values() for step in known.steps
             if step.act == act}  # fmt: skip
    found = 0
    for key in OWN:
        plain = key.removesuffix(".poor")
        mine = plain == act or plain.startswith(f"{act}.")
        mine = mine or any(plain in (step, f"{step}.said") for step in steps)
        if mine and key.endswith(".poor") == (manner == "poor"):
            found += utterances(key)
    assert found >= 400


def test_a_reflection_is_not_a_question_and_has_no_but() -> None:
    for key in GOOD:
        if "reflection" in key:
            for template in BANK.templates(key):
                assert "?" not in template.text
                assert " but " not in template.text


def test_the_bank_does_no_harm() -> None:
    some = [text for one in TEMPLATES for text in itertools.islice(ways(one), 3)]
    assert [text for text in some if screen_therapist(text)] == []


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
    own_words = ("simple_reflection.", "complex_reflection.feeling", "eliza.")
    if key.startswith(own_words) or key.endswith(".said"):
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


def test_a_move_without_words_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("closing:\n  cores: [Goodbye.]\n", encoding="utf-8")
    bank = Bank(tmp_path)
    with pytest.raises(LookupError, match=r"nothing\.here"):
        word(Move((Beat("affirm", ("nothing.here",)),), "", 0.5), {}, (), bank, random.Random(1))


def test_a_bank_without_the_special_keys_falls_back_on_the_act(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("affirm:\n  cores: [Good of you.]\n", encoding="utf-8")
    beat = Beat("affirm", ("affirm.candour", "affirm.effort"))
    wording = word(Move((beat,), "", 0.5), {}, (), Bank(tmp_path), random.Random(1))
    assert wording.text == "Good of you."


def test_a_question_too_many_is_left_out(tmp_path: Path) -> None:
    text = "affirm:\n  cores: [Good, no?]\nopen_question:\n  cores: [What else?]\n"
    (tmp_path / "words.yaml").write_text(text.replace("Good, no?", '"Good, no?"'), encoding="utf-8")
    beats = (Beat("affirm", ("affirm",)), Beat("open_question", ("open_question",)))
    wording = word(Move(beats, "", 0.5), {}, (), Bank(tmp_path), random.Random(1))
    assert (wording.text, wording.acts) == ("What else?", ("open_question",))


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
