"""MIRROR's table with its rows and columns. Theirs is not repeated here, and ours is simulated."""

from mirrorplay.runs.reporting.document import Group, Missing, Section, Table, Text, Value, number
from mirrorplay.runs.reporting.material import Material

ARMS = {
    "text": "Text only",
    "base": "Image, no planning (base)",
    "p": "Planning (P)",
    "p+ec": "Planning and emotional captioning (P+EC)",
    "ec": "Emotional captioning alone (EC; not an arm of theirs)",
}
COLUMNS = {
    ("ctrs", "understanding"): "Understanding",
    ("ctrs", "interpersonal_effectiveness"): "Interpersonal",
    ("ctrs", "collaboration"): "Collaboration",
    ("ctrs", "guided_discovery"): "Guided discovery",
    ("ctrs", "focus"): "Focus",
    ("ctrs", "strategy"): "Strategy",
    ("wai", "goal"): "Goal",
    ("wai", "task"): "Approach",
    ("wai", "bond"): "Affective bond",
}
THEIRS = "not available here: MIRROR’s own figures are no part of this program"
SOURCE = "MIRROR (Kim et al., 2025): not available here"


def replication(m: Material) -> Section:
    """One table for each rater in the run's rows."""
    title = "Replication of MIRROR"
    raters = m.reading.raters
    if not raters:
        return Section(title, (Text("The run’s judge gave no score."),))
    return Section(
        title,
        (
            *(_table(m, rater) for rater in raters),
            Text(
                "Ours: simulated clients with scripted or model therapists, scored by the rater "
                "named above. Theirs: other clients, other therapists, another judge, and figures "
                "that are not part of this program. Alliance is observer-imputed, 1–5, safety "
                "stops left out; CTRS items are 0–6. Compare the order of arms if anything, never "
                "the numbers.",
                "note",
            ),
        ),
    )


def _table(m: Material, rater: str) -> Table:
    rows: list[tuple[Value, ...] | Group] = []
    for mode, arm in ARMS.items():
        rows.append(Group(arm))
        ours = [cell for cell in m.cells if m.mode_of(cell) == mode]
        rows += [(f"ours, simulated: {cell}", *_values(m, rater, cell)) for cell in ours]
        if not ours:
            rows.append(("ours, simulated", *(Missing("not an arm of this run"),) * len(COLUMNS)))
        if mode != "ec":
            rows.append((SOURCE, *(Missing(THEIRS),) * len(COLUMNS)))
    return Table(
        ("arm", *COLUMNS.values()),
        tuple(rows),
        f"CTRS items and alliance by arm; rater {rater}; clients: {', '.join(m.kinds)}.",
    )


def _values(m: Material, rater: str, cell: str) -> tuple[Value, ...]:
    found = []
    for instrument, item in COLUMNS:
        totals = m.reading.scores.get((rater, cell, instrument, item), {})
        sessions = sum(count for _, count in totals.values())
        mean = sum(total for total, _ in totals.values()) / sessions if sessions else None
        found.append(number(mean, why="not scored"))
    return tuple(found)
