"""Scoring many transcripts with one judge, as one table: sessions × items.

A missing score is NaN. `alliance` is the mean of the WAI subscales, 1–5, and `skill` the mean of
the CTRS items, 0–6, as in the analysis of runs.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mirrorplay.agents.roles import Judge, Transcript
from mirrorplay.policies.instruments.item import Item, items
from mirrorplay.runs.validation.statistics import NAN, Array

Name = tuple[str, str]
"""Instrument and item."""
ALLIANCE, SKILL = "alliance", "skill"
_INSTRUMENTS = {ALLIANCE: "wai", SKILL: "ctrs"}


@dataclass(frozen=True)
class Table:
    """Scores by session (rows) and item (columns)."""

    names: tuple[Name, ...]
    values: Array

    def item(self, name: Name) -> Array:
        """One item; NaN throughout when the judge does not rate it."""
        if name not in self.names:
            return np.full(len(self.values), NAN)
        found: Array = self.values[:, self.names.index(name)]
        return found

    def instrument(self, name: str) -> Array:
        """The mean of an instrument's items; `alliance` and `skill` by these names."""
        wanted = _INSTRUMENTS.get(name, name)
        columns = [at for at, one in enumerate(self.names) if one[0] == wanted]
        if not columns:
            return np.full(len(self.values), NAN)
        return mean_of(self.values[:, columns])

    @property
    def instruments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in self.names))

    def rows(self, chosen: Sequence[int]) -> "Table":
        return Table(self.names, self.values[np.asarray(chosen, dtype=int)])


def mean_of(values: Array) -> Array:
    """Row means of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    found: Array = np.where(count > 0, total / np.maximum(count, 1), NAN)
    return found


def score(judge: Judge, transcripts: Iterable[Transcript]) -> Table:
    """All transcripts, scored in order."""

    async def every() -> list[dict[Name, float]]:
        found = []
        for one in transcripts:
            scores = (await judge.score(one)).scores
            found.append({(score.instrument, score.item): score.value for score in scores})
        return found

    return table(asyncio.run(every()))


def table(rows: Sequence[dict[Name, float]]) -> Table:
    """Scores of each session as one table; columns in the order they first come."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    values = np.array([[row.get(name, NAN) for name in names] for row in rows], dtype=float)
    return Table(names, values.reshape(len(rows), len(names)))


def composites(table: Table, reference: Table | None = None) -> list[tuple[str, str, Array]]:
    """Name, unit and values of each instrument as one number a session.

    Skill and alliance are means of their items as they are; of any other instrument, whose items
    may have scales of their own, the mean of the items in standard scores of `reference` (the table
    itself by default), turned so that more is better for the client. What never varies is left out.
    """
    reference = reference or table
    found = []
    for measure, instrument in _INSTRUMENTS.items():
        if instrument in table.instruments:
            unit = "1–5" if measure == ALLIANCE else "0–6"
            found.append((measure, unit, table.instrument(measure)))
    for instrument in table.instruments:
        if instrument in _INSTRUMENTS.values():
            continue
        columns = []
        for name in (one for one in table.names if one[0] == instrument):
            known = reference.item(name)
            known = known[np.isfinite(known)]
            if len(known) and known.std() > 1e-9:
                sign = -1.0 if _worse().get(name) else 1.0
                columns.append(sign * (table.item(name) - known.mean()) / known.std())
        if columns:
            found.append((instrument.replace("_", " "), "SD", mean_of(np.column_stack(columns))))
    return found


def _worse() -> dict[Name, bool]:
    return {(one.instrument, one.item): one.direction == "higher_is_worse" for one in items()}


def items_of(instrument: str) -> list[Item]:
    """The known items of an instrument; none for an instrument that is not there."""
    return [one for one in items() if one.instrument == instrument]


def independent(table: Table, instrument: str) -> list[Name]:
    """The items of an instrument that are no means of its other items."""
    derived = {(one.instrument, one.item) for one in items_of(instrument) if one.mean_of}
    names = [name for name in table.names if name[0] == instrument]
    return [name for name in names if name not in derived] or names


def label(name: Name) -> str:
    return f"{name[0]} {name[1].replace('_', ' ')}"
