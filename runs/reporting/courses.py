"""Resistance by turn, alliance by type and mode, and the looks at the simulator's own truth."""

from typing import Any

from mirrorplay.runs.analysis.study import SEEN_OFTEN
from mirrorplay.runs.reporting import plots
from mirrorplay.runs.reporting.comparison import FEW, contrast_table
from mirrorplay.runs.reporting.document import (
    Figure,
    Group,
    Section,
    Table,
    Text,
    Value,
    interval,
    number,
)
from mirrorplay.runs.reporting.material import Material
from mirrorplay.runs.reporting.measures import HIDDEN
from mirrorplay.runs.reporting.reading import Totals
from mirrorplay.runs.reporting.resampling import mean_interval
from mirrorplay.runs.reporting.setting import PAGE

MOST_CELLS = 6
"""Groups that are told apart by resistance type in one figure."""


def resistance_by_turn(m: Material) -> Section:
    """The coded course, by arm, with bands."""
    found = m.reading.courses
    if not found:
        return Section("Resistance by turn", (Text("No session has a client turn."),))
    return Section(
        "Resistance by turn",
        (
            Figure(
                "resistance",
                plots.courses(found, m.cells, m.kinds, m.base, m.seed),
                "Mean coded resistance at each client turn, by cell, with bands",
                "Mean resistance coded from the client’s words, 0 (none) to 1 (open refusal), by "
                "client turn. Bands: 95% over personas"
                + (
                    ""
                    if len(m.cells) <= plots.TOGETHER
                    else f"; grey: {m.base}; all resistance types together"
                )
                + ".",
                PAGE,
            ),
            Text(
                "A session that ended keeps its last value to the end of the window; leaving it "
                "out would make every therapist look better the more clients leave.",
                "note",
            ),
        ),
    )


def alliance_by_type(m: Material) -> Section:
    """Alliance by resistance type × mode, or × cell where all cells have one mode."""
    modes = list(dict.fromkeys(m.mode_of(cell) for cell in m.cells))
    by_mode = len(modes) > 1
    group_of = {cell: m.mode_of(cell) if by_mode else cell for cell in m.cells}
    totals: dict[tuple[str, str], Totals] = {}
    for one in m.figures:
        if "alliance" in one.measures:
            where = totals.setdefault((group_of[one.cell], one.resistance), {})
            total, sessions = where.get(one.persona_id, (0.0, 0))
            where[one.persona_id] = (total + one.measures["alliance"], sessions + 1)
    title = f"Alliance by resistance type and {'mode' if by_mode else 'cell'}"
    if not totals:
        return Section(title, (Text("No session has an alliance score."),))
    groups = modes if by_mode else list(m.cells)
    rows: list[tuple[Value, ...] | Group] = []
    points: dict[tuple[str, str], tuple[float, tuple[float, float] | None]] = {}
    for kind in m.kinds:
        rows.append(Group(kind))
        for group in groups:
            found = totals.get((group, kind), {})
            count = sum(sessions for _, sessions in found.values())
            mean = sum(total for total, _ in found.values()) / count if count else None
            bounds = mean_interval(found, m.seed)
            if mean is not None:
                points[group, kind] = (mean, bounds)
            rows.append(
                (
                    group,
                    number(mean, why="no session has an alliance score"),
                    interval(bounds, why=FEW),
                    f"{count:,}",
                )
            )
    blocks: list[Any] = []
    if len(groups) <= MOST_CELLS:
        blocks.append(
            Figure(
                "alliance",
                plots.by_type(points, groups, m.kinds, "alliance, 1–5"),
                f"Mean alliance by resistance type and {'mode' if by_mode else 'cell'}",
                "Alliance, 1–5, imputed by an observer; intervals over personas.",
                PAGE,
            )
        )
    blocks.append(
        Table(("mode" if by_mode else "cell", "alliance", "95% interval", "sessions"), tuple(rows))
    )
    if by_mode and len(m.cells) > len(modes):
        blocks.append(Text("Cells of one mode are taken together.", "note"))
    return Section(title, tuple(blocks))


def hidden_state(m: Material) -> Section:
    """The simulator's own states, and trust at the end against the baseline."""
    title = "Hidden state"
    if not m.study.courses:
        return Section(title, (Text("No session has hidden states: the client keeps none."),))
    blocks: list[Any] = [
        Text(
            "Trust, ambivalence, confrontation and withdrawal are what the simulated client was "
            "made to have. That they move as intended checks the program. It validates nothing."
        ),
        Figure(
            "states",
            plots.states(m.study, m.cells, m.kinds),
            "Mean hidden state by client turn: four variables by resistance type and cell",
            "Means of the hidden state, 0–1, by client turn; kept after an ending.",
            PAGE,
        ),
    ]
    hidden = [name for name in HIDDEN if any(name == measure for measure, _ in m.contrasts)]
    if hidden:
        blocks.append(contrast_table(m, hidden))
    return Section(title, tuple(blocks))


def what_follows_what(m: Material) -> Section:
    """Transition matrices of intended acts."""
    title = "What follows what"
    found = {name: matrix for name, matrix in m.study.matrices.items() if matrix}
    if not found:
        return Section(title, (Text("No session has intended acts on both sides."),))
    width = min(PAGE + 200, 180 + 240 * len(found))
    by = f", by {m.study.by}" if m.study.by else ""
    return Section(
        title,
        (
            Figure(
                "transitions",
                plots.matrices(found, m.study.by),
                f"Probability of the client’s next kind of talk by the therapist’s act{by}",
                "P(client’s next talk | therapist’s act)" + by + ", intended acts.",
                width,
            ),
            Text(
                "Intended acts are drawn by the simulator from its own state, so this is an "
                "implementation check. A reply of two acts counts for both. "
                f"* fewer than {SEEN_OFTEN} replies.",
                "note",
            ),
        ),
    )


def plan_progress(m: Material) -> Section:
    """How far the plans of the therapist got."""
    title = "Progress of plans"
    if not m.reading.plans:
        return Section(title, (Text("No session has a plan."),))
    rows: list[tuple[Value, ...] | Group] = []
    for cell in m.cells:
        found = m.reading.plans.get(cell, {})
        count = sum(sessions for _, sessions in found.values())
        mean = sum(total for total, _ in found.values()) / count if count else None
        rows.append(
            (
                cell,
                number(mean, why="no session of this cell has a plan"),
                interval(mean_interval(found, m.seed), why=FEW),
                f"{count:,}",
            )
        )
    return Section(
        title,
        (
            Table(
                ("cell", "share of steps done", "95% interval", "sessions with a plan"),
                tuple(rows),
                "Steps of the last plan that were behind the therapist at the end, as a share of "
                "all of its steps.",
            ),
            Text(
                "The simulator keeps the plan and moves it on itself: an implementation check. "
                "The instrument fidelity knows nothing of plans; it looks for six fixed stages of "
                "a CBT session in the words.",
                "note",
            ),
        ),
    )
