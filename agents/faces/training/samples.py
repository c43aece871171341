"""Whom and what to draw: people in balance, and faces from one unit to a whole display.

A sample is a pure function of its split and number, so that any process can make any part of the
set and no person of one split is in another. Skin tones, ages, glasses, beards and covered hair
are balanced beyond what a population has, so that no group is rare to the network.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mirrorplay.agents.faces.identity import Identity, identity_of
from mirrorplay.personas.schema import Appearance, ResistanceProfile
from mirrorplay.policies.acts import CLIENT_ACTS
from mirrorplay.policies.expression import express
from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression, Side
from mirrorplay.policies.state import ClientState

Kind = Literal["rest", "single", "pair", "prototype", "overlay", "sparse", "played"]
MIX: Mapping[Kind, float] = {
    "rest": 6, "single": 22, "pair": 18, "prototype": 16, "overlay": 10, "sparse": 14, "played": 14,
}  # fmt: skip
"""Shares of each kind of face in a test."""
LEARNT: Mapping[Kind, float] = {
    "rest": 6, "single": 30, "pair": 24, "prototype": 8, "overlay": 7, "sparse": 13, "played": 12,
}  # fmt: skip
"""Shares in training: displays of several large units are learnt soon, single small ones not."""
_HARD = frozenset((10, 14, 16, 17, 18, 20, 22, 23, 24, 25, 27, 28))
"""Units of lips and chin: small, alike, and shown twice as often in training."""

PROTOTYPES: Mapping[str, tuple[int, ...]] = {
    "happiness": (6, 12),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "fear": (1, 2, 4, 5, 7, 20, 26),
    "anger": (4, 5, 7, 23),
    "disgust": (9, 15, 16),
    "contempt": (12, 14),
}
"""EMFACS prototypes; contempt is one-sided."""
_OVERLAYS: tuple[tuple[int, ...], ...] = (
    (17, 24), (4, 17, 24), (12, 14), (12, 15), (12, 17), (12, 24), (1, 4, 15), (1, 15), (43,),
    (1, 2, 4), (4, 23, 24), (6, 12, 25), (15, 17), (7, 43),
)  # fmt: skip
_APART: tuple[frozenset[int], ...] = tuple(map(frozenset, (
    (24, 25), (24, 26), (24, 27), (24, 28), (24, 22), (24, 18), (24, 16), (28, 25), (28, 26),
    (28, 27), (28, 22), (28, 18), (28, 23), (28, 16), (23, 26), (23, 27), (23, 22), (23, 18),
    (18, 12), (18, 20), (18, 22), (18, 27), (22, 12), (22, 20), (22, 27), (26, 27), (17, 27),
    (9, 10), (5, 43), (27, 12), (17, 16), (5, 7, 43),
)))  # fmt: skip
"""Units that one muscle cannot do at once, or of which one hides the other (FACS scores one)."""
_ONE_SIDED: Mapping[int, float] = {
    2: 0.3, 14: 0.45, 12: 0.25, 10: 0.2, 15: 0.12, 1: 0.08, 4: 0.05, 5: 0.04, 6: 0.06, 7: 0.08,
    9: 0.05, 20: 0.08, 43: 0.08,
}  # fmt: skip
"""How often a unit is on one side alone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One face to draw; `kind` says how its expression was made and `label` names a prototype."""

    identity: Identity
    expression: Expression
    kind: Kind
    label: str | None = None


def person(split: str, number: int) -> Identity:
    """Person `number` of a split."""
    rng = random.Random(f"person/{split}/{number}")
    gender = rng.choice(("woman", "man", None))
    plain = rng.random() < 0.3
    style = rng.choice(("short", "medium", "long", "curly", "bun", "bald", "covered"))
    beard = rng.choice(("none", "none", "stubble", "moustache", "full"))
    appearance = Appearance(
        skin_tone=1 + number % 10,
        hair_style=None if plain else style,
        beard=None if plain or gender == "woman" else beard,
        glasses=None if plain else rng.random() < 0.4,
    )
    return identity_of(f"{split}-{number}", rng.randint(16, 90), gender, appearance)


def sample(split: str, number: int, kind: Kind | None = None, *, learning: bool = False) -> Sample:
    """Face `number` of a split: a new person each, of the given kind or one in the shares of MIX,
    or of LEARNT where it is for `learning`."""
    rng = random.Random(f"face/{split}/{number}")
    shares = LEARNT if learning else MIX
    drawn = rng.choices(list(shares), list(shares.values()))[0]
    kind = kind or drawn
    who = person(split, number)
    if kind == "played":
        return Sample(who, _played(rng), kind)
    label = None
    if kind == "prototype":
        label = rng.choice(list(PROTOTYPES))
        units = _prototype(rng, label)
    elif kind == "overlay":
        units = _units(rng, rng.choice(_OVERLAYS), trace=0.25)
    else:
        count = {"rest": 0, "single": 1, "pair": 2}.get(kind, rng.randint(3, 5))
        units = _units(rng, _compatible(rng, count, learning), trace=0.2)
    return Sample(who, _posed(rng, units), kind, label)


def in_letters(one: Sample) -> Sample:
    """The same with whole intensities, as people score them: A to E."""
    units = tuple(
        unit.model_copy(update={"intensity": float(min(5, max(1, int(unit.intensity + 0.5))))})
        for unit in one.expression.action_units
    )
    return replace(one, expression=one.expression.model_copy(update={"action_units": units}))


def _compatible(rng: random.Random, count: int, learning: bool) -> list[int]:
    chosen: list[int] = []
    order = {au: rng.random() ** (0.5 if learning and au in _HARD else 1) for au in ACTION_UNITS}
    for au in sorted(ACTION_UNITS, key=order.__getitem__, reverse=True):
        if len(chosen) == count:
            break
        if not any(apart <= {au, *chosen} for apart in _APART):
            chosen.append(au)
    return chosen


def _prototype(rng: random.Random, label: str) -> list[ActionUnit]:
    side: Side = rng.choice(("left", "right"))
    return [
        ActionUnit(
            au=au,
            intensity=round(rng.uniform(1.6, 4.8), 1),
            side=side if label == "contempt" else "both",
        )
        for au in PROTOTYPES[label]
    ]


def _units(rng: random.Random, numbers: Sequence[int], trace: float) -> list[ActionUnit]:
    """Intensities: a share of traces (A), else B to E with the middle likelier."""
    units: list[ActionUnit] = []
    shared: Side = rng.choice(("left", "right"))
    for au in sorted(numbers):
        low = rng.random() < trace
        intensity = rng.uniform(0.6, 1.5) if low else rng.triangular(1.5, 5.0, 2.2)
        side: Side = shared if rng.random() < _ONE_SIDED.get(au, 0.0) else "both"
        units.append(ActionUnit(au=au, intensity=round(intensity, 1), side=side))
    return units


def _posed(rng: random.Random, units: list[ActionUnit]) -> Expression:
    still, straight = rng.random() < 0.5, rng.random() < 0.4
    gaze = (rng.gauss(0.0, 0.05 if straight else 0.5) for _ in range(2))
    head = (rng.gauss(0.0, 0.04 if still else 0.3) for _ in range(3))
    gaze_x, gaze_y = map(_signed, gaze)
    yaw, pitch, roll = map(_signed, head)
    return Expression(
        action_units=tuple(units),
        gaze_x=gaze_x,
        gaze_y=gaze_y,
        head_yaw=yaw,
        head_pitch=pitch,
        head_roll=roll,
    )


def _signed(value: float) -> float:
    return round(min(1.0, max(-1.0, value)), 2)


def _played(rng: random.Random) -> Expression:
    """A face as a session would show it."""
    state = ClientState(
        trust=rng.random(),
        ambivalence=rng.random(),
        confrontation=rng.random(),
        withdrawal=rng.random(),
        distress=rng.random(),
        conviction=rng.random(),
    )
    profile = ResistanceProfile(
        type=rng.choice(("emotional", "cognitive", "behavioral", "none")), masking=rng.random()
    )
    act = rng.choice(CLIENT_ACTS)
    return express(state, act, profile, rng.random(), rng)  # type: ignore[arg-type]
