"""The statistics of the validation: agreement, rank correlation, equivalence, shared variance.

Every interval resamples personas, since sessions of one persona are not independent, and comes from
a given seed. A figure that the data cannot give (nothing varies, too few people) is NaN, never 0.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata, t

from mirrorplay.runs.judging.coefficients import icc_2_1

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
"""Positions of rows."""
NAN = float("nan")
RESAMPLES = 1000
FEW = 3
"""Personas below which there is no interval."""
FOLDS = 5
RIDGE, REACH = 0.1, 3.0
"""Penalty on standardised predictors, so that two items that are one do no harm, and how far from
the mean, in SD, a new value may count."""


class Interval(NamedTuple):
    low: float
    high: float


def icc21(ratings: Array) -> float:
    """ICC(2,1) of targets × raters without gaps (Shrout & Fleiss, 1979); NaN where it is not
    defined."""
    found = icc_2_1(list(ratings))
    return NAN if found is None else found.value


def partial_spearman(x: Array, y: Array, *held: Array) -> float:
    """Spearman's ρ of x and y with the ranks of `held` partialled out of both."""
    if len(x) < 4 + len(held):
        return NAN
    rank_x, rank_y = rankdata(x), rankdata(y)
    if held:
        by = np.column_stack([np.ones(len(x)), *(rankdata(one) for one in held)])
        back = np.linalg.pinv(by)
        rank_x, rank_y = rank_x - by @ (back @ rank_x), rank_y - by @ (back @ rank_y)
    return correlation(rank_x, rank_y)


def correlation(x: Array, y: Array) -> float:
    """Pearson's r; NaN where either does not vary."""
    if len(x) < 3:
        return NAN
    x, y = x - x.mean(), y - y.mean()
    below = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / below if below > 1e-9 else NAN


