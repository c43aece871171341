"""Coverage and associations of a collection."""

import random
from collections.abc import Iterator
from itertools import product

import pytest

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.sampling import sample_personas
from mirrorplay.personas.schema import (
    RESISTANCE_TYPES,
    Intake,
    Persona,
    ResistanceProfile,
)
from mirrorplay.personas.statistics import ASSOCIATION_LIMIT, associations, coverage


def _people(tied: bool) -> Iterator[Persona]:
    for number, (kind, gender) in enumerate(product(RESISTANCE_TYPES, ("woman", "man"))):
        told = ("woman" if kind == "emotional" else "man") if tied else gender
        yield Persona(
            id=f"p{number}",
            intake=Intake(name="P", gender=told, age=20 + number),
            resistance=ResistanceProfile(type=kind),
        )


def test_a_stereotype_is_found_and_balance_is_not_called_one() -> None:
    assert {a.trait: a.cramers_v for a in associations(_people(tied=True))}["gender"] == 1.0
    balanced = {a.trait: a for a in associations(_people(tied=False))}
    assert balanced["gender"].cramers_v == pytest.approx(0.0)
    assert balanced["class"].cramers_v is None
    assert balanced["class"].people == 0


def test_everyone_is_counted_once_in_every_trait() -> None:
    people = list(_people(tied=False))
    counted = coverage(people)
    assert all(counts.total() == len(people) for counts in counted.values())
    assert counted["gender"] == {"woman": 4, "man": 4}
    assert counted["class"] == {"unknown": 8}
    assert counted["age"] == {"18–24": 5, "25–34": 3}


def test_in_the_library_resistance_stands_for_no_kind_of_person() -> None:
    for found in associations(load_personas("library")):
        assert found.cramers_v is not None
        assert found.cramers_v < ASSOCIATION_LIMIT, found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nor_in_a_balanced_sample_of_forty(seed: int) -> None:
    sample = sample_personas(load_personas("library"), 40, random.Random(seed))
    for found in associations(sample):
        assert found.cramers_v is not None
        assert found.cramers_v < ASSOCIATION_LIMIT, found
