"""The pattern matcher's rules."""

import random
import re

import pytest

from mirrorplay.policies.eliza import MOVES_FILE, ElizaTable, choose, clauses, situation
from mirrorplay.policies.listening import hear
from mirrorplay.policies.moves import Moment, load_table

BEGUN = (hear("My sister rings me on Sundays."),)


def at(spoken: str, **more: object) -> Moment:
    return Moment(4, 10, earlier=BEGUN, spoken=spoken, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoken", "rule", "said"),
    [
        ("I feel like a fool at work.", "feel", "you feel like a fool at work"),
        ("I want my evenings back.", "want", "you want my evenings back".replace("my", "your")),
        ("Well, I can't sleep before it.", "cannot", "you can't sleep before it"),
        ("I should ring her more.", "must", "you should ring her more"),
        ("I'm sorry, that was rude.", "sorry", None),
        ("Are you even listening?", "about_me", None),
        ("It went wrong because of the rain.", "because", None),
        ("Nobody ever asks.", "everyone", None),
        ("What now?", "question", None),
        ("Yeah.", "yes", None),
        ("No.", "no", None),
    ],
)
def test_the_first_rule_that_matches(spoken: str, rule: str, said: str | None) -> None:
    assert situation(hear(spoken), at(spoken), random.Random(0)) == (rule, said)


def test_rules_are_ranked() -> None:
    spoken = "I'm sorry, I feel like a fool."
    assert situation(hear(spoken), at(spoken), random.Random(0))[0] == "sorry"


def test_without_a_rule_it_remembers_or_prompts() -> None:
    spoken = "Tuesday."
    found = {situation(hear(spoken), at(spoken), random.Random(seed)) for seed in range(30)}
    assert found == {("memory", "your sister rings you on Sundays"), ("stock", None)}
    nothing = Moment(4, 10, earlier=(hear("Mm."),), spoken=spoken)
    assert situation(hear(spoken), nothing, random.Random(0)) == ("stock", None)


def test_opens_and_closes() -> None:
    assert situation(hear("Hello."), Moment(1, 10, spoken="Hello."), random.Random(0))[0] == (
        "opening"
    )
    assert situation(hear("Yes."), at("Yes.", leaving=True), random.Random(0))[0] == "leaving"
    last = Moment(10, 10, earlier=BEGUN, spoken="Yes.")
    assert choose(hear("Yes."), last, random.Random(0)).beats[-1].act == "closing"


def test_only_what_stays_grammatical_is_turned() -> None:
    assert clauses("And my boss rang me, but we were out.") == [
        ("my boss rang me", "your boss rang you")
    ]


def test_every_rule_has_moves_and_a_pattern_that_can_match() -> None:
    table = load_table(MOVES_FILE, ElizaTable)
    assert isinstance(table, ElizaTable)
    for rule in table.rules:
        assert rule.rule in table.moves
        re.compile(rule.pattern)
    done = {beat.act for beat in table.beats.values()}
    assert not done & {"confront", "persuade", "giving_information", "homework_prescribed"}
