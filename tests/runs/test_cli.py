"""The command line: every mistake is one message with exit code 2, never a traceback."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
        (["run", "quickstart", "therapist.mode=base"], "perceiver"),
        (["run", "quickstart", "sede=4"], "did you mean 'seed'"),
        (["run", "quickstart", "seed=many"], "'many'"),
        (["run", "quickstart", "session.max_exchanges=0"], "0"),
        (["run", "quickstart", "sample.personas=nowhere"], "nowhere"),
        (["run", "quickstart", "grid={therapist.mode: [text, ec]}"], "ec"),
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
def test_a_mistake_is_one_clear_message(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "bomb.yaml").write_text("a: &a [x, x]\nb: [*a, *a]\n")
    (tmp_path / "tag.yaml").write_text("name: !!python/object/apply:os.system ['true']\n")
    (tmp_path / "twice.yaml").write_text("seed: 1\nseed: 2\n")
    (tmp_path / "latin.yaml").write_bytes("name: café\n".encode("latin-1"))
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    (tmp_path / "cut.json").write_text('[{"AI_client": {"intake_form": "Name:')
    error = mistake(cli(*arguments, cwd=tmp_path))
    assert message in error
    assert not (tmp_path / "outputs").exists()


def test_help_lists_the_commands(tmp_path: Path) -> None:
    shown = cli("--help", cwd=tmp_path).stdout
    for command in ("run", "resume", "plan", "show", "fork", "graph", "personas", "config"):
        assert f"\n  {command} " in shown


def test_plan_is_a_dry_run(tmp_path: Path) -> None:
    shown = cli("plan", "quickstart", cwd=tmp_path).stdout
    assert shown.startswith("24 sessions in 24 shards")
    assert not (tmp_path / "outputs").exists()


def test_show_run_session_and_digest(small_run: Path) -> None:
    cwd = small_run.parent.parent
    listing = cli("show", str(small_run), cwd=cwd).stdout
    assert "none" in listing
    digests = {cli("show", str(small_run), "--digest", cwd=cwd).stdout for _ in range(2)}
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
    session = session_of(small_run)
    talk = cli("show", str(small_run), session[:8], cwd=cwd).stdout
    assert "client" in talk
    assert "trust" in talk
    spoken = cli("show", str(small_run), session, "--spoken", cwd=cwd).stdout
    assert "trust" not in spoken
    assert "no session" in mistake(cli("show", str(small_run), "zzzz", cwd=cwd))


def session_of(run: Path) -> str:
    from mirrorplay.runs.store import iter_sessions

    return next(iter_sessions(run)).session_id


def test_steps_and_fork_in_a_fresh_process(small_run: Path) -> None:
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

    changed = cli(
        "fork", str(small_run), session, "--at", "1", "state.trust=0.05", "profile.reactivity=1",
        cwd=cwd,
    )  # fmt: skip
    assert changed.returncode == 0, changed.stderr
    for bad in ("state.turst=1", "state.trust=7", "state.trust", "seed=3", "plan.stage=x"):
        mistake(cli("fork", str(small_run), session, "--at", "1", bad, cwd=cwd))
    assert "allowed" in mistake(cli("fork", str(small_run), session, "--at", "999", cwd=cwd))


def test_steps_of_a_run_without_checkpoints_say_how_to_get_them(tmp_path: Path) -> None:
    cli("run", "quickstart", *SMALL, cwd=tmp_path)
    run = tmp_path / "outputs" / "quickstart-1"
    error = mistake(cli("show", str(run), session_of(run), "--steps", cwd=tmp_path))
    assert "checkpoints=sqlite" in error


def test_graph_draws_every_mode(tmp_path: Path) -> None:
    drawn = cli("graph", cwd=tmp_path).stdout
    for name in ("text", "base", "p+ec", "screenplay"):
        assert f"{name}\n" in drawn
    assert "graph TD" in cli("graph", "p", "--mermaid", cwd=tmp_path).stdout


def test_personas_list_show_and_config(tmp_path: Path) -> None:
    listed = cli("personas", "list", cwd=tmp_path).stdout
    assert "ruth-feldman" in listed
    assert "memories:" in cli("personas", "show", "ruth-feldman", cwd=tmp_path).stdout
    assert "kind: ray" in cli("config", "show", "quickstart", cwd=tmp_path).stdout
    assert json.loads(cli("config", "schema", cwd=tmp_path).stdout)["properties"]["seed"]


def test_doctor_finds_this_installation_fit(tmp_path: Path) -> None:
    done = cli("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
