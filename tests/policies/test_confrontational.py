"""The confrontational therapist."""

import random
from collections import Counter

import pytest

from mirrorplay.policies.confrontational import MOVES_FILE, choose, situation
from mirrorplay.policies.listening import hear
from mirrorplay.policies.moves import Moment, beats_of
from mirrorplay.policies.phrasing.bank import load_bank

OPEN = "What is that like for you?"
BEGUN = (hear("It's my job.", None),)
MID = Moment(4, 10, earlier=BEGUN)


def acts(said: str, moment: Moment = MID) -> Counter[str]:
    moves = [choose(hear(said, OPEN), moment, random.Random(seed)) for seed in range(40)]
    return Counter(beat.act for move in moves for beat in move.beats)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("No. That's not how it works.", "arguing"),
        ("It never lasts.", "denying"),
        ("I want my evenings back.", "change"),
        ("I don't know.", "quiet"),
        ("Can we talk about something else?", "avoiding"),
        ("It's nothing, really.", "minimizing"),
        ("I can't do this.", "distress"),
        ("Is that normal?", "asked"),
        ("It was a long day and I sat in the car.", "telling"),
    ],
)
def test_situation(said: str, expected: str) -> None:
    assert situation(hear(said, OPEN), MID) == expected


@pytest.mark.parametrize(
    "said", ["No. That's not how it works.", "I want my evenings back.", "It's nothing, really."]
)
def test_it_contradicts(said: str) -> None:
    assert acts(said)["confront"] >= 36


def test_nobody_in_distress_is_argued_with() -> None:
    done = acts("I can't do this.")
    assert not done["confront"]
    assert done["complex_reflection"] == 40


def test_it_says_goodbye() -> None:
    assert acts("I'm off.", Moment(3, 10, leaving=True, earlier=BEGUN)) == {"closing": 40}
    assert acts("Yes.", Moment(10, 10, earlier=BEGUN)) == {"confront": 40, "closing": 40}


def test_the_bank_has_words_for_every_beat() -> None:
    keys = load_bank().keys
    assert {beat.keys[0] for beat in beats_of(MOVES_FILE)} <= keys
