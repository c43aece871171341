"""I. Implementation checks: groups that are known to differ, and subscales with their own lever.

The five therapists were written to differ and the items to count what they do, so an order among
them shows that the program does what it says. It is no evidence of validity.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mirrorplay.agents.roles import Judge, Transcript
from mirrorplay.runs.validation.edit import Edit, Edited
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested, number
from mirrorplay.runs.validation.measure import (
    Name,
    Table,
    composites,
    items_of,
    label,
    mean_of,
    score,
)
from mirrorplay.runs.validation.play import POLICIES
from mirrorplay.runs.validation.session import Session
from mirrorplay.runs.validation.statistics import Array, by_persona, mean_interval

LEVERS: tuple[Edit, ...] = (
    Edit(
        "reflecting, not informing",
        "therapist",
        ("simple_reflection", "complex_reflection"),
        ("giving_information",),
        (("ctrs", "understanding"),),
    ),
    Edit(
        "affirming, not confronting",
        "therapist",
        ("affirm",),
        ("confront.poor",),
        (("ctrs", "interpersonal_effectiveness"),),
    ),
    Edit(
        "sharing decisions, not prescribing",
        "therapist",
        ("seek_collaboration", "homework_cocreated", "emphasize_autonomy"),
        ("homework_prescribed.poor",),
        (("ctrs", "collaboration"),),
    ),
    Edit(
        "Socratic questions, not advice",
        "therapist",
        ("socratic_question", "open_question"),
        ("persuade.poor",),
        (("ctrs", "guided_discovery"),),
    ),
    Edit(
        "change techniques, not closed questions",
        "therapist",
        ("agenda", "reframe_offer", "homework_cocreated"),
        ("closed_question",),
        (("ctrs", "strategy"),),
    ),
    Edit(
        "client wants it, not refuses",
        "client",
        ("change_talk", "committing"),
        ("pessimism", "minimizing"),
        (("wai", "goal"),),
    ),
    Edit(
        "client answers, not doubts the work",
        "client",
        ("insight", "answering"),
        ("discounting", "unwillingness"),
        (("wai", "task"),),
    ),
    Edit(
        "client opens up, not attacks",
        "client",
        ("disclosing",),
        ("challenging", "blaming"),
        (("wai", "bond"),),
    ),
    Edit(
        "asking for thoughts, not events",
        "therapist",
        ("open_question.thought",),
        ("open_question.event",),
        (("ctrs", "focus"),),
    ),
    Edit(
        "evoking reasons and ideas, not asking facts",
        "therapist",
        ("open_question.evoke", "open_question.own_idea"),
        ("closed_question.facts",),
        (("miti", "cultivating_change_talk"),),
    ),
    Edit(
        "leaving it to the client, not arguing",
        "therapist",
        ("emphasize_autonomy", "simple_reflection"),
        ("persuade.poor", "homework_prescribed.poor"),
        (("miti", "softening_sustain_talk"),),
    ),
    Edit(
        "asking leave and leaving the choice, not confronting",
        "therapist",
        ("seek_collaboration", "emphasize_autonomy"),
        ("confront.poor", "persuade.poor"),
        (("miti", "partnership"),),
    ),
    Edit(
        "reflecting, not asking facts",
        "therapist",
        ("complex_reflection", "simple_reflection"),
        ("closed_question",),
        (("miti", "empathy"),),
    ),
)
"""One lever a subscale, at dose 0 and 1, each written before it was first run; CTRS focus and the
MITI globals came after a first run of the others."""
LEVERED = 40
"""Sessions that the levers are tried on, at most."""


def check(sessions: Sequence[Session], table: Table, judge: Judge, seed: int) -> Heading:
    """The heading from sessions of all known groups and their scores."""
    found: list[Finding] = []
    for measure, unit, values in measures(table):
        found += order(sessions, measure, unit, values)
        found.append(manners(sessions, measure, values))
    found += levers(sessions, table, judge, seed)
    return Heading(
        number="I",
        title="Implementation checks: known groups and levers",
        kind="implementation",
        shows="Holds by construction once therapists and items do what they were written to do.",
        findings=tuple(found),
    )


def measures(table: Table) -> list[tuple[str, str, Array]]:
    """Skill, alliance, and the mean of the MITI's globals where the judge gives them."""
    found = [one for one in composites(table) if one[0] in ("skill", "alliance")]
    rated = [
        table.item(("miti", one.item)) for one in items_of("miti") if (one.low, one.high) == (1, 5)
    ]
    if rated and np.isfinite(rated).any():
        found.append(("MITI globals", "1–5", mean_of(np.column_stack(rated))))
    return found


