"""The difference that a plan can show."""

from hashlib import blake2b

import pytest
from click.testing import CliRunner

from mirrorplay.runs.analysis.power import (
    Sensitivity,
    detectable_dz,
    paired_power,
    sensitivity,
    standardised,
    told,
)
from mirrorplay.runs.cli import app
from mirrorplay.runs.plan import PlannedSession, plan_of


@pytest.mark.parametrize(
    ("dz", "pairs", "power"),
    [
        (0.5, 34, 0.808),  # G*Power 3.1, two-tailed, alpha .05
        (0.8, 15, 0.821),  # Cohen's large effect
        (0.2, 199, 0.802),  # and his small one
        (0.0, 20, 0.050),
    ],
)
def test_textbook_powers(dz: float, pairs: int, power: float) -> None:
    assert paired_power(dz, pairs) == pytest.approx(power, abs=1e-3)
    assert paired_power(-dz, pairs) == paired_power(dz, pairs)


@pytest.mark.parametrize("pairs", [3, 6, 34, 400, 100_000])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 11])
def test_the_detectable_difference_has_that_power(pairs: int, alpha: float) -> None:
    found = detectable_dz(pairs, alpha)
    assert found is not None
    assert paired_power(found, pairs, alpha) == pytest.approx(0.80, abs=1e-4)


def test_34_pairs_detect_half_a_standard_deviation() -> None:
    assert detectable_dz(34) == pytest.approx(0.495, abs=1e-3)
    assert detectable_dz(2) is None
    with pytest.raises(ValueError, match="no test"):
        paired_power(0.5, 1)


def test_d_of_dz() -> None:
    assert standardised(0.5, 0.5) == pytest.approx(0.5)
    assert standardised(0.5, 0.875) == pytest.approx(0.25)


def planned(cell: str, persona: str, replicate: int = 0) -> PlannedSession:
    name = blake2b(f"{cell}{persona}{replicate}".encode(), digest_size=8).hexdigest()
    return PlannedSession(
        session_id=name,
        cell=cell,
        persona_id=persona,
        resistance="none",
        replicate=replicate,
        seed=1,
        shard=0,
    )


def test_personas_are_counted_not_sessions() -> None:
    people = [f"p{number}" for number in range(5)]
    rows = [planned("a", who, again) for who in people for again in range(2)]
    rows += [planned("b", who, again) for who in people[1:] for again in range(2)]
    rows += [planned("c", who, again) for who in people for again in range(2)]
    found = sensitivity(plan_of(rows))
    assert found is not None
    assert (found.contrasts, found.personas, found.sessions) == (2, 4, 2.0)
    assert found.alone == detectable_dz(4)
    assert found.corrected == detectable_dz(4, 0.025)
    assert sensitivity(plan_of(rows[:10])) is None


def test_what_is_printed() -> None:
    assert "one cell" in told(None)[0]
    few = told(Sensitivity(contrasts=1, personas=2, sessions=1.0, alone=None, corrected=None))
    assert "2 personas" in few[0]
    lines = told(Sensitivity(contrasts=3, personas=34, sessions=4.0, alone=0.5, corrected=0.6))
    assert "34 paired personas" in lines[1]
    assert "dz 0.50 (d 0.50 if r = 0.5, 0.32 if r = 0.8)" in lines[2]
    assert "3 contrasts, Holm-corrected: dz 0.60" in lines[3]
    assert max(map(len, lines)) <= 100


def test_plan_prints_it() -> None:
    result = CliRunner().invoke(app, ["plan", "ablation", "face=none"], standalone_mode=False)
    assert result.exception is None
    assert "6 paired personas" in result.output
    assert "one contrast: dz 1.43" in result.output
    assert "Holm" not in result.output
    result = CliRunner().invoke(app, ["plan", "quickstart"], standalone_mode=False)
    assert "one cell, nothing is compared" in result.output
