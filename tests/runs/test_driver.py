"""Runs on the inline executor: exactly once, resumable, quarantined, locked."""

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

from mirrorplay.personas.collection import dump_personas, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.runs import open_run, run
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.digest import digest
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.driver import resume, start
from mirrorplay.runs.lock import RunLock
from mirrorplay.runs.quarantine import Quarantine
from mirrorplay.runs.store import iter_sessions

Tiny = Callable[..., RunConfig]
PARTS = str(Path(__file__).parent.parent / "parts")


def custom(part: str, **args: Any) -> dict[str, Any]:
    return {"kind": "custom", "target": f"house_parts:{part}", "args": args, "mode": "p"}


def first_name(config: RunConfig) -> str:
    from mirrorplay.runs.driver import prepare

    return prepare(config).personas[0].intake.name


def test_a_run_leaves_a_whole_directory(tiny: Tiny, quiet: Console) -> None:
    result = start(tiny(), quiet)
    path = result.run.path
    assert (result.exit_code, result.done, result.failed) == (0, 4, 0)
    names = {entry.name for entry in path.iterdir()}
    assert {"run.json", "plan.parquet", "personas.jsonl", "sessions", "logs", "README.md"} <= names
    assert not list((path / "spool").iterdir())
    manifest = json.loads((path / "run.json").read_text())
    assert manifest["config"]["seed"] == 11
    assert manifest["provenance"]["versions"]["mirrorplay"]
    events = [json.loads(line) for line in (path / "logs" / "inline.jsonl").open()]
    assert sum("session_id" in event for event in events) == 4


def test_same_config_same_digest_and_a_new_seed_another(tiny: Tiny, quiet: Console) -> None:
    first, second = start(tiny(), quiet).run, start(tiny(), quiet).run
    assert first.path != second.path
    assert digest(first.path) == digest(second.path)
    assert digest(start(tiny(seed=12), quiet).run.path) != digest(first.path)


def test_run_json_repeats_the_run(tiny: Tiny, quiet: Console) -> None:
    first = start(tiny(), quiet).run
    again = run(first.manifest_path)
    assert again.path != first.path
    assert again.digest() == digest(first.path)


def test_run_json_repeats_the_run_after_its_personas_have_gone(
    tiny: Tiny, quiet: Console, tmp_path: Path
) -> None:
    people = tmp_path / "people.jsonl"
    people.write_text(dump_personas(load_personas("library")[:3]))
    sample = {"personas": str(people), "limit": 2, "resistance": ["none"]}
    first = start(tiny(sample=sample), quiet).run
    people.unlink()
    assert run(first.manifest_path).digest() == digest(first.path)


def test_resuming_a_finished_run_does_nothing(tiny: Tiny, quiet: Console) -> None:
    done = start(tiny(), quiet).run
    parts = {p.name: p.stat().st_mtime_ns for p in (done.path / "sessions").iterdir()}
    result = resume(done, quiet)
    assert result.exit_code == 0
    assert parts == {p.name: p.stat().st_mtime_ns for p in (done.path / "sessions").iterdir()}


def test_a_damaged_shard_is_put_aside_and_played_again(tiny: Tiny, quiet: Console) -> None:
    done = start(tiny(), quiet).run
    before = digest(done.path)
    part = sorted((done.path / "sessions").glob("*.parquet"))[0]
    part.write_bytes(part.read_bytes()[:-40])
    assert resume(done, quiet).exit_code == 0
    assert digest(done.path) == before
    assert list((done.path / "sessions").glob("*.damaged"))


def test_failing_sessions_are_quarantined_and_can_be_tried_again(
    tiny: Tiny, quiet: Console, tmp_path: Path
) -> None:
    marker = tmp_path / "mended"
    config = tiny()
    name = first_name(config)
    config = tiny(therapist=custom("Raises", name=name, unless=str(marker)))
    result = start(config, quiet, [PARTS])
    assert (result.exit_code, result.done, result.failed) == (1, 2, 2)
    entries = Quarantine(result.run.path).entries()
    assert {entry.attempts for entry in entries} == {2}
    assert all("cannot talk to them" in entry.error for entry in entries)
    assert "sk-abcdef" not in (result.run.path / "quarantine.jsonl").read_text()
    assert "sk-abcdef" not in "".join(p.read_text() for p in (result.run.path / "logs").iterdir())

    left_alone = resume(result.run, quiet)
    assert (left_alone.exit_code, left_alone.done) == (1, 2)
    marker.touch()
    retried = resume(result.run, quiet, retry_quarantined=True)
    assert (retried.exit_code, retried.done, retried.failed) == (0, 4, 0)
    assert list((result.run.path / "sessions").glob("*.r1.parquet"))
    assert len(list(iter_sessions(result.run.path))) == 4


