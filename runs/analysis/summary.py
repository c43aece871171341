"""The table at the end of a run: one line for each resistance type (and cell)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean

from rich.box import SIMPLE_HEAD
from rich.table import Table

from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.policies.stopping import OUTCOMES
from mirrorplay.runs.analysis.figures import Figures

OUTCOME_WORDS = {
    "resolved": "resolved",
    "impasse": "impasse",
    "client_left": "left",
    "max_exchanges": "time up",
    "safety_stop": "safety",
}


@dataclass
class Line:
    """Sums over the sessions of one group."""

    sessions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figures: Figures) -> None:
        self.sessions += 1
        self.outcomes[figures.outcome] += 1
        for name, value in figures.measures.items():
            self.values.setdefault(name, []).append(value)

    def mean(self, measure: str) -> float | None:
        return fmean(self.values[measure]) if self.values.get(measure) else None


def summarise(sessions: Iterable[Figures]) -> dict[tuple[str, str], Line]:
    """Lines by (cell, resistance type)."""
    lines: dict[tuple[str, str], Line] = {}
    for figures in sessions:
        lines.setdefault((figures.cell, figures.resistance), Line()).add(figures)
    order: dict[str, int] = {name: place for place, name in enumerate(RESISTANCE_TYPES)}
    return dict(sorted(lines.items(), key=lambda item: (item[0][0], order.get(item[0][1], 9))))


def summary_table(lines: dict[tuple[str, str], Line]) -> Table:
    """Means over sessions. A dash stands for what could not be measured."""
    table = Table(header_style="bold", pad_edge=False, box=SIMPLE_HEAD)
    several = len({cell for cell, _ in lines}) > 1
    if several:
        table.add_column("\ncell")
    table.add_column("\nresistance")
    table.add_column("\nsessions", justify="right")
    table.add_column("mean\nexchanges", justify="right")
    table.add_column("\noutcomes")
    table.add_column("resistance, 0–1\nfirst→peak→last", justify="center", no_wrap=True)
    table.add_column("alliance\n1–5", justify="right")
    table.add_column("skill\n0–6", justify="right")
    for (cell, resistance), line in lines.items():
        outcomes = ", ".join(
            f"{line.outcomes[o]} {OUTCOME_WORDS[o]}" for o in OUTCOMES if line.outcomes[o]
        )
        track = "→".join(
            _number(line.mean(f"resistance_{point}")) for point in ("first", "peak", "last")
        )
        cells = [
            resistance,
            f"{line.sessions:,}",
            _number(line.mean("exchanges"), 1),
            outcomes,
            track,
            _number(line.mean("alliance")),
            _number(line.mean("skill")),
        ]
        table.add_row(*([cell] if several else []), *cells)
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
