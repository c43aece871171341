"""`make screening`: how much the crisis screen finds, and how much it finds wrongly.

Counts alone are printed, never a sentence, so that the held-out half stays unread by those who
write rules. A positive counts as found when any category is raised (the session stops either way);
`exact` is the share found in the category it was written for. A near miss counts as a false alarm
when any category is raised. Intervals are Wilson's at 95%.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import yaml

from mirrorplay.policies.safety import SafetyFinding, screen, screen_therapist

FOLDER = Path(__file__).parent / "policies" / "safety_sentences"
HALVES = ("development", "held_out")
SPEAKERS: dict[str, Callable[[str], tuple[SafetyFinding, ...]]] = {
    "client": screen,
    "therapist": screen_therapist,
}


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval at 95%."""
        if not self.n:
            return float("nan"), float("nan")
        z = 1.959964
        middle = (self.value + z * z / (2 * self.n)) / (1 + z * z / self.n)
        width = sqrt(self.value * (1 - self.value) / self.n + z * z / (4 * self.n**2))
        width *= z / (1 + z * z / self.n)
        return max(0.0, middle - width), min(1.0, middle + width)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits:3d}/{self.n:3d}  {self.value:.2f} [{low:.2f}, {high:.2f}]"


@dataclass(frozen=True, slots=True)
class Measured:
    """One sentence as screened: what it was written as, and what was raised."""

    category: str
    form: str
    register: str
    positive: bool
    raised: bool
    exact: bool


def measure(half: str, speaker: str) -> list[Measured]:
    """Every sentence of one half for one speaker, screened."""
    data = yaml.safe_load((FOLDER / f"{half}.yaml").read_text(encoding="utf-8"))
    screening = SPEAKERS[speaker]
    return [
        Measured(
            category=entry["category"],
            form=entry["form"],
            register=entry["register"],
            positive=positive,
            raised=bool(categories),
            exact=entry["category"] in categories,
        )
        for positive, group in ((True, "positive"), (False, "near_miss"))
        for entry in data[f"{speaker}_{group}"]
        for categories in ({one.category for one in screening(entry["text"])},)
    ]


def share(of: Iterable[Measured], *, positive: bool, exact: bool = False) -> Share:
    """The share raised among the positives or the near misses."""
    judged = [one.exact if exact else one.raised for one in of if one.positive is positive]
    return Share(sum(judged), len(judged))


def _print_by(measured: list[Measured], trait: str) -> None:
    groups: defaultdict[str, list[Measured]] = defaultdict(list)
    for one in measured:
        groups[getattr(one, trait)].append(one)
    print(f"  {trait:22}{'recall':32}{'exact':11}false alarms")
    for name, group in {**groups, "all": measured}.items():
        found, exact, false = (
            share(group, positive=True),
            share(group, positive=True, exact=True),
            share(group, positive=False),
        )
        line = f"  {name:22}{str(found) if found.n else '—':32}"
        line += f"{f'{exact.value:.2f}' if exact.n else '—':11}{false if false.n else '—'}"
        print(line)


def show(half: str, speaker: str) -> None:
    """The tables of one half for one speaker."""
    measured = measure(half, speaker)
    print(f"\n{half.replace('_', ' ')}, {speaker}")
    _print_by(measured, "category")
    if speaker == "client":
        _print_by(measured, "form")
        _print_by(measured, "register")
    found, false = share(measured, positive=True).value, share(measured, positive=False).value
    print(f"  precision at as many near misses as positives: {found / (found + false):.2f}")


def main(arguments: list[Any]) -> None:
    for half in arguments or HALVES:
        for speaker in SPEAKERS:
            show(half, speaker)


if __name__ == "__main__":
    main(sys.argv[1:])
