"""Predictions that were written before the run, and what came of them."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.grid import factor_keys
from mirrorplay.runs.headline import WHERE, Prediction, groups, judged, read_predictions
from mirrorplay.runs.reporting.document import (
    Facts,
    Group,
    Missing,
    Section,
    Table,
    Text,
    Value,
    interval,
    number,
)
from mirrorplay.runs.reporting.material import Material
from mirrorplay.runs.reporting.measures import HIDDEN, label

TITLE = "What was predicted"
NOT_COMPUTED = "not computed"
MOST_LISTED = 12
"""Cells that a message names."""


def predictions(m: Material, file: Path | None) -> Section:
    """Every prediction of the file against the run. Raises UserError for a file that is none, or
    that says nothing of this run's cells."""
    if file is None:
        return Section(
            TITLE,
            (
                Text(
                    "No predictions were given (--predictions FILE), so everything in this report "
                    "is exploratory."
                ),
            ),
        )
    asked, digest = read_predictions(file)
    known = {*m.cells, *m.missing_cells, *_names(m).values()}
    known |= {_level(m, name) for name in m.missing_cells}
    if asked and not any(known.issuperset(one.contrast) for one in asked):
        raise UserError(
            f"none of its {len(asked):,} predictions is about two cells of this run",
            where=str(file),
            allowed=tuple(_names(m).values())[:MOST_LISTED],
            hint="`contrast: [CELL, CELL]` names cells of the run",
        )
    rows: list[tuple[Value, ...] | Group] = []
    came: Counter[str] = Counter()
    for one in asked:
        row = _row(m, one)
        came[NOT_COMPUTED if isinstance(row[-1], Missing) else row[-1]] += 1
        check = ", an implementation check" if one.measure in HIDDEN else ""
        remark = f"{label(one.measure)}{check}; clients: {one.where}; fails if {one.fails_if}"
        rows += [Group(one.id, remark), row]
    told = ", ".join(f"{count} {name}" for name, count in came.most_common())
    return Section(
        TITLE,
        (
            Facts((("File", file.name), ("sha256", digest), ("Came of it", told))),
            Table(
                ("contrast", "expected", "found", "95% interval", "came of it"),
                tuple(rows),
                "Predictions and what was found, in the measure’s units.",
                names=2,
            ),
            Text(
                "That a prediction was written before the run is for the history of the file to "
                "show; the hash says which file was read.",
                "note",
            ),
        ),
    )


def _row(m: Material, one: Prediction) -> tuple[Value, ...]:
    expected = (
        f"no more than {one.least:g} either way"
        if one.expect == "none"
        else f"{one.expect}, by {one.least:g}"
    )
    told = (f"{one.contrast[0]} − {one.contrast[1]}", expected)
    reason = _unanswerable(m, one)
    if reason:
        return (*told, *(Missing(reason),) * 3)
    named = _names(m)
    sessions = [replace(figures, cell=named[figures.cell]) for figures in m.figures]
    exact = one.model_copy(
        update={"contrast": tuple(named.get(cell, cell) for cell in one.contrast)}
    )
    [verdict] = judged([exact], sessions, m.seed)
    if verdict.found is None:
        return (*told, *(Missing("no pair of sessions has this measure"),) * 3)
    few = "fewer than 3 paired personas"
    came = {True: "held", False: "did not hold"}
    return (
        *told,
        number(verdict.found.mean, 3, why=few, signed=True),
        interval(verdict.found.interval, 3, why=few),
        Missing(few) if verdict.held is None else came[verdict.held],
    )


def _unanswerable(m: Material, one: Prediction) -> str:
    known = dict.fromkeys(_names(m).values())
    absent = [cell for cell in one.contrast if cell not in known and cell not in m.cells]
    if absent:
        empty = [name for name in m.missing_cells if absent[0] in (name, _level(m, name))]
        if empty:
            return f"the cell {absent[0]!r} has no finished session"
        return f"no cell {absent[0]!r} in this run; its cells: {_listed(list(known))}"
    if WHERE.get(one.where, one.where) not in groups(m.figures):
        return f"no such group of clients: {one.where!r}"
    return ""


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _names(m: Material) -> dict[str, str]:
    """Cells by the level that tells them apart, where one key is varied: `ec` for `mode=ec`."""
    keys = factor_keys(m.config)
    if len(keys) != 1:
        return {cell: cell for cell in m.cells}
    return {cell: _level(m, cell) for cell in m.cells}


def _level(m: Material, cell: str) -> str:
    """A cell's level of the key that is varied; its name where there are several."""
    keys = factor_keys(m.config)
    factors = next(one.factors for one in m.grid if one.name == cell)
    return str(factors[keys[0]]) if len(keys) == 1 else cell
