"""III. Convergence: does the score follow the hidden state that the words came from?

Within policy × type alone, in good manner, on bank b, from words, with length partialled out;
nothing is pooled. The client's hidden state is the simulator's own: agreement with it shows that
the instrument reads what this client shows, not that a person would feel so.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mirrorplay.policies.instruments.trajectory import level
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested, number
from mirrorplay.runs.validation.measure import ALLIANCE, Table
from mirrorplay.runs.validation.session import Session, cells, last_trust
from mirrorplay.runs.validation.statistics import (
    NAN,
    Array,
    Interval,
    Rows,
    over_personas,
    partial_spearman,
)

Codes = Sequence[tuple[str, ...]]
RESAMPLES = 400
FEWEST = 10
"""Sessions (or turns) of a cell below which nothing is said."""


def check(sessions: Sequence[Session], table: Table, codes: Sequence[Codes], seed: int) -> Heading:
    """The heading from sessions on bank b, their scores, and the coder's codes of every turn."""
    trust, alliance = last_trust(sessions), table.instrument(ALLIANCE)
    by_session: dict[str, dict[str, Rho]] = {}
    by_turn: dict[str, dict[str, Rho]] = {}
    intended: list[float] = []
    read: list[float] = []
    for (policy, manner, kind), rows in cells(sessions):
        if manner != "good":
            continue
        chosen = [sessions[at] for at in rows]
        by_session.setdefault(policy, {})[kind] = _session_level(
            chosen, alliance[rows], trust[rows], seed
        )
        turns = turns_of(chosen, [codes[at] for at in rows])
        by_turn.setdefault(policy, {})[kind] = _turn_level(turns, seed)
        intended.append(partial_spearman(turns.intended, turns.discord, turns.words))
        read.append(partial_spearman(turns.coded, turns.intended, turns.words))
    found = [_told(policy, "alliance and trust", kinds) for policy, kinds in by_session.items()]
    found += [
        _told(policy, "coded resistance and discord, by turn", kinds)
        for policy, kinds in by_turn.items()
    ]
    if not found:
        found.append(not_tested("convergence", "no sessions in good manner"))
    for what, values, note in (
        (
            "intended acts and discord, by turn",
            intended,
            "the ceiling: acts are drawn from the state, so that even they show it in part",
        ),
        ("coded and intended resistance, by turn", read, "what the coder reads of the acts"),
    ):
        values = [one for one in values if np.isfinite(one)]
        if values:
            found.append(
                finding(
                    what,
                    "known, not judged",
                    f"median ρ {np.median(values):.2f} over {len(values)} cells",
                    None,
                    note=note,
                )
            )
    return Heading(
        number="III",
        title="Convergence with the hidden state",
        kind="evidence",
        shows="Whether the score reads this simulator's client, within one therapist and one kind"
        " of resistance.",
        findings=tuple(found),
    )


class Rho(NamedTuple):
    """A partial rank correlation of one cell; NaN and no interval where there were too few."""

    value: float
    interval: Interval | None
    n: int

    def __str__(self) -> str:
        if self.interval is None:
            return f"{number(self.value)} (n {self.n})"
        low, high = self.interval
        return f"{number(self.value)} [{low:.2f}, {high:.2f}] (n {self.n})"


def _told(policy: str, what: str, kinds: Mapping[str, Rho]) -> Finding:
    """The cells of one policy beside each other; held when every interval lies above 0."""
    tested = [one for one in kinds.values() if one.interval is not None]
    check_name = f"{policy}: {what}"
    if not tested:
        return not_tested(check_name, f"fewer than {FEWEST} sessions in a cell, or no variation")
    above = sum(one.interval is not None and one.interval.low > 0.0 for one in tested)
    return finding(
        check_name,
        "ρ above 0 in every type, intervals too",
        " · ".join(f"{kind} {one}" for kind, one in kinds.items()),
        above == len(kinds),
        note=f"{above} of {len(kinds)} types",
    )


def _session_level(sessions: Sequence[Session], alliance: Array, trust: Array, seed: int) -> Rho:
    there = np.isfinite(alliance) & np.isfinite(trust)
    kept = [one for one, there_is in zip(sessions, there, strict=True) if there_is]
    alliance, trust = alliance[there], trust[there]
    lengths = np.array([(*one.words, len(one.lines)) for one in kept], dtype=float).reshape(-1, 3)
    if len(kept) < FEWEST:
        return Rho(NAN, None, len(kept))

    def rho(rows: Rows) -> float:
        return partial_spearman(alliance[rows], trust[rows], *lengths[rows].T)

    interval = over_personas([one.persona for one in kept], rho, seed, RESAMPLES)
    return Rho(rho(np.arange(len(kept))), interval, len(kept))


class Turns(NamedTuple):
    """Client turns of one cell: whose, levels of resistance in the coder's and in the intended
    act, hidden discord, each in [0, 1], and words."""

    people: list[str]
    coded: Array
    intended: Array
    discord: Array
    words: Array


def turns_of(sessions: Sequence[Session], codes: Sequence[Codes]) -> Turns:
    """The client's turns that have a hidden state."""
    people: list[str] = []
    rows: list[tuple[float, float, float, float]] = []
    for one, coded in zip(sessions, codes, strict=True):
        spoken = [at for at, line in enumerate(one.lines) if line.speaker == "client"]
        for at, state in zip(spoken, one.states, strict=False):
            people.append(one.persona)
            meant = level((one.intended[at] or "",))
            length = float(len(one.lines[at].text.split()))
            rows.append((level(coded[at]), meant, state.discord, length))
    return Turns(people, *np.array(rows, dtype=float).reshape(-1, 4).T)


def _turn_level(turns: Turns, seed: int) -> Rho:
    """Coded resistance of a client's turn and hidden discord at it."""
    if len(turns.people) < FEWEST:
        return Rho(NAN, None, len(turns.people))

    def rho(rows: Rows) -> float:
        return partial_spearman(turns.coded[rows], turns.discord[rows], turns.words[rows])

    interval = over_personas(turns.people, rho, seed, RESAMPLES)
    return Rho(rho(np.arange(len(turns.people))), interval, len(turns.people))
