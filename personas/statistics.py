"""Who is in a collection, and whether resistance goes with who people are.

A client's resistance must not be predictable from gender, culture or class: a model trained on such
sessions would learn the stereotype. Association is Cramér's V, from 0 (none) to 1; below
`ASSOCIATION_LIMIT` it counts as none (the bound this project sets itself).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from mirrorplay.personas.sampling import age_band
from mirrorplay.personas.schema import Persona

ASSOCIATION_LIMIT: Final = 0.1
UNKNOWN: Final = "unknown"


class Association(NamedTuple):
    """How far resistance type goes with a trait: Cramér's V in [0, 1], None where one of them does
    not vary, over `people` whose trait is known."""

    trait: str
    cramers_v: float | None
    people: int


TRAITS: Final[Mapping[str, Callable[[Persona], str | None]]] = {
    "resistance": lambda p: p.resistance.type,
    "thinking trap": lambda p: p.problem.thinking_trap,
    "severity": lambda p: p.problem.severity,
    "technique": lambda p: p.cbt.technique if p.cbt else None,
    "age": lambda p: age_band(p.intake.age),
    "gender": lambda p: p.intake.gender,
    "heritage": lambda p: p.intake.heritage,
    "class": lambda p: p.intake.social_class,
    "referral": lambda p: p.motivation.referral,
}
"""What is counted, and how it is read from a persona."""
SENSITIVE: Final = ("gender", "heritage", "class")
"""Traits that resistance must not go with."""


def coverage(personas: Iterable[Persona]) -> dict[str, Counter[str]]:
    """For every trait, how many people have which value; `unknown` where it is not told."""
    people = list(personas)
    return {
        name: Counter(sorted(trait(person) or UNKNOWN for person in people))
        for name, trait in TRAITS.items()
    }


def associations(
    personas: Iterable[Persona], traits: Sequence[str] = SENSITIVE
) -> tuple[Association, ...]:
    """Cramér's V (without continuity correction) of default resistance type and each trait."""
    people = list(personas)
    return tuple(_association(people, name) for name in traits)


def _association(people: Sequence[Persona], name: str) -> Association:
    import numpy as np
    from scipy.stats.contingency import association, crosstab

    known = [
        (person.resistance.type, value)
        for person in people
        if (value := TRAITS[name](person)) is not None
    ]
    types, values = [one for one, _ in known], [other for _, other in known]
    if len(set(types)) < 2 or len(set(values)) < 2:
        return Association(name, None, len(known))
    table = np.asarray(crosstab(types, values).count)
    return Association(name, float(association(table, method="cramer")), len(known))
