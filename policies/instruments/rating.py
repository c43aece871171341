"""Scores of a coded tape by the formulas of `items.yaml`."""

from collections.abc import Sequence

from mirrorplay.policies.instruments.item import Item, items
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.instruments.tape import CodedLine, Tape
from mirrorplay.policies.instruments.trajectory import trajectory

RATER = "scripted-v0:words"
"""Coder v0, words alone."""


def rate(lines: Sequence[CodedLine], rater: str = RATER) -> tuple[Score, ...]:
    """Every score the tape supports; an item that cannot be rated is absent.

    CTRS and WAI items need two turns on each side, the trajectory two client turns.
    """
    tape = Tape(lines)
    course = trajectory([line.codes for line in tape.client])
    scores: list[Score] = []
    for item in items():
        if item.instrument == "resistance_trajectory":
            if item.item in course:
                value, at = course[item.item]
                evidence = tuple(tape.client[position].index for position in at)
                scores.append(_score(item, value, evidence, rater))
        elif tape.rateable:
            value, evidence = _formula(item, tape)
            scores.append(_score(item, value, evidence, rater))
    return tuple(scores)


def _formula(item: Item, tape: Tape) -> tuple[float, tuple[int, ...]]:
    total = item.base
    evidence: set[int] = set()
    for term in item.terms:
        feature = tape.feature(term.feature)
        total += term.weight * min(1.0, feature.value / term.full_at)
        evidence.update(feature.evidence)
    clamped = min(1.0, max(0.0, total))
    return item.low + (item.high - item.low) * clamped, tuple(sorted(evidence))


def _score(item: Item, value: float, evidence: tuple[int, ...], rater: str) -> Score:
    return Score(
        instrument=item.instrument,
        item=item.item,
        value=round(value, 6),
        rater=rater,
        evidence=evidence,
    )
