import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.sampling import sample_personas
from mirrorplay.personas.schema import Health, Intake, Persona, ResistanceProfile

LIBRARY = load_personas("library")


def person(number: int, gender: str = "woman", risk: tuple[str, ...] = ()) -> Persona:
    return Persona(
        id=f"p{number:04}",
        intake=Intake(name="Ada", gender=gender, age=18 + number % 60),
        resistance=ResistanceProfile(type="none"),
        health=Health(risk=risk),
    )


def identifiers(
    personas: tuple[Persona, ...], limit: int | None, seed: int, *, include_risk: bool = False
) -> list[str]:
    sample = sample_personas(personas, limit, random.Random(seed), include_risk=include_risk)
    return [persona.id for persona in sample]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 7))
def test_a_smaller_sample_is_part_of_a_larger_one(seed: int, limit: int) -> None:
    smaller, larger = identifiers(LIBRARY, limit, seed), identifiers(LIBRARY, limit + 1, seed)
    assert set(smaller) < set(larger)
    assert len(smaller) == limit
    assert smaller == sorted(smaller)


def test_the_seed_alone_decides() -> None:
    backwards = tuple(reversed(LIBRARY))
    assert identifiers(LIBRARY, 3, 7) == identifiers(backwards, 3, 7)
    assert len({tuple(identifiers(LIBRARY, 3, seed)) for seed in range(20)}) > 5


def test_every_persona_can_be_first() -> None:
    assert {identifiers(LIBRARY, 1, seed)[0] for seed in range(1000)} == {p.id for p in LIBRARY}


@pytest.mark.parametrize("seed", range(10))
def test_four_of_the_library_have_four_resistance_types(seed: int) -> None:
    sample = sample_personas(LIBRARY, 4, random.Random(seed))
    assert len({persona.resistance.type for persona in sample}) >= 3
    assert len({persona.problem.thinking_trap for persona in sample}) >= 3


def test_a_rare_trait_is_not_left_out_of_a_large_pool() -> None:
    pool = (*(person(i) for i in range(2000)), person(2000, "man"))
    sample = sample_personas(pool, 10, random.Random(3))
    assert {persona.intake.gender for persona in sample} == {"woman", "man"}


def test_no_limit_or_a_high_one_gives_everyone() -> None:
    assert sample_personas(LIBRARY, None, random.Random(0)) == LIBRARY
    assert sample_personas(LIBRARY, 99, random.Random(0)) == LIBRARY


def test_risk_is_left_out_unless_asked_for() -> None:
    pool = (person(1), person(2, risk=("a history",)))
    assert identifiers(pool, None, 0) == ["p0001"]
    assert identifiers(pool, None, 0, include_risk=True) == ["p0001", "p0002"]


def test_an_impossible_sample_is_refused() -> None:
    with pytest.raises(UserError, match="1 or more"):
        sample_personas(LIBRARY, 0, random.Random(0))
    with pytest.raises(UserError, match="no personas to sample"):
        sample_personas((), 3, random.Random(0))
    with pytest.raises(UserError, match="off unless asked for"):
        sample_personas((person(1, risk=("x",)),), 3, random.Random(0))
