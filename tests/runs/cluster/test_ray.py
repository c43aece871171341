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
import ray
from ray.exceptions import ActorUnavailableError, NodeDiedError, OutOfMemoryError
from rich.console import Console

from mirrorplay.personas.collection import dump_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cluster import executor as cluster_executor
from mirrorplay.runs.cluster.executor import run_on_ray
from mirrorplay.runs.config import RayExecutor, RunConfig
from mirrorplay.runs.digest import digest
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.driver import prepare, resume, start
from mirrorplay.runs.executor import Order, StopSignal
from mirrorplay.runs.quarantine import Quarantine
from mirrorplay.runs.store import iter_sessions
from mirrorplay.runs.worker import Lease, ShardReport

pytestmark = pytest.mark.cluster
Tiny = Callable[..., RunConfig]
DEADLY = str(Path(__file__).parent / "parts")
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
        # This Ray is not the run's own: it gets its cores back.
        wait_until(lambda: ray.available_resources().get("CPU") == 2)


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


def crowd(tiny: Tiny, folder: Path, **changes: Any) -> RunConfig:
    """66 people who come once, in shards of two, no two of one name."""
    one = prepare(tiny()).personas[0]
    file = folder / "crowd.jsonl"
    file.write_text(
        dump_personas(
            one.model_copy(
                update={
                    "id": f"p{number:02}",
                    "intake": one.intake.model_copy(update={"name": f"Person {number}"}),
                }
            )
            for number in range(66)
        )
    )
    return tiny(
        sample={"personas": str(file), "resistance": ["none"]},
        session={"max_exchanges": 1, "attempts": 1},
        **changes,
    )


def test_only_the_session_that_kills_its_worker_is_given_up(tiny: Tiny, tmp_path: Path) -> None:
    shard = prepare(crowd(tiny, tmp_path)).plan.shard(3)
    names = {p.id: p.intake.name for p in prepare(crowd(tiny, tmp_path)).personas}
    # The one that raises comes first: the deaths must not be laid to it.
    raiser, killer = (session.persona_id for session in shard)
    therapist = {
        "kind": "custom",
        "target": "deadly_parts:Dangerous",
        "args": {"killers": [names[killer]], "raisers": [names[raiser]]},
        "mode": "p",
    }
    config = crowd(tiny, tmp_path, therapist=therapist, executor={**on_ray(2), "in_flight": 16})
    result = start(config, QUIET, [DEADLY])
    assert (result.exit_code, result.done, result.failed) == (1, 64, 2)
    errors = {e.persona_id: e for e in Quarantine(result.run.path).entries()}
    assert set(errors) == {raiser, killer}
    assert "cannot talk" in errors[raiser].error
    assert errors[killer].error.startswith("its worker died 3 times: ")
    assert "\x1b" not in errors[killer].error
    assert (errors[killer].where, errors[killer].attempts) == ("worker", 3)
    # The failures are in the parts, so nothing is left to do.
    assert resume(result.run, QUIET).exit_code == 1
    (result.run.path / "quarantine.jsonl").unlink()
    assert resume(result.run, QUIET).failed == 2


