import pytest

from mirrorplay.personas.importers.risk import risk_sentences
from mirrorplay.personas.importers.wording import feeling, reason, spoken_thought, thought


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I feel anxious about the exam.", "anxious"),
        ("It led to feelings of guilt and shame.", "guilty"),
        ("sad, down, lonely", "sad"),
        ("I do not feel lonely.", None),
        ("Others look down on me.", None),
        ("I work.", None),
        (None, None),
    ],
)
def test_a_feeling_is_an_adjective(text: str | None, expected: str | None) -> None:
    assert feeling(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I believe that nobody reads my reports, leading to doubt.", "nobody reads my reports"),
        ("I feel like I will miss the train.", "I will miss the train"),
        ("I have a constant worry that my van won't start.", "my van won't start"),
        ("I think people are bored of me, which hurts. More.", "people are bored of me"),
        ("I feel like a fraud at work.", None),
        ("I feel overwhelmed by noise.", None),
        ("I believe that she is avoiding me.", None),
        ("I worry that I will die alone.", None),
        ("I believe that my negative thoughts are right.", None),
        ("I believe that, sometimes, I, too, fail.", None),
        ("I think that I " + "really " * 40 + "fail.", None),
        ("", None),
        (None, None),
    ],
)
def test_a_thought_is_a_clause_or_nothing(text: str | None, expected: str | None) -> None:
    assert thought(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I should have tried harder.", "I should have tried harder"),
        ("They won't want me there", "they won't want me there"),
        ("What if I run out of money?", None),
        ("Stop being lazy.", None),
        ("I failed. I always do.", None),
        ("I am better off dead.", None),
        (None, None),
    ],
)
def test_a_spoken_thought_is_one_statement(text: str | None, expected: str | None) -> None:
    assert spoken_thought(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I came because my hands shake.", "my hands shake"),
        (
            "I decided to come after realizing that the noise was hurting my work and overall "
            "well-being.",
            "the noise was hurting my work",
        ),
        ("I came because these negative patterns affect my mood.", None),
        ("A friend told me to.", None),
    ],
)
def test_a_reason_is_a_clause_or_nothing(text: str, expected: str | None) -> None:
    assert reason(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I have thought about suicide.",
        "I wish I was dead.",
        "They would be better off without me.",
        "I sometimes want to disappear.",
        "Self-harm in her teens.",
        "He hears voices at night.",
        "I could hurt someone.",
        "I think of ending it all.",
        "Her stepfather abused her.",
    ],
)
def test_sentences_that_name_risk_are_found(text: str) -> None:
    assert risk_sentences(f"I work in a bank. {text}\nI have a dog.") == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "This commute is killing me.",
        "I am ending my contract.",
        "It hurts when she leaves.",
        "My phone died.",
        "I harmlessly joked about it.",
    ],
)
def test_ordinary_sentences_are_not_flagged(text: str) -> None:
    assert risk_sentences(text) == ()
