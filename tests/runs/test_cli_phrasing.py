"""`mirrorplay phrasing lint`: a table for a sound bank, every mistake for another."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorplay.runs.cli import main

Told = subprocess.CompletedProcess[str]
Here = Callable[..., Told]


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["mirrorplay", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, stopped.value.code, told.out, told.err)  # type: ignore[arg-type]

    return call


def test_a_sound_bank_is_counted(here: Here) -> None:
    told = here("phrasing", "lint", "a")
    assert told.returncode == 0, told.stderr
    assert "disagreeing" in told.stdout
    assert "no mistakes" in told.stdout


def test_mistakes_are_all_told_with_their_places(here: Here, tmp_path: Path) -> None:
    bank = tmp_path / "mine"
    bank.mkdir()
    (bank / "bank.yaml").write_text("agreing: {cores: [yes]}\nasking:\n  cores: ['so [a|b']\n")
    told = here("phrasing", "lint", str(bank))
    assert told.returncode == 2
    assert "bank.yaml:1: unknown key 'agreing'" in told.stderr
    assert "bank.yaml:3: asking: stray" in told.stderr
    assert "no words for 'blaming'" in told.stderr


def test_a_bank_that_is_not_there_is_a_mistake(here: Here) -> None:
    told = here("phrasing", "lint", "nowhere")
    assert told.returncode == 2
    assert "no phrase bank 'nowhere'" in told.stderr
