"""Coefficients of agreement between raters, computed from their published formulas.

The packages that hold them are unmaintained or under licences that this one cannot take over, and
each formula is a few lines; tests hold them against the examples of the papers. All return None
where the coefficient is not defined (too few sessions, no variation), never a number in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float]
LEVEL = 0.95
"""Of every interval."""
FEWEST_FOR_INTERVAL = 4
"""Pairs below which a rank correlation gets no interval: its standard error divides by n - 3."""
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with its 95% interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Bland and Altman's figures, in the units of the scale, first rater minus second. `bias` is
    the mean difference; 95% of differences are expected between `low` and `high`."""

    bias: float
    deviation: float
    low: float
    high: float


def krippendorff_alpha(ratings: Sequence[Values]) -> float | None:
    """Krippendorff's alpha for interval data (Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability").

    ratings: one sequence a session of the values it was given, in any number; missing ones are left
    out, and a session with a single value counts for nothing.
    Returns 1 for full agreement, 0 for chance; None without two values of a session, or when all
    values are the same.
    """
    units = [np.asarray(values, dtype=np.float64) for values in ratings if len(values) > 1]
    if not units:
        return None
    pooled = np.concatenate(units)
    # The sum of squared differences over ordered pairs of m values is 2 (m Σx² - (Σx)²), here
    # with x from the middle, so that nothing cancels.
    middle = pooled.mean()
    observed = sum(_squared(values - middle) / (len(values) - 1) for values in units) / len(pooled)
    expected = _squared(pooled - middle) / (len(pooled) * (len(pooled) - 1))
    return None if expected <= 0 else float(1 - observed / expected)


def _squared(values: NDArray[np.float64]) -> float:
    return float(2 * (len(values) * np.square(values).sum() - values.sum() ** 2))


def icc_2_1(table: Sequence[Values]) -> Estimate | None:
    """ICC(2,1): two-way random effects, absolute agreement, one rater (Shrout & Fleiss 1979), with
    the interval of McGraw & Wong (1996).

    table: one row a session, one column a rater, nothing missing.
    None for fewer than two sessions or raters, or when nothing varies.
    """
    found = np.asarray(table, dtype=np.float64)
    if found.ndim != 2 or min(found.shape) < 2:
        return None
    n, k = found.shape
    grand = found.mean()
    rows, columns = found.mean(axis=1), found.mean(axis=0)
    between_rows = k * float(np.square(rows - grand).sum()) / (n - 1)
    between_columns = n * float(np.square(columns - grand).sum()) / (k - 1)
    rest = found - rows[:, None] - columns[None, :] + grand
    error = float(np.square(rest).sum()) / ((n - 1) * (k - 1))
    scale = between_rows + (k - 1) * error + k * (between_columns - error) / n
    if scale <= 1e-12 * max(1.0, grand**2):
        return None
    value = (between_rows - error) / scale
    if error <= 1e-12 * scale:
        # Raters that differ by a constant at most: the F of the interval divides by nothing.
        return Estimate(value)
    low, high = _icc_interval(value, n, k, between_rows, between_columns, error)
    if low is None or high is None or not low <= value <= high:
        return Estimate(value)
    return Estimate(value, low, high)


def _icc_interval(
    value: float, n: int, k: int, between_rows: float, between_columns: float, error: float
) -> tuple[float | None, float | None]:
    """None where its degrees of freedom come to nothing."""
    from scipy.stats import f

    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    freedom = (a * between_columns + b * error) ** 2 / (
        (a * between_columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    tail = 1 - (1 - LEVEL) / 2
    above, below = f.ppf(tail, n - 1, freedom), f.ppf(tail, freedom, n - 1)
    spread = k * between_columns + (k * n - k - n) * error
    under_low = above * spread + n * between_rows
    under_high = spread + n * below * between_rows
    if not (isfinite(under_low) and isfinite(under_high) and under_low and under_high):
        return None, None
    return (
        float(n * (between_rows - above * error) / under_low),
        float(n * (below * between_rows - error) / under_high),
    )


def spearman(first: Values, second: Values) -> Estimate | None:
    """Spearman's rank correlation, with Bonett and Wright's interval (2000) from four pairs on.
    None for fewer than three pairs or where one side does not vary."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import spearmanr

    rho = float(spearmanr(first, second).statistic)
    if len(first) < FEWEST_FOR_INTERVAL or abs(rho) > 1 - 1e-12:
        return Estimate(rho)
    half = _Z * sqrt((1 + rho**2 / 2) / (len(first) - 3))
    middle = np.arctanh(rho)
    return Estimate(rho, float(np.tanh(middle - half)), float(np.tanh(middle + half)))


def bland_altman(first: Values, second: Values) -> Difference | None:
    """Bias and limits of agreement (Bland & Altman 1986). None for fewer than two pairs."""
    if len(first) < 2:
        return None
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    bias, deviation = float(differences.mean()), float(differences.std(ddof=1))
    return Difference(bias, deviation, bias - _Z * deviation, bias + _Z * deviation)