def test_checkpoints_never_join_two_plays_of_a_session(
    tiny: Tiny, quiet: Console, tmp_path: Path
) -> None:
    plain = start(tiny(), quiet).run
    kept = start(tiny(checkpoints="sqlite"), quiet).run
    assert digest(kept.path) == digest(plain.path)
    for part in (kept.path / "sessions").glob("*.parquet"):
        part.write_bytes(part.read_bytes()[:-40])
    assert resume(kept, quiet).exit_code == 0
    assert digest(kept.path) == digest(plain.path)


def test_a_damaged_retried_part_is_played_again(tiny: Tiny, quiet: Console, tmp_path: Path) -> None:
    marker = tmp_path / "mended"
    config = tiny(therapist=custom("Raises", name=first_name(tiny()), unless=str(marker)))
    run_ = start(config, quiet, [PARTS]).run
    marker.touch()
    assert resume(run_, quiet, retry_quarantined=True).exit_code == 0
    whole = digest(run_.path)
    part = next((run_.path / "sessions").glob("*.r1.parquet"))
    part.write_bytes(part.read_bytes()[:-40])
    assert resume(run_, quiet).exit_code == 0
    assert digest(run_.path) == whole


def test_every_role_can_be_a_part_of_ones_own(tiny: Tiny, quiet: Console) -> None:
    def part(name: str, **more: Any) -> dict[str, Any]:
        return {"kind": "custom", "target": f"house_parts:{name}", **more}

    config = tiny(
        client=part("SilentClient"),
        face=part("PortraitArtist"),
        perceiver=part("Glance"),
        therapist=part("FaceReader", mode="p+ec"),
        supervisor=part("ScriptedSupervisor"),
        judge=part("CountingJudge"),
    )
    for record in run(config, import_path=[PARTS]).sessions():
        assert record.turns[0].text == "…"
        assert record.turns[0].perception is not None
        assert record.turns[1].text.endswith("perceived 336 by 336")
        assert record.therapist == "custom:house_parts:FaceReader"
        assert record.faces
        assert not record.scores


def test_a_screenplay_run_on_the_scripted_writer_and_on_ones_own(
    tiny: Tiny, quiet: Console
) -> None:
    scripted = run(tiny(graph={"kind": "screenplay"}))
    assert all(r.turns[0].state is None and r.outcome for r in scripted.sessions())
    writer = {"kind": "custom", "target": "house_parts:Page"}
    own = run(tiny(graph={"kind": "screenplay", "writer": writer}), import_path=[PARTS])
    record = next(own.sessions())
    assert [turn.text for turn in record.turns] == ["Hello.", "Hello to you."]
    assert record.therapist == "writer:house_parts:Page"


def test_a_part_that_calls_exit_fails_its_session_alone(tiny: Tiny, quiet: Console) -> None:
    result = start(tiny(therapist=custom("Exits")), quiet, [PARTS])
    assert (result.exit_code, result.failed) == (1, 4)
    assert "called exit(3)" in Quarantine(result.run.path).entries()[0].error


def test_an_agents_own_time_out_is_not_the_sessions(tiny: Tiny, quiet: Console) -> None:
    result = start(tiny(therapist=custom("TimesOut")), quiet, [PARTS])
    assert result.failed == 4
    error = Quarantine(result.run.path).entries()[0].error
    assert error == "TimeoutError: the model server did not answer"


def test_text_that_cannot_be_stored_fails_the_session_not_the_run(
    tiny: Tiny, quiet: Console
) -> None:
    result = start(tiny(therapist=custom("Surrogate")), quiet, [PARTS])
    assert (result.exit_code, result.done, result.failed) == (1, 0, 4)


