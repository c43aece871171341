"""Every cell against a baseline, measure by measure: difference, effect size, p, Holm.

Means and intervals are those of `runs/analysis/paired.py`, so that a report and the summary after a
run say the same. Holm's correction is over the contrasts of one measure; across measures nothing is
corrected, and the report says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.analysis.figures import Figures
from mirrorplay.runs.analysis.paired import paired_differences
from mirrorplay.runs.reporting.resampling import LEAST, Numbers, dz, hedges_g, sign_flip_p

FEW = f"fewer than {LEAST} paired personas"
FLAT = "nothing varies between personas"


@dataclass(frozen=True, slots=True)
class Contrast:
    """`other` minus `base`. `reason` says why effect sizes are missing, where they are."""

    base: str
    other: str
    measure: str
    base_mean: float
    other_mean: float
    mean: float
    interval: tuple[float, float] | None
    dz: float | None
    g: float | None
    p: float | None
    p_holm: float | None
    pairs: int
    personas: int
    reason: str = ""


def contrasts(
    sessions: Sequence[Figures], base: str, key: Callable[[Figures], Any], seed: int
) -> tuple[dict[tuple[str, str], Contrast], list[str]]:
    """(measure, other cell) → contrast; and the cells without a client in common with the base."""
    ordered = sorted(sessions, key=lambda one: one.cell != base)
    differences, unpaired = paired_differences(ordered, key, seed)
    clients: dict[str, dict[Any, Figures]] = {}
    for one in ordered:
        clients.setdefault(one.cell, {})[key(one)] = one
    found: dict[tuple[str, str], Contrast] = {}
    for difference in differences:
        first, second = persona_means(clients[base], clients[difference.other], difference.measure)
        change = second - first
        effect = dz(change)
        found[difference.measure, difference.other] = Contrast(
            base=base,
            other=difference.other,
            measure=difference.measure,
            base_mean=difference.base_mean,
            other_mean=difference.other_mean,
            mean=difference.mean,
            interval=difference.interval,
            dz=effect,
            g=hedges_g(first, second),
            p=sign_flip_p(change, seed),
            p_holm=None,
            pairs=difference.pairs,
            personas=difference.personas,
            reason=FEW if difference.personas < LEAST else FLAT,
        )
    return _corrected(found), unpaired


def persona_means(
    base: Mapping[Any, Figures], other: Mapping[Any, Figures], measure: str
) -> tuple[Numbers, Numbers]:
    """Means of the clients that both cells have, by persona."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for key, one in base.items():
        two = other.get(key)
        if two is not None and measure in one.measures and measure in two.measures:
            pairs.setdefault(one.persona_id, []).append(
                (one.measures[measure], two.measures[measure])
            )
    names = sorted(pairs)
    return (
        np.array([fmean(first for first, _ in pairs[name]) for name in names]),
        np.array([fmean(second for _, second in pairs[name]) for name in names]),
    )


def _corrected(found: dict[tuple[str, str], Contrast]) -> dict[tuple[str, str], Contrast]:
    for measure in {measure for measure, _ in found}:
        tested = [key for key in found if key[0] == measure and found[key].p is not None]
        for key, p in zip(tested, holm([found[key].p or 0.0 for key in tested]), strict=True):
            found[key] = replace(found[key], p_holm=p)
    return found


def holm(values: Sequence[float]) -> list[float]:
    """p values after Holm's step-down correction, in the order given."""
    if len(values) < 2:
        return list(values)
    try:
        from statsmodels.stats.multitest import multipletests
    except ImportError:
        raise UserError(
            "a report needs statsmodels, which is not installed",
            hint="pip install 'mirrorplay[analysis]'",
        ) from None
    return [float(p) for p in multipletests(values, method="holm")[1]]
