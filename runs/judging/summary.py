"""What a rater gave, in one table: mean, spread and how many are missing, item by item.

Counted from the columns of the score files, batch by batch, so that it costs neither time nor
memory worth naming.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table
from rich.text import Text

from mirrorplay.policies.instruments.item import Item, items
from mirrorplay.runs.scorebook import folder_of, iter_columns


@dataclass
class Given:
    """Scores of one item: how many, their sum and sum of squares."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """Of at least one score."""
        return self.total / self.count

    @property
    def deviation(self) -> float | None:
        """Standard deviation (n - 1); None for fewer than two scores."""
        if self.count < 2:
            return None
        return sqrt(max(0.0, self.squares - self.total * self.mean) / (self.count - 1))


ItemName = tuple[str, str]
"""Instrument and item."""


def given_scores(run_dir: Path, rater: str) -> dict[ItemName, Given]:
    """Everything a rater gave a run. Items of known instruments come in their order."""
    found: dict[ItemName, Given] = {}
    for path in sorted(folder_of(run_dir, rater).glob("[!.]*.parquet")):
        for batch in iter_columns(path, ["instrument", "item", "value"]):
            squared = batch.append_column("square", pc.multiply(batch["value"], batch["value"]))
            for row in _grouped(squared):
                one = found.setdefault((row["instrument"], row["item"]), Given())
                one.count += row["value_count"]
                one.total += row["value_sum"]
                one.squares += row["square_sum"]
    return {name: found[name] for name in in_order(found)}


def _grouped(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    sums = [("value", "count"), ("value", "sum"), ("square", "sum")]
    table = pa.Table.from_batches([batch]).group_by(["instrument", "item"]).aggregate(sums)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def known_items() -> dict[ItemName, Item]:
    """The items of the embedded instruments by name."""
    return {(item.instrument, item.item): item for item in items()}


def in_order(names: Iterable[ItemName]) -> list[ItemName]:
    """Items as `items.yaml` has them, others behind by name."""
    places = {known: place for place, known in enumerate(known_items())}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def summary_of(given: dict[ItemName, Given], sessions: int) -> Table:
    """The table; `sessions` is how many the run has."""
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("instrument, item", no_wrap=True)
    for heading in ("scale", "mean", "SD", "n", "missing"):
        table.add_column(heading, justify="right", no_wrap=True)
    known = known_items()
    headed = None
    for (instrument, item), one in given.items():
        if instrument != headed:
            table.add_row(Text(instrument, style="bold"))
            headed = instrument
        data = known.get((instrument, item))
        table.add_row(
            Text(f"  {item}"),
            f"{data.low:g}–{data.high:g}" if data else "",
            f"{one.mean:.2f}",
            "–" if one.deviation is None else f"{one.deviation:.2f}",
            f"{one.count:,}",
            f"{max(0, sessions - one.count):,}",
        )
    return table
