"""The smallest difference that a planned run would show: power of a paired t test over personas.

Personas are what is sampled, so they are what counts: a second session of the same persona in the
same cell makes its mean less noisy, and never stands for a second person. Exact, from the
noncentral t distribution; scipy alone is needed. Two-sided throughout.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pyarrow.compute as pc
from scipy.optimize import brentq
from scipy.stats import nct, t

from mirrorplay.runs.plan import Plan

ALPHA = 0.05
"""Two-sided, of all contrasts with one baseline together."""
POWER = 0.80
CORRELATIONS = (0.5, 0.8)
"""Assumed between a persona's means in two cells, where dz is told as d (H)."""
LEAST_PAIRS = 3


def paired_power(dz: float, pairs: int, alpha: float = ALPHA) -> float:
    """Power of a two-sided paired t test. `dz` is the mean difference in standard deviations of
    the differences; `pairs` at least 2, `alpha` in (0, 1). Raises ValueError outside of those."""
    if pairs < 2 or not 0.0 < alpha < 1.0:
        raise ValueError(f"no test of {pairs} pairs at alpha {alpha}")
    degrees = pairs - 1
    beyond = float(t.isf(alpha / 2.0, degrees))
    shift = abs(dz) * sqrt(pairs)
    upper = float(nct.sf(beyond, degrees, shift))
    # The far tail underflows to NaN in scipy where it is nothing.
    lower = float(np.nan_to_num(nct.cdf(-beyond, degrees, shift)))
    return upper + lower


def detectable_dz(pairs: int, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The dz that a paired t test finds with that power; None with fewer than three pairs."""
    if pairs < LEAST_PAIRS:
        return None
    high = 1.0
    while paired_power(high, pairs, alpha) < power:
        high *= 2.0
    return float(brentq(lambda dz: paired_power(dz, pairs, alpha) - power, 0.0, high, xtol=1e-6))


def standardised(dz: float, correlation: float) -> float:
    """dz as d, in standard deviations between personas within a cell: d = dz √(2(1 − r))."""
    return dz * sqrt(2.0 * (1.0 - correlation))


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a plan can show. `personas`: shared by the baseline and the cell that shares the fewest
    with it; `sessions`: of such a persona in a cell, on average; `alone` and `corrected`: dz for
    one contrast, and for the first step of Holm's correction of all (None: too few personas)."""

    contrasts: int
    personas: int
    sessions: float
    alone: float | None
    corrected: float | None


def sensitivity(plan: Plan) -> Sensitivity | None:
    """Of a plan's cells against its first; None for a plan of one cell."""
    counted = plan.table.select(["cell", "persona_id"]).group_by(["cell", "persona_id"])
    groups = counted.aggregate([([], "count_all")])
    people: dict[str, set[str]] = {}
    for cell, persona in zip(
        groups["cell"].to_pylist(), groups["persona_id"].to_pylist(), strict=True
    ):
        people.setdefault(cell, set()).add(persona)
    if len(people) < 2:
        return None
    base = plan[0].cell
    shared = min(len(people[base] & others) for cell, others in people.items() if cell != base)
    contrasts = len(people) - 1
    return Sensitivity(
        contrasts=contrasts,
        personas=shared,
        sessions=float(pc.mean(groups["count_all"]).as_py()),
        alone=detectable_dz(shared),
        corrected=detectable_dz(shared, ALPHA / contrasts),
    )


def told(found: Sensitivity | None) -> list[str]:
    """The lines that `mirrorplay plan` prints."""
    if found is None:
        return ["detectable difference: one cell, nothing is compared"]
    if found.alone is None or found.corrected is None:
        return [
            f"detectable difference: none can be told, {found.personas} personas are paired "
            f"(at least {LEAST_PAIRS})"
        ]
    lines = [
        f"detectable difference to the first cell: {POWER:.0%} power, alpha {ALPHA:g} two-sided,",
        f"{found.personas} paired personas, {found.sessions:.3g} sessions of each in a cell",
        f"  one contrast: {_effect(found.alone)}",
    ]
    if found.contrasts > 1:
        lines.append(
            f"  any of {found.contrasts} contrasts, Holm-corrected: {_effect(found.corrected)}"
        )
    lines.append("  dz: in standard deviations of the personas' differences between two cells;")
    lines.append("  d: of their means in a cell, r being how the means in two cells correlate")
    return lines


def _effect(dz: float) -> str:
    assumed = (f"{standardised(dz, r):.2f} if r = {r:g}" for r in CORRELATIONS)
    return f"dz {dz:.2f} (d {', '.join(assumed)})"
