"""One pass over a run's rows: what the figures of `runs/analysis/figures.py` leave out.

Everything is added up by cell and persona while it streams, so that memory grows with people and
cells and not with sessions. What must be compared turn by turn or text by text is hashed.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from mirrorplay.policies.instruments.trajectory import level
from mirrorplay.runs.reporting.resampling import Numbers
from mirrorplay.runs.store import iter_rows

COLUMNS = (
    "session_id",
    "cell",
    "persona_id",
    "resistance",
    "turns.speaker",
    "turns.text",
    "turns.codes",
    "turns.plan",
    "outcome",
    "ended_by",
    "scores",
)
Totals = dict[str, tuple[float, int]]
"""Persona → (sum over sessions, sessions)."""


@dataclass
class Course:
    """Sums of a measure at each client turn, by persona."""

    sums: dict[str, Numbers] = field(default_factory=dict)
    sessions: Counter[str] = field(default_factory=Counter)

    def add(self, persona: str, values: list[float], length: int) -> None:
        """One session; after its end it keeps its last value."""
        carried = np.array(values[:length] + [values[-1]] * max(0, length - len(values)))
        if persona in self.sums:
            self.sums[persona] += carried
        else:
            self.sums[persona] = carried
        self.sessions[persona] += 1

    def arrays(self) -> tuple[Numbers, Numbers]:
        """Personas × turns of sums, and sessions by persona."""
        names = sorted(self.sums)
        return (
            np.array([self.sums[name] for name in names]),
            np.array([float(self.sessions[name]) for name in names]),
        )


@dataclass
class Reading:
    """What was read. Keys (cell, …) as named."""

    sessions: int = 0
    cells: Counter[str] = field(default_factory=Counter)
    ended: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Cell → how sessions ended, by outcome."""
    ended_by: Counter[str] = field(default_factory=Counter)
    people: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Cell → personas."""
    courses: dict[tuple[str, str], Course] = field(default_factory=lambda: defaultdict(Course))
    """(cell, resistance type) → coded resistance by client turn."""
    scores: dict[tuple[str, str, str, str], Totals] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """(rater, cell, instrument, item) → totals. Alliance leaves safety stops out."""
    plans: dict[str, Totals] = field(default_factory=lambda: defaultdict(dict))
    """Cell → share of the last plan's steps done at the last turn that has one, by persona."""
    scored: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(rater, instrument, item) → sessions with a value."""
    stops_scored: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """The same → safety stops with a value."""
    lengths: Counter[int] = field(default_factory=Counter)
    """Client turns → sessions."""
    words: Counter[str] = field(default_factory=Counter)
    """Speaker → words."""
    empty: int = 0
    """Utterances without a word."""
    repeated: int = 0
    """Sessions that say word for word what another one of their cell says."""

    @property
    def raters(self) -> list[str]:
        return sorted({rater for rater, _, _ in self.scored})

    @property
    def stops(self) -> int:
        return sum(ended["safety_stop"] for ended in self.ended.values())


def read(run_dir: Path, exchanges: int) -> Reading:
    """Read every finished session. `exchanges`: client turns that a course has at most."""
    found = Reading()
    texts: set[bytes] = set()
    for row in iter_rows(run_dir, COLUMNS, include_spooled=True):
        found.sessions += 1
        cell, persona = row["cell"], row["persona_id"]
        found.cells[cell] += 1
        found.ended[cell][row["outcome"]] += 1
        found.ended_by[row["ended_by"]] += 1
        found.people[cell].add(persona)
        _read_turns(found, row, exchanges, texts)
        add_scores(found, cell, persona, row["outcome"], row["scores"])
    return found


def _read_turns(found: Reading, row: dict[str, Any], exchanges: int, texts: set[bytes]) -> None:
    said = blake2b(row["cell"].encode() + b"\n", digest_size=12)
    levels: list[float] = []
    plan = None
    for turn in row["turns"]:
        plan = turn["plan"] or plan
        words = len(turn["text"].split())
        found.words[turn["speaker"]] += words
        found.empty += not words
        said.update(turn["text"].encode() + b"\n")
        if turn["speaker"] == "client":
            levels.append(level(turn["codes"]))
    if plan and plan["steps"]:
        done = min(plan["stage"], len(plan["steps"])) / len(plan["steps"])
        total, sessions = found.plans[row["cell"]].get(row["persona_id"], (0.0, 0))
        found.plans[row["cell"]][row["persona_id"]] = (total + done, sessions + 1)
    found.lengths[len(levels)] += 1
    if levels:
        kind = row["resistance"]["type"]
        found.courses[row["cell"], kind].add(row["persona_id"], levels, exchanges)
    key = said.digest()
    found.repeated += key in texts
    texts.add(key)


def add_scores(
    found: Reading, cell: str, persona: str, outcome: str, scores: list[dict[str, Any]]
) -> None:
    """Add one session's scores, each to its own rater."""
    for score in scores:
        rater, instrument, item = score["rater"], score["instrument"], score["item"]
        found.scored[rater, instrument, item] += 1
        if outcome == "safety_stop":
            found.stops_scored[rater, instrument, item] += 1
            if instrument.startswith("wai"):
                continue
        totals = found.scores[rater, cell, instrument, item]
        total, sessions = totals.get(persona, (0.0, 0))
        totals[persona] = (total + score["value"], sessions + 1)
