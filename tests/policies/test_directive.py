"""The directive therapist."""

import random
from collections import Counter

import pytest

from mirrorplay.policies.directive import MOVES_FILE, choose, situation
from mirrorplay.policies.listening import hear
from mirrorplay.policies.moves import Beat, Moment, beats_of
from mirrorplay.policies.phrasing.bank import load_bank

OPEN = "What is that like for you?"
BEGUN = (hear("It's my job.", None),)
MID = Moment(4, 10, earlier=BEGUN)


def acts(said: str, moment: Moment = MID) -> Counter[str]:
    moves = [choose(hear(said, OPEN), moment, random.Random(seed)) for seed in range(40)]
    assert all(len(move.beats) <= 2 for move in moves)
    return Counter(beat.act for move in moves for beat in move.beats)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("I can't do this.", "distress"),
        ("It never lasts.", "resisting"),
        ("No. That's not how it works.", "resisting"),
        ("I don't know.", "quiet"),
        ("I'll call her tonight.", "commitment"),
        ("I want my evenings back.", "change"),
        ("What should I do?", "asked"),
        ("It was a long day and I sat in the car.", "telling"),
    ],
)
def test_situation(said: str, expected: str) -> None:
    assert situation(hear(said, OPEN), MID) == expected


def test_it_advises_where_it_is_resisted() -> None:
    done = acts("It never lasts.")
    assert done["persuade"] + done["giving_information"] > 15
    assert not done["emphasize_autonomy"]


def test_it_asks_closed_questions_and_informs() -> None:
    done = acts("It was a long day and I sat in the car.")
    assert done["closed_question"] > 5
    assert done["giving_information"] > 5
    assert done["persuade"] + done["persuade_with_permission"] > 5
    assert not done["open_question"]


def test_homework_is_given_out_once_and_without_change_talk() -> None:
    late = Moment(6, 10, earlier=BEGUN)
    assert acts("It was a long day and I sat in the car.", late)["homework_prescribed"] == 40
    given = Moment(6, 10, earlier=BEGUN, homework=True)
    assert not acts("It was a long day and I sat in the car.", given)["homework_prescribed"]
    assert acts("Yes.", Moment(10, 10, earlier=BEGUN)) == {
        "homework_prescribed": 40,
        "closing": 40,
    }


def test_a_plan_step_is_worked_on() -> None:
    step = Beat("socratic_question", ("plan.decatastrophizing.1",))
    planned = Moment(3, 10, earlier=BEGUN, step=step)
    assert acts("It happened again on Monday at work.", planned)["socratic_question"] == 40


def test_it_says_goodbye() -> None:
    assert acts("I'm off.", Moment(3, 10, leaving=True, earlier=BEGUN)) == {"closing": 40}


def test_the_bank_has_words_for_every_beat() -> None:
    keys = load_bank().keys
    assert {beat.keys[0] for beat in beats_of(MOVES_FILE)} <= keys
