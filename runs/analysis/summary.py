"""The table at the end of a run: one line for each resistance type (and cell)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean

from rich.table import Table
from rich.text import Text

from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.policies.stopping import OUTCOMES
from mirrorplay.runs.analysis.figures import Figures

OUTCOME_WORDS = {
    "resolved": "\nresolved",
    "impasse": "\nimpasse",
    "client_left": "client\nleft",
    "max_exchanges": "time\nup",
    "safety_stop": "safety\nstop",
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
    """Lines by (cell, resistance type); cells in the order in which they come."""
    cells: dict[str, int] = {}
    lines: dict[tuple[str, str], Line] = {}
    for figures in sessions:
        cells.setdefault(figures.cell, len(cells))
        lines.setdefault((figures.cell, figures.resistance), Line()).add(figures)
    order: dict[str, int] = {name: place for place, name in enumerate(RESISTANCE_TYPES)}
    return dict(
        sorted(lines.items(), key=lambda item: (cells[item[0][0]], order.get(item[0][1], 9)))
    )


def summary_table(lines: dict[tuple[str, str], Line]) -> Table:
    """Means over sessions, and how many ended in which way; outcomes that no session had are left
    out. A dash stands for what could not be measured."""
    outcomes = [o for o in OUTCOMES if any(line.outcomes[o] for line in lines.values())]
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    several = len({cell for cell, _ in lines}) > 1
    table.add_column("\nresistance", no_wrap=True)
    table.add_column("\nn", justify="right")
    table.add_column("mean\nexch.", justify="right")
    for outcome in outcomes:
        table.add_column(OUTCOME_WORDS[outcome], justify="right", no_wrap=True)
    table.add_column("resistance 0–1\nfirst→peak→last", justify="center", no_wrap=True)
    table.add_column("alli-\nance", justify="right", no_wrap=True)
    table.add_column("\nskill", justify="right", no_wrap=True)
    headed = None
    for (cell, resistance), line in lines.items():
        if several and cell != headed:
            table.add_row(Text(cell, style="bold", no_wrap=True))
            headed = cell
        track = "→".join(
            _number(line.mean(f"resistance_{point}")) for point in ("first", "peak", "last")
        )
        table.add_row(
            Text(f"  {resistance}" if several else resistance),
            f"{line.sessions:,}",
            _number(line.mean("exchanges"), 1),
            *(f"{line.outcomes[outcome]:,}" for outcome in outcomes),
            track,
            _number(line.mean("alliance")),
            _number(line.mean("skill")),
        )
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
