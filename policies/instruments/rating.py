"""Scores of a coded tape by the instruments' items."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from mirrorplay.policies.instruments.features import BODILY, FEATURES, MEASURES
from mirrorplay.policies.instruments.item import Item, instrument_of, instruments, items_of
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.instruments.tape import CodedLine, Feature, Tape, Variant

CODER = "scripted-v1"
LEAST_WEIGHT = 0.5
"""Share of an item's weight that must be left when features are missing."""
LEAST_MEAN = 0.75
"""Share of a subscale's items that must be there."""


def rater_of(variant: Variant) -> str:
    """The rater's name: the coder and what it looked at."""
    return f"{CODER}:{variant}"


RATER = rater_of("words")


def rate(
    lines: Sequence[CodedLine],
    chosen: Sequence[str] | None = None,
    variant: Variant = "words",
) -> tuple[Score, ...]:
    """Every score of the chosen instruments (all by default) that the tape supports.

    An item that cannot be rated is absent. Formulas need two turns on each side. In a variant that
    looks at stage directions or faces an item that rests on the body is absent where none was there
    to be seen: it would be a score of words alone. Raises UserError for an unknown instrument.
    """
    rating = _Rating(Tape(lines, variant))
    rater = rater_of(variant)
    names = [one.id for one in instruments()] if chosen is None else list(dict.fromkeys(chosen))
    scores: list[Score] = []
    for name in names:
        instrument = instrument_of(name)
        for item in instrument.items:
            found = rating.of(instrument.whole, item.item)
            if found is not None:
                scores.append(
                    Score(
                        instrument=name,
                        item=item.item,
                        value=round(found.value, 6),
                        rater=rater,
                        evidence=found.evidence,
                    )
                )
    return tuple(scores)


class _Rating:
    """Scores of one tape, each worked out once: subsets and means share items."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._features: dict[str, Feature | None] = {}
        self._scored: dict[tuple[str, str], Feature | None] = {}

    def of(self, whole: str, name: str) -> Feature | None:
        key = (whole, name)
        if key not in self._scored:
            self._scored[key] = self._rated(whole, _items_by_name(whole)[name])
        return self._scored[key]

    def _rated(self, whole: str, item: Item) -> Feature | None:
        if item.measure is not None:
            found = MEASURES[item.measure](self._tape)
            if found is None:
                return None
            return Feature(min(item.high, max(item.low, found.value)), found.evidence)
        if not self._tape.rateable:
            return None
        return self._mean(whole, item) if item.mean_of else self._formula(whole, item)

    def _mean(self, whole: str, item: Item) -> Feature | None:
        found = [one for one in (self.of(whole, name) for name in item.mean_of) if one is not None]
        if len(found) < LEAST_MEAN * len(item.mean_of):
            return None
        evidence = {index for one in found for index in one.evidence}
        return Feature(fmean(one.value for one in found), tuple(sorted(evidence)))

    def _formula(self, whole: str, item: Item) -> Feature | None:
        if any(self._feature(name) is None for name in item.needs):
            return None
        formula = _formula_of(whole, item.item, self._tape.variant != "words")
        rise = fall = rise_left = told = 0.0
        evidence: set[int] = set()
        for name, weight, full_at, bodily in formula.terms:
            feature = self._feature(name)
            if feature is None:
                if bodily:
                    return None
                continue
            part = weight if feature.value >= full_at else weight * feature.value / full_at
            if weight > 0:
                rise += part
                rise_left += weight
            else:
                fall += part
            if not bodily:
                told += abs(weight)
            evidence.update(feature.evidence)
        if told < LEAST_WEIGHT * formula.spoken:
            return None
        if rise_left:
            rise *= formula.rise / rise_left
        total = min(1.0, max(0.0, item.base + rise + fall))
        return Feature(item.low + (item.high - item.low) * total, tuple(sorted(evidence)))

    def _feature(self, name: str) -> Feature | None:
        if name not in self._features:
            self._features[name] = FEATURES[name](self._tape)
        return self._features[name]


@dataclass(frozen=True, slots=True)
class _Formula:
    """Terms as (feature, weight, full_at, bodily); the weight of what is spoken, and of what
    raises the value."""

    terms: tuple[tuple[str, float, float, bool], ...]
    spoken: float
    rise: float


@lru_cache(maxsize=1024)
def _formula_of(whole: str, name: str, body: bool) -> _Formula:
    """The formula of an item, with or without what is seen."""
    terms = tuple(
        (term.feature, term.weight, term.full_at, term.feature in BODILY)
        for term in _items_by_name(whole)[name].terms
        if body or term.feature not in BODILY
    )
    return _Formula(
        terms,
        spoken=sum(abs(weight) for _, weight, _, bodily in terms if not bodily),
        rise=sum(weight for _, weight, _, _ in terms if weight > 0),
    )


@lru_cache(maxsize=32)
def _items_by_name(whole: str) -> dict[str, Item]:
    return {item.item: item for item in items_of(whole)}
