"""A persona run with another resistance type stays the same person."""

from typing import Any

import pytest

from mirrorplay.personas.profile import resistance_profile
from mirrorplay.personas.schema import RESISTANCE_TYPES, Persona, ResistanceType


def person(number: int, **resistance: Any) -> Persona:
    own = {"type": RESISTANCE_TYPES[number % 4], **resistance}
    return Persona.model_validate(
        {"id": f"person-{number:04}", "intake": {"name": f"P{number}"}, "resistance": own}
    )


def test_own_profile_is_kept() -> None:
    persona = person(0, intensity=0.9, masking=0.1)
    assert resistance_profile(persona, "emotional") == persona.resistance
    assert resistance_profile(persona, "default") == persona.resistance


@pytest.mark.parametrize("given_type", RESISTANCE_TYPES)
def test_another_type_keeps_the_person(given_type: ResistanceType) -> None:
    persona = person(1, intensity=0.7, reactivity=0.2, masking=0.1)
    profile = resistance_profile(persona, given_type)
    assert (profile.type, profile.reactivity) == (given_type, 0.2)
    assert profile.masking == (0.5 if given_type == "emotional" else 0.1)
    assert profile.intensity == (0.0 if given_type == "none" else 0.7)


def test_someone_without_resistance_gets_some() -> None:
    persona = person(3, intensity=0.0)
    assert resistance_profile(persona, "cognitive").intensity == 0.6
    assert resistance_profile(persona, "none").intensity == 0.0


def test_intensity_of_the_run() -> None:
    persona = person(1, intensity=0.7)
    assert resistance_profile(persona, "behavioral", 0.2).intensity == 0.2
    assert resistance_profile(persona, "default", 0.2).intensity == 0.2
    assert resistance_profile(persona, "none", 0.2).intensity == 0.0
