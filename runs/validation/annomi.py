"""Coded transcripts with their words, as a judge would be given them.

The published layout of AnnoMI (one row an utterance and annotator). Neighbouring pieces of one
speaker are one turn, and a therapist's back-channel (three words at most, no question) is left
out: both by the words alone, so that no expert's code reaches a judge. Several annotators are
settled by majority, ties by alphabet. No sentence of these files leaves this module but to a judge.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from mirrorplay.agents.roles import ObservedLine, Speaker, Transcript
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.runs.calibration.corpus import BACK_CHANNEL_WORDS
from mirrorplay.runs.coding.transcripts import read_rows

_COLUMNS = (
    *("mi_quality", "transcript_id", "video_title", "utterance_id", "interlocutor"),
    *("utterance_text", "main_therapist_behaviour", "client_talk_type"),
    *("question_subtype", "therapist_input_subtype"),
)
NOBODY = IntakeCard(name="Client", age=None, gender=None, occupation=None, reason=None)


class Coded(NamedTuple):
    """One transcript. `behaviour` counts the experts' codes of therapist utterances, `talk` of
    client utterances."""

    name: str
    title: str
    good: bool
    transcript: Transcript
    behaviour: Counter[str]
    talk: Counter[str]


class _Utterance(NamedTuple):
    speaker: Speaker
    text: str
    behaviour: str
    talk: str


def read_transcripts(path: Path) -> tuple[Coded, ...]:
    """Every transcript of the file, by number. Raises UserError for a file that is not there or
    lacks a column."""
    rows = read_rows(path, _COLUMNS)
    try:
        rows.sort(key=lambda row: (int(row["transcript_id"]), int(row["utterance_id"])))
    except ValueError:
        raise UserError(
            "transcript_id and utterance_id must be whole numbers", where=str(path)
        ) from None
    return tuple(
        _coded(name, list(of)) for name, of in groupby(rows, key=lambda row: row["transcript_id"])
    )


def _coded(name: str, rows: list[dict[str, str]]) -> Coded:
    said = [_utterance(list(of)) for _, of in groupby(rows, key=lambda row: row["utterance_id"])]
    lines = tuple(
        ObservedLine(at, speaker, text) for at, (speaker, text) in enumerate(_turns(said))
    )
    return Coded(
        name,
        rows[0]["video_title"],
        rows[0]["mi_quality"] == "high",
        Transcript(NOBODY, lines, "max_exchanges"),
        Counter(one.behaviour for one in said if one.speaker == "therapist"),
        Counter(one.talk for one in said if one.speaker == "client"),
    )


def _utterance(rows: list[dict[str, str]]) -> _Utterance:
    speaker: Speaker = "client" if rows[0]["interlocutor"] == "client" else "therapist"
    behaviour = _majority(_behaviour(row) for row in rows)
    return _Utterance(
        speaker,
        rows[0]["utterance_text"],
        behaviour,
        _majority(row["client_talk_type"] for row in rows),
    )


def _behaviour(row: dict[str, str]) -> str:
    """reflection, open, closed, advice, other kinds of input, other."""
    main = row["main_therapist_behaviour"]
    if main == "question":
        return row["question_subtype"]
    return row["therapist_input_subtype"] if main == "therapist_input" else main


def _turns(said: Iterable[_Utterance]) -> Iterator[tuple[Speaker, str]]:
    kept = (one for one in said if not _back_channel(one))
    for speaker, of in groupby(kept, key=lambda one: one.speaker):
        yield speaker, " ".join(one.text for one in of)


def _back_channel(one: _Utterance) -> bool:
    short = len(one.text.split()) <= BACK_CHANNEL_WORDS
    return one.speaker == "therapist" and short and "?" not in one.text


def _majority(labels: Iterable[str]) -> str:
    return min(Counter(labels).items(), key=lambda found: (-found[1], found[0]))[0]
