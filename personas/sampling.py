"""Which personas a run meets: seeded, spread, and nested.

The whole order is drawn first and then cut, so that the sample of k is part of the sample of k+1
for the same seed. Each place goes to the stratum least represented so far: default resistance type,
gender, heritage, class, age band, thinking trap, and resistance with each of gender, heritage and
class, so that resistance does not come to stand for a kind of person.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona

_AGE_BANDS = (18, 25, 35, 45, 55, 65, 75)
"""Lower ends of the bands after the first, in years."""

Stratum = tuple[tuple[str, str], ...]
_WEIGHTS = {
    "resistance": 2.0,
    "age": 0.5,
    "trap": 0.5,
    "gender": 1.0,
    "heritage": 1.0,
    "class": 1.0,
    "resistance × gender": 3.0,
    "resistance × heritage": 3.0,
    "resistance × class": 3.0,
}
"""How much it counts that a trait is there already (H): what resistance goes with counts most."""


def sample_personas(
    personas: Iterable[Persona],
    limit: int | None,
    rng: random.Random,
    *,
    include_risk: bool = False,
) -> tuple[Persona, ...]:
    """Up to `limit` personas (None: all), sorted by id.

    Personas with `health.risk` are left out unless asked for. The order in which personas are given
    does not matter. Raises UserError for a limit below 1 or when nobody is left.
    """
    if limit is not None and limit < 1:
        raise UserError(f"a sample of {limit} personas", allowed="1 or more, or null for all")
    everyone = sorted(personas, key=_identifier)
    eligible = [persona for persona in everyone if include_risk or not persona.health.risk]
    if not eligible:
        hint = "all of them hold risk, which is off unless asked for" if everyone else None
        raise UserError("no personas to sample from", hint=hint)
    if limit is None or limit >= len(eligible):
        return tuple(eligible)
    return tuple(sorted(_spread(eligible, limit, rng), key=_identifier))


def _spread(eligible: list[Persona], limit: int, rng: random.Random) -> list[Persona]:
    """The first `limit` of the spread order."""
    waiting: defaultdict[Stratum, list[Persona]] = defaultdict(list)
    for persona in rng.sample(eligible, len(eligible)):
        waiting[_stratum(persona)].append(persona)
    chosen: list[Persona] = []
    met: Counter[tuple[str, str]] = Counter()
    while len(chosen) < limit:
        # Ties go to the stratum that was shuffled to the front: dicts keep insertion order.
        stratum = min(
            waiting, key=lambda traits: sum(_WEIGHTS[trait[0]] * met[trait] for trait in traits)
        )
        chosen.append(waiting[stratum].pop(0))
        met.update(stratum)
        if not waiting[stratum]:
            del waiting[stratum]
    return chosen


def age_band(age: int | None) -> str | None:
    """A band such as 25–34, in years; None for an unknown age."""
    if age is None:
        return None
    edges = (16, *_AGE_BANDS)
    place = sum(age >= edge for edge in _AGE_BANDS)
    return f"{edges[place]}–{edges[place + 1] - 1}" if place + 1 < len(edges) else f"{edges[-1]}+"


def _stratum(persona: Persona) -> Stratum:
    intake, resistance = persona.intake, persona.resistance.type
    who = {
        "gender": (intake.gender or "unknown").lower(),
        "heritage": intake.heritage or "unknown",
        "class": intake.social_class or "unknown",
    }
    return (
        ("resistance", resistance),
        ("age", age_band(intake.age) or "unknown"),
        ("trap", persona.problem.thinking_trap or "unknown"),
        *who.items(),
        *((f"resistance × {trait}", f"{resistance} {value}") for trait, value in who.items()),
    )


def _identifier(persona: Persona) -> str:
    return persona.id
