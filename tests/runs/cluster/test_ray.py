"""Ray gives what inline gives, whatever dies on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.digest import digest
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.driver import prepare, resume, start
from mirrorplay.runs.quarantine import Quarantine
from mirrorplay.runs.store import iter_sessions

pytestmark = pytest.mark.cluster
Tiny = Callable[..., RunConfig]
PARTS = str(Path(__file__).parent.parent.parent / "parts")
QUIET = Console(quiet=True)


def on_ray(workers: int) -> dict[str, Any]:
    return {"kind": "ray", "workers": workers, "in_flight": 4}


def wide(tiny: Tiny, **changes: Any) -> RunConfig:
    base: dict[str, Any] = {
        "sample": {"personas": "library", "limit": 4, "resistance": ["emotional", "none"]},
        "face": {"kind": "portrait", "size": 64},
    }
    return tiny(**{**base, **changes})


def test_one_worker_two_workers_and_inline_agree(tiny: Tiny) -> None:
    inline = digest(start(wide(tiny), QUIET).run.path)
    for workers in (1, 2):
        result = start(wide(tiny, executor=on_ray(workers)), QUIET)
        assert result.exit_code == 0
        assert digest(result.run.path) == inline


def test_a_worker_killed_in_the_middle_costs_nothing(tiny: Tiny, tmp_path: Path) -> None:
    def config(executor: dict[str, Any], marker: Path) -> RunConfig:
        therapist = {
            "kind": "custom",
            "target": "house_parts:ScriptedDies",
            "args": {"marker": str(marker)},
            "mode": "p",
        }
        return wide(tiny, therapist=therapist, executor=executor)

    before = tmp_path / "before"
    before.touch()
    plain = start(config({"kind": "inline"}, before), QUIET, [PARTS])
    marker = tmp_path / "died"
    struck = start(config(on_ray(2), marker), QUIET, [PARTS])
    assert marker.exists()
    assert (struck.exit_code, struck.done) == (0, 8)
    # Only the marker's path differs between the two configurations, and it is not in a row.
    assert turns(struck.run) == turns(plain.run)


def turns(run: RunDirectory) -> list[Any]:
    return sorted(
        repr(([(t.text, t.state) for t in s.turns], s.outcome, s.scores))
        for s in iter_sessions(run.path)
    )


def test_only_the_sessions_that_kill_their_worker_fail(tiny: Tiny) -> None:
    # 66 sessions in shards of two: the raiser's first shares a shard with the killer's last.
    everyone: dict[str, Any] = {"limit": None, "resistance": ["none"], "replicates": 1}
    people = prepare(tiny(sample=everyone)).personas
    sample = {"limit": None, "resistance": ["none"], "replicates": 66 // len(people) + 1}
    planned = prepare(tiny(sample=sample)).plan
    assert len(planned.shard(0)) == 2
    first, second = people[0], people[1]
    config = tiny(
        sample=sample,
        session={"max_exchanges": 1, "attempts": 1},
        therapist={
            "kind": "custom",
            "target": "deadly_parts:Dangerous",
            "args": {"killers": [first.intake.name], "raisers": [second.intake.name]},
            "mode": "p",
        },
        executor=on_ray(2),
    )
    raise NotImplementedError


def test_custom_part_runs_in_workers_and_a_broken_one_is_quarantined(tiny: Tiny) -> None:
    therapist = {"kind": "custom", "target": "house_parts:Mirror", "mode": "text"}
    result = start(wide(tiny, therapist=therapist, executor=on_ray(2)), QUIET, [PARTS])
    assert (result.exit_code, result.done) == (0, 8)


def driver(config: RunConfig, folder: Path) -> subprocess.Popen[str]:
    """A driver in a process of its own, with a Ray of its own."""
    source = folder / "config.json"
    source.write_text(json.dumps({"config": config.model_dump(mode="json")}))
    return subprocess.Popen(
        [sys.executable, "-m", "mirrorplay.runs.cli", "run", str(source), "--import-path", PARTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Nobody listens there: a run that is told of no address must not follow it.
        env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"},
        start_new_session=True,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    import select

    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.02)


def test_a_killed_driver_is_resumed_at_once_beside_its_old_workers(
    tiny: Tiny, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "name": "killed",
        "sample": {"limit": 6, "resistance": ["emotional", "cognitive", "none"], "replicates": 6},
        "face": {"kind": "none"},
    }
    expected = digest(start(tiny(**changes), QUIET).run.path)
    slow = tiny(**{**changes, "executor": on_ray(2), "output": {"dir": str(tmp_path / "k")}})
    process = driver(slow, tmp_path)
    path = tmp_path / "k" / "killed-1"

    def some_done() -> bool:
        parts = list((path / "sessions").glob("*.parquet")) if path.exists() else []
        return len(parts) >= 4

    wait_until(some_done)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    result = resume(RunDirectory.open(path), QUIET)
    assert result.exit_code == 0
    assert result.done == 108
    assert digest(path) == expected


def test_sigterm_ends_a_ray_run_cleanly_and_it_can_be_resumed(tiny: Tiny, tmp_path: Path) -> None:
    therapist = {
        "kind": "custom",
        "target": "house_parts:Slow",
        "args": {"seconds": 0.1},
        "mode": "text",
    }
    config = wide(
        tiny,
        name="stopped",
        therapist=therapist,
        face={"kind": "none"},
        session={"max_exchanges": 2},
        executor={"kind": "ray", "workers": 1, "in_flight": 1, "shutdown_grace_s": 5},
    )
    process = driver(config, tmp_path)
    path = tmp_path / "outputs" / "stopped-1"
    wait_until(lambda: any((path / "sessions").glob("*.parquet")))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "go on with: mirrorplay resume" in out
    assert "Traceback" not in err
    assert resume(RunDirectory.open(path), QUIET).done == 8
