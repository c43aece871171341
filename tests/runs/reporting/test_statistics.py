"""Effect sizes, permutations, Holm, contrasts and the mixed model, on numbers made by hand."""

from itertools import product

import numpy as np
import pytest

from mirrorplay.runs.analysis.figures import Figures
from mirrorplay.runs.reporting.contrasts import contrasts, holm
from mirrorplay.runs.reporting.mixed import mixed_model
from mirrorplay.runs.reporting.resampling import (
    course_band,
    dz,
    hedges_g,
    mean_interval,
    sign_flip_p,
)

DIFFERENCES = np.array([1.0, 2.0, 3.0, 4.0])


def figures(cell: str, persona: str, kind: str = "none", **measures: float) -> Figures:
    return Figures(
        session_id=f"{cell}-{persona}-{kind}",
        cell=cell,
        factors={},
        replicate=0,
        persona_id=persona,
        resistance=kind,
        masking=0.5,
        outcome="resolved",
        measures=measures,
    )


def client(one: Figures) -> tuple[str, str]:
    return one.persona_id, one.resistance


def test_dz_and_g_by_hand() -> None:
    assert dz(DIFFERENCES) == pytest.approx(2.5 / np.sqrt(5 / 3))
    base = np.array([1.0, 2.0, 3.0, 4.0])
    other = base + 1.0
    assert hedges_g(base, other) == pytest.approx(1 / np.sqrt(5 / 3) * (1 - 3 / 11))
    assert dz(other - base) is None  # the differences do not vary
    assert dz(DIFFERENCES[:2]) is None
    assert hedges_g(base[:2], other[:2]) is None
    assert hedges_g(np.ones(4), np.ones(4)) is None


def test_a_few_signs_are_all_tried() -> None:
    assert sign_flip_p(DIFFERENCES, 1) == pytest.approx(2 / 16)
    mixed = np.array([1.0, -2.0, 3.0])
    sums = [abs(sum(s * d for s, d in zip(signs, mixed, strict=True)))
            for signs in product((-1, 1), repeat=3)]  # fmt: skip
    assert sign_flip_p(mixed, 1) == pytest.approx(np.mean([total >= 2 for total in sums]))
    assert sign_flip_p(np.zeros(5), 1) == 1.0
    assert sign_flip_p(DIFFERENCES[:2], 1) is None


def test_many_signs_are_drawn() -> None:
    rng = np.random.default_rng(3)
    nothing, much = rng.normal(0, 1, 40), rng.normal(2, 1, 40)
    assert sign_flip_p(much, 1) == pytest.approx(1e-4)
    p = sign_flip_p(nothing, 1)
    assert p is not None
    assert p > 0.05
    assert p == sign_flip_p(nothing, 1)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_intervals_resample_personas_with_all_of_their_sessions() -> None:
    totals = {f"p{number}": (float(number), 2) for number in range(20)}
    found = mean_interval(totals, 1)
    assert found is not None
    low, high = found
    assert low < 9.5 / 2 < high
    assert high - low == pytest.approx(2 * 1.96 * np.std(range(20)) / 2 / np.sqrt(20), rel=0.1)
    assert mean_interval({"a": (1.0, 1), "b": (2.0, 1)}, 1) is None
    low_band, high_band = course_band(np.ones((4, 3)), np.ones(4), 1)
    assert low_band == pytest.approx(np.ones(3))
    assert high_band == pytest.approx(np.ones(3))


def test_contrasts_are_paired_and_corrected_within_a_measure() -> None:
    gains = {"a": [0.1, 0.2, 0.3, 0.25], "b": [0.0, 0.1, -0.1, 0.05]}
    sessions = [figures("base", f"p{n}", alliance=3.0 + n, skill=1.0) for n in range(4)]
    sessions += [
        figures(cell, f"p{n}", alliance=3.0 + n + gain, skill=1.0)
        for cell, all_gains in gains.items()
        for n, gain in enumerate(all_gains)
    ]
    sessions += [figures("alone", "stranger", alliance=5.0)]
    found, unpaired = contrasts(sessions, "base", client, 1)
    assert unpaired == ["alone"]
    one = found["alliance", "a"]
    assert one.mean == pytest.approx(0.2125)
    assert one.dz == pytest.approx(np.mean(gains["a"]) / np.std(gains["a"], ddof=1))
    assert (one.p, one.p_holm) == (pytest.approx(0.125), pytest.approx(0.25))
    assert found["skill", "a"].dz is None
    assert "varies" in found["skill", "a"].reason
    backwards, _ = contrasts(sessions, "a", client, 1)
    assert backwards["alliance", "base"].mean == pytest.approx(-0.2125)


def made(personas: int, between: float, within: float, gain: float) -> list[Figures]:
    rng = np.random.default_rng(5)
    own = rng.normal(0, between, personas)
    return [
        figures(cell, f"p{n}", kind, alliance=3 + own[n] + plus + rng.normal(0, within))
        for n in range(personas)
        for cell, plus in (("base", 0.0), ("other", gain))
        for kind in ("none", "emotional", "cognitive")
    ]


def test_the_mixed_model_finds_what_was_put_in() -> None:
    found = mixed_model(made(60, between=0.5, within=0.5, gain=0.4), "alliance", "base")
    assert found.reason == ""
    [term] = found.terms
    assert term.interval[0] < 0.4 < term.interval[1]
    assert found.between == pytest.approx(0.5, abs=0.15)
    assert term.p < 0.001


@pytest.mark.parametrize(
    ("sessions", "reason"),
    [
        (made(3, 0.5, 0.5, 0.1), "fewer than 5 personas"),
        (made(6, 0.0, 0.0, 0.0), "does not vary"),
        ([one for one in made(6, 0.5, 0.5, 0.1) if one.cell == "base"], "fewer than two cells"),
        ([figures("ab"[n % 2], f"p{n}", alliance=n) for n in range(8)], "single session"),
        (
            [
                figures(cell, f"p{n}", kind, alliance=n * len(kind))
                for n in range(6)
                for cell, kind in (("base", "none"), ("other", "emotional"))
            ],
            "cannot be told apart",
        ),
        ([], "fewer than two cells"),
    ],
)
def test_the_mixed_model_says_why_not(sessions: list[Figures], reason: str) -> None:
    base = "a" if sessions and sessions[0].cell == "a" else "base"
    found = mixed_model(sessions, "alliance", base)
    assert reason in found.reason
    assert found.terms == ()


def test_no_variance_between_personas_is_no_failure() -> None:
    found = mixed_model(made(10, between=0.0, within=0.5, gain=0.1), "alliance", "base")
    assert found.reason or found.between == pytest.approx(0.0, abs=0.2)
