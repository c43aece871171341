"""The personas that come with the package are complete, spread and fit to be spoken."""

import re
from collections import Counter
from typing import get_args

import pytest

from mirrorplay.personas.collection import LIBRARY, load_personas
from mirrorplay.personas.schema import (
    HERITAGES,
    RESISTANCE_TYPES,
    Persona,
    Technique,
    ThinkingTrap,
)

PEOPLE = load_personas("library")
EACH = pytest.mark.parametrize("persona", PEOPLE, ids=lambda persona: persona.id)


def test_there_are_forty_or_more_in_files_named_after_them() -> None:
    assert len(PEOPLE) >= 40
    assert {file.stem for file in LIBRARY.glob("*.yaml")} == {persona.id for persona in PEOPLE}


@EACH
def test_every_field_is_filled(persona: Persona) -> None:
    for group in ("intake", "problem", "beliefs", "evidence", "motivation", "appearance", "talk"):
        for key, value in getattr(persona, group).model_dump().items():
            assert value not in (None, (), {}) or key == "consent", f"{group}.{key}"
    for key, value in persona.health.model_dump().items():
        assert value or key == "risk", f"health.{key}"
    for episode in persona.episodes:
        assert all(value is not None for value in episode.model_dump().values())
    assert 2 <= len(persona.episodes) <= 3
    assert persona.cbt is not None
    assert 3 <= len(persona.cbt.steps) <= 5
    assert persona.idiolect.fillers
    assert persona.source.kind == "mirrorplay"
    assert not persona.variants


@EACH
def test_memories_open_one_after_another(persona: Persona) -> None:
    thresholds = [memory.threshold for memory in persona.memories]
    assert 4 <= len(thresholds) <= 6
    assert len(set(thresholds)) == len(thresholds)
    assert 0.1 <= min(thresholds) <= 0.2
    assert 0.7 <= max(thresholds) <= 0.9
    assert len({memory.id for memory in persona.memories}) == len(persona.memories)
    for memory in persona.memories:
        assert re.search(r"\b(?:I|me|my|we|us|our)\b", memory.text, re.IGNORECASE), memory.text
        assert memory.text[-1] in ".?!"


@EACH
def test_they_answer_in_words_of_their_own(persona: Persona) -> None:
    answers = persona.talk.answers
    assert len(answers) >= 14
    texts = [text for of in answers.values() for text in of]
    assert len(set(texts)) == len(texts) >= 24
    assert not {memory.text for memory in persona.memories} & set(texts)


@EACH
def test_phrases_are_short_enough_to_be_spoken(persona: Persona) -> None:
    for name, value in persona.talk:
        if isinstance(value, str):
            assert 1 <= len(value.split()) <= 16, name


def test_they_are_spread() -> None:
    ages = [persona.intake.age or 0 for persona in PEOPLE]
    assert min(ages) == 16
    assert max(ages) == 75
    kinds = Counter(p.resistance.type for p in PEOPLE)
    assert set(kinds) == set(RESISTANCE_TYPES)
    assert max(kinds.values()) - min(kinds.values()) <= 1
    traps = Counter(p.problem.thinking_trap for p in PEOPLE)
    assert set(traps) == set(get_args(ThinkingTrap))
    assert min(traps.values()) >= 3
    assert {p.cbt.technique for p in PEOPLE if p.cbt} == set(get_args(Technique))
    assert len({p.intake.gender for p in PEOPLE}) >= 3
    assert {p.intake.heritage for p in PEOPLE} == set(HERITAGES)
    assert {p.problem.severity for p in PEOPLE} == {"mild", "moderate", "severe"}
    assert {p.motivation.referral for p in PEOPLE} >= {
        "self", "partner", "family", "employer", "doctor", "school", "court"
    }  # fmt: skip
    assert {p.appearance.skin_tone for p in PEOPLE} == set(range(1, 11))
    assert len({p.intake.occupation for p in PEOPLE}) == len(PEOPLE)
    formality = [p.idiolect.formality for p in PEOPLE]
    assert min(formality) < 0.2
    assert max(formality) > 0.8


def test_minors_have_somebody_who_consents() -> None:
    minors = [persona for persona in PEOPLE if persona.minor]
    assert minors
    assert all(persona.intake.consent for persona in minors)


def test_given_names_are_not_shared() -> None:
    given = Counter(persona.intake.name.split()[0] for persona in PEOPLE)
    assert max(given.values()) == 1


def test_the_same_words_are_in_no_two_mouths() -> None:
    for name in ("topic", "thought", "good_point", "aside", "step", "avoidance"):
        said = Counter(getattr(p.talk, name).lower() for p in PEOPLE)
        assert max(said.values()) == 1, (name, said.most_common(1))
