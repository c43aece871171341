"""The headings as tables: on the terminal, as JSON, and between the marks of a page.

A page is written by people. Between `<!-- figures NAME -->` and `<!-- end NAME -->` stand figures,
which a command puts there and nobody else: NAME is a heading's number, `summary` or `setup`. Each
heading says itself what its figures rest on; `setup` is written when all nine are put at once.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.validation.finding import NUMBERS, Finding, Heading

STYLES = {"pass": "green", "miss": "red", "reported": "dim", "not tested": "yellow"}
KINDS = {"implementation": "implementation check", "evidence": "evidence"}


def print_heading(console: Console, heading: Heading) -> None:
    """One heading with what it can show and its findings."""
    console.print()
    console.print(f"{heading.number}  {heading.title}", style="bold", highlight=False)
    console.print(f"{KINDS[heading.kind]}. {heading.shows}", style="dim", highlight=False)
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("check and what was expected", ratio=1)
    table.add_column("found", ratio=1)
    table.add_column("interval", no_wrap=True, justify="right")
    for one in heading.findings:
        table.add_row(
            Text(one.verdict, style=STYLES[one.verdict]),
            Text(one.check).append(f"\n{one.expected}", style="dim"),
            Text(one.found).append(f"\n{one.note}" if one.note else "", style="dim"),
            interval(one),
        )
    console.print(table)


def print_summary(console: Console, headings: Sequence[Heading]) -> None:
    """Counts by heading, implementation checks apart from evidence."""
    console.print()
    for line in summary(headings):
        console.print(line, highlight=False, markup=False)


def summary(headings: Sequence[Heading]) -> list[str]:
    """One line a heading: passed, missed, not tested."""
    return [
        f"{one.number:5}{one.title:48}{KINDS[one.kind]:22}"
        f"{one.count('pass'):3} pass {one.count('miss'):3} miss"
        f" {one.count('not tested'):3} not tested"
        for one in headings
    ]


def interval(one: Finding) -> str:
    """The interval for a table; a dash for none."""
    return "–" if one.interval is None else f"[{one.interval[0]:.2f}, {one.interval[1]:.2f}]"


def write_json(path: Path, headings: Sequence[Heading], setup: Mapping[str, Any]) -> None:
    """Everything that was found, with what it was found on."""
    told = {"setup": dict(setup), "headings": [one.model_dump(mode="json") for one in headings]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def fill_page(path: Path, headings: Sequence[Heading], setup: Mapping[str, Any]) -> None:
    """Puts the figures between the marks of a page that is there. Headings that were not looked at
    stay as they are, and so does the setup of all unless all of them were. Raises UserError for a
    page that is not there or lacks a mark."""
    numbers = [one.number for one in headings]
    text = _marked(path)
    if set(numbers) == set(NUMBERS):
        text = _between(text, "setup", _setup(setup) + "\n", path)
    text = _between(text, "summary", _summary_rows(text, headings), path)
    for one in headings:
        rests_on = f"*{_setup(one.setup)}*\n\n" if one.setup else ""
        text = _between(text, one.number, rests_on + _rows(one), path)
    path.write_text(text, encoding="utf-8")


def check_page(path: Path, numbers: Sequence[str]) -> None:
    """Raises UserError for a page that the figures of these headings could not be put into."""
    text = _marked(path)
    for name in ("setup", "summary", *numbers):
        _between(text, name, "", path)
    if not os.access(path, os.W_OK):
        raise UserError("cannot be written to", where=str(path))


def check_writable(path: Path, option: str, *, folder: bool = False) -> None:
    """Raises UserError where no file (or folder) of this path could be made."""
    if path.exists() and path.is_dir() != folder:
        raise UserError(f"{str(path)!r} is {'no folder' if folder else 'a folder'}", where=option)
    there = next((one for one in (path, *path.absolute().parents) if one.exists()), Path("/"))
    if there != path and not there.is_dir():
        raise UserError(f"{str(there)!r} is no folder", where=option)
    if not os.access(there, os.W_OK):
        raise UserError(f"{str(there)!r} cannot be written to", where=option)


def _marked(path: Path) -> str:
    if not path.is_file():
        raise UserError(
            f"no page {str(path)!r}",
            where="--page",
            hint="write the page first, with marks such as <!-- figures I --> and <!-- end I -->",
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", where=str(path)) from None


def _between(text: str, name: str, figures: str, path: Path) -> str:
    pattern = re.compile(rf"(<!-- figures {name} -->\n).*?(<!-- end {name} -->)", re.S)
    if not pattern.search(text):
        raise UserError(
            f"lacks the marks of {name!r}",
            where=str(path),
            hint=f"<!-- figures {name} --> and <!-- end {name} -->, each on its own line",
        )
    return pattern.sub(lambda found: f"{found[1]}{figures}{found[2]}", text, count=1)


def _setup(setup: Mapping[str, Any]) -> str:
    return " · ".join(f"{name}: {_cell(str(value))}" for name, value in setup.items())


def _summary_rows(text: str, headings: Sequence[Heading]) -> str:
    """Counts by heading; those not looked at keep the row that stands there."""
    before = re.search(r"<!-- figures summary -->\n(.*?)<!-- end summary -->", text, re.S)
    standing = {
        row.split("|")[1].strip(): row
        for row in (before[1].splitlines() if before else ())
        if row.startswith("|") and row.count("|") > 5
    }
    fresh = {
        one.number: f"| {one.number} | {one.title} | {KINDS[one.kind]} | {one.count('pass')} |"
        f" {one.count('miss')} | {one.count('not tested')} |"
        for one in headings
    }
    rows = [
        (fresh.get(number) or standing[number])
        for number in NUMBERS
        if number in fresh or number in standing
    ]
    head = "| | heading | kind | pass | miss | not tested |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _rows(heading: Heading) -> str:
    lines = ["| check | expected | found | interval | |", "|---|---|---|---|---|"]
    for one in heading.findings:
        found = f"{one.found}; {one.note}" if one.note else one.found
        verdict = f"**{one.verdict}**" if one.verdict == "miss" else one.verdict
        cells = [one.check, one.expected, found, interval(one), verdict]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ").replace("<", "&lt;")
