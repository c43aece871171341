"""The client's own ear."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies import appraisal
from mirrorplay.policies.acts import THERAPIST_ACTS
from mirrorplay.policies.appraisal import appraise


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("What was going through your mind?", "open_question"),
        ("Have you slept this week?", "closed_question"),
        ("You should just ring your manager.", "persuade"),
        ("May I suggest one thing? You could just ring them.", "persuade_with_permission"),
        ("You're just being defensive.", "confront"),
        ("That's just an excuse.", "confront"),
        ("It's up to you how far we go.", "emphasize_autonomy"),
        ("Thank you for telling me. That took courage.", "affirm"),
        ("So you checked it four times.", "simple_reflection"),
        ("You're tired of carrying it, and afraid to put it down.", "complex_reflection"),
        ("Many people notice their sleep goes first.", "giving_information"),
        ("What evidence is there for that?", "socratic_question"),
        ("Could it be that she was tired?", "reframe_offer"),
        ("I want you to keep a diary every night.", "homework_prescribed"),
        ("What small step could you try before next week?", "homework_cocreated"),
        ("You said fine, and I wasn't so sure.", "naming_mismatch"),
        ("I wonder if we're going round in circles.", "checking_impasse"),
        ("Let me gather up what you said.", "summary"),
        ("What would you like to talk about today?", "agenda"),
        ("Hello Ada, good to meet you.", "greeting"),
        ("That's our time. See you next week.", "closing"),
        ("Are you thinking of killing yourself?", "safety_inquiry"),
        ("How does that sound to you?", "seek_collaboration"),
        ("When you go quiet, I notice I talk more.", "impact_disclosure"),
    ],
)  # fmt: skip
def test_each_act_is_heard(text: str, act: str) -> None:
    acts, _ = appraise(text)
    assert act in acts


def test_manner_is_heard() -> None:
    _, careful = appraise("Would it be okay if I shared a guess? Perhaps it might be both.")
    assert careful.permission
    assert careful.hedging > 0.5
    _, blunt = appraise("You need to stop doing that.")
    assert not blunt.permission
    assert blunt.hedging == 0.0
    assert blunt.words == 6


def test_fit_is_higher_when_the_reply_takes_up_what_was_said() -> None:
    said = "The bridge review on Monday made me sick."
    _, close = appraise("Monday's review made you feel sick.", said)
    _, far = appraise("You should think about your diet.", said)
    assert close.fit > far.fit + 0.3


@given(st.text(max_size=400), st.none() | st.text(max_size=100))
def test_any_text_is_heard_as_something(text: str, last: str | None) -> None:
    acts, manner = appraise(text, last)
    assert acts
    assert set(acts) <= set(THERAPIST_ACTS)
    assert 0.0 <= manner.fit <= 1.0


def test_nothing_is_shared_with_the_measuring_coder() -> None:
    assert "coding" not in Path(appraisal.__file__).read_text(encoding="utf-8")
