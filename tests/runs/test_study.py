"""A run as a study: endings, trajectories, transitions, figures."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from rich.console import Console

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.analysis.plots import draw_study
from mirrorplay.runs.analysis.study import print_study, study
from mirrorplay.runs.analysis.trajectories import trajectory
from mirrorplay.runs.analysis.transitions import share, transitions
from mirrorplay.runs.api import Run, run
from mirrorplay.runs.load import load_config


def turns(*acts: str) -> dict[str, Any]:
    """Client and therapist in turn."""
    speakers = ("client", "therapist")
    return {
        "turns": [
            {"speaker": speakers[i % 2], "intended_act": act or None} for i, act in enumerate(acts)
        ]
    }


def test_a_reply_of_two_acts_counts_for_both() -> None:
    found = transitions(
        [
            turns("answering", "affirm+open_question", "change_talk", "affirm", "minimum_talk"),
            turns("answering", "affirm", "excusing", "", "challenging"),
        ]
    )
    assert list(found) == ["open_question", "affirm"]
    assert found["affirm"] == Counter(change=1, avoiding=1, denying=1)
    assert found["open_question"] == Counter(change=1)
    assert share(found["affirm"], "change") == pytest.approx(1 / 3)


def state(trust: float) -> dict[str, Any]:
    rest = ("ambivalence", "confrontation", "withdrawal", "distress", "conviction")
    return {"state": {"trust": trust, **dict.fromkeys(rest, 0.0)}}


def test_who_left_keeps_the_last_state() -> None:
    left = {"turns": [state(0.2), {"state": None}, state(0.1)]}
    stayed = {"turns": [state(0.4), state(0.5), state(0.6), state(0.7)]}
    found = trajectory([left, stayed], 3)
    assert found is not None
    assert found.means["trust"] == pytest.approx([0.3, 0.3, 0.35])
    assert found.alive == [1.0, 1.0, 0.5]
    assert trajectory([{"turns": [{"state": None}]}], 3) is None


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(
        load_config(
            "study",
            [
                "sample.limit=2",
                "executor=inline",
                "session.max_exchanges=4",
                f"output.dir={tmp_path_factory.mktemp('runs')}",
                "grid.therapist.policy=[mi_consistent, directive]",
            ],
        ).config
    )


def test_every_session_is_counted_once(ran: Run, tmp_path: Path) -> None:
    cells = sorted({record.cell for record in ran.sessions()})
    found = study(ran.path, cells, 4, "therapist.manner")
    assert sum(counts.total() for counts in found.outcomes.values()) == 2 * 4 * 4
    assert set(found.matrices) == {"good", "poor"}
    console = Console(width=80, record=True, quiet=False, file=(tmp_path / "out").open("w"))
    print_study(console, found)
    told = console.export_text()
    assert "how sessions end" in told
    assert "therapist.manner = poor" in told
    assert max(map(len, told.splitlines())) <= 80
    assert "…" not in told
    for path in draw_study(found, tmp_path / "figures"):
        with Picture.open(path) as picture:
            assert picture.width > 300
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20


def test_what_the_run_does_not_vary_cannot_group(ran: Run) -> None:
    with pytest.raises(UserError, match=r"'therapist\.maner' is not varied") as caught:
        study(ran.path, ["x"], 4, "therapist.maner")
    assert "therapist.manner" in str(caught.value)
