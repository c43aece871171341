"""Coded transcripts from outside: made-up ones in the published layout."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirrorplay.agents.roles import Judge, Transcript
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.validation import external
from mirrorplay.runs.validation.annomi import Coded, read_transcripts
from mirrorplay.runs.validation.session import Session

Judging = Callable[[Any], Judge]
COLUMNS = (
    *("mi_quality", "transcript_id", "video_title", "utterance_id", "interlocutor"),
    *("utterance_text", "annotator_id", "main_therapist_behaviour", "client_talk_type"),
    *("question_subtype", "therapist_input_subtype"),
)


def write(file: Path, transcripts: int = 10, columns: tuple[str, ...] = COLUMNS) -> Path:
    """Every second transcript is of high quality and reflects in all its turns."""
    rows = []
    for number in range(transcripts):
        good = number % 2 == 0
        behaviour = "reflection" if good else "therapist_input"
        words = "So you are torn about it." if good else "You must stop it at once, I say."
        said = [
            ("client", f"I might stop, {number} times over.", "n/a", "change"),
            ("client", "Or I might not.", "n/a", "sustain"),
            ("therapist", "Mm-hm.", "other", "n/a"),
            ("client", "Well.", "n/a", "neutral"),
            ("therapist", words, behaviour, "n/a"),
        ] * (2 + number % 3)
        for at, (who, text, code, talk) in enumerate(said):
            for annotator in range(1 + (number == 0)):
                row = dict.fromkeys(COLUMNS, "n/a") | {
                    "mi_quality": "high" if good else "low",
                    "transcript_id": str(number),
                    "video_title": "A talk" if good else "How not to talk",
                    "utterance_id": str(at),
                    "interlocutor": who,
                    "utterance_text": text,
                    "annotator_id": str(annotator),
                    "main_therapist_behaviour": code,
                    "client_talk_type": talk,
                    "therapist_input_subtype": "advice",
                }
                rows.append({name: row[name] for name in columns})
    with file.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        writer.writerows(rows)
    return file


def test_reading_merges_pieces_and_drops_back_channels(tmp_path: Path) -> None:
    first, *_ = read_transcripts(write(tmp_path / "a.csv"))
    assert [line.speaker for line in first.transcript.lines] == ["client", "therapist"] * 2
    assert first.transcript.lines[0].text == "I might stop, 0 times over. Or I might not. Well."
    assert first.good
    assert first.behaviour == Counter(reflection=2, other=2)
    assert first.talk == Counter(change=2, sustain=2, neutral=2)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        read_transcripts(tmp_path / "none.csv")
    with pytest.raises(UserError, match="video_title"):
        read_transcripts(
            write(tmp_path / "a.csv", columns=tuple(c for c in COLUMNS if c != "video_title"))
        )
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        read_transcripts(tmp_path / "b.csv")
    with pytest.raises(UserError, match="no rows"):
        read_transcripts(write(tmp_path / "c.csv", transcripts=0))


def reflects(transcript: Transcript) -> dict[tuple[str, str], float]:
    said = [line.text for line in transcript.lines if line.speaker == "therapist"]
    value = float(np.mean(["torn" in text for text in said]))
    return {("ctrs", "understanding"): value, ("wai", "bond"): value}


def verdicts(corpus: tuple[Coded, ...], judge: Judge) -> dict[str, str]:
    return {one.check.rsplit(": ", 1)[1]: one.verdict for one in external.quality(corpus, judge, 1)}


def test_quality_stands_beside_baselines(tmp_path: Path, judging: Judging) -> None:
    corpus = read_transcripts(write(tmp_path / "a.csv", 20))
    found = verdicts(corpus, judging(reflects))
    assert (found["skill"], found["title alone"]) == ("pass", "reported")
    flat = verdicts(corpus, judging(lambda _: {("ctrs", "understanding"): 3.0}))
    assert "skill" in flat
    assert flat["skill"] == "miss"
    turned = verdicts(
        corpus, judging(lambda one: {("wai", "bond"): 1 - reflects(one)["wai", "bond"]})
    )
    assert turned["alliance"] == "miss"
    alike = external.quality(corpus[::2], judging(reflects), 1)
    assert alike[0].verdict == "not tested"


def test_magills_signs() -> None:
    skilled = np.arange(40.0)
    names = [str(number) for number in range(40)]
    counts = np.column_stack([skilled, 40 - skilled, skilled, skilled, skilled * 3])
    found = external.magill("made up", counts, names, 1)
    assert [one.verdict for one in found] == ["pass", "pass", "miss"]


def test_without_a_file_it_is_not_tested(make: Callable[..., Session], judging: Judging) -> None:
    sessions = [make(f"p{number}", number / 10) for number in range(10)]
    codes = [[("affirm", "talk:change")] * 8 for _ in sessions]
    found = external.check(sessions, codes, judging(reflects), None, 1)
    assert sum(one.verdict == "not tested" for one in found.findings) == 4
