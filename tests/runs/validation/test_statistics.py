"""The statistics, against figures that are known."""

import numpy as np
import pytest

from mirrorplay.runs.validation.statistics import (
    auc,
    by_persona,
    explained,
    holm,
    icc21,
    one_factor,
    over_personas,
    partial_spearman,
    tost,
    wilson,
    within,
)

RNG = np.random.default_rng(3)


def test_icc_of_shrout_and_fleiss() -> None:
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
    )
    assert icc21(ratings) == pytest.approx(0.29, abs=0.005)
    assert np.isnan(icc21(np.ones((5, 2))))


def test_partialling_takes_a_common_cause_away() -> None:
    length = RNG.normal(size=400)
    x, y = length + 0.3 * RNG.normal(size=400), length + 0.3 * RNG.normal(size=400)
    assert partial_spearman(x, y) > 0.8
    assert abs(partial_spearman(x, y, length)) < 0.15
    assert np.isnan(partial_spearman(np.ones(20), y[:20]))


def test_bootstrap_draws_whole_personas() -> None:
    people = [f"p{n}" for n in range(10) for _ in range(50)]
    values = np.repeat(RNG.normal(size=10), 50)
    interval = over_personas(people, lambda rows: float(values[rows].mean()), seed=1)
    assert interval is not None
    by_session = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert interval.high - interval.low > 3 * by_session
    again = over_personas(people, lambda rows: float(values[rows].mean()), seed=1)
    assert interval == again
    assert over_personas(["a", "b"], lambda rows: 0.0, seed=1) is None


def test_equivalence_needs_precision_and_closeness() -> None:
    near, far = RNG.normal(0.0, 0.05, 40), RNG.normal(0.3, 0.05, 40)
    noisy = RNG.normal(0.0, 1.0, 10)
    held = [result.holds for one in (near, far, noisy) if (result := tost(one, 0.1)) is not None]
    assert held == [True, False, False]
    same, shifted = tost(np.zeros(5), 0.1), tost(np.full(5, 0.2), 0.1)
    assert same is not None
    assert same.holds
    assert shifted is not None
    assert not shifted.holds
    assert tost(np.zeros(2), 0.1) is None


def test_held_out_variance() -> None:
    people = [f"p{n % 20}" for n in range(200)]
    x = RNG.normal(size=(200, 3))
    target = x[:, 0] + 0.5 * RNG.normal(size=200)
    assert explained(x, target, people) > 0.6
    assert explained(RNG.normal(size=(200, 3)), target, people) < 0.1
    assert explained(np.ones((200, 2)), target, people) < 0.05


def test_parallel_analysis_tells_one_factor_from_none() -> None:
    common = RNG.normal(size=(300, 1)) + 0.5 * RNG.normal(size=(300, 5))
    real, chance = one_factor(common, seed=1)
    assert (real > chance).sum() == 1
    real, chance = one_factor(RNG.normal(size=(300, 5)), seed=1)
    assert real[0] < chance[0] + 0.15


def test_small_ones() -> None:
    assert auc(np.array([1.0, 2, 3, 4]), np.array([False, False, True, True])) == 1.0
    assert auc(np.array([1.0, 1, 1, 1]), np.array([False, False, True, True])) == 0.5
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert by_persona(["b", "a", "b"], np.array([1.0, 5.0, np.nan])).tolist() == [5.0, 1.0]
    assert within(["a", "a", "b"], np.array([1.0, 3.0, 9.0])).tolist() == [-1.0, 1.0, 0.0]
    low, high = wilson(8, 10)
    assert (round(low, 2), round(high, 2)) == (0.49, 0.94)
