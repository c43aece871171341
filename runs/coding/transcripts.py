"""Coded transcripts from a CSV file in AnnoMI's layout: one row an utterance and rater.

Rows of several raters become a distribution over labels, never a vote. Reads what spreadsheets make
of such a file: a byte order mark, semicolons or tabs, CRLF.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mirrorplay.personas.errors import UserError, nearest

Speaker = Literal["client", "therapist"]
COLUMNS = (
    *("transcript_id", "utterance_id", "interlocutor", "utterance_text"),
    *("main_therapist_behaviour", "client_talk_type"),
)
"""Columns that must be there. `mi_quality`, `topic` and `video_title` are read when they are."""
_LABELS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "client": ("client_talk_type", {name: name for name in ("change", "neutral", "sustain")}),
    "therapist": (
        "main_therapist_behaviour",
        {
            "question": "question",
            "reflection": "reflection",
            "therapist_input": "input",
            "other": "other",
        },
    ),
}
_MOST_BYTES = 256 * 1024 * 1024
_MOST_FIELD = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Utterance:
    """`labels`: share of raters for each label, summing to 1. `before`: (speaker, text) of up to
    two utterances before it, oldest first."""

    speaker: Speaker
    text: str
    labels: Mapping[str, float]
    raters: int
    before: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """One session. `quality` "high" or "low", None when not told; `topic` and `title` may be ""."""

    name: str
    quality: str | None
    topic: str
    title: str
    utterances: tuple[Utterance, ...]


def read_rows(path: Path, columns: tuple[str, ...] = COLUMNS) -> list[dict[str, str]]:
    """Rows of a CSV file that has these columns.

    Raises UserError for a file that is not there, is not UTF-8 text, is over 256 MiB, lacks a
    column or holds no row.
    """
    if not path.is_file():
        raise UserError(
            f"no file {str(path)!r}",
            where="--annomi",
            hint="coded transcripts are not part of this package; name the file",
        )
    if path.stat().st_size > _MOST_BYTES:
        raise UserError("over 256 MiB", where=str(path), hint="that is not a coded transcript file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 text (byte {error.start})", where=str(path), hint="save it as UTF-8"
        ) from None
    head = text.split("\n", 1)[0]
    mark = max(",;\t", key=head.count)
    csv.field_size_limit(_MOST_FIELD)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        missing = [name for name in columns if name not in names]
        if missing:
            raise UserError(
                f"lacks the columns {', '.join(missing)}",
                where=str(path),
                allowed=", ".join(columns),
                hint=nearest(missing[0], names),
            )
        rows = [
            {name: value for name, value in row.items() if isinstance(value, str)} for row in reader
        ]
    except csv.Error as error:
        raise UserError(f"not a table: {error}", where=str(path)) from None
    for number, row in enumerate(rows, start=2):
        short = next((name for name in columns if name not in row), None)
        if short:
            raise UserError(f"row {number} ends before {short!r}", where=str(path))
    if not rows:
        raise UserError("holds no rows", where=str(path))
    return rows


def read_transcripts(path: Path) -> tuple[Transcript, ...]:
    """The transcripts of a file, by number. Raises UserError as `read_rows`, and for a label,
    speaker or number that cannot be."""
    rows = read_rows(path)
    sessions: dict[str, dict[int, list[dict[str, str]]]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            at = int(row["utterance_id"])
        except ValueError:
            raise UserError(
                f"utterance_id is {row['utterance_id'][:40]!r}",
                where=f"{path}, row {number}",
                allowed="a whole number",
            ) from None
        sessions.setdefault(row["transcript_id"], {}).setdefault(at, []).append(row)
    names = sorted(sessions, key=lambda name: (not name.isdigit(), name.zfill(12)))
    return tuple(_transcript(name, sessions[name], path) for name in names)


def _transcript(name: str, turns: Mapping[int, list[dict[str, str]]], path: Path) -> Transcript:
    said: list[tuple[str, str]] = []
    utterances: list[Utterance] = []
    first = turns[min(turns)][0]
    for at in sorted(turns):
        of = turns[at]
        where = f"{path}, transcript {name[:40]!r}, utterance {at}"
        who = of[0]["interlocutor"].strip()
        if who not in _LABELS:
            raise UserError(
                f"interlocutor is {who[:40]!r}", where=where, allowed="client, therapist"
            )
        column, known = _LABELS[who]
        counts = Counter(_label(row[column].strip(), known, column, where) for row in of)
        utterances.append(
            Utterance(
                "client" if who == "client" else "therapist",
                of[0]["utterance_text"],
                {label: count / len(of) for label, count in sorted(counts.items())},
                len(of),
                tuple(said[-2:]),
            )
        )
        said.append((who, of[0]["utterance_text"]))
    quality = first.get("mi_quality", "").strip() or None
    if quality not in (None, "high", "low"):
        raise UserError(
            f"mi_quality is {quality[:40]!r}",
            where=f"{path}, transcript {name[:40]!r}",
            allowed="high, low",
        )
    topic = " ".join(first.get("topic", "").lower().split())
    return Transcript(name, quality, topic, first.get("video_title", ""), tuple(utterances))


def _label(value: str, known: Mapping[str, str], column: str, where: str) -> str:
    if value not in known:
        raise UserError(
            f"{column} is {value[:40]!r}",
            where=where,
            allowed=", ".join(known),
            hint=nearest(value, known),
        )
    return known[value]
