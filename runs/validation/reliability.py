"""II. Reliability: the same tape again, the same session in other words, and halo.

Scoring the same tape twice is trivial for a judge without chance: it shows that nothing else gets
in. The parallel form is the same client with the same therapist in words of another bank. What is
said moves what follows, so that the two sessions drift apart; how often they share their acts is
told beside the agreement, which is therefore a lower bound of the instrument's own.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mirrorplay.agents.roles import Judge
from mirrorplay.runs.validation.edit import redrawn
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested, number
from mirrorplay.runs.validation.measure import Table, composites, independent, label, score
from mirrorplay.runs.validation.session import Session, pairs
from mirrorplay.runs.validation.statistics import (
    Array,
    Interval,
    icc21,
    one_factor,
    over_personas,
    rows_without_gaps,
    within,
)

RESCORED_AIM, REPHRASED_AIM = 0.80, 0.70
RESCORED = 200
REDRAWN = 300
"""Sessions that are worded anew, at most."""
HALO_R, HALO_SHARE = 0.70, 0.60
"""Mean inter-item correlation and share of the first component from which items are called one
impression (H)."""


COUNTED = frozenset({"rupture", "resistance_trajectory", "talk", "disclosure", "fidelity"})
"""Counts and courses of one thing each: halo is asked of rating scales."""


def check(
    first: Sequence[Session],
    first_table: Table,
    second: Sequence[Session],
    second_table: Table,
    judge: Judge,
    seed: int,
) -> Heading:
    """The heading from sessions in bank a, the same in bank b, and their scores."""
    found = [rescored(second, second_table, judge)]
    found += rephrased(first, first_table, second, second_table, seed)
    found += reworded(second, second_table, judge, seed)
    found += halo(second, second_table, seed)
    return Heading(
        number="II",
        title="Reliability and halo",
        kind="evidence",
        shows="How much of a score is the session and not its wording; whether items are more than"
        " one impression.",
        findings=tuple(found),
    )


def rescored(sessions: Sequence[Session], table: Table, judge: Judge) -> Finding:
    """The same tapes scored again: the lowest agreement of all instruments."""
    chosen = list(range(len(sessions)))[:: max(1, len(sessions) // RESCORED)][:RESCORED]
    again, once = score(judge, (sessions[at].transcript for at in chosen)), table.rows(chosen)
    agreed, same = {}, True
    for (instrument, _, left), (_, _, right) in zip(
        composites(once, table), composites(again, table), strict=False
    ):
        both = np.column_stack([left, right])
        both = both[np.isfinite(both).all(axis=1)]
        agreed[instrument] = icc21(both)
        same = same and bool(np.array_equal(both[:, 0], both[:, 1]))
    if not agreed:
        return finding(
            "same tape scored again", "the scores vary at all", "all sessions alike", False
        )
    lowest = min(agreed, key=lambda name: np.nan_to_num(agreed[name], nan=-1.0))
    return finding(
        f"same tape scored again, {len(agreed)} instruments",
        f"every ICC(2,1) ≥ {RESCORED_AIM:.2f}",
        f"lowest {number(agreed[lowest])} ({lowest}){', identical' if same else ''}",
        bool(agreed[lowest] >= RESCORED_AIM),
        note="trivial for a judge without chance" if same else "",
    )


def rephrased(
    first: Sequence[Session],
    first_table: Table,
    second: Sequence[Session],
    second_table: Table,
    seed: int,
) -> list[Finding]:
    """The same client and therapist in the words of two banks: over all cells, and within."""
    matched = pairs(first, second)
    if len(matched) < 4:
        return [not_tested("same session in other words", "no session in both banks")]
    left, right = ([one[side] for one in matched] for side in (0, 1))
    one, other = first_table.rows(left), second_table.rows(right)
    people = [first[at].persona for at in left]
    cells = [first[at].cell for at in left]
    shared = float(np.mean([_same_acts(first[a], second[b]) for a, b in matched]))
    found = [
        finding(
            "turns with the same intended acts in both banks",
            "as far as the dynamics allow",
            f"{shared:.0%} of {len(matched)} pairs' turns",
            None,
            note="the sessions drift apart: ICCs below are lower bounds",
        )
    ]
    others: dict[str, tuple[str, bool]] = {}
    matching = {name: values for name, _, values in composites(other, second_table)}
    for instrument, _, values_a in composites(one, second_table):
        if instrument not in matching:
            continue
        both = np.column_stack([values_a, matching[instrument]])
        asked = instrument in ("skill", "alliance")
        overall, interval = _agreement(both, people, seed, intervals=asked)
        inside, _ = _agreement(centred(cells, both), people, seed, intervals=False)
        held = bool(overall >= REPHRASED_AIM and inside >= REPHRASED_AIM)
        if not asked:
            others[instrument] = f"{number(overall)} / {number(inside)}", held
            continue
        found.append(
            finding(
                f"{instrument}: same session in other words",
                f"ICC(2,1) ≥ {REPHRASED_AIM:.2f} over all cells and within",
                f"over all cells {number(overall)}, within policy × manner × type {number(inside)}",
                held,
                interval,
                note=f"bank b − a: {_shift(both):+.2f} SD; interval: over all cells",
            )
        )
    if others:
        found.append(
            finding(
                "other instruments: same session in other words, all cells / within",
                f"every ICC(2,1) ≥ {REPHRASED_AIM:.2f}, both ways",
                " · ".join(f"{name} {told}" for name, (told, _) in others.items()),
                all(held for _, held in others.values()),
            )
        )
    found.append(_items(one, other))
    return found


def _shift(both: Array) -> float:
    """What the second bank adds to the score, in SD of both."""
    spread = float(np.nanstd(both))
    return float(np.nanmean(both[:, 1] - both[:, 0])) / spread if spread > 1e-9 else 0.0


def _agreement(
    both: Array, people: Sequence[str], seed: int, *, intervals: bool = True
) -> tuple[float, Interval | None]:
    there = rows_without_gaps(both)
    values, names = both[there], [people[at] for at in there]
    if not intervals:
        return icc21(values), None
    return icc21(values), over_personas(names, lambda rows: icc21(values[rows]), seed, 300)


def _items(one: Table, other: Table) -> Finding:
    """How many items reach the aim by themselves, over all cells."""
    values = {}
    for name in one.names:
        both = np.column_stack([one.item(name), other.item(name)])
        value = icc21(both[np.isfinite(both).all(axis=1)])
        if np.isfinite(value):
            values[name] = value
    below = sorted((value, label(name)) for name, value in values.items() if value < REPHRASED_AIM)
    return finding(
        "items by themselves, over all cells",
        f"every ICC(2,1) ≥ {REPHRASED_AIM:.2f}",
        f"{len(values) - len(below)} of {len(values)} items",
        not below,
        note="lowest: " + ", ".join(f"{name} {value:.2f}" for value, name in below[:4])
        if below
        else "",
    )


def reworded(sessions: Sequence[Session], table: Table, judge: Judge, seed: int) -> list[Finding]:
    """The same acts in the same order, in words drawn twice: nothing drifts, and what is particular
    to the client is left out of both."""
    chosen = [at for at, one in enumerate(sessions) if any(one.intended)]
    chosen = chosen[:: max(1, -(-len(chosen) // REDRAWN))]
    played = [sessions[at] for at in chosen]
    if len({one.persona for one in played}) < 3:
        return [not_tested("same acts in other words", "fewer than three personas")]
    one, other = (
        score(
            judge,
            (
                replace(two.transcript, lines=redrawn(two, f"{seed}/{two.session_id}/{form}"))
                for two in played
            ),
        )
        for form in "ab"
    )
    people, cells = [two.persona for two in played], [two.style for two in played]
    others = {name: values for name, _, values in composites(other, table)}
    overall, inside = {}, {}
    for name, _, values in composites(one, table):
        if name in others:
            both = np.column_stack([values, others[name]])
            overall[name], _ = _agreement(both, people, seed, intervals=False)
            inside[name], _ = _agreement(centred(cells, both), people, seed, intervals=False)
    return [
        finding(
            f"same acts in other words, {scope}",
            f"every ICC(2,1) ≥ {REPHRASED_AIM:.2f}",
            " · ".join(f"{name} {number(value)}" for name, value in values.items()),
            bool(values) and all(value >= REPHRASED_AIM for value in values.values()),
        )
        for scope, values in (("over all cells", overall), ("within policy × manner", inside))
    ]


def centred(cells: Sequence[object], both: Array) -> Array:
    """Both columns less the mean of the cell over both, so that a bank's own level still counts."""
    kept = rows_without_gaps(both)
    found = np.full_like(both, np.nan)
    named = [cells[at] for at in kept]
    middle = both[kept].mean(axis=1)
    shift = middle - within(named, middle)
    found[kept] = both[kept] - shift[:, None]
    return found


