"""What a face that was read amounts to: valence, arousal, and a caption with a cautious reading.

The first half of a caption is the display in the words of `policies/display.py`; behind the
semicolon stands what such a display is commonly taken for, from the table in `percept.yaml`.
Readings are labels of display, not of emotion (Barrett et al. 2019): weak ones are hedged, and a
display that the table does not know has none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import tanh
from pathlib import Path
from typing import Any, Final

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.display import SEEN, caption
from mirrorplay.policies.facs import Expression, Perception

MEANINGS_FILE = Path(__file__).parent / "percept.yaml"
NO_FACE: Final = Perception(caption="no face can be seen")
TOWARDS: Final[Mapping[str, Callable[[Expression], float]]] = {
    "down": lambda face: -face.gaze_y,
    "up": lambda face: face.gaze_y,
    "aside": lambda face: abs(face.gaze_x),
    "head_lowered": lambda face: -face.head_pitch,
    "head_turned": lambda face: abs(face.head_yaw),
}  # fmt: skip
"""Directions that a reading can ask for, each in [-1, 1]."""

_TURNED = 3.0
"""The intensity that a full turn of eyes or head counts as: half a turn is a B."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One line of the table: the display that it needs and the word for it.

    `units` must all be there, at least at `at` (0–5); `any_of` needs one more where it is not
    empty; none of `without` may be there at 1.5 or more; `towards` must be seen. `one_sided` is
    whether the first unit must be on one side. `weight` orders readings of equal strength."""

    word: str
    units: tuple[int, ...]
    any_of: tuple[int, ...]
    without: tuple[int, ...]
    towards: tuple[str, ...]
    at: float
    one_sided: bool | None
    weight: float

    def strength(self, face: Expression, intensity: Mapping[int, float]) -> float:
        """How strongly the display is there, 0–5; 0 when it is not."""
        if any(intensity.get(au, 0.0) >= 1.5 for au in self.without):
            return 0.0
        found = [intensity.get(au, 0.0) for au in self.units]
        if self.any_of:
            found.append(max(intensity.get(au, 0.0) for au in self.any_of))
        if any(value < self.at for value in found):
            return 0.0
        turned = [TOWARDS[name](face) for name in self.towards]
        if any(value < SEEN for value in turned):
            return 0.0
        if self.one_sided is not None:
            sides = {unit.side for unit in face.action_units if unit.au == self.units[0]}
            if ("both" not in sides) != self.one_sided:
                return 0.0
        found += [_TURNED * value for value in turned]
        return sum(found) / len(found)


@dataclass(frozen=True, slots=True)
class Meanings:
    """The whole table: readings, and what each unit adds to valence and arousal at intensity 5."""

    readings: tuple[Meaning, ...]
    valence: Mapping[int, float]
    arousal: Mapping[int, float]
    towards_valence: Mapping[str, float]
    towards_arousal: Mapping[str, float]


def read_meanings(path: Path) -> Meanings:
    """A table from a file of ours, checked for names that it cannot know. Raises ValueError."""
    table = read_yaml(path).value
    affect = table["affect"]
    unknown = {
        name
        for name in [
            *(name for entry in table["readings"] for name in entry.get("towards", ())),
            *affect["towards"],
        ]
        if name not in TOWARDS
    }
    if unknown:
        raise ValueError(f"{path.name}: no such direction: {', '.join(sorted(unknown))}")
    return Meanings(
        readings=tuple(_meaning(entry) for entry in table["readings"]),
        valence={unit["au"]: unit["valence"] for unit in affect["units"]},
        arousal={unit["au"]: unit["arousal"] for unit in affect["units"]},
        towards_valence={name: pair[0] for name, pair in affect["towards"].items()},
        towards_arousal={name: pair[1] for name, pair in affect["towards"].items()},
    )


def _meaning(entry: Mapping[str, Any]) -> Meaning:
    return Meaning(
        word=entry["word"],
        units=tuple(entry.get("units", ())),
        any_of=tuple(entry.get("any_of", ())),
        without=tuple(entry.get("without", ())),
        towards=tuple(entry.get("towards", ())),
        at=entry.get("at", 1.0),
        one_sided=entry.get("one_sided"),
        weight=entry.get("weight", 1.0),
    )


@lru_cache(maxsize=1)
def own_meanings() -> Meanings:
    """The table that ships."""
    return read_meanings(MEANINGS_FILE)


def percept(face: Expression, meanings: Meanings | None = None) -> Perception:
    """A perception with valence, arousal and caption from what was measured. `meanings` replaces
    the table that ships."""
    table = meanings or own_meanings()
    intensity = {unit.au: _weighed(unit.intensity, unit.side) for unit in face.action_units}
    shown = caption(face)
    read = reading(face, table)
    return Perception(
        action_units=face.action_units,
        gaze_x=face.gaze_x,
        gaze_y=face.gaze_y,
        head_yaw=face.head_yaw,
        head_pitch=face.head_pitch,
        head_roll=face.head_roll,
        valence=_sum(face, intensity, table.valence, table.towards_valence),
        arousal=_sum(face, intensity, table.arousal, table.towards_arousal),
        caption=f"{shown}; {read}" if read else shown,
    )


def reading(face: Expression, meanings: Meanings) -> str:
    """What the display is commonly taken for, the strongest one or two: "guarded, perhaps a little
    sad"; empty when the table does not know it."""
    intensity = {unit.au: unit.intensity for unit in face.action_units}
    scored = [(meaning.strength(face, intensity), meaning) for meaning in meanings.readings]
    found = sorted(
        ((strength * meaning.weight, strength, meaning.word) for strength, meaning in scored
         if strength > 0.0),
        reverse=True,
    )  # fmt: skip
    return ", ".join(
        _hedged(word, strength, first=place == 0)
        for place, (_, strength, word) in enumerate(found[:2])
    )


def _hedged(word: str, strength: float, *, first: bool) -> str:
    if strength < 1.5 or (not first and strength < 2.5):
        return f"perhaps a little {word}"
    return word if first else f"perhaps {word}"


def _weighed(intensity: float, side: str) -> float:
    """Half a face says half as much."""
    return intensity if side == "both" else intensity / 2


def _sum(
    face: Expression,
    intensity: Mapping[int, float],
    units: Mapping[int, float],
    towards: Mapping[str, float],
) -> float:
    total = sum(units.get(au, 0.0) * value / 5.0 for au, value in intensity.items())
    total += sum(weight * max(0.0, TOWARDS[name](face)) for name, weight in towards.items())
    return round(tanh(total), 2)
