"""Every outcome is reached by its rule and not without it."""

import pytest

from mirrorplay.policies.safety import SafetyFinding
from mirrorplay.policies.stopping import OUTCOMES, decide, suggest_replan

CHANGE = ("change_talk", "talk:change")
COMMIT = ("committing", "talk:change")
PLAIN = ("answering", "talk:neutral")
RESIST = ("discounting", "talk:sustain")
FINDING = SafetyFinding(category="passive_ideation", cue="better off without me")


def end(
    turns: list[tuple[str, ...]],
    exchange: int | None = None,
    leaving: bool = False,
    safety: tuple[SafetyFinding, ...] = (),
) -> tuple[str, str] | None:
    return decide(turns, exchange or len(turns), 10, leaving, safety)


def test_a_crisis_ends_the_session_whatever_else_happens() -> None:
    assert end([PLAIN], leaving=True, safety=(FINDING,)) == ("safety_stop", "supervisor")
    assert end([PLAIN]) is None


def test_a_client_who_leaves_ends_it() -> None:
    assert end([RESIST] * 8, leaving=True) == ("client_left", "client")


def test_sustained_change_talk_resolves() -> None:
    assert end([RESIST, PLAIN, CHANGE, PLAIN, CHANGE, COMMIT]) == ("resolved", "supervisor")


@pytest.mark.parametrize(
    "turns",
    [
        [CHANGE, CHANGE, CHANGE],
        [PLAIN, PLAIN, PLAIN, COMMIT],
        [PLAIN, CHANGE, PLAIN, CHANGE],
        [CHANGE, CHANGE, COMMIT, RESIST],
        [CHANGE, COMMIT, RESIST, CHANGE],
        [COMMIT, RESIST, RESIST, CHANGE],
    ],
    ids=["too early", "one turn", "too little", "ends resisting", "just resisted", "two resisted"],
)
def test_less_than_that_does_not_resolve(turns: list[tuple[str, ...]]) -> None:
    assert end(turns) is None


def test_lasting_resistance_is_an_impasse() -> None:
    assert end([PLAIN, RESIST, RESIST, PLAIN, RESIST, RESIST]) == ("impasse", "supervisor")


@pytest.mark.parametrize(
    "turns",
    [
        [RESIST] * 5,
        [RESIST, RESIST, RESIST, PLAIN, PLAIN, RESIST],
        [RESIST, RESIST, PLAIN, RESIST, RESIST, PLAIN],
    ],
    ids=["too early", "three of five", "softening"],
)
def test_less_than_that_is_no_impasse(turns: list[tuple[str, ...]]) -> None:
    assert end(turns) is None


def test_the_limit_ends_what_nothing_else_did() -> None:
    assert end([PLAIN] * 10) == ("max_exchanges", "limit")
    assert end([PLAIN] * 9) is None
    assert end([PLAIN] * 8 + [CHANGE, COMMIT]) == ("resolved", "supervisor")


def test_every_outcome_was_reached() -> None:
    reached = {
        end([PLAIN], safety=(FINDING,)),
        end([PLAIN], leaving=True),
        end([CHANGE] * 5),
        end([RESIST] * 6),
        end([PLAIN] * 10),
    }
    assert {pair[0] for pair in reached if pair} == set(OUTCOMES)


def test_a_new_plan_is_asked_for_after_three_resistant_turns_and_not_at_once_again() -> None:
    asked = [suggest_replan([RESIST] * turns) for turns in range(8)]
    assert asked == [False, False, False, True, False, False, True, False]
    assert not suggest_replan([RESIST, RESIST, RESIST, PLAIN])
    assert not suggest_replan([RESIST, PLAIN, RESIST, RESIST])
