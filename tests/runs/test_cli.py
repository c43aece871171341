"""The command line: every mistake is one message with exit code 2, never a traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorplay.runs.cli import main

MIRRORPLAY = [sys.executable, "-m", "mirrorplay.runs.cli"]
SMALL = [
    "executor=inline",
    "face=none",
    "sample.limit=1",
    "sample.resistance=[none]",
    "session.max_exchanges=2",
]


def cli(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MIRRORPLAY, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120", **env},
    )


Told = subprocess.CompletedProcess[str]
Here = Callable[..., Told]


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    """The command line in this process, in an empty folder: the same, without a second of start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["mirrorplay", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, stopped.value.code, told.out, told.err)  # type: ignore[arg-type]

    return call


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    done = cli("run", "quickstart", *SMALL, "checkpoints=sqlite", "seed=3", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "outputs" / "quickstart-1"


def mistake(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("mirrorplay: ")
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "did you mean 'run'"),
        (["run", "quickstrat"], "quickstart"),
        (["run", "quickstart", "therapist.mode=pp"], "allowed"),
        (["run", "quickstart", "therapist.mode=ec", "perceiver=none"], "perceiver"),
        (["run", "quickstart", "sede=4"], "did you mean 'seed'"),
        (["run", "quickstart", "seed=many"], "'many'"),
        (["run", "quickstart", "session.max_exchanges=0"], "0"),
        (["run", "quickstart", "sample.personas=nowhere"], "nowhere"),
        (["run", "quickstart", "grid={therapist.mode: [text, ce]}"], "ec"),
        (["run", "quickstart", "client={kind: custom, target: 'os:nothing'}"], "nothing"),
        (["run", "missing.yaml"], "missing.yaml"),
        (["run", "bomb.yaml"], "aliases"),
        (["run", "tag.yaml"], "tags"),
        (["run", "twice.yaml"], "twice"),
        (["run", "latin.yaml"], "UTF-8"),
        (["run", "list.yaml"], "list"),
        (["run", "--no-such-option"], "No such option"),
        (["resume", "nowhere"], "no run"),
        (["show", "nowhere"], "no run"),
        (["show", "."], "run.json"),
        (["graph", "pp"], "allowed"),
        (["personas", "show", "ruth"], "ruth-feldman"),
        (["personas", "import", "cactsu", "x.json", "--out", "o"], "cactus"),
        (["personas", "import", "cactus", "missing.json", "--out", "o"], "missing.json"),
        (["personas", "import", "cactus", "cut.json", "--out", "o"], "cut.json"),
        (["fork", ".", "x"], "--at"),
    ],
)
def test_a_mistake_is_one_clear_message(
    tmp_path: Path, here: Here, arguments: list[str], message: str
) -> None:
    (tmp_path / "bomb.yaml").write_text("a: &a [x, x]\nb: [*a, *a]\n")
    (tmp_path / "tag.yaml").write_text("name: !!python/object/apply:os.system ['true']\n")
    (tmp_path / "twice.yaml").write_text("seed: 1\nseed: 2\n")
    (tmp_path / "latin.yaml").write_bytes("name: café\n".encode("latin-1"))
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    (tmp_path / "cut.json").write_text('[{"AI_client": {"intake_form": "Name:')
    error = mistake(here(*arguments))
    assert message in error
    assert not (tmp_path / "outputs").exists()


def test_help_lists_the_commands(here: Here) -> None:
    shown = here("--help").stdout
    for command in ("run", "resume", "plan", "show", "fork", "graph", "personas", "config"):
        assert f"\n  {command} " in shown


def test_plan_is_a_dry_run(tmp_path: Path, here: Here) -> None:
    shown = here("plan", "quickstart").stdout
    assert shown.startswith("24 sessions in 24 shards")
    assert not (tmp_path / "outputs").exists()


def test_show_run_session_and_digest(small_run: Path, here: Here) -> None:
    listing = here("show", str(small_run)).stdout
    assert "none" in listing
    digests = {here("show", str(small_run), "--digest").stdout for _ in range(2)}
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
    session = session_of(small_run)
    talk = here("show", str(small_run), session[:8]).stdout
    assert "client" in talk
    assert "trust" in talk
    spoken = here("show", str(small_run), session, "--spoken").stdout
    assert "trust" not in spoken
    assert "no session" in mistake(here("show", str(small_run), "zzzz"))


def session_of(run: Path) -> str:
    from mirrorplay.runs.store import iter_sessions

    return next(iter_sessions(run)).session_id


