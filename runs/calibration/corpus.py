"""Coded transcripts as turns: what the therapist did, what the client then said, as labels only.

Reads the published layout of AnnoMI (one row an utterance and annotator). Several annotators are
settled by majority, ties by alphabet. Therapist back-channels (behaviour `other`, at most three
words) are dropped and the client's pieces around them are one turn, whose talk is its last one that
is not neutral.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple, cast

from mirrorplay.personas.errors import UserError

Talk = Literal["change", "neutral", "sustain"]
TALKS: tuple[Talk, ...] = ("change", "neutral", "sustain")
Quality = Literal["high", "low"]
QUALITIES: tuple[Quality, ...] = ("high", "low")
CODES: tuple[str, ...] = (
    "simple_reflection",
    "complex_reflection",
    "open_question",
    "closed_question",
    "information",
    "advice",
    "negotiation",
    "other",
)
BACK_CHANNEL_WORDS = 3
_WORD = re.compile(r"[\w']+")
_SUBTYPES = {
    "reflection": ("reflection_subtype", {"simple": CODES[0], "complex": CODES[1]}),
    "question": ("question_subtype", {"open": CODES[2], "closed": CODES[3]}),
    "therapist_input": (
        "therapist_input_subtype",
        {
            "information": "information",
            "advice": "advice",
            "negotiation": "negotiation",
            "options": "negotiation",
        },
    ),
}
_COLUMNS = (
    *("mi_quality", "transcript_id", "utterance_id", "interlocutor", "utterance_text"),
    *("annotator_id", "main_therapist_behaviour", "client_talk_type"),
    *(column for column, _ in _SUBTYPES.values()),
)


class Turn(NamedTuple):
    """One client turn. `code` is what the therapist did just before, None when the client opens;
    `words` is the length of that reply."""

    talk: Talk
    code: str | None
    words: int


class Transcript(NamedTuple):
    """One session. `raters`: how many people coded it."""

    name: str
    quality: Quality
    raters: int
    turns: tuple[Turn, ...]


Row = Mapping[str, str]


def read_corpus(path: Path) -> tuple[Transcript, ...]:
    """The transcripts of a coded CSV file, in order of their number.

    Raises UserError for a file that is not there, lacks a column or holds an unknown label.
    """
    if not path.is_file():
        raise UserError(
            f"no file {str(path)!r}",
            where="calibrate CSV",
            hint="the AnnoMI development transcripts are not part of this package; name the file",
        )
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 text (byte {error.start})", where=str(path), hint="save it as UTF-8"
        ) from None
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise UserError(f"lacks the columns {', '.join(missing)}", where=str(path))
        try:
            rows = sorted(reader, key=lambda row: (_number(row), int(row["utterance_id"])))
            found = tuple(
                _transcript(name, list(of))
                for name, of in groupby(rows, key=lambda row: row["transcript_id"])
            )
        except (ValueError, KeyError) as error:
            raise UserError(f"cannot be read: {error}", where=str(path)) from None
    if not found:
        raise UserError("holds no transcript", where=str(path))
    return found


def _number(row: Row) -> int:
    return int(row["transcript_id"])


def _transcript(name: str, rows: list[Row]) -> Transcript:
    raters = len({row["annotator_id"] for row in rows})
    return Transcript(
        name, cast("Quality", _known(rows[0], "mi_quality", QUALITIES)), raters, tuple(_turns(rows))
    )


def _turns(rows: list[Row]) -> Iterator[Turn]:
    pieces: list[Talk] = []
    code: str | None = None
    words = 0
    for _, of in groupby(rows, key=lambda row: row["utterance_id"]):
        coded = list(of)
        length = len(_WORD.findall(coded[0]["utterance_text"]))
        if coded[0]["interlocutor"] == "client":
            pieces.append(
                cast("Talk", _majority(_known(row, "client_talk_type", TALKS) for row in coded))
            )
            continue
        behaviour = _majority(row["main_therapist_behaviour"] for row in coded)
        if behaviour == "other" and length <= BACK_CHANNEL_WORDS:
            continue
        if pieces:
            yield Turn(_talk(pieces), code, words)
            pieces, words = [], 0
        code = _majority(
            _code(row) for row in coded if row["main_therapist_behaviour"] == behaviour
        )
        words += length
    if pieces:
        yield Turn(_talk(pieces), code, words)


def _talk(pieces: list[Talk]) -> Talk:
    return next((talk for talk in reversed(pieces) if talk != "neutral"), "neutral")


def _code(row: Row) -> str:
    behaviour = row["main_therapist_behaviour"]
    if behaviour == "other":
        return "other"
    column, names = _SUBTYPES[behaviour]
    return names.get(row[column], "other")


def _known(row: Row, column: str, allowed: Iterable[str]) -> str:
    if row[column] not in allowed:
        raise ValueError(f"{column} is {row[column]!r} in utterance {row['utterance_id']}")
    return row[column]


def _majority(labels: Iterable[str]) -> str:
    """The most frequent label; of several the first in the alphabet."""
    return min(Counter(labels).items(), key=lambda found: (-found[1], found[0]))[0]
