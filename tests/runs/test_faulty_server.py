"""Whole sessions against a server that stumbles at every fifth request, in every way it knows."""

import json
from pathlib import Path
from typing import Any

import pytest
from model_server import KINDS, Faults, served
from troupe import act

from mirrorplay.agents.models import retry
from mirrorplay.runs import Run, run

SESSIONS = 200
TIMEOUT_S = 1.5
"""Several times what an answer takes here while the machine does something else."""


def played(folder: Path, spec: dict[str, Any]) -> Run:
    return run({
        "sample": {"limit": 20, "resistance": ["emotional", "cognitive"], "replicates": 5},
        "session": {"max_exchanges": 2},
        "face": "none",
        "executor": {"kind": "inline", "in_flight": 64},
        "output": {"dir": str(folder)},
        "client": {"kind": "model", "spec": spec},
        "therapist": {"kind": "model", "spec": spec, "mode": "text"},
    })  # fmt: skip


def transcripts(done: Run) -> dict[tuple[str, str, int], list[tuple[str, str, str | None]]]:
    """By who plays: a session's id tells its models too."""
    sessions = list(done.sessions())
    found = {
        (one.persona_id, one.resistance.type, one.replicate): [
            (turn.speaker, turn.text, turn.stage_direction) for turn in one.turns
        ]
        for one in sessions
    }
    assert len(sessions) == len(found) == SESSIONS
    return found


def told(done: Run, event: str) -> list[dict[str, Any]]:
    """What the workers' logs say of one kind of event."""
    lines = [line for log in done.path.glob("logs/*") for line in log.read_text().splitlines()]
    return [one for line in lines if (one := json.loads(line))["event"] == event]


def test_sessions_under_mixed_faults_are_those_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "BASE_S", 0.01)
    calm = played(tmp_path / "calm", {"model": "custom:troupe:Troupe"})
    with served(act, faults=Faults(0.2, KINDS), latency_s=0.02) as server:
        spec = {"model": "openai:tiny", "base_url": server.base_url, "timeout_s": TIMEOUT_S}
        stormy = played(tmp_path / "stormy", spec)
    expected = transcripts(calm)
    assert transcripts(stormy) == expected
    assert len({repr(turns) for turns in expected.values()}) > SESSIONS / 2
    assert not (stormy.path / "quarantine.jsonl").exists()
    assert not told(stormy, "session failed")
    # Every question has one answer, but for answers that came after their time-out.
    calls = sum(one.usage.calls for one in calm.sessions())
    faults = told(stormy, "model_fault")
    late = sum(one["kind"] == "timeout" for one in faults) - server.struck["timeout"]
    assert calls <= server.answered.total() <= calls + late
    assert len(faults) == server.struck.total() + late > 0.15 * calls
    assert len(server.struck) >= 10