def test_any_error_of_ray_is_a_death_and_costs_nothing(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = ray.get
    errors = [NodeDiedError("gone"), ActorUnavailableError("?", None), OutOfMemoryError("full")]

    def get_seldom(ref: Any, **options: Any) -> Any:
        value = get(ref, **options)
        if isinstance(value, ShardReport) and errors:
            raise errors.pop()
        return value

    monkeypatch.setattr(ray, "get", get_seldom)
    result = start(tiny(executor=on_ray(1)), QUIET)
    assert not errors
    assert (result.exit_code, result.done) == (0, 4)


def order(tiny: Tiny, run_dir: Path) -> Order:
    plan = prepare(tiny()).plan
    return Order(run_dir, plan, (Lease(0),), (), unexpected, lambda pulse: None, StopSignal())


def unexpected(report: ShardReport) -> None:
    raise AssertionError(f"nothing was to be reported: {report}")


RAY = RayExecutor(kind="ray", workers=1)


def test_what_is_wrong_with_the_run_directory_reaches_the_user(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run at"):
        run_on_ray(order(tiny, tmp_path / "none"), RAY)


def test_a_worker_that_dies_before_it_is_open_blames_no_session(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stillborn:
        def __init__(self, *arguments: Any) -> None:
            pass

        async def open(self) -> None:
            os._exit(9)

    monkeypatch.setattr(cluster_executor, "actor_class", ray.remote(Stillborn))
    with pytest.raises(UserError, match="a worker could not be started: "):
        run_on_ray(order(tiny, tmp_path), RAY)
    assert not list(tmp_path.iterdir())


def test_a_full_cluster_is_told(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sitter:
        async def sit(self) -> None:
            pass

    sitter = ray.remote(num_cpus=2)(Sitter).remote()
    ray.get(sitter.sit.remote())
    monkeypatch.setattr(cluster_executor, "PLACE_SECONDS", 0.5)
    try:
        with pytest.raises(UserError, match="no worker could be placed within"):
            run_on_ray(order(tiny, tmp_path), RAY)
    finally:
        ray.kill(sitter)


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1"])
def test_an_address_without_a_cluster_is_told(tiny: Tiny, tmp_path: Path, address: str) -> None:
    config = tiny(executor={**on_ray(1), "address": address})
    out, err = (process := driver(config, tmp_path)).communicate(timeout=60)
    assert process.returncode == 2, out + err
    assert f"executor.address: no Ray cluster at '{address}'" in err
    assert "Traceback" not in err


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


def slow(tiny: Tiny) -> RunConfig:
    therapist = {
        "kind": "custom",
        "target": "house_parts:Slow",
        "args": {"seconds": 0.1},
        "mode": "text",
    }
    return wide(
        tiny,
        name="stopped",
        therapist=therapist,
        face={"kind": "none"},
        session={"max_exchanges": 2},
        executor={"kind": "ray", "workers": 1, "in_flight": 1, "shutdown_grace_s": 5},
    )


def test_a_killed_driver_is_resumed_at_once_beside_its_old_workers(
    tiny: Tiny, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "name": "killed",
        "sample": {"limit": 6, "resistance": ["emotional", "cognitive", "none"], "replicates": 4},
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
    assert result.done == 72
    assert digest(path) == expected


def interrupt_group(process: subprocess.Popen[str]) -> None:
    """Ctrl-C as a terminal sends it: to Ray's processes as well."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("stop", [terminate, interrupt_group])
def test_a_stopped_run_ends_cleanly_and_can_be_resumed(
    tiny: Tiny, tmp_path: Path, stop: Callable[[subprocess.Popen[str]], None]
) -> None:
    process = driver(slow(tiny), tmp_path)
    path = tmp_path / "outputs" / "stopped-1"
    wait_until(lambda: any((path / "sessions").glob("*.parquet")))
    stop(process)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "go on with: mirrorplay resume" in out
    assert "Traceback" not in err
    assert resume(RunDirectory.open(path), QUIET).done == 8


def test_a_second_ctrl_c_stops_at_once(tiny: Tiny, tmp_path: Path) -> None:
    therapist = {
        "kind": "custom",
        "target": "house_parts:Slow",
        "args": {"seconds": 300},
        "mode": "text",
    }
    config = slow(tiny).model_dump(mode="json")
    config["therapist"] = therapist
    config["executor"]["shutdown_grace_s"] = 300
    process = driver(RunConfig.model_validate(config), tmp_path)
    path = tmp_path / "outputs" / "stopped-1"
    wait_until(lambda: any((path / "spool").glob("*")))
    interrupt_group(process)
    with pytest.raises(subprocess.TimeoutExpired):  # the sessions have five minutes
        process.wait(timeout=1)
    interrupt_group(process)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "stopped at once; go on with: mirrorplay resume" in err
    assert "Traceback" not in err
