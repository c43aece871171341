"""V. Sensitivity: five doses of one ingredient, and what else moves with it.

Doses of permission, reflection and agreement are put into real transcripts (`edit.py`): a share of
0 to 1 of the open turns says one thing and the others its plain contrast. Slopes are in SD of
ordinary sessions per full dose; the smallest dose that a study of forty clients would find has 80%
power at α = .05, two-sided. An item off target should stay within ±.1 SD.
"""

from collections.abc import Sequence

import numpy as np

from mirrorplay.agents.roles import Judge, Transcript
from mirrorplay.runs.validation.edit import DOSES, Edit, Edited
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested
from mirrorplay.runs.validation.measure import Name, Table, label, score
from mirrorplay.runs.validation.session import Session
from mirrorplay.runs.validation.statistics import Array, by_persona, mean_interval, tost

BOUND = 0.1
"""SD within which an item off target must stay."""
STUDY = 40
"""Clients of the study whose smallest dose is told."""
POWERED = 1.96 + 0.84
BASE = 60
"""Transcripts that are edited, at most."""
EDITS: tuple[Edit, ...] = (
    Edit(
        "permission",
        "therapist",
        ("persuade_with_permission",),
        ("persuade",),
        own=(("ctrs", "collaboration"), ("miti", "partnership"), ("miti", "mi_adherent")),
        near=(("ctrs", "interpersonal_effectiveness"), ("wai", "goal"), ("wai", "task")),
    ),
    Edit(
        "reflection",
        "therapist",
        ("simple_reflection", "complex_reflection"),
        ("giving_information",),
        own=(("ctrs", "understanding"), ("miti", "empathy"), ("wai", "bond")),
        near=(("ctrs", "interpersonal_effectiveness"), ("ctrs", "focus"), ("miti", "partnership")),
    ),
    Edit(
        "agreement on goals and tasks",
        "therapist",
        ("agenda", "seek_collaboration", "homework_cocreated"),
        ("homework_prescribed",),
        own=(("ctrs", "collaboration"), ("wai", "goal"), ("wai", "task")),
        near=(
            ("ctrs", "strategy"),
            ("ctrs", "interpersonal_effectiveness"),
            ("miti", "partnership"),
        ),
    ),
    Edit(
        "agreement in the client's words",
        "client",
        ("agreeing",),
        ("disagreeing",),
        own=(("wai", "goal"), ("wai", "task"), ("wai", "bond")),
        near=(("ctrs", "guided_discovery"),),
    ),
)
"""What is on target was written before anything was run. Near: theory lets it move."""
OFF_TARGET = ("ctrs", "wai")
"""Instruments whose other items are held against ±.1 SD. The rest count the edited act by
definition."""


def check(
    sessions: Sequence[Session],
    table: Table,
    judge: Judge,
    seed: int,
    edits: Sequence[Edit] = EDITS,
) -> Heading:
    """The heading from sessions and their scores; the judge scores the edited ones."""
    usable = [one for one in sessions if one.manner == "good" and len(one.lines) >= 8]
    step = max(1, -(-len(usable) // BASE))
    usable = usable[::step]
    spread = {name: float(np.nanstd(table.item(name))) for name in table.names}
    found: list[Finding] = []
    for edit in edits:
        if len({one.persona for one in usable}) < 3:
            found.append(not_tested(edit.name, "fewer than three personas with four exchanges"))
            continue
        found += _dosed(edit, usable, judge, spread, seed)
    return Heading(
        number="V",
        title="Sensitivity to dose",
        kind="evidence",
        shows="Whether a little more of an ingredient shows, and in its own item alone. That items"
        " count the ingredient at all is by construction.",
        findings=tuple(found),
    )


def _dosed(
    edit: Edit, sessions: Sequence[Session], judge: Judge, spread: dict[Name, float], seed: int
) -> list[Finding]:
    tapes = [Edited(one.lines, edit, f"{seed}/{one.session_id}") for one in sessions]
    tables = [
        score(
            judge,
            (
                Transcript(one.card, tape.at(dose), one.outcome)
                for one, tape in zip(sessions, tapes, strict=True)
            ),
        )
        for dose in DOSES
    ]
    people = [one.persona for one in sessions]
    found = [_slope(edit, name, tables, spread, people) for name in edit.own if name in spread]
    within_bound, outside = 0, []
    for name in tables[0].names:
        if name in edit.own or name in edit.near or name[0] not in OFF_TARGET:
            continue
        if not spread.get(name, 0.0) > 1e-9:
            continue
        moved = by_persona(people, (tables[-1].item(name) - tables[0].item(name)) / spread[name])
        result = tost(moved, BOUND)
        if result is not None and result.holds:
            within_bound += 1
        else:
            shift = float(moved.mean()) if len(moved) else float("nan")
            outside.append((abs(shift), f"{label(name)} {shift:+.2f}"))
    n = within_bound + len(outside)
    if not n:
        found.append(not_tested(f"{edit.name}: off target", "no other item"))
        return found
    worst = ", ".join(told for _, told in sorted(outside, reverse=True)[:4])
    found.append(
        finding(
            f"{edit.name}: off target, dose 0 to 1",
            f"every item within ±{BOUND} SD (TOST, p < .05)",
            f"{within_bound} of {n} items",
            not outside,
            note=f"furthest: {worst}" if worst else "",
        )
    )
    return found


def _slope(
    edit: Edit,
    name: Name,
    tables: Sequence[Table],
    spread: dict[Name, float],
    people: Sequence[str],
) -> Finding:
    """Slope of one item over the doses, a line fitted to each session, averaged by persona."""
    check_name = f"{edit.name} → {label(name)}: slope a full dose"
    if not spread[name] > 1e-9:
        return not_tested(check_name, "the item never varies")
    values = np.column_stack([one.item(name) for one in tables]) / spread[name]
    slopes = by_persona(people, _slopes(values))
    interval = mean_interval(slopes)
    if interval is None:
        return not_tested(check_name, "fewer than three personas with a score")
    slope, noise = float(slopes.mean()), float(slopes.std(ddof=1))
    steps = " ".join(f"{value:+.2f}" for value in np.nanmean(values - values[:, :1], axis=0)[1:])
    rising = bool(np.all(np.diff(np.nanmean(values, axis=0)) >= -1e-9))
    smallest = POWERED * noise / STUDY**0.5 / slope if slope > 1e-9 else float("inf")
    detectable = f"{max(0.01, smallest):.2f}" if smallest <= 1.0 else "none"
    return finding(
        check_name,
        "above 0, interval too; no step back",
        f"{slope:+.2f} SD (doses .25–1: {steps})",
        interval.low > 0.0 and rising,
        interval,
        note=f"smallest dose seen with {STUDY} clients: {detectable}",
    )


def _slopes(values: Array) -> Array:
    doses = np.array(DOSES) - np.mean(DOSES)
    found: Array = values @ doses / float(doses @ doses)
    return found
