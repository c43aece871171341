"""Intervals and tests that resample personas, never sessions.

Sessions of one persona are not independent: whatever is drawn or flipped here is a persona with
everything that belongs to it.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
PERMUTATIONS = 9999
EXACT_UP_TO = 13
"""Personas up to which every pattern of signs is tried: 8,192 of them."""
LEAST = 3
"""Personas below which nothing is said about the spread."""
NOTHING = 1e-12

Numbers = NDArray[np.float64]


@lru_cache(maxsize=64)
def _draws(personas: int, seed: int) -> Numbers:
    """How often each persona is drawn, by resample."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(personas, np.full(personas, 1 / personas), RESAMPLES).astype(np.float64)


def mean_interval(totals: Mapping[str, tuple[float, int]], seed: int) -> tuple[float, float] | None:
    """95% percentile interval of a mean over sessions; personas are resampled with all of their
    sessions. `totals`: persona → (sum, sessions). None with fewer than three personas."""
    if len(totals) < LEAST:
        return None
    values = np.array([totals[name] for name in sorted(totals)], dtype=np.float64)
    low, high = course_band(values[:, :1], values[:, 1], seed)
    return float(low[0]), float(high[0])


def course_band(sums: Numbers, sessions: Numbers, seed: int) -> tuple[Numbers, Numbers]:
    """The same for many means at once: `sums` is personas × points, `sessions` by persona."""
    drawn = _draws(len(sums), seed)
    means = (drawn @ sums) / (drawn @ sessions)[:, None]
    bounds = np.asarray(np.percentile(means, [2.5, 97.5], axis=0), dtype=np.float64)
    return bounds[0], bounds[1]


@lru_cache(maxsize=16)
def _signs(personas: int, seed: int) -> NDArray[np.float64]:
    if personas <= EXACT_UP_TO:
        patterns = np.arange(2**personas)[:, None] >> np.arange(personas) & 1
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, (PERMUTATIONS, personas))
    return np.asarray(patterns * 2.0 - 1.0, dtype=np.float64)


def sign_flip_p(differences: Numbers, seed: int) -> float | None:
    """Two-sided p that the mean difference is 0, by flipping the signs of personas' differences:
    all patterns up to 13 personas, else 9,999 random ones and the one that was found (Phipson &
    Smyth, 2010). None with fewer than three personas."""
    if len(differences) < LEAST:
        return None
    found = abs(differences.sum())
    sums = np.abs(_signs(len(differences), seed) @ differences)
    reached = int(np.count_nonzero(sums >= found - NOTHING * max(1.0, found)))
    if len(differences) <= EXACT_UP_TO:
        return float(reached / len(sums))
    return (reached + 1) / (len(sums) + 1)


def dz(differences: Numbers) -> float | None:
    """Cohen's dz: the mean difference in standard deviations of the differences. None with fewer
    than three personas, or where the differences do not vary."""
    if len(differences) < LEAST or (spread := float(np.std(differences, ddof=1))) < NOTHING:
        return None
    return float(np.mean(differences)) / spread


def hedges_g(base: Numbers, other: Numbers) -> float | None:
    """Hedges' g_av of paired means: the mean difference in the average standard deviation between
    personas within a cell, times 1 − 3/(4(n − 1) − 1) (Lakens, 2013; degrees of freedom after
    Borenstein, 2009). None as for dz."""
    n = len(base)
    if n < LEAST:
        return None
    spread = float(np.sqrt((np.var(base, ddof=1) + np.var(other, ddof=1)) / 2.0))
    if spread < NOTHING:
        return None
    return float(np.mean(other - base)) / spread * (1.0 - 3.0 / (4.0 * (n - 1) - 1.0))
