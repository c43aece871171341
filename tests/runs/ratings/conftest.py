"""A run to rate, played once, and a corpus in AnnoMI's layout with sentences of our own."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorplay.runs.api import run
from mirrorplay.runs.directory import RunDirectory


@pytest.fixture(scope="session")
def rated_run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Two therapists with the same two clients, with faces."""
    folder = tmp_path_factory.mktemp("ratings")
    played = run(
        {
            "name": "rated",
            "sample": {"personas": "library", "limit": 1, "resistance": ["cognitive", "none"]},
            "face": {"kind": "portrait", "size": 160},
            "session": {"max_exchanges": 3},
            "executor": {"kind": "inline"},
            "output": {"dir": str(folder)},
            "grid": {"therapist.policy": ["mi_consistent", "confrontational"]},
        }
    )
    return RunDirectory.open(played.path)


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Path]:
    """corpus(without=column) writes three transcripts of twelve utterances."""

    def made(without: str = "", **changes: str) -> Path:
        columns = ["mi_quality", "transcript_id", "utterance_id", "interlocutor",
                   "utterance_text", "annotator_id", "main_therapist_behaviour"]  # fmt: skip
        columns = [name for name in columns if name != without]
        path = tmp_path / "real.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            for transcript in range(3):
                for at in range(12):
                    client = at % 2 == 1
                    row = {
                        "mi_quality": "high",
                        "transcript_id": str(transcript),
                        "utterance_id": str(at),
                        "interlocutor": "client" if client else "therapist",
                        "utterance_text": f"Real words {transcript} {at} [laughs] and-- more."
                        if at != 4
                        else "Mm-hmm.",
                        "annotator_id": "1",
                        "main_therapist_behaviour": "other" if at == 4 else "question",
                    }
                    for annotator in ("1", "2"):
                        writer.writerow({**row, "annotator_id": annotator, **changes})
        return path

    return made
