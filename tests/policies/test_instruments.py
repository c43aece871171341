"""Every item moves the right way, rests on turns that exist, and is absent when unrateable."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies.acts import CLIENT_ACTS, RESISTANT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.instruments.item import Item, Term, items, items_of
from mirrorplay.policies.instruments.rating import RATER, rate
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.instruments.tape import FEATURES, CodedLine, Tape
from mirrorplay.policies.instruments.trajectory import LEVELS, level, trajectory

Exchange = tuple[str, tuple[str, ...], str, tuple[str, ...]]

GOOD: list[Exchange] = [
    (
        "I don't see why talking about the report would help.",
        ("discounting", "talk:neutral"),
        "Talking about the report seems beside the point. What would you like to use today for?",
        ("simple_reflection", "open_question", "agenda"),
    ),
    (
        "The report is late and my manager has stopped saying good morning.",
        ("disclosing", "talk:neutral"),
        "Her silence says something to you. It took some courage to bring that here.",
        ("complex_reflection", "affirm"),
    ),
    (
        "She thinks I'm useless.",
        ("answering", "talk:neutral"),
        "What tells you that she thinks you're useless?",
        ("socratic_question", "open_question"),
    ),
    (
        "I suppose I never asked. I fill the silence in myself.",
        ("insight", "talk:change"),
        "You fill the silence in. Could it also mean something else, and what would you want?",
        ("simple_reflection", "reframe_offer", "open_question", "seek_collaboration"),
    ),
    (
        "I could ask her about the report.",
        ("change_talk", "talk:change"),
        "You could ask her. It's up to you. What would be a small first step this week?",
        ("simple_reflection", "emphasize_autonomy", "homework_cocreated"),
    ),
    (
        "Okay, I'll write to her on Monday.",
        ("committing", "talk:change"),
        "You'll write on Monday. What might get in the way?",
        ("simple_reflection", "open_question"),
    ),
]
BAD: list[Exchange] = [
    (
        "I don't see why talking about the report would help.",
        ("discounting", "talk:neutral"),
        "You need to trust the process. Exercise lowers stress.",
        ("persuade", "giving_information"),
    ),
    (
        "You don't know my manager.",
        ("challenging", "talk:neutral"),
        "You're just making excuses.",
        ("confront",),
    ),
    (
        "By the way, the parking here is terrible.",
        ("sidetracking", "talk:neutral"),
        "Buses run every hour. Why? When? Who knows?",
        ("giving_information", "closed_question"),
    ),
    (
        "I'd rather not talk about it.",
        ("limit_setting", "talk:neutral"),
        "For homework you will keep a diary.",
        ("homework_prescribed", "persuade"),
    ),
    (
        "I won't do that. It won't work.",
        ("unwillingness", "talk:sustain"),
        "You have to face the truth.",
        ("confront",),
    ),
    (
        "This is pointless.",
        ("pessimism", "talk:sustain"),
        "You should try harder.",
        ("persuade",),
    ),
]


def tape(exchanges: Iterable[Exchange]) -> tuple[CodedLine, ...]:
    lines: list[CodedLine] = []
    for said, client, reply, therapist in exchanges:
        lines.append(CodedLine(len(lines), "client", said, client))
        lines.append(CodedLine(len(lines), "therapist", reply, therapist))
    return tuple(lines)


def by_item(scores: Iterable[Score]) -> dict[tuple[str, str], Score]:
    return {(score.instrument, score.item): score for score in scores}


OBSERVED = [item for item in items() if item.instrument != "resistance_trajectory"]


@pytest.mark.parametrize("item", OBSERVED, ids=lambda item: item.item)
def test_a_good_session_scores_higher_than_a_bad_one(item: Item) -> None:
    key = (item.instrument, item.item)
    good, bad = by_item(rate(tape(GOOD)))[key], by_item(rate(tape(BAD)))[key]
    width = item.high - item.low
    assert good.value - bad.value > 0.3 * width
    assert good.evidence


TERMS = [(item, term) for item in items() for term in item.terms]


@pytest.mark.parametrize(("item", "term"), TERMS, ids=lambda part: getattr(part, "feature", ""))
def test_every_term_names_a_feature_that_can_differ(item: Item, term: Term) -> None:
    name = term.feature
    assert name in FEATURES
    good, bad = Tape(tape(GOOD)).feature(name).value, Tape(tape(BAD)).feature(name).value
    assert good != bad
    assert (good > bad) == (term.weight > 0)


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(KeyError):
        Tape(tape(GOOD)).feature("charisma")


def test_there_is_an_item_for_each_thing_that_is_promised() -> None:
    assert [item.item for item in items_of("ctrs")] == [
        "understanding",
        "interpersonal_effectiveness",
        "collaboration",
        "guided_discovery",
        "focus",
        "strategy",
    ]
    assert [item.item for item in items_of("wai")] == ["goal", "task", "bond"]
    assert all(item.imputed for item in items_of("wai"))
    assert [item.item for item in items_of("resistance_trajectory")] == ["first", "peak", "last"]
    with pytest.raises(KeyError):
        items_of("horoscope")


def test_scores_stay_on_their_scale_and_point_to_turns_of_the_tape() -> None:
    for exchanges in (GOOD, BAD, GOOD * 5):
        lines = tape(exchanges)
        scores = rate(lines)
        assert len(scores) == len(items())
        for item, score in zip(items(), scores, strict=True):
            assert item.low <= score.value <= item.high
            assert score.rater == RATER
            assert set(score.evidence) <= {line.index for line in lines}


def test_what_cannot_be_rated_is_absent_and_never_zero() -> None:
    assert rate(()) == ()
    assert rate(tape(GOOD[:1])) == ()
    client_only = tuple(line for line in tape(GOOD) if line.speaker == "client")
    assert {score.instrument for score in rate(client_only)} == {"resistance_trajectory"}
    therapist_only = tuple(line for line in tape(GOOD) if line.speaker == "therapist")
    assert rate(therapist_only) == ()


def test_a_longer_session_is_not_a_better_one() -> None:
    once, often = by_item(rate(tape(GOOD[1:5]))), by_item(rate(tape(GOOD[1:5] * 4)))
    for key in (("ctrs", "understanding"), ("ctrs", "collaboration"), ("ctrs", "focus")):
        assert often[key].value == pytest.approx(once[key].value, abs=0.8)


def test_the_trajectory_follows_resistance_down_and_up() -> None:
    hard, soft = ("challenging", "talk:neutral"), ("change_talk", "talk:change")
    middle = ("reluctance", "talk:sustain")
    falling = {
        name: value for name, (value, _) in trajectory([hard, hard, middle, soft, soft]).items()
    }
    assert falling == {"first": 1.0, "peak": 1.0, "last": 0.0}
    rising = {
        name: value for name, (value, _) in trajectory([soft, soft, hard, hard, soft]).items()
    }
    assert rising == {"first": 0.0, "peak": 1.0, "last": 0.5}
    assert trajectory([hard]) == {}


def test_levels() -> None:
    assert set(LEVELS) == set(RESISTANT_ACTS)
    assert all(0 < value <= 1 for value in LEVELS.values())
    assert level(("challenging", "talk:neutral")) == 1.0
    assert level(("answering", "talk:sustain")) == pytest.approx(0.3)
    assert level(("answering", "talk:neutral")) == 0.0
    assert level(()) == 0.0


@given(
    st.lists(
        st.tuples(
            st.text(max_size=30),
            st.tuples(st.sampled_from(CLIENT_ACTS), st.just("talk:neutral")),
            st.text(max_size=30),
            st.lists(st.sampled_from(THERAPIST_ACTS), max_size=3).map(tuple),
        ),
        max_size=8,
    )
)
def test_any_coded_tape_is_rated(exchanges: list[Exchange]) -> None:
    scores = rate(tape(exchanges))
    assert len(scores) in (0, len(items()))
    assert all(isinstance(score.value, float) for score in scores)
