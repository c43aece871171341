"""`judge`, `agreement`, `export-ratings` and `import-ratings` as commands."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorplay.runs.cli import main

Told = subprocess.CompletedProcess[str]
Here = Callable[..., Told]

JUDGE = """
from mirrorplay.agents.roles import Scores
from mirrorplay.policies.instruments.score import Score

class Counting:
    rater = "counting-v1:words"
    async def score(self, transcript):
        lines = float(len(transcript.lines))
        return Scores((Score(instrument="ctrs", item="focus", value=lines, rater=self.rater),))

class Failing(Counting):
    rater = "failing-v1:words"
    async def score(self, transcript):
        raise ConnectionError("nobody there")
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mirrorplay.runs.api import run

    folder = tmp_path_factory.mktemp("judging")
    config = {
        "name": "small",
        "sample": {"personas": "library", "limit": 2, "resistance": ["cognitive", "none"]},
        "face": {"kind": "none"},
        "session": {"max_exchanges": 2},
        "executor": {"kind": "inline"},
        "output": {"dir": str(folder)},
    }
    return run(config).path


@pytest.fixture
def here(
    played: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Here:
    """The command line in this process, in a folder with a copy of a run and judges."""
    shutil.copytree(played, tmp_path / "run")
    (tmp_path / "cli_judges.py").write_text(JUDGE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("COLUMNS", "140")

    def call(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["mirrorplay", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, stopped.value.code, told.out, told.err)  # type: ignore[arg-type]

    return call


def test_judge_scores_once_and_says_so(here: Here) -> None:
    first = here("judge", "run")
    assert first.returncode == 0, first.stderr
    assert "scripted-v1:words" in first.stdout
    assert "understanding" in first.stdout
    assert "4 sessions scored, 0 had their scores" in first.stdout
    second = here("judge", "run")
    assert "nothing to do: all 4 sessions" in second.stdout
    assert "4 sessions scored" in here("judge", "run", "--force").stdout


def test_judge_of_ones_own_and_agreement(here: Here) -> None:
    assert here("judge", "run", "--judge", "cli_judges:Counting").returncode == 0
    told = here("agreement", "run")
    assert told.returncode == 0
    assert "counting-v1:words" in told.stdout
    assert "latent truth" in told.stdout
    document = json.loads(
        here("agreement", "run", "--against", "counting-v1:words", "--json").stdout
    )
    assert document["sessions"] == 4
    assert {"first", "second", "n", "alpha", "icc", "rank"} <= document["pairs"][0].keys()


def test_a_judge_that_fails_is_told_and_tried_again(here: Here) -> None:
    told = here("judge", "run", "--judge", "cli_judges:Failing")
    assert told.returncode == 1
    assert "ConnectionError: nobody there" in told.stdout
    assert "4 sessions could not be judged" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["judge", "nowhere"], "no run at"),
        (["judge", "run", "--variant", "words+fase"], "did you mean 'words+face'"),
        (["judge", "run", "--variant", "words+face"], "the run has no faces"),
        (["judge", "run", "--instruments", "ctrs,wia"], "did you mean 'wai'"),
        (["judge", "run", "--judge", "cli_judges:Countin"], "did you mean 'Counting'"),
        (["agreement", "run", "--against", "human:x"], "no rater 'human:x'"),
        (["export-ratings", "run", "--mix", "cactus", "x.csv"], "no corpus 'cactus'"),
        (["export-ratings", "run", "--mix", "annomi", "x.csv"], "cannot be read"),
        (["export-ratings", "run", "--pairs", "0"], "--pairs"),
        (["export-ratings", "run", "--instruments", "rupture"], "counted, not rated"),
        (["import-ratings", "run", "x.csv", "--key", "k.json", "--rater", "a/b"], "no name"),
        (["import-ratings", "run", "x.csv", "--key", "k.json", "--rater", "ann"], "k.json"),
    ],
)
def test_mistakes_are_one_message(here: Here, arguments: list[str], message: str) -> None:
    told = here(*arguments)
    assert told.returncode == 2
    assert message in told.stderr
    assert "Traceback" not in told.stderr


def test_ratings_go_out_and_come_back(here: Here, tmp_path: Path) -> None:
    out = here("export-ratings", "run", "--pairs", "50")
    assert out.returncode == 0, out.stderr
    assert "6 pairs (the run has no more than 6)" in out.stdout
    folder = tmp_path / "run" / "ratings" / "0"
    table = folder / "for_raters" / "ratings.csv"
    lines = table.read_text(encoding="utf-8")
    names = list(json.loads((folder / "key.json").read_text())["sheets"])
    columns = [
        cell.split()[0] for cell in lines.splitlines()[0].split(",") if "." in cell.split()[0]
    ]
    columns = [name.strip('"') for name in columns if name.strip('"')[:2] in ("a.", "b.")]
    rows = [";".join(["sheet", *columns, "preference"])]
    rows += [";".join([name, *("3" for _ in columns), "A"]) for name in names]
    (tmp_path / "back.csv").write_text("\ufeff" + "\r\n".join(rows), encoding="utf-8")
    key = str(folder / "key.json")
    told = here("import-ratings", "run", "back.csv", "--key", key, "--rater", "ann")
    assert told.returncode == 0, told.stderr
    assert "rater human:ann" in told.stdout
    again = here("import-ratings", "run", "back.csv", "--key", key, "--rater", "ann")
    assert again.returncode == 2
    assert "--replace" in again.stderr
    assert here("agreement", "run", "--against", "human:ann").returncode == 0
