"""MIRROR's headline question in miniature: does a therapist who sees the face do better?

Two runs over the same clients: five arms, and then controls whose faces tell nothing, something at
random or somebody else's story, a therapist who claims to see, faces that show less or more, and
masking in displays that the therapist's table does not know. Contrasts are paired over clients and
their intervals resample personas. A miniature with embedded agents, not a replication.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from pydantic import Field

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import Frozen, Line
from mirrorplay.personas.validation import validate
from mirrorplay.runs.analysis.figures import Figures, iter_figures
from mirrorplay.runs.analysis.paired import Difference, paired_differences
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.grid import cells

ARMS = ("text", "base", "p", "ec", "p+ec")
CONTROLS: tuple[str, ...] = (
    "always",
    "shuffled",
    "swapped",
    "blank",
    "reliable .3",
    "reliable .8",
    "unfamiliar",
)
MEASURES = ("trust_last", "alliance", "skill", "resistance_area", "resolved")
"""What arms are compared by (`runs/analysis/figures.py`)."""
GRID_KEYS = (
    "therapist.mode, therapist.names_mismatch, face, client.display_reliability, client.overlay"
)


def control_rows(deck: str) -> list[list[Any]]:
    """Grid rows of the controls, in the order of `CONTROLS`; `deck` is the run of the arms."""
    return [
        ["text", "always", "portrait", 0.5, "familiar"],
        ["ec", "seen", _face("shuffled", deck), 0.5, "familiar"],
        ["ec", "seen", _face("swapped", deck), 0.5, "familiar"],
        ["ec", "seen", "blank", 0.5, "familiar"],
        ["ec", "seen", "portrait", 0.3, "familiar"],
        ["ec", "seen", "portrait", 0.8, "familiar"],
        ["ec", "seen", "portrait", 0.5, "unfamiliar"],
    ]


def _face(kind: str, deck: str) -> dict[str, Any]:
    return {"kind": kind, "deck": deck}


_UPPER = "the interval lies above 0"


class Prediction(Frozen):
    """One contrast, cell minus cell, and what would count against it."""

    id: Line
    contrast: tuple[Line, Line]
    where: Line
    measure: Literal["trust_last", "alliance", "skill", "resistance_area", "resolved"]
    expect: Literal["greater", "smaller", "none"]
    least: float = Field(gt=0.0)
    fails_if: Line
    """For people; what is computed is `bound`."""
    bound: Literal["two_sided", "upper"] | None = None
    """With `none`: whether harm counts against it too. Null: `upper` where `fails_if` is "the
    interval lies above 0", as in files written before this field, else `two_sided`."""

    @property
    def one_sided(self) -> bool:
        """Only a benefit counts against a `none`."""
        return self.bound == "upper" or (self.bound is None and self.fails_if == _UPPER)


class Predictions(Frozen):
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a prediction; `held` is None where the interval could not be computed."""

    prediction: Prediction
    found: Difference | None
    held: bool | None

    @property
    def harms(self) -> bool:
        """No benefit, as predicted, but a clear harm."""
        interval = self.found.interval if self.found else None
        return bool(self.held and self.prediction.one_sided and interval and interval[1] < 0.0)


def read_predictions(file: Path) -> tuple[tuple[Prediction, ...], str]:
    """The predictions and the sha256 of their file. Raises UserError for one that is none."""
    found = validate(Predictions, read_yaml(file), "file of predictions").predictions
    return found, sha256(file.read_bytes()).hexdigest()


def gather(arms: Path, controls: Path | None) -> list[Figures]:
    """The figures of both runs; cells by their short names."""
    found: list[Figures] = []
    for path, names in ((arms, ARMS), (controls, CONTROLS)):
        if path is None:
            continue
        config = RunDirectory.open(path).config()
        short = dict(zip((cell.name for cell in cells(config)), names, strict=True))
        found += (replace(one, cell=short[one.cell]) for one in iter_figures(path))
    return found


def groups(sessions: Sequence[Figures]) -> dict[str, Callable[[Figures], bool]]:
    """Who is looked at: everybody, each type, and thirds of personas by how much they mask, on
    average over the types that resist, so that a third holds every type alike."""
    kinds = dict.fromkeys(one.resistance for one in sessions)
    masking: dict[str, list[float]] = {}
    for one in sessions:
        if one.resistance != "none":
            masking.setdefault(one.persona_id, []).append(one.masking)
    mask = {persona: fmean(values) for persona, values in masking.items()}
    masks = sorted(mask.values()) or [0.0]
    low, high = masks[len(masks) // 3], masks[2 * len(masks) // 3]
    found: dict[str, Callable[[Figures], bool]] = {"everybody": lambda one: True}
    found["resistance not none"] = lambda one: one.resistance != "none"
    for kind in kinds:
        found[f"resistance {kind}"] = lambda one, kind=kind: one.resistance == kind  # type: ignore[misc]
    resists = found["resistance not none"]
    found["masking low"] = lambda one: resists(one) and mask[one.persona_id] < low
    found["masking middle"] = lambda one: resists(one) and low <= mask[one.persona_id] < high
    found["masking high"] = lambda one: resists(one) and mask[one.persona_id] >= high
    return found


WHERE = {"masking in the highest third, resistance not none": "masking high"}
"""How predictions call a group."""


def contrast(
    sessions: Iterable[Figures], base: str, other: str, seed: int
) -> dict[str, Difference]:
    """`other` minus `base` by measure, paired over the clients that both have."""
    order = {base: 0, other: 1}
    chosen = sorted((one for one in sessions if one.cell in order), key=lambda o: order[o.cell])
    found, _ = paired_differences(
        chosen, lambda one: (one.persona_id, one.replicate, one.resistance), seed
    )
    return {one.measure: one for one in found}


def judged(
    predictions: Iterable[Prediction], sessions: Sequence[Figures], seed: int
) -> list[Verdict]:
    """Each prediction against what was found."""
    known = groups(sessions)
    verdicts = []
    for one in predictions:
        where = known[WHERE.get(one.where, one.where)]
        other, base = one.contrast
        found = contrast(filter(where, sessions), base, other, seed).get(one.measure)
        verdicts.append(Verdict(one, found, None if found is None else _held(one, found)))
    return verdicts


def _held(one: Prediction, found: Difference) -> bool | None:
    if found.interval is None:
        return None
    low, high = found.interval
    if one.expect == "greater":
        return low > 0.0 and found.mean >= one.least
    if one.expect == "smaller":
        return high < 0.0 and found.mean <= -one.least
    if one.one_sided:
        return low <= 0.0
    return -one.least <= low and high <= one.least
