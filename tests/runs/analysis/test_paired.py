"""Paired differences: clients matched, personas resampled, what cannot be compared is said."""

import random
from typing import Any

import pytest

from mirrorplay.runs.analysis.figures import Figures
from mirrorplay.runs.analysis.paired import difference_table, paired_differences
from mirrorplay.runs.analysis.summary import summarise, summary_table


def figures(cell: str, persona: str, alliance: float | None, **changes: Any) -> Figures:
    measures = {} if alliance is None else {"alliance": alliance}
    base: dict[str, Any] = {
        "session_id": f"{cell}-{persona}",
        "cell": cell,
        "factors": {},
        "replicate": 0,
        "persona_id": persona,
        "resistance": "none",
        "masking": 0.3,
        "outcome": "resolved",
        "measures": measures,
    }
    return Figures(**{**base, **changes})


def client(one: Figures) -> tuple[str, int]:
    return one.persona_id, one.replicate


def test_a_constant_shift_is_found_with_a_closed_interval() -> None:
    sessions = [figures("a", f"p{n}", n / 10) for n in range(8)]
    sessions += [figures("b", f"p{n}", n / 10 + 0.5) for n in range(8)]
    (found,), unpaired = paired_differences(sessions, client, 1)
    assert found.mean == pytest.approx(0.5)
    assert found.interval == pytest.approx((0.5, 0.5))
    assert (found.pairs, found.personas, unpaired) == (8, 8, [])


def test_pairing_removes_what_differs_between_clients() -> None:
    rng = random.Random(3)
    sessions = []
    for n in range(30):
        level = rng.gauss(3, 2)
        sessions.append(figures("a", f"p{n}", level))
        sessions.append(figures("b", f"p{n}", level + 0.4 + rng.gauss(0, 0.1)))
    (found,), _ = paired_differences(sessions, client, 1)
    assert found.interval is not None
    low, high = found.interval
    assert 0.3 < low < high < 0.5


def test_intervals_resample_personas_not_sessions() -> None:
    rng = random.Random(5)
    shifts = [rng.gauss(0.0, 1.0) for _ in range(6)]

    def wide(replicates: int) -> float:
        sessions = []
        for n, shift in enumerate(shifts):
            for replicate in range(replicates):
                sessions.append(figures("a", f"p{n}", 0.0, replicate=replicate))
                sessions.append(figures("b", f"p{n}", shift, replicate=replicate))
        (found,), _ = paired_differences(sessions, client, 1)
        assert found.interval is not None
        return found.interval[1] - found.interval[0]

    assert wide(50) == pytest.approx(wide(1))


def test_what_is_missing_on_one_side_is_left_out() -> None:
    sessions = [figures("a", "p1", 1.0), figures("a", "p2", 1.0), figures("b", "p1", 2.0)]
    sessions += [figures("b", "p2", None), figures("b", "p3", 9.0)]
    (found,), _ = paired_differences(sessions, client, 1)
    assert (found.pairs, found.base_mean, found.other_mean) == (1, 1.0, 2.0)
    assert found.interval is None


def test_cells_without_common_clients_are_unpaired_and_one_cell_has_no_difference() -> None:
    sessions = [figures("a", "p1", 1.0), figures("b", "p2", 1.0)]
    assert paired_differences(sessions, client, 1) == ([], ["b"])
    assert paired_differences(sessions[:1], client, 1) == ([], [])


def test_tables_hold_every_group_and_only_outcomes_that_came() -> None:
    sessions = [
        figures("x=1", "p1", 2.0),
        figures("x=1", "p2", 4.0, outcome="safety_stop"),
        figures("x=2", "p1", None, resistance="emotional"),
    ]
    lines = summarise(sessions)
    assert list(lines) == [("x=1", "none"), ("x=2", "emotional")]
    assert lines["x=1", "none"].mean("alliance") == 3.0
    assert lines["x=2", "emotional"].mean("alliance") is None
    headers = [str(column.header) for column in summary_table(lines).columns]
    assert "safety\nstop" in headers
    assert "client\nleft" not in headers
    assert difference_table([]).row_count == 0
