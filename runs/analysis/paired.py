"""A first ablation: paired differences between cells, with bootstrap intervals over personas.

Two cells are compared on the clients they share. Differences are averaged within a persona first,
and personas are what the bootstrap resamples: sessions of one persona are not independent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text
from scipy.stats import bootstrap

from mirrorplay.runs.analysis.figures import MEASURES, Figures

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """`other` minus `base` on one measure. `interval` is the 95% percentile bootstrap interval over
    personas, null with fewer than three of them."""

    base: str
    other: str
    measure: str
    base_mean: float
    other_mean: float
    mean: float
    interval: tuple[float, float] | None
    pairs: int
    personas: int


def paired_differences(
    sessions: Iterable[Figures], key: Callable[[Figures], Any], seed: int
) -> tuple[list[Difference], list[str]]:
    """Every cell against the first, on every measure they share; and the cells that have no client
    in common with it. `key` says which sessions are one client."""
    cells: dict[str, dict[Any, Figures]] = {}
    for figures in sessions:
        cells.setdefault(figures.cell, {})[key(figures)] = figures
    if len(cells) < 2:
        return [], []
    base, *others = cells
    differences: list[Difference] = []
    unpaired: list[str] = []
    for other in others:
        shared = [pair for pair in cells[base] if pair in cells[other]]
        if not shared:
            unpaired.append(other)
            continue
        for measure in MEASURES:
            pairs = [
                (cells[base][pair], cells[other][pair])
                for pair in shared
                if measure in cells[base][pair].measures and measure in cells[other][pair].measures
            ]
            if pairs:
                differences.append(_difference(base, other, measure, pairs, seed))
    return differences, unpaired


def _difference(
    base: str, other: str, measure: str, pairs: list[tuple[Figures, Figures]], seed: int
) -> Difference:
    by_persona: dict[str, list[float]] = {}
    for first, second in pairs:
        by_persona.setdefault(first.persona_id, []).append(
            second.measures[measure] - first.measures[measure]
        )
    means = np.array([fmean(values) for _, values in sorted(by_persona.items())])
    interval = None
    if len(means) >= 3:
        if np.all(means == means[0]):  # nothing varies: scipy would warn and give NaN
            interval = (float(means[0]), float(means[0]))
        else:
            found = bootstrap(
                (means,),
                np.mean,
                n_resamples=RESAMPLES,
                method="percentile",
                rng=np.random.default_rng(seed),
            ).confidence_interval
            interval = (float(found.low), float(found.high))
    return Difference(
        base=base,
        other=other,
        measure=measure,
        base_mean=fmean(first.measures[measure] for first, _ in pairs),
        other_mean=fmean(second.measures[measure] for _, second in pairs),
        mean=float(np.mean(means)),
        interval=interval,
        pairs=len(pairs),
        personas=len(means),
    )


def difference_table(differences: list[Difference]) -> Table:
    """One line a measure, under the comparison it belongs to."""
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("measure", no_wrap=True, max_width=32)
    for name in ("means", "diff.", "95% interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    headed = None
    for d in differences:
        if d.other != headed:
            table.add_row(Text(f"{d.other}", style="bold"))
            table.add_row(Text(f"− {d.base}", style="bold"))
            headed = d.other
        interval = "–" if d.interval is None else f"[{d.interval[0]:+.2f}, {d.interval[1]:+.2f}]"
        table.add_row(
            "  " + d.measure.replace("_", " "),
            f"{d.other_mean:.2f} − {d.base_mean:.2f}",
            f"{d.mean:+.2f}",
            interval,
            f"{d.pairs}/{d.personas}",
        )
    return table
