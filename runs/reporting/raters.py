"""Raters beside the run's own judge: shown apart, compared, never mixed into a mean."""

from typing import Any

from mirrorplay.runs.judging.agreement import LATENT, PREFERENCE, Agreed, compare
from mirrorplay.runs.judging.coefficients import Estimate
from mirrorplay.runs.reporting.comparison import FEW
from mirrorplay.runs.reporting.document import (
    Group,
    Missing,
    Section,
    Table,
    Text,
    Value,
    interval,
    number,
)
from mirrorplay.runs.reporting.material import Material
from mirrorplay.runs.reporting.reading import Reading, Totals, add_scores
from mirrorplay.runs.reporting.resampling import mean_interval
from mirrorplay.runs.scorebook import iter_scores, raters

COMPARED = {"wai": "Alliance (1–5)", "ctrs": "Counselling skill (0–6)"}
"""Instruments whose items have one scale, so that their mean means something."""
UNDEFINED = "not defined: too few sessions, or no variation"


def other_raters(m: Material) -> Section:
    """Means by rater and cell, and how raters agree. Raises UserError for damaged score files."""
    names = raters(m.run.path)
    if not names:
        own = ", ".join(m.reading.raters) or "which gave none"
        return Section(
            "Raters",
            (
                Text(
                    f"All scores are of the run’s own judge ({own}). For a second opinion: "
                    "mirrorplay judge, or mirrorplay export-ratings."
                ),
            ),
        )
    told = Reading()
    sessions = {one.session_id: one for one in m.figures}
    for session_id, score in iter_scores(m.run.path):
        one = sessions.get(session_id)
        if one is not None:
            add_scores(told, one.cell, one.persona_id, one.outcome, [score.model_dump()])
    blocks: list[Any] = [
        Text(
            f"Scored after the run was played: {', '.join(names)}. Their scores stand here and in "
            "no other table of this report."
        )
    ]
    rows = _means(m, told, names)
    if rows:
        blocks.append(
            Table(
                ("cell", "mean", "95% interval", "scores"),
                tuple(rows),
                "Means of items by rater; intervals over personas; safety stops left out of "
                "alliance.",
            )
        )
    blocks += _agreement(m)
    return Section("Raters", tuple(blocks))


def _means(m: Material, told: Reading, names: tuple[str, ...]) -> list[tuple[Value, ...] | Group]:
    rows: list[tuple[Value, ...] | Group] = []
    for rater in names:
        for instrument, label in COMPARED.items():
            if not any((who, what) == (rater, instrument) for who, what, _ in told.scored):
                continue
            rows.append(Group(f"{label}, {rater}"))
            for cell in m.cells:
                totals = _pooled(told, rater, cell, instrument)
                count = sum(n for _, n in totals.values())
                mean = sum(t for t, _ in totals.values()) / count if count else None
                rows.append(
                    (
                        cell,
                        number(mean, why="not scored by this rater"),
                        interval(mean_interval(totals, m.seed), why=FEW),
                        f"{count:,}",
                    )
                )
    return rows


def _pooled(told: Reading, rater: str, cell: str, instrument: str) -> Totals:
    found: Totals = {}
    for (who, where, what, _), totals in told.scores.items():
        if (who, where, what) == (rater, cell, instrument):
            for persona, (total, count) in totals.items():
                before, so_far = found.get(persona, (0.0, 0))
                found[persona] = (before + total, so_far + count)
    return found


def _agreement(m: Material) -> list[Any]:
    if len(raters(m.run.path)) + len(m.reading.raters) < 2:
        return [Text("Agreement is not computed: there is one rater.")]
    pairs = [one for one in compare(m.run.path).pairs if one.second != LATENT]
    if not pairs:
        return [Text("No two raters scored the same item of the same session.")]
    rows: list[tuple[Value, ...] | Group] = []
    headed: tuple[str, str] | None = None
    for one in pairs:
        if (one.first, one.second) != headed:
            headed = (one.first, one.second)
            rows.append(Group(f"{one.first} × {one.second}"))
        rows.append(_agreed(one))
    return [
        Table(
            ("item", "sessions", "alpha", "ICC(2,1)", "95%", "ρ", "95%", "bias"),
            tuple(rows),
            "Agreement between raters, over sessions that both scored.",
        ),
        Text(
            "alpha: Krippendorff’s, interval data. ICC(2,1): absolute agreement of single raters. "
            "ρ: Spearman’s, the order alone. bias: mean difference, first minus second, in scale "
            "points. A rater compared with itself agrees by construction.",
            "note",
        ),
    ]


def _agreed(one: Agreed) -> tuple[Value, ...]:
    name = one.instrument if one.instrument == PREFERENCE else f"{one.instrument}: {one.item}"
    bias = None if one.difference is None else one.difference.bias
    return (
        name.replace("_", " "),
        f"{one.n:,}",
        number(one.alpha, why=UNDEFINED),
        *_estimate(one.icc),
        *_estimate(one.rank),
        number(bias, why=UNDEFINED, signed=True),
    )


def _estimate(found: Estimate | None) -> tuple[Value, Value]:
    if found is None:
        return Missing(UNDEFINED), Missing(UNDEFINED)
    bounds = None if found.low is None or found.high is None else (found.low, found.high)
    return number(found.value, why=UNDEFINED), interval(
        bounds, why="no interval: few sessions, or full agreement"
    )
