"""The lint of personas: every rule finds what it is for, and lets a sound persona pass."""

from typing import Any

import pytest

from mirrorplay.personas.collection import find_persona, load_personas
from mirrorplay.personas.lint import lint
from mirrorplay.personas.schema import Consent, Persona
from mirrorplay.policies.safety import screen

SOUND = find_persona(load_personas("library"), "tomasz-wilk")


def changed(path: str, value: Any) -> Persona:
    """The sound persona with one field changed."""
    data = SOUND.model_dump()
    *parents, last = path.split(".")
    here: Any = data
    for part in parents:
        here = here[int(part)] if part.isdigit() else here[part]
    if isinstance(here, dict):
        here[last] = value
    return Persona.model_validate(data)


def rules(persona: Persona) -> set[tuple[str, str]]:
    return {(one.rule, one.path) for one in lint([persona], screen)}


def test_a_sound_persona_passes() -> None:
    assert lint([SOUND], screen) == ()


@pytest.mark.parametrize(
    ("path", "value", "rule", "at"),
    [
        ("problem.onset", None, "missing", "problem.onset"),
        ("motivation.goals", (), "missing", "motivation.goals"),
        ("episodes", (), "missing", "episodes"),
        ("cbt", None, "missing", "cbt.steps"),
        ("memories", (), "missing", "memories"),
        ("talk.answers", {"body": ("My stomach.",)}, "missing", "talk.answers"),
        ("resistance.type", "none", "impossible", "resistance.intensity"),
        ("resistance.intensity", 0.0, "impossible", "resistance.intensity"),
        ("intake.age", 16, "impossible", "intake.consent"),
        (
            "intake.consent",
            Consent(guardian="An aunt", given_by="both"),
            "impossible",
            "intake.consent",
        ),
        ("intake.occupation", "retired baker", "impossible", "intake.occupation"),
        ("intake.family", "A son of 33.", "impossible", "intake.family"),
        ("twin.ages", (20, 30), "impossible", "twin.ages"),
        (
            "episodes.0.thought",
            "They won't hire me because I'm black.",
            "fact",
            "episodes.0.thought",
        ),
        ("talk.thought", "we'll be evicted", "fact", "talk.thought"),
        ("talk.thought", "my dad hits me", "fact", "talk.thought"),
        ("talk.good_point", "I know I catastrophize.", "clinical", "talk.good_point"),
        ("talk.aside", "I want to kill myself.", "crisis", "talk.aside"),
        ("talk.avoidance", "to leave it", "form", "talk.avoidance"),
        ("talk.step", "to open it", "form", "talk.step"),
        ("talk.topic", "the mirror.", "form", "talk.topic"),
        ("talk.aside", "nice plant", "form", "talk.aside"),
        ("talk.answers.body", ("my stomach",), "form", "talk.answers.body"),
        ("problem.presenting", "She checks the oven.", "twin", "problem.presenting"),
    ],
)
def test_each_rule_finds_its_mistake(path: str, value: Any, rule: str, at: str) -> None:
    assert (rule, at) in rules(changed(path, value))


def test_somebody_elses_pronoun_is_not_the_clients() -> None:
    for text in (
        "Grew up with an aunt; she kept bees.",
        "Told Anna and her brother.",
        "Helen left her job.",
    ):
        assert ("twin", "problem.presenting") not in rules(changed("problem.presenting", text))


def test_thresholds_that_repeat_or_start_too_high_are_found() -> None:
    for change in ((0.5, 0.5, 0.6, 0.7), (0.4, 0.5, 0.6, 0.7)):
        memories = tuple(
            memory.model_copy(update={"threshold": threshold})
            for memory, threshold in zip(SOUND.memories, change, strict=False)
        )
        assert ("impossible", "memories") in rules(SOUND.model_copy(update={"memories": memories}))


def test_two_people_with_one_sentence_are_told() -> None:
    other = SOUND.model_copy(update={"id": "someone-else"})
    assert {one.rule for one in lint([SOUND, other], screen)} == {"type"}
    twins = SOUND.model_copy(update={"id": "a-twin", "twin_of": SOUND.id})
    assert lint([SOUND, twins], screen) == ()


def test_risk_is_allowed_to_speak_of_itself() -> None:
    risky = changed("talk.aside", "I want to kill myself.")
    health = risky.health.model_copy(update={"risk": ("An attempt at nineteen.",)})
    assert ("crisis", "talk.aside") not in rules(risky.model_copy(update={"health": health}))


def test_the_library_has_no_errors() -> None:
    assert [one for one in lint(load_personas("library"), screen) if one.error] == []
