"""Coverage and associations of a collection."""

import random
from collections.abc import Iterator
from itertools import product
from statistics import fmean

import pytest

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.profile import resistance_profile
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


def test_nor_among_the_clients_of_a_run() -> None:
    """A run crosses its people with the types it asks for: 40 people, 160 clients."""
    sample = sample_personas(load_personas("library"), 40, random.Random(1))
    clients = [
        persona.model_copy(update={"resistance": resistance_profile(persona, kind)})
        for persona in sample
        for kind in RESISTANCE_TYPES
    ]
    for found in associations(clients):
        assert found.cramers_v == pytest.approx(0.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sample_ties_resistance_less_than_chance_does(seed: int) -> None:
    people, rng = load_personas("library"), random.Random(seed)
    spread = associations(sample_personas(people, 24, rng))
    by_chance = [associations(rng.sample(people, 24)) for _ in range(20)]
    for place, found in enumerate(spread):
        drawn = [one[place].cramers_v or 0.0 for one in by_chance]
        assert found.cramers_v is not None
        assert found.cramers_v < fmean(drawn)
