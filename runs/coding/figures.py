"""How well a coder does: expected F1 against raters who differ, calibration, bootstrap intervals.

`truth` is (utterances, labels): the share of raters for each label, rows summing to 1. A decision
scores the share of raters who say the same, so that a unanimous row counts 1 or 0 and a split row
something between.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RESAMPLES = 1_000
BINS = 10
RATER_F1 = {"therapist": 0.79, "client": 0.62}
"""Macro-F1 of one AnnoMI rater against another, on the utterances that several coded."""


def confusion(truth: Floats, decided: Ints, labels: int) -> Floats:
    """(labels, labels): rows what raters said, columns what was decided, in utterances."""
    table = np.zeros((labels, labels))
    for column in range(labels):
        table[:, column] = truth[decided == column].sum(axis=0)
    return table


def f1_of(table: Floats) -> Floats:
    """F1 of each label from confusion tables (…, labels, labels); 0 for a label that is neither
    said nor decided."""
    hit = np.diagonal(table, axis1=-2, axis2=-1)
    either = table.sum(axis=-1) + table.sum(axis=-2)
    return np.where(either > 0, 2 * hit / np.maximum(either, 1e-12), 0.0)


def macro_f1(truth: Floats, decided: Ints) -> float:
    """Mean over all labels of expected F1, in [0, 1]."""
    return float(f1_of(confusion(truth, decided, truth.shape[1])).mean())


def interval(tables: Floats, seed: int = 0) -> tuple[float, float]:
    """95% interval of macro-F1, resampling transcripts: (transcripts, labels, labels) tables."""
    draws = np.random.default_rng(seed).integers(0, len(tables), (RESAMPLES, len(tables)))
    values = np.array([f1_of(tables[draw].sum(axis=0)).mean() for draw in draws])
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def calibration(truth: Floats, chances: Floats) -> dict[str, Any]:
    """Expected calibration error over every label's probability (ten equal bins) and the bins:
    mean probability, share of raters, how many."""
    said, told = truth.ravel(), chances.ravel()
    which = np.minimum((told * BINS).astype(int), BINS - 1)
    bins: list[dict[str, float]] = []
    error = 0.0
    for number in range(BINS):
        inside = which == number
        count = int(inside.sum())
        if count:
            mean, share = float(told[inside].mean()), float(said[inside].mean())
            bins.append({"probability": mean, "share": share, "n": count})
            error += count / len(told) * abs(mean - share)
    return {"ece": error, "bins": bins}


def summary(
    truth: Floats,
    decided: Ints,
    chances: Floats,
    unsure: NDArray[np.bool_],
    groups: Sequence[int],
    labels: Sequence[str],
    speaker: str,
) -> dict[str, Any]:
    """Every figure of one speaker; `groups` numbers the transcripts from 0."""
    count = len(labels)
    of = np.asarray(groups)
    tables = np.stack(
        [confusion(truth[of == one], decided[of == one], count) for one in np.unique(of)]
    )
    table = tables.sum(axis=0)
    each = f1_of(table)
    macro = float(each.mean())
    low, high = interval(tables)
    sure = ~unsure
    return {
        "n": len(truth),
        "macro_f1": macro,
        "interval": [low, high],
        "of_rater_f1": macro / RATER_F1[speaker],
        "f1": {label: float(value) for label, value in zip(labels, each, strict=True)},
        "recall": {
            label: float(table[at, at] / max(1e-12, table[at].sum()))
            for at, label in enumerate(labels)
        },
        "precision": {
            label: float(table[at, at] / max(1e-12, table[:, at].sum()))
            for at, label in enumerate(labels)
        },
        "confusion": {
            label: {
                other: round(float(table[row, column]), 2) for column, other in enumerate(labels)
            }
            for row, label in enumerate(labels)
        },
        "calibration": calibration(truth, chances),
        "abstained": float(unsure.mean()),
        "macro_f1_unless_abstained": macro_f1(truth[sure], decided[sure]) if sure.any() else None,
    }


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Area under the ROC curve, ties half; None when one class is missing."""
    yes = [score for score, is_one in zip(scores, positive, strict=True) if is_one]
    no = [score for score, is_one in zip(scores, positive, strict=True) if not is_one]
    if not yes or not no:
        return None
    wins = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
    return wins / (len(yes) * len(no))
