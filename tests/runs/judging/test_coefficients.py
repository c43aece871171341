"""Coefficients against the examples of the papers they come from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.runs.judging.coefficients import (
    bland_altman,
    icc_2_1,
    krippendorff_alpha,
    spearman,
)

SHROUT_FLEISS = [
    (9, 2, 5, 8),
    (6, 1, 3, 2),
    (8, 4, 6, 8),
    (7, 1, 2, 6),
    (10, 5, 6, 9),
    (6, 2, 4, 7),
]
"""Six targets rated by four judges: table 2 of Shrout & Fleiss (1979)."""

_ = None
KRIPPENDORFF = [
    (1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3),
    (_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _),
]
"""Four observers, twelve units, some missing: Krippendorff (2011), example C/D."""

scales = st.floats(0, 6).map(lambda value: round(value, 2))


def units(observers: list[tuple[int | None, ...]]) -> list[list[float]]:
    return [[v for v in unit if v is not None] for unit in zip(*observers, strict=True)]


def test_alpha_is_krippendorffs() -> None:
    assert krippendorff_alpha(units(KRIPPENDORFF)) == pytest.approx(0.849, abs=0.0005)


def test_alpha_without_variation_or_pairs_is_not_defined() -> None:
    assert krippendorff_alpha([(3, 3), (3, 3)]) is None
    assert krippendorff_alpha([(3,), (4,)]) is None
    assert krippendorff_alpha([]) is None


def test_alpha_of_systematic_disagreement_is_negative() -> None:
    found = krippendorff_alpha([(0, 6), (6, 0), (0, 6)])
    assert found is not None
    assert found < 0


def test_icc_is_shrout_and_fleiss() -> None:
    found = icc_2_1(SHROUT_FLEISS)
    assert found is not None
    assert found.value == pytest.approx(0.29, abs=0.005)
    assert found.low == pytest.approx(0.019, abs=0.0005)
    assert found.high == pytest.approx(0.761, abs=0.0005)


def test_icc_counts_a_constant_difference_as_disagreement() -> None:
    same = icc_2_1([(1, 1), (2, 2), (3, 3)])
    shifted = icc_2_1([(1, 3), (2, 4), (3, 5)])
    assert same is not None
    assert shifted is not None
    assert same.value == pytest.approx(1)
    assert shifted.value == pytest.approx(1 / 3)


def test_icc_of_too_little_is_not_defined() -> None:
    assert icc_2_1([(1, 2)]) is None
    assert icc_2_1([(1,), (2,)]) is None
    assert icc_2_1([(2, 2), (2, 2)]) is None
    assert icc_2_1([]) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(scales, scales), min_size=3, max_size=30))
def test_icc_and_alpha_of_two_raters_are_close_and_within_bounds(table: list[tuple]) -> None:
    icc, alpha = icc_2_1(table), krippendorff_alpha(table)
    if icc is not None:
        assert icc.value <= 1 + 1e-9
        if icc.low is not None:
            assert icc.low <= icc.value + 1e-9
            assert icc.high >= icc.value - 1e-9
    if alpha is not None:
        assert alpha <= 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(scales, scales), min_size=2, max_size=20), st.randoms())
def test_order_of_sessions_and_raters_does_not_matter(table: list[tuple], rng) -> None:
    turned = [(b, a) for a, b in table]
    rng.shuffle(turned)
    assert krippendorff_alpha(turned) == pytest.approx(krippendorff_alpha(table), abs=1e-9)


def test_spearman() -> None:
    found = spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    assert found is not None
    assert found.value == pytest.approx(0.8)
    assert found.low is not None
    assert found.low < 0.8 < found.high
    assert spearman([1, 2, 3], [1, 1, 1]) is None
    assert spearman([1, 2], [1, 2]) is None
    assert spearman([1, 2, 3, 4], [2, 3, 4, 9]).low is None


def test_bland_altman() -> None:
    found = bland_altman([1, 2, 3], [2, 4, 3])
    assert found is not None
    assert found.bias == pytest.approx(-1)
    assert found.deviation == pytest.approx(1)
    assert (found.low, found.high) == (
        pytest.approx(-2.96, abs=0.001),
        pytest.approx(0.96, abs=0.001),
    )
    assert bland_altman([1], [2]) is None