def _same_acts(first: Session, second: Session) -> float:
    longest = max(len(first.intended), len(second.intended))
    same = sum(a == b for a, b in zip(first.intended, second.intended, strict=False))
    return same / longest if longest else 1.0


def halo(sessions: Sequence[Session], table: Table, seed: int) -> list[Finding]:
    """Inter-item correlations and the first component, within cells, beside shuffled data."""
    cells = [one.cell for one in sessions]
    found = []
    for instrument in table.instruments:
        if instrument in COUNTED:
            continue
        values = np.column_stack([table.item(name) for name in independent(table, instrument)])
        values = values[:, np.isfinite(values).mean(axis=0) > 0.9]
        there = rows_without_gaps(values)
        if not there:
            continue
        centre = within([cells[at] for at in there], values[there])
        centre = centre[:, centre.std(axis=0) > 1e-9]
        if centre.shape[1] < 3 or len(centre) < 10:
            continue
        correlations = np.asarray(np.corrcoef(centre, rowvar=False))
        mean_r = float(correlations[np.triu_indices(len(correlations), 1)].mean())
        real, chance = one_factor(centre, seed)
        share = float(real[0] / real.sum())
        factors = int((real > chance).sum())
        found.append(
            finding(
                f"{instrument}: halo over {centre.shape[1]} items, within cells",
                f"mean r < {HALO_R:.2f}, first component < {HALO_SHARE:.0%}",
                f"mean r {mean_r:.2f}, first component {share:.0%}",
                mean_r < HALO_R and share < HALO_SHARE,
                note=f"{factors} component{'s' if factors != 1 else ''} above parallel analysis"
                f" (first {real[0]:.2f} against {chance[0]:.2f} by chance)",
            )
        )
    return found or [not_tested("halo", "no instrument with three items that vary")]