def test_a_session_over_its_time_limit_is_quarantined(tiny: Tiny, quiet: Console) -> None:
    limits = {"max_exchanges": 3, "time_limit_s": 0.01, "attempts": 1}
    config = tiny(therapist=custom("Slow"), session=limits)
    result = start(config, quiet, [PARTS])
    assert result.failed == 4
    assert "took longer than 0.01 s" in Quarantine(result.run.path).entries()[0].error


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("Absent", "has no 'Absent'"),
        ("NotAsync", "is not async"),
        ("HalfTherapist", "has no method 'plan'"),
        ("WrongArguments", "does not take one argument"),
        ("Explodes", "no licence"),
    ],
)
def test_parts_that_do_not_fit_are_named_before_anything_is_written(
    tiny: Tiny, quiet: Console, tmp_path: Path, part: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        start(tiny(therapist=custom(part)), quiet, [PARTS])
    assert not (tmp_path / "outputs").exists()


def test_a_run_is_held_by_one_driver(tiny: Tiny, quiet: Console) -> None:
    done = start(tiny(), quiet).run
    with RunLock(done.path), pytest.raises(UserError, match=str(os.getpid())):
        resume(done, quiet)


def test_output_that_cannot_be_written_is_the_users_mistake(
    tiny: Tiny, quiet: Console, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(UserError, match=r"output\.dir"):
        start(tiny(output={"dir": str(blocked)}), quiet)


def test_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run"):
        RunDirectory.open(tmp_path / "nothing")
    with pytest.raises(UserError, match=r"no run\.json"):
        open_run(tmp_path)


def test_a_disk_that_is_full_stops_the_run_and_loses_nothing(
    tiny: Tiny, quiet: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from mirrorplay.runs import spool

    real, written = spool.os.write, []

    def full(descriptor: int, data: Any) -> int:
        written.append(1)
        if len(written) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(spool.os, "write", full)
    with pytest.raises(UserError, match="No space left"):
        start(tiny(), quiet)
    monkeypatch.setattr(spool.os, "write", real)
    path = next((Path(tiny().output.dir)).iterdir())
    for torn in (path / "spool").iterdir():
        torn.write_bytes(torn.read_bytes() + b"\x40\x00\x00\x00half a frame")
    assert resume(RunDirectory.open(path), quiet).exit_code == 0
    assert digest(path) == digest(start(tiny(), quiet).run.path)


def test_the_python_api(tiny: Tiny) -> None:
    played = run(tiny().model_dump(mode="json"))
    sessions = list(played.sessions())
    assert len(sessions) == 4
    assert played.session(sessions[0].session_id[:10]).turns == sessions[0].turns
    assert open_run(played.path).digest() == played.digest()
    with pytest.raises(UserError, match="unknown key"):
        run({"sede": 3})
    with pytest.raises(UserError, match="overrides"):
        run(tiny(), ["seed=4"])
    assert played.quarantined() == {}


def test_a_run_whose_configuration_this_version_does_not_know(tiny: Tiny, quiet: Console) -> None:
    done = start(tiny(), quiet).run
    manifest = json.loads(done.manifest_path.read_text())
    manifest["config"]["novelty"] = 1
    done.manifest_path.write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="novelty"):
        resume(done, quiet)


async def test_the_python_api_inside_a_running_loop(tiny: Tiny) -> None:
    assert len(list(run(tiny()).sessions())) == 4


def test_first_interrupt_stops_cleanly_and_resume_goes_on(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny(
        name="slow",
        therapist=custom("Slow", seconds=0.2),
        executor={"kind": "inline", "in_flight": 1, "shutdown_grace_s": 5},
        session={"max_exchanges": 2},
    )
    source = tmp_path / "slow.json"
    source.write_text(json.dumps({"config": config.model_dump(mode="json")}))
    command = [sys.executable, "-m", "mirrorplay.runs.cli", "run", str(source)]
    process = subprocess.Popen(
        [*command, "--import-path", PARTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = tmp_path / "outputs" / "slow-1" / "logs" / "inline.jsonl"
    deadline = time.monotonic() + 30
    while not (log.exists() and "session done" in log.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        select_nothing(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "mirrorplay resume" in out
    assert "Traceback" not in err
    path = tmp_path / "outputs" / "slow-1"
    done = len(list(iter_sessions(path, include_spooled=True)))
    assert 1 <= done < 4
    assert resume(RunDirectory.open(path), Console(quiet=True)).done == 4


def select_nothing(seconds: float) -> None:
    """Give another process the core for a moment."""
    import select

    select.select([], [], [], seconds)