def test_steps_and_fork_in_a_fresh_process(small_run: Path, here: Here) -> None:
    from mirrorplay.runs.store import iter_sessions

    cwd = small_run.parent.parent
    session = session_of(small_run)
    steps = cli("show", str(small_run), session, "--steps", cwd=cwd)
    assert "step 1  client" in steps.stdout
    assert re.search(r"trust 0\.\d\d → 0\.\d\d \([+-]0\.\d\d\)", steps.stdout)
    told = json.loads(cli("show", str(small_run), session, "--steps", "--json", cwd=cwd).stdout)
    assert told[1]["nodes"] == ["client"]
    assert told[1]["before"]["turns"] == []
    assert told[1]["after"]["client"]["trust"] == told[1]["delta"]["client"]["trust"]

    forked = cli(
        "fork", str(small_run), session[:8], "--at", "1", cwd=cwd, LANGGRAPH_STRICT_MSGPACK="true"
    )
    assert forked.returncode == 0, forked.stderr
    parent = next(iter_sessions(small_run))
    child = next(iter_sessions(small_run.parent / "quickstart-fork-1"))
    assert [t.text for t in child.turns] == [t.text for t in parent.turns]
    assert child.provenance["parent"]["session_id"] == session
    assert json.loads((small_run.parent / "quickstart-fork-1" / "run.json").read_text())["parent"]

    child_run = small_run.parent / "quickstart-fork-1"
    child_steps = cli("show", str(child_run), child.session_id, "--steps", cwd=cwd).stdout
    numbers = re.findall(r"^step (\d+)", child_steps, re.M)
    assert numbers == [str(number) for number in range(len(numbers))]
    assert "step 2  fork" in child_steps
    again = cli("fork", str(child_run), child.session_id, "--at", "3", cwd=cwd)
    assert again.returncode == 0, again.stderr
    grandchild = next(iter_sessions(small_run.parent / "quickstart-fork-2"))
    assert [t.text for t in grandchild.turns] == [t.text for t in parent.turns]
    assert "is a fork" in mistake(cli("run", str(child_run / "run.json"), cwd=cwd))
    assert cli("resume", str(child_run), cwd=cwd).returncode == 0
    next((child_run / "sessions").glob("*.parquet")).unlink()
    assert "fork again" in mistake(cli("resume", str(child_run), cwd=cwd))

    changed = cli(
        "fork", str(small_run), session, "--at", "1", "state.trust=0.05", "profile.reactivity=1",
        cwd=cwd,
    )  # fmt: skip
    assert changed.returncode == 0, changed.stderr
    for bad in ("state.turst=1", "state.trust=7", "state.trust", "seed=3", "plan.stage=x"):
        mistake(here("fork", str(small_run), session, "--at", "1", bad))
    assert "allowed" in mistake(here("fork", str(small_run), session, "--at", "999"))


def test_a_damaged_checkpoint_file_is_named(small_run: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(small_run, copy)
    for file in (copy / "checkpoints").iterdir():
        file.write_bytes(b"not a database" * 100)
    session = session_of(copy)
    for arguments in (
        ["show", str(copy), session, "--steps"],
        ["fork", str(copy), session, "--at=1"],
    ):
        assert "checkpoint file" in mistake(cli(*arguments, cwd=tmp_path))


def test_steps_of_a_run_without_checkpoints_say_how_to_get_them(tmp_path: Path) -> None:
    cli("run", "quickstart", *SMALL, cwd=tmp_path)
    run = tmp_path / "outputs" / "quickstart-1"
    error = mistake(cli("show", str(run), session_of(run), "--steps", cwd=tmp_path))
    assert "checkpoints=sqlite" in error


def test_graph_draws_every_mode(here: Here) -> None:
    drawn = here("graph").stdout
    for name in ("text", "base", "p+ec", "screenplay"):
        assert f"{name}\n" in drawn
    assert "graph TD" in here("graph", "p", "--mermaid").stdout


def test_personas_list_show_and_config(here: Here) -> None:
    listed = here("personas", "list").stdout
    assert "ruth-feldman" in listed
    assert "memories:" in here("personas", "show", "ruth-feldman").stdout
    assert "kind: ray" in here("config", "show", "quickstart").stdout
    assert json.loads(here("config", "schema").stdout)["properties"]["seed"]


def test_doctor_finds_this_installation_fit(here: Here) -> None:
    done = here("doctor")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
