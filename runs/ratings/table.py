"""The table of ratings as CSV: written for a spreadsheet, read back from whatever it made of it.

Spreadsheets save with a byte-order mark, semicolons or tabs, other line ends, decimal commas and
apostrophes, and run as a formula what begins like one. All of that is read; a cell that begins
like a formula is written with an apostrophe before it.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.ratings.sheet import (
    CHOICES,
    PREFERENCE,
    PREFERENCE_QUESTION,
    Key,
    Line,
    Question,
    Sheet,
    columns_of,
)

SHEET = "sheet"
TRANSCRIPTS = ("transcript a", "transcript b")
LONGEST_CELL = 32_000
"""Characters; spreadsheets cut a cell at 32,767."""
LARGEST_BYTES = 64 << 20
MOST_TOLD = 10
"""Mistakes told at once."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_RATING = re.compile(r"-?\d+([.,]\d+)?")


def safe_cell(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_table(sheets: Sequence[Sheet], questions: Sequence[Question]) -> str:
    """The table to fill in: a row a sheet, answers empty. A column's name is the first word of its
    heading; the question follows."""
    heads = {
        q.column(side): f"{q.column(side)} ({q.low}-{q.high}) {q.text}"
        for q in questions
        for side in ("a", "b")
    }
    heads[PREFERENCE] = f"{PREFERENCE} ({', '.join(CHOICES)}) {PREFERENCE_QUESTION}"
    columns = columns_of(questions)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([SHEET, *TRANSCRIPTS, *(safe_cell(heads[name]) for name in columns)])
    for sheet in sheets:
        cells = [sheet.id, _transcript(sheet.a), _transcript(sheet.b), *("" for _ in columns)]
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue()


def _transcript(lines: Sequence[Line]) -> str:
    told = "\n".join(
        f"{'Client' if line.speaker == 'client' else 'Counsellor'}: {' '.join(line.text.split())}"
        for line in lines
    )
    return told if len(told) <= LONGEST_CELL else f"{told[:LONGEST_CELL]} … (whole on the page)"


@dataclass(frozen=True, slots=True)
class Answers:
    """What one sheet was given: a value by column, and the choice. Both may be missing."""

    sheet: str
    values: dict[str, float]
    choice: str | None


def read_table(path: Path, key: Key) -> tuple[Answers, ...]:
    """The answers of a filled-in table, those without any left out.

    Raises UserError, naming rows and columns, for a file that is not UTF-8 text or empty, a missing
    or unknown column, a sheet that the key does not have or that is there twice, and a rating that
    is no number or out of its range.
    """
    rows = list(_rows(path))
    if not rows:
        raise UserError("is empty", where=str(path), hint="the table has a heading and a row each")
    (_, heading), *body = rows
    columns = _columns(heading, key, path)
    scales = {q.column(side): q for q in key.questions for side in ("a", "b")}
    found: dict[str, Answers] = {}
    mistakes: list[str] = []
    for number, row in body:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(heading):
            mistakes.append(f"row {number} has {len(row)} cells, the heading {len(heading)}")
            continue
        cells = {name: row[at].strip().removeprefix("'").strip() for name, at in columns.items()}
        sheet = cells.pop(SHEET)
        if sheet not in key.sheets:
            close = nearest(sheet, key.sheets)
            mistakes.append(f"row {number}: no sheet {sheet!r}" + (f", {close}" if close else ""))
            continue
        if sheet in found:
            mistakes.append(f"row {number}: sheet {sheet!r} is there twice")
            continue
        choice = _choice(cells.pop(PREFERENCE), number, mistakes)
        values = {
            name: value
            for name, cell in cells.items()
            if (value := _value(cell, name, scales[name], number, mistakes)) is not None
        }
        found[sheet] = Answers(sheet, values, choice)
    if mistakes:
        more = len(mistakes) - MOST_TOLD
        told = [*mistakes[:MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
        raise UserError("; ".join(told), where=str(path), hint="nothing was imported")
    return tuple(one for one in found.values() if one.values or one.choice)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with their number, as a spreadsheet counts them."""
    text = _text(path)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        # Line ends inside a quoted cell are the cell's own; a lone CR ends a row.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise UserError(f"is no CSV table: {error}", where=str(path)) from None
    yield from enumerate(rows, start=1)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError("is larger than 64 MiB", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError("is UTF-16 text", where=str(path), hint=_AS_UTF8)
    if data.startswith(b"PK\x03\x04"):
        raise UserError("is a spreadsheet's own file", where=str(path), hint=_AS_UTF8)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"is not UTF-8 text (byte {error.start})", where=str(path), hint=_AS_UTF8
        ) from None
    if "\0" in text:
        raise UserError("holds a zero byte: it is not text", where=str(path), hint=_AS_UTF8)
    return text


_AS_UTF8 = "save it as CSV, UTF-8"


def _columns(heading: Sequence[str], key: Key, path: Path) -> dict[str, int]:
    """Where each column stands. Transcripts and columns of one's own are passed over."""
    known = (SHEET, *key.columns)
    found: dict[str, int] = {}
    for at, cell in enumerate(heading):
        name = next(iter(cell.strip().removeprefix("'").split()), "").lower()
        if name in known:
            if name in found:
                raise UserError(f"column {name!r} is there twice", where=str(path))
            found[name] = at
        elif re.fullmatch(r"[ab]\.\S+", name):
            raise UserError(
                f"no column {name!r} in this set of sheets",
                where=str(path),
                hint=nearest(name, known),
            )
    missing = [name for name in known if name not in found]
    if missing:
        few = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        raise UserError(
            f"lacks the columns {few}", where=str(path), hint="leave unrated ones empty"
        )
    return found


def _choice(cell: str, number: int, mistakes: list[str]) -> str | None:
    known = {choice.lower(): choice for choice in CHOICES}
    if not cell:
        return None
    if cell.lower() not in known:
        mistakes.append(f"row {number}: {PREFERENCE} is {cell[:20]!r}, not {', '.join(CHOICES)}")
        return None
    return known[cell.lower()]


def _value(cell: str, name: str, scale: Question, number: int, mistakes: list[str]) -> float | None:
    if not cell:
        return None
    value = float(cell.replace(",", ".")) if _RATING.fullmatch(cell) else float("nan")
    if not isfinite(value) or not scale.low <= value <= scale.high:
        mistakes.append(
            f"row {number}: {name} is {cell[:20]!r}, not from {scale.low} to {scale.high}"
        )
        return None
    return value
