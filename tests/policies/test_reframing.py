"""Plans are chosen from words and move only with the client."""

import random
from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.policies.listening import hear
from mirrorplay.policies.phrasing.bank import load_bank
from mirrorplay.policies.reframing import (
    TECHNIQUES,
    Plan,
    homework_keys,
    load_techniques,
    plan_for,
    should_advance,
    step_of,
)


def card(reason: str | None) -> IntakeCard:
    return IntakeCard(name="Ana", age=30, gender=None, occupation=None, reason=reason)


@pytest.mark.parametrize(
    ("reason", "said", "technique"),
    [
        ("I blame myself for the accident.", "It was my fault, because of me.", "pie_chart"),
        (None, "What if I get fired and lose everything?", "decatastrophizing"),
        ("I'm scared of crowds and I panic on the bus.", "", "systematic_exposure"),
        ("I must never say no, I have to be there for everyone.", "", "changing_rules_to_wishes"),
        (None, "I worry over and over and can't stop thinking.", "efficiency_evaluation"),
    ],
)
def test_technique_follows_the_words(reason: str | None, said: str, technique: str) -> None:
    plan = plan_for(card(reason), [said], random.Random(0))
    assert plan.technique == technique
    assert plan.stage == 0


def test_without_a_cue_a_general_technique_is_taken() -> None:
    found = {plan_for(card(None), ["Hm."], random.Random(seed)).technique for seed in range(60)}
    assert found == {
        "evidence_based_questioning",
        "alternative_perspective",
        "efficiency_evaluation",
    }


def test_every_technique_has_steps_with_words_of_their_own() -> None:
    keys = load_bank().keys
    for technique, known in load_techniques().items():
        assert 4 <= len(known.steps) <= 5
        assert {step.key for step in known.steps} <= keys, technique
    assert homework_keys() <= keys


def test_step_of() -> None:
    plan = plan_for(card("I blame myself."), [], random.Random(0))
    first = step_of(plan)
    assert first is not None
    assert first.key == "plan.pie_chart.0"
    assert step_of(plan.model_copy(update={"stage": len(plan.steps)})) is None
    assert step_of(Plan(technique="pie_chart", steps=("a plan of somebody else's",))) is None


@pytest.mark.parametrize(
    ("said", "moves"),
    [
        ("Yeah, that's right.", True),
        ("I'd tell her it wasn't her doing.", True),
        ("No. That's not how it works.", False),
        ("I can't do this.", False),
        ("Sure, but my boss isn't like that.", False),
        ("I don't know.", False),
        ("What would that involve?", False),
    ],
)
def test_a_plan_moves_only_with_the_client(said: str, moves: bool) -> None:
    plan = Plan(technique="pie_chart", steps=("one", "two"))
    assert should_advance(hear(said, "What would you tell a friend?"), plan) is moves


def test_a_finished_plan_does_not_move() -> None:
    plan = Plan(technique="pie_chart", steps=("one",), stage=1)
    assert not should_advance(hear("Yeah."), plan)


@pytest.mark.parametrize(
    "text",
    ["[]\n", "pie_chart: {cues: [a], steps: []}\n", "zen: {}\n"],
)
def test_a_bad_techniques_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "techniques.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match="twelve techniques"):
        load_techniques(file)


def test_a_technique_without_steps_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "techniques.yaml"
    file.write_text("".join(f"{name}: {{cues: [a], steps: []}}\n" for name in TECHNIQUES))
    with pytest.raises(UserError, match=r"efficiency_evaluation.*at least 4"):
        load_techniques(file)
