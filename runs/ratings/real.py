"""Transcripts of real counsellors, mixed in so that a rater cannot know which is which.

Reads AnnoMI's layout. Utterances of one speaker in a row become one turn, back-channels of the
counsellor are dropped, and so are a transcriber's brackets, double dashes and time marks. A
stretch as long as a simulated session is shown, from a client's turn on, since that is how ours
begin. Nothing of it goes anywhere but into the sheets.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from pathlib import Path
from random import Random

from mirrorplay.personas.document import read_text
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.calibration.corpus import BACK_CHANNEL_WORDS
from mirrorplay.runs.ratings.sheet import Line

COLUMNS = ("transcript_id", "utterance_id", "interlocutor", "utterance_text")
SPEAKERS = ("client", "therapist")
PREFIX = "annomi:"
FEWEST_TURNS = 4
LARGEST_BYTES = 64 << 20
_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>")
_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True, slots=True)
class RealTranscript:
    """A whole session as turns in alternation."""

    name: str
    turns: tuple[Line, ...]


def is_real(session: str) -> bool:
    """Whether a session of the key is a real one."""
    return session.startswith(PREFIX)


def read_real(path: Path) -> tuple[RealTranscript, ...]:
    """The transcripts of a file. Raises UserError for a file that is not there, not UTF-8, lacks a
    column, holds an unknown speaker or no transcript long enough to show."""
    reader = csv.DictReader(StringIO(read_text(path, LARGEST_BYTES), newline=""))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"lacks the columns {', '.join(missing)}", where=str(path))
    try:
        rows = sorted(reader, key=lambda row: (row["transcript_id"], int(row["utterance_id"])))
    except (ValueError, TypeError, csv.Error) as error:
        raise UserError(f"cannot be read: {error}", where=str(path)) from None
    for row in rows:
        if row["interlocutor"] not in SPEAKERS:
            raise UserError(
                f"unknown speaker {row['interlocutor']!r} in transcript {row['transcript_id']}",
                where=str(path),
                allowed=SPEAKERS,
            )
    found = tuple(
        transcript
        for name, of in groupby(rows, key=lambda row: row["transcript_id"])
        if len((transcript := _transcript(name, list(of))).turns) >= FEWEST_TURNS
    )
    if not found:
        raise UserError("holds no transcript of four turns or more", where=str(path))
    return found


def stretch(transcript: RealTranscript, turns: int, rng: Random) -> tuple[str, tuple[Line, ...]]:
    """At most so many turns in a row, beginning with the client, and the name they go by."""
    lines = transcript.turns
    starts = [
        at
        for at in range(max(1, len(lines) - turns + 1))
        if lines[at].speaker == "client" or len(lines) <= turns
    ]
    first = rng.choice(starts or [0])
    chosen = lines[first : first + turns]
    return f"{PREFIX}{transcript.name}:{first}-{first + len(chosen) - 1}", chosen


def _transcript(name: str, rows: Sequence[dict[str, str]]) -> RealTranscript:
    turns: list[Line] = []
    # One utterance has a row for each of its annotators.
    for _, of in groupby(rows, key=lambda row: int(row["utterance_id"])):
        row = next(of)
        text = _clean(row["utterance_text"] or "")
        speaker = "client" if row["interlocutor"] == "client" else "therapist"
        if not text or (speaker == "therapist" and _is_back_channel(row, text)):
            continue
        if turns and turns[-1].speaker == speaker:
            turns[-1] = Line(turns[-1].speaker, f"{turns[-1].text} {text}")
        else:
            turns.append(Line("client" if speaker == "client" else "therapist", text))
    return RealTranscript(name, tuple(turns))


def _is_back_channel(row: dict[str, str], text: str) -> bool:
    if row.get("main_therapist_behaviour", "other") != "other":
        return False
    return len(_WORD.findall(text)) <= BACK_CHANNEL_WORDS


def _clean(text: str) -> str:
    return " ".join(_BRACKETS.sub(" ", text).replace("--", " ").split())
