"""Real beside simulated: what `calibrate` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from mirrorplay.policies.state import Dynamics
from mirrorplay.runs.calibration.corpus import Transcript
from mirrorplay.runs.calibration.explained import EFFECTS, Explained, explain
from mirrorplay.runs.calibration.replay import Mixture, Replay, load_translation
from mirrorplay.runs.calibration.tables import (
    ENOUGH,
    MOVED,
    Cell,
    Tables,
    intervals,
    labels,
    layout,
)

SERIES = 4
"""Simulated series that the logit is fitted to, averaged."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell. `low` and `high`: 95% bootstrap over transcripts; `turns` under the real value."""

    cell: Cell
    real: float
    turns: int
    low: float
    high: float
    simulated: float

    @property
    def counts(self) -> bool:
        """There are enough turns to hold the cell against its interval."""
        return self.turns >= ENOUGH

    @property
    def inside(self) -> bool:
        return self.low <= self.simulated <= self.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """All cells, and who explains the talk, real and simulated."""

    cells: tuple[Compared, ...]
    real: Explained | None = None
    simulated: Explained | None = None

    @property
    def counted(self) -> tuple[Compared, ...]:
        return tuple(one for one in self.cells if one.counts)

    @property
    def outside(self) -> tuple[Compared, ...]:
        return tuple(one for one in self.counted if not one.inside)


def compare(
    corpus: Sequence[Transcript],
    dynamics: Dynamics,
    mixture: Mixture,
    *,
    replicates: int = 100,
    seed: int = 2,
    explained: bool = True,
    series: int = SERIES,
    rater_carry: float | None = None,
) -> Comparison:
    """Real and simulated tables of a corpus. `explained`: also fit the logits, to the real
    series and to `series` simulated ones, some seconds. `rater_carry` in [0, 1): another
    correlation of a rater's leaning from turn to turn; 0 for errors that are independent."""
    of = layout(corpus)
    tables = Tables(of)
    talk = labels(corpus)
    sums = tables.counts(talk)
    real, turns = tables.values(sums.sum(axis=0))
    low, high = intervals(tables, sums)
    translation = load_translation()
    if rater_carry is not None:
        translation = replace(translation, carry=rater_carry)
    replayed = Replay(of, translation, replicates, seed).talk(dynamics, mixture)
    simulated, _ = tables.values(tables.counts(replayed).sum(axis=0))
    cells = tuple(
        Compared(cell, float(a), int(n), float(lo), float(hi), float(b))
        for cell, a, n, lo, hi, b in zip(
            tables.cells, real, turns, low, high, simulated, strict=True
        )
    )
    if not explained:
        return Comparison(cells)
    return Comparison(
        cells, explain(of, talk), _mean([explain(of, one) for one in replayed[:series]])
    )


def _mean(found: Sequence[Explained]) -> Explained:
    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values))

    first = found[0]
    return Explained(
        {name: mean([one.losses[name] for one in found]) for name in first.losses},
        {name: mean([one.client_sd[name] for one in found]) for name in first.client_sd},
        {name: mean([one.effects[name] for one in found]) for name in first.effects},
    )


def lines(comparison: Comparison) -> Iterator[str]:
    """The comparison as text, one line at a time."""
    for table, rows in groupby(comparison.cells, key=lambda one: one.cell.table):
        yield f"{table:42}   real   n   [95%]          simulated"
        for one in rows:
            name = f"  {one.cell.row} → {one.cell.column}"
            mark = "" if not one.counts else "inside" if one.inside else "OUTSIDE"
            interval = f"[{one.low:5.2f} {one.high:5.2f}]"
            yield (
                f"{name:42} {one.real:6.3f} {one.turns:5d} {interval}  {one.simulated:6.3f} {mark}"
            ).rstrip()
        yield ""
    if comparison.real and comparison.simulated:
        yield from _explained(comparison.real, comparison.simulated)
        yield ""
    outside = comparison.outside
    counted = len(comparison.counted)
    inside = counted - len(outside)
    yield f"{inside} of {counted} cells with n ≥ {ENOUGH} inside the real 95% interval"
    for one in outside:
        yield f"  outside: {one.cell.table}, {one.cell.row} → {one.cell.column}"


def _explained(real: Explained, simulated: Explained) -> Iterator[str]:
    yield "held-out loss without it, nats a turn        real  simulated"
    for name, loss in real.losses.items():
        yield f"  {name:42} {loss:6.3f}  {simulated.losses[name]:6.3f}"
    yield "transcript intercepts, SD of the logit"
    for name, sd in real.client_sd.items():
        yield f"  {name:42} {sd:6.2f}  {simulated.client_sd[name]:6.2f}"
    yield "log odds against neutral"
    for talk in MOVED:
        for name in EFFECTS:
            key = (talk, name)
            label = f"{talk}: {name}"
            yield f"  {label:42} {real.effects[key]:6.2f}  {simulated.effects[key]:6.2f}"
