"""Reading coded transcripts: what spreadsheets make of them, and what cannot be read."""

from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.coding.transcripts import read_transcripts

HEAD = (
    "mi_quality,transcript_id,video_title,topic,utterance_id,interlocutor,utterance_text,"
    "annotator_id,main_therapist_behaviour,client_talk_type"
)
ROWS = (
    "high,2,A talk,Smoking ,0,therapist,How are you?,1,question,n/a",
    "high,2,A talk,Smoking ,1,client,I want to stop.,1,n/a,change",
    "high,2,A talk,Smoking ,1,client,I want to stop.,2,n/a,neutral",
    "low,10,B talk,smoking,0,therapist,You should stop.,1,therapist_input,n/a",
)


def write(path: Path, rows: tuple[str, ...] = ROWS, head: str = HEAD, **how: str) -> Path:
    text = how.get("end", "\n").join((head, *rows)).replace(",", how.get("mark", ","))
    path.write_bytes(text.encode(how.get("encoding", "utf-8")))
    return path


def test_raters_who_differ_are_a_distribution(tmp_path: Path) -> None:
    first, second = read_transcripts(write(tmp_path / "a.csv"))
    assert (first.name, second.name) == ("2", "10")
    line = first.utterances[1]
    assert line.labels == {"change": 0.5, "neutral": 0.5}
    assert line.raters == 2
    assert line.before == (("therapist", "How are you?"),)
    assert (first.quality, first.topic) == ("high", "smoking")
    assert second.utterances[0].labels == {"input": 1.0}


@pytest.mark.parametrize(
    "how",
    [
        {"encoding": "utf-8-sig"},
        {"mark": ";"},
        {"mark": "\t"},
        {"end": "\r\n"},
        {"encoding": "utf-8-sig", "mark": ";", "end": "\r\n"},
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, how: dict[str, str]) -> None:
    plain = read_transcripts(write(tmp_path / "a.csv"))
    assert read_transcripts(write(tmp_path / "b.csv", **how)) == plain


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("high,2,A,s,2,client,Hm.,1,n/a,chagne", "client_talk_type is 'chagne'"),
        ("high,2,A,s,2,therapist,Hm.,1,n/a,n/a", "main_therapist_behaviour is 'n/a'"),
        ("high,2,A,s,2,doctor,Hm.,1,other,n/a", "interlocutor is 'doctor'"),
        ("high,2,A,s,two,client,Hm.,1,n/a,change", "utterance_id is 'two'"),
        ("fair,3,A,s,2,client,Hm.,1,n/a,change", "mi_quality is 'fair'"),
        ("high,2,A,s,2,client,Hm.", "ends before"),
        ('high,2,A,s,2,client,"Hm.,1,n/a,change', "not a table"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_transcripts(write(tmp_path / "a.csv", (*ROWS, row)))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks the columns client_talk_type"):
        read_transcripts(write(tmp_path / "a.csv", head=HEAD.replace("client_talk_type", "talk")))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        read_transcripts(tmp_path / "none.csv")
    with pytest.raises(UserError, match="not UTF-8"):
        read_transcripts(write(tmp_path / "a.csv", (*ROWS, "é"), encoding="latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_transcripts(write(tmp_path / "a.csv", encoding="utf-16"))
    with pytest.raises(UserError, match="holds no rows"):
        read_transcripts(write(tmp_path / "a.csv", ()))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UserError, match="lacks the columns"):
        read_transcripts(tmp_path / "empty.csv")
