"""A run as a study: how sessions end, how states move, what follows what.

Reads every finished session once, with the few columns it needs. Outcomes are counts and shares;
safety stops are neither success nor failure and stand apart.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.policies.stopping import OUTCOMES
from mirrorplay.runs.analysis.summary import OUTCOME_WORDS
from mirrorplay.runs.analysis.trajectories import Trajectory, trajectory
from mirrorplay.runs.analysis.transitions import NEXT_TALKS, Transitions, share, transitions
from mirrorplay.runs.store import iter_rows

COLUMNS = (
    "cell",
    "factors",
    "resistance",
    "outcome",
    "turns.speaker",
    "turns.intended_act",
    "turns.state",
)
SEEN_OFTEN = 50
"""Replies below which a row of a transition matrix is not to be relied on."""


@dataclass
class Study:
    """Everything counted. Groups are values of the `by` factor ("" without one)."""

    cells: tuple[str, ...]
    exchanges: int
    by: str | None
    outcomes: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """(cell, resistance type) → outcome → sessions."""
    courses: dict[tuple[str, str], Trajectory] = field(default_factory=dict)
    """(cell, resistance type) → mean course."""
    matrices: dict[str, Transitions] = field(default_factory=dict)
    """Group → therapist act → next talk → count."""


def study(run_dir: Path, cells: Sequence[str], exchanges: int, by: str | None = None) -> Study:
    """Count a run. `by` is a gridded key whose values get transition matrices of their own.

    Raises UserError for a key that the run does not vary, or a run without finished sessions.
    """
    groups: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    grouped: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row, factors in _rows(run_dir):
        if by is not None and by not in factors:
            raise UserError(
                f"{by!r} is not varied in this run",
                where="--by",
                allowed=sorted(factors) or "nothing: the run has no grid",
                hint=nearest(by, factors),
            )
        groups[row["cell"], row["resistance"]["type"]].append(row)
        grouped[str(factors[by]) if by else ""].append(row)
    if not groups:
        raise UserError("no finished sessions yet", where=str(run_dir))
    found = Study(tuple(cells), exchanges, by)
    for key in sorted(groups, key=lambda k: (cells.index(k[0]), _TYPES.get(k[1], 9))):
        found.outcomes[key] = Counter(row["outcome"] for row in groups[key])
        course = trajectory(groups[key], exchanges)
        if course is not None:
            found.courses[key] = course
    found.matrices = {name: transitions(rows) for name, rows in grouped.items()}
    return found


def print_study(console: Console, found: Study) -> None:
    """Outcomes by cell and by type, where states go, and what follows what."""
    console.print("how sessions end (% of sessions)", style="bold")
    console.print(_outcome_table(found))
    console.print("\nresolved by resistance type (%)", style="bold")
    console.print(_resolved_table(found))
    console.print(
        f"\nhidden state at client turns 1 → {found.exchanges} (0–1; kept after an ending)",
        style="bold",
    )
    console.print(_course_table(found))
    for name, matrix in found.matrices.items():
        console.print(
            "\nP(next talk | therapist's act)" + (f", {found.by} = {name}" if name else ""),
            style="bold",
        )
        console.print(_matrix_table(matrix))
    console.print(
        f"intended acts: an implementation check, not a finding about people; * fewer than "
        f"{SEEN_OFTEN} replies",
        style="dim",
        highlight=False,
    )


_TYPES: dict[str, int] = {name: place for place, name in enumerate(RESISTANCE_TYPES)}


def _rows(run_dir: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for row in iter_rows(run_dir, COLUMNS, include_spooled=True):
        yield row, json.loads(row["factors"])


def _table(*columns: str, first: str) -> Table:
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _outcome_table(found: Study) -> Table:
    seen = [o for o in OUTCOMES if any(counts[o] for counts in found.outcomes.values())]
    table = _table("\nn", *(OUTCOME_WORDS[name] for name in seen), first="\ncell")
    for cell in found.cells:
        counts = _sum(found, cell)
        if counts.total():
            shares = (f"{100 * counts[o] / counts.total():.0f}" for o in seen)
            table.add_row(Text(cell), str(counts.total()), *shares)
    return table


def _sum(found: Study, cell: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for (name, _), counts in found.outcomes.items():
        if name == cell:
            total.update(counts)
    return total


def _resolved_table(found: Study) -> Table:
    kinds = [kind for kind in RESISTANCE_TYPES if any(k == kind for _, k in found.outcomes)]
    table = _table(*kinds, first="cell")
    for cell in found.cells:
        shares = []
        for kind in kinds:
            counts = found.outcomes.get((cell, kind), Counter())
            counted = counts.total() - counts["safety_stop"]
            shares.append(f"{100 * counts['resolved'] / counted:.0f}" if counted else "–")
        table.add_row(Text(cell), *shares)
    return table


def _course_table(found: Study) -> Table:
    table = _table("trust", "ambivalence", "confront.", "withdrawal", first="cell, type")
    headed = None
    for (cell, kind), course in found.courses.items():
        if cell != headed:
            table.add_row(Text(cell, style="bold"))
            headed = cell
        tracks = (
            "→".join(f"{course.means[name][p]:.2f}".lstrip("0") for p in (0, -1))
            for name in ("trust", "ambivalence", "confrontation", "withdrawal")
        )
        table.add_row(Text(f"  {kind}"), *tracks)
    return table


def _matrix_table(matrix: Transitions) -> Table:
    table = _table(*(talk.removesuffix("orating") for talk in NEXT_TALKS), "n", first="act")
    for act, counts in matrix.items():
        few = "*" if counts.total() < SEEN_OFTEN else ""
        shares = (f"{share(counts, talk):.2f}".lstrip("0") for talk in NEXT_TALKS)
        table.add_row(act.replace("_", " ") + few, *shares, f"{counts.total():,}")
    return table
