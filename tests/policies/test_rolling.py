"""What is done in each situation."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.listening import Clause, hear
from mirrorplay.policies.moves import Beat, Moment, Move, beats_of, load_table
from mirrorplay.policies.phrasing.bank import load_bank
from mirrorplay.policies.rolling import (
    MOVES_FILE,
    SAFETY_ORDER,
    after_safety,
    choose,
    safety,
    situation,
    without_refusal,
)

OPEN = "What is that like for you?"
TRY = "What would be small enough to try this week?"
BEGUN = (hear("It's my job.", None),)
MID = Moment(exchange=4, max_exchanges=10, earlier=BEGUN)
LATE = Moment(exchange=8, max_exchanges=10, earlier=(hear("I want my evenings back."), *BEGUN))


def moves(said: str, moment: Moment = MID, before: str = OPEN) -> list[Move]:
    heard = hear(said, before)
    return [choose(heard, moment, random.Random(seed)) for seed in range(40)]


def acts(said: str, moment: Moment = MID, before: str = OPEN) -> Counter[str]:
    return Counter(beat.act for move in moves(said, moment, before) for beat in move.beats)


@pytest.mark.parametrize(
    ("said", "before", "expected"),
    [
        ("No. That's not how it works.", OPEN, "open_disagreement"),
        ("You keep asking me that.", OPEN, "candour"),
        ("What makes you so sure?", OPEN, "challenge"),
        ("I can't do this.", OPEN, "distress"),
        ("Can we talk about something else?", OPEN, "topic_avoidance"),
        ("I don't know.", OPEN, "withdrawal"),
        ("Sure, but my boss isn't like that.", OPEN, "partial_agreement"),
        ("Sure.", OPEN, "subtle_disengagement"),
        ("No, I'm not doing that.", TRY, "refusal"),
        ("I want to stop here.", OPEN, "stop"),
        ("I want to call her. I'm not ready, though.", OPEN, "ambivalence"),
        ("It never lasts.", OPEN, "sustain_talk"),
        ("I want my evenings back.", OPEN, "change_talk"),
        ("I'll call her tonight.", OPEN, "commitment"),
        ("Is that normal?", OPEN, "asks_judgement"),
        ("It was a long day and I sat in the car.", OPEN, "telling"),
        ("Yeah.", "It wears on you.", "short"),
    ],
)
def test_situation(said: str, before: str, expected: str) -> None:
    assert situation(hear(said, before), MID) == expected


def test_candour_is_welcomed_and_more_is_asked_for() -> None:
    found = acts("No. That's not how it works.")
    assert found["affirm"] > 0
    assert found["open_question"] == 40


def test_a_refused_suggestion_is_dropped_or_its_cost_asked_for() -> None:
    keys = {
        beat.keys[0] for move in moves("No, I'm not doing that.", before=TRY) for beat in move.beats
    }
    assert keys == {
        "emphasize_autonomy.drop",
        "open_question.view",
        "complex_reflection.no",
        "open_question.cost_of_change",
    }


@pytest.mark.parametrize(
    "said",
    [
        "No. That's wrong.",
        "I can't do this.",
        "I don't know.",
        "Sure.",
        "I want my life back.",
        "Yeah.",
    ],
)
def test_at_most_two_beats_and_one_question(said: str) -> None:
    for move in moves(said):
        assert len(move.beats) <= 2
        assert sum(beat.act.endswith("question") for beat in move.beats) <= 1


def test_nothing_mi_inconsistent_is_ever_done() -> None:
    done = {beat.act for beat in beats_of(MOVES_FILE)}
    assert not done & {"confront", "persuade", "homework_prescribed"}


def test_homework_comes_late_and_only_after_change_talk() -> None:
    said = "I want to feel better in the mornings."
    assert "homework_cocreated" not in acts(said)
    assert acts(said, LATE)["homework_cocreated"] == 40
    unmoved = Moment(exchange=8, max_exchanges=10, earlier=BEGUN)
    assert "homework_cocreated" not in acts("It was a long day at the office.", unmoved)
    offered = Moment(exchange=8, max_exchanges=10, earlier=LATE.earlier, homework=True)
    assert "homework_cocreated" not in acts(said, offered)


def test_rolling_comes_before_a_plan_step() -> None:
    step = Beat("socratic_question", ("plan.decatastrophizing.1",))
    planned = Moment(exchange=4, max_exchanges=10, earlier=BEGUN, step=step)
    assert "socratic_question" not in acts("No. That's not how it works.", planned)
    assert acts("It happened again on Monday at work.", planned)["socratic_question"] == 40


@pytest.mark.parametrize(
    ("clause", "kept"),
    [
        ("you'd rather not go into it", False),
        ("you don't know why", False),
        ("you sat in the car", True),
    ],
)
def test_a_no_is_not_said_back_before_a_plan_step(clause: str, kept: bool) -> None:
    heard = replace(hear("Yes, I see."), clause=Clause(clause, "fact"))
    assert (without_refusal(heard).clause is not None) == kept
    assert without_refusal(hear("Yes.")) == hear("Yes.")


def test_strain_for_some_turns_is_spoken_of_once() -> None:
    strained = hear("No. That's wrong.", OPEN)
    stuck = Moment(exchange=5, max_exchanges=10, earlier=(strained, strained))
    assert acts("No. You don't get it.", stuck) == Counter(checking_impasse=40)
    named = Moment(5, 10, earlier=(strained, strained), used={"checking_impasse": 1})
    assert "checking_impasse" not in acts("No. You don't get it.", named)


def test_fine_is_questioned_once_and_only_after_heavier_words() -> None:
    assert "naming_mismatch" not in acts("I'm fine.")
    weighed = (hear("I feel so ashamed of it.", OPEN), *BEGUN)
    assert acts("I'm fine.", Moment(5, 10, earlier=weighed)) == Counter(naming_mismatch=40)
    named = Moment(5, 10, earlier=weighed, used={"naming_mismatch": 1})
    assert "naming_mismatch" not in acts("I'm fine.", named)


def test_endings() -> None:
    last = Moment(exchange=10, max_exchanges=10, earlier=BEGUN)
    assert situation(hear("I suppose so, yes."), last) == "closing"
    assert situation(hear("I want to try it."), last) == "closing_change"
    strained = hear("No. That's wrong.", OPEN)
    against = Moment(10, 10, earlier=(strained, strained))
    assert situation(strained, against) == "closing_impasse"
    assert situation(strained, Moment(3, 10, leaving=True)) == "leaving"


def test_safety_comes_with_its_own_words() -> None:
    for category in SAFETY_ORDER:
        move = safety({category}, MID)
        assert [beat.act for beat in move.beats] == ["safety_inquiry"]
        assert move.beats[0].keys[0] == f"safety_inquiry.{category}"
    assert safety({"intoxication", "suicidal_intent"}, MID).note.count("suicidal intent") == 1
    assert after_safety(MID).beats[0].keys == ("safety_inquiry.stay",)
    assert after_safety(Moment(10, 10)).beats[0].keys == ("safety_inquiry.leaving",)


def test_the_bank_has_words_for_every_beat() -> None:
    keys = load_bank().keys
    missing = {key for beat in beats_of(MOVES_FILE) for key in beat.keys if key not in keys}
    assert missing == set()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("beats: {}\nmoves: {x: [{beats: [nope], note: n, fit: 0.5}]}\n", "nope"),
        ("beats: {a: {act: shout, keys: [a]}}\nmoves: {}\n", "beats.a.act"),
        ("moves: {x: [{beats: [], note: n, fit: 0.5}]}\nbeats: {}\n", "moves.x.0.beats"),
        ("[]\n", "dictionary"),
    ],
)
def test_a_bad_moves_file_is_refused(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "rolling.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=named):
        load_table(file)