def order(sessions: Sequence[Session], measure: str, unit: str, values: Array) -> list[Finding]:
    """The expected order of the policies in good manner, step by step, on the same clients."""
    expected = " < ".join(POLICIES)
    means = {}
    for policy in POLICIES:
        chosen = [
            value
            for one, value in zip(sessions, values, strict=True)
            if one.style == (policy, "good") and np.isfinite(value)
        ]
        if chosen:
            means[policy] = float(np.mean(chosen))
    if len(means) < len(POLICIES):
        return [not_tested(f"{measure}: order of policies", "not all policies were scored")]
    steps = []
    for lower, higher in pairwise(POLICIES):
        interval = mean_interval(_paired(sessions, values, (lower, "good"), (higher, "good")))
        steps.append(interval is not None and interval.low > 0.0)
    ranked = sorted(means, key=lambda policy: means[policy])
    told = " < ".join(f"{policy} {number(means[policy])}" for policy in ranked)
    return [
        finding(
            f"{measure} ({unit}): order of policies, good manner",
            f"{expected}; each step's interval above 0",
            told,
            all(steps),
            note=f"{sum(steps)} of {len(steps)} expected steps hold",
        )
    ]


def manners(sessions: Sequence[Session], measure: str, values: Array) -> Finding:
    """Good manner above poor, within each policy, on the same clients."""
    held, told = [], []
    for policy in POLICIES:
        differences = _paired(sessions, values, (policy, "poor"), (policy, "good"))
        interval = mean_interval(differences)
        if interval is None:
            continue
        held.append(interval.low > 0.0)
        told.append(f"{policy} {differences.mean():+.2f}")
    if not held:
        return not_tested(f"{measure}: good − poor manner", "fewer than three personas in both")
    return finding(
        f"{measure}: good − poor manner",
        "interval above 0 in every policy",
        " · ".join(told),
        all(held),
        note=f"{sum(held)} of {len(held)}",
    )


def _paired(
    sessions: Sequence[Session], values: Array, lower: tuple[str, str], higher: tuple[str, str]
) -> Array:
    """Mean difference of each persona between two styles."""
    at = {
        (one.client, one.style): value
        for one, value in zip(sessions, values, strict=True)
        if np.isfinite(value)
    }
    clients = [client for client, style in at if style == lower and (client, higher) in at]
    found = np.array([at[client, higher] - at[client, lower] for client in clients])
    return by_persona([client[0] for client in clients], found)


def levers(
    sessions: Sequence[Session], table: Table, judge: Judge, seed: int, edits: Sequence[Edit] = ()
) -> list[Finding]:
    """Every subscale with its own lever: does it move, and most of those on its scale?"""
    chosen = [one for one in sessions if one.style == ("directive", "good")] or list(sessions)
    step = max(1, len(chosen) // LEVERED)
    chosen = chosen[::step][:LEVERED]
    spread = {name: float(np.nanstd(table.item(name))) for name in table.names}
    found = []
    for edit in edits or LEVERS:
        [own] = edit.own
        check_name = f"{label(own)} ← {edit.name}"
        if not spread.get(own, 0.0) > 1e-9:
            found.append(not_tested(check_name, "the judge does not rate it, or always the same"))
            continue
        tapes = [Edited(one.lines, edit, f"{seed}/{one.session_id}") for one in chosen]
        without, with_it = (
            score(
                judge,
                (
                    Transcript(one.card, tape.at(dose), one.outcome)
                    for one, tape in zip(chosen, tapes, strict=True)
                ),
            )
            for dose in (0.0, 1.0)
        )
        found.append(_moved(check_name, own, chosen, without, with_it, spread))
    return found


def _moved(
    check_name: str,
    own: Name,
    sessions: Sequence[Session],
    without: Table,
    with_it: Table,
    spread: dict[Name, float],
) -> Finding:
    people = [one.persona for one in sessions]
    moved: dict[Name, float] = {}
    interval = None
    for name in _on_its_scale(own, without.names):
        if spread.get(name, 0.0) > 1e-9:
            shift = by_persona(people, (with_it.item(name) - without.item(name)) / spread[name])
            moved[name] = float(shift.mean()) if len(shift) else 0.0
            if name == own:
                interval = mean_interval(shift)
    most = max(moved, key=lambda name: moved[name])
    rises = interval is not None and interval.low > 0.0
    told = f"{moved[own]:+.2f} SD"
    if most != own:
        told += f"; {most[1].replace('_', ' ')} moves more ({moved[most]:+.2f})"
    return finding(
        check_name,
        "rises, and most of its instrument's subscales",
        told,
        rises and most == own,
        interval,
    )


def _on_its_scale(own: Name, names: Sequence[Name]) -> list[Name]:
    """Items of one instrument with the range of this one: MITI's globals beside a global, not the
    counts of behaviours that they are judged by."""
    ranges = {(one.instrument, one.item): (one.low, one.high) for one in items_of(own[0])}
    return [name for name in names if name[0] == own[0] and ranges.get(name) == ranges.get(own)]