def over_personas(
    personas: Sequence[str],
    figure: Callable[[Rows], float],
    seed: int,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> Interval | None:
    """Percentile bootstrap of `figure(rows)`: whole personas are drawn, with their rows.

    None with fewer than three personas, or when the figure exists in fewer than half the draws.
    """
    groups: dict[str, list[int]] = {}
    for row, persona in enumerate(personas):
        groups.setdefault(persona, []).append(row)
    if len(groups) < FEW:
        return None
    members = [np.array(groups[name]) for name in sorted(groups)]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        picked = rng.integers(len(members), size=len(members))
        drawn.append(figure(np.concatenate([members[at] for at in picked])))
    found = np.array(drawn)
    found = found[np.isfinite(found)]
    if len(found) < resamples / 2:
        return None
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def rows_without_gaps(values: Array) -> list[int]:
    """Positions of the rows that are there throughout."""
    return [at for at, row in enumerate(values) if np.isfinite(row).all()]


def by_persona(personas: Sequence[str], values: Array) -> Array:
    """Mean of the finite values of each persona, in the order of their names."""
    groups: dict[str, list[float]] = {}
    for persona, value in zip(personas, values, strict=True):
        if np.isfinite(value):
            groups.setdefault(persona, []).append(float(value))
    return np.array([np.mean(groups[name]) for name in sorted(groups)])


class Equivalence(NamedTuple):
    """Two one-sided tests: `p` is the greater of the two; `interval` is the 90% one."""

    mean: float
    interval: Interval
    p: float

    @property
    def holds(self) -> bool:
        return self.p < 0.05


def tost(differences: Array, bound: float) -> Equivalence | None:
    """Whether the mean of independent differences lies within ± bound (Schuirmann, 1987).

    None with fewer than three of them or a bound of 0. Differences that are all the same are
    compared with the bound as they are.
    """
    n = len(differences)
    if n < FEW or not bound > 0.0:
        return None
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / n**0.5
    if error < 1e-12:
        return Equivalence(mean, Interval(mean, mean), 0.0 if abs(mean) < bound else 1.0)
    p = max(t.sf((mean + bound) / error, n - 1), t.cdf((mean - bound) / error, n - 1))
    reach = float(t.ppf(0.95, n - 1)) * error
    return Equivalence(mean, Interval(mean - reach, mean + reach), float(p))


def mean_interval(values: Array) -> Interval | None:
    """95% t interval of a mean of independent values."""
    n = len(values)
    if n < FEW:
        return None
    reach = float(t.ppf(0.975, n - 1)) * float(values.std(ddof=1)) / n**0.5
    return Interval(float(values.mean()) - reach, float(values.mean()) + reach)


def explained(predictors: Array, target: Array, personas: Sequence[str]) -> float:
    """Cross-validated R² of a linear prediction; a persona is never in fit and test at once.

    Predictors that do not vary or have gaps are left out. May be negative. NaN where the target
    does not vary.
    """
    return _held_out(target, predicted(predictors, target, personas))


def predicted(predictors: Array, target: Array, personas: Sequence[str]) -> Array:
    """Held-out predictions of the target, folds by persona."""
    names = sorted(set(personas))
    folds = min(FOLDS, len(names))
    fold_of = {name: at % folds for at, name in enumerate(names)}
    fold = np.array([fold_of[one] for one in personas])
    x = predictors[:, np.isfinite(predictors).all(axis=0)]
    x = x[:, x.std(axis=0) > 1e-9] if x.size else x
    found = np.empty(len(target))
    for at in range(folds):
        test = fold == at
        fit = ~test if folds > 1 else test
        middle = target[fit].mean()
        if not x.size:
            found[test] = middle
            continue
        means, spread = x[fit].mean(axis=0), x[fit].std(axis=0) + 1e-9
        z = (x[fit] - means) / spread
        penalty = RIDGE * len(z) * np.eye(z.shape[1])
        slopes = np.linalg.solve(z.T @ z + penalty, z.T @ (target[fit] - middle))
        new = np.clip((x[test] - means) / spread, -REACH, REACH)
        found[test] = middle + new @ slopes
    return found


def _held_out(target: Array, guess: Array) -> float:
    total = float(((target - target.mean()) ** 2).sum())
    return 1.0 - float(((target - guess) ** 2).sum()) / total if total > 1e-12 else NAN


def held_out_r2(target: Array, guess: Array, rows: Rows) -> float:
    """R² of predictions on chosen rows."""
    return _held_out(target[rows], guess[rows])


def one_factor(scores: Array, seed: int, draws: int = 200) -> tuple[Array, Array]:
    """Eigenvalues of the correlation matrix, and their 95th percentile in data of the same size in
    which every column is shuffled by itself (parallel analysis; Horn, 1965)."""
    real = _eigenvalues(scores)
    rng = np.random.default_rng(seed)
    shuffled = [_eigenvalues(rng.permuted(scores, axis=0)) for _ in range(draws)]
    return real, np.quantile(np.array(shuffled), 0.95, axis=0)


def _eigenvalues(scores: Array) -> Array:
    correlations = np.asarray(np.corrcoef(scores, rowvar=False), dtype=np.float64)
    return np.asarray(np.linalg.eigvalsh(correlations)[::-1], dtype=np.float64)


def auc(scores: Array, positive: Flags) -> float:
    """Area under the ROC curve, ties counted half."""
    high, low = int(positive.sum()), int((~positive).sum())
    if not high or not low:
        return NAN
    ranks = rankdata(scores)
    return float(ranks[positive].sum() - high * (high + 1) / 2) / (high * low)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the given order."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    found, highest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[at]))
        found[at] = highest
    return found


def within(cells: Sequence[Any], values: Array) -> Array:
    """Values less the mean of their cell; columns one by one."""
    found = np.array(values, dtype=float)
    groups: dict[Any, list[int]] = {}
    for row, cell in enumerate(cells):
        groups.setdefault(cell, []).append(row)
    for rows in groups.values():
        found[rows] -= found[rows].mean(axis=0)
    return found


def wilson(hits: int, n: int) -> Interval:
    """Wilson's 95% score interval of a share."""
    z = float(norm.ppf(0.975))
    middle = (hits / n + z * z / (2 * n)) / (1 + z * z / n)
    width = z / (1 + z * z / n) * (hits / n * (1 - hits / n) / n + z * z / (4 * n * n)) ** 0.5
    return Interval(max(0.0, middle - width), min(1.0, middle + width))
