"""Raters beside the run's own judge: shown apart, compared, never mixed into a mean.

Agreement is shown by subscale, and for an instrument without any by the middle of its items; the
items themselves fold away. To compare raters all their scores are held at once: here memory grows
with the sessions, by some ten numbers a session and rater.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from mirrorplay.runs.judging.agreement import LATENT, PREFERENCE, Agreed, compare
from mirrorplay.runs.judging.coefficients import Estimate
from mirrorplay.runs.judging.summary import known_items
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
    found = compare(m.run.path)
    told = [
        Text(f"{name}: scored again, with the same scores as in the run; one rater here.", "note")
        for name in found.same
    ]
    pairs = [one for one in found.pairs if one.second != LATENT]
    if not pairs:
        return [*told, Text("No two raters scored the same item of the same session.")]
    columns = ("item", "sessions", "alpha", "ICC(2,1)", "95%", "ρ", "95%", "bias")
    short: list[tuple[Value, ...] | Group] = []
    whole: list[tuple[Value, ...] | Group] = []
    for first, second in dict.fromkeys((one.first, one.second) for one in pairs):
        chosen = [one for one in pairs if (one.first, one.second) == (first, second)]
        head = Group(f"{first} × {second}")
        short += [head, *_by_instrument(chosen)]
        whole += [head, *(_agreed(one) for one in chosen)]
    return [
        *told,
        Table(
            columns,
            tuple(short),
            "Agreement between raters, over sessions that both scored, by subscale; where there is "
            "none, medians of the coefficients of an instrument’s items.",
        ),
        *(
            [Table(columns, tuple(whole), "Agreement item by item.", fold="Item by item")]
            if whole != short
            else []
        ),
        Text(
            "alpha: Krippendorff’s, interval data. ICC(2,1): absolute agreement of single raters. "
            "ρ: Spearman’s, the order alone. bias: mean difference, first minus second, in scale "
            "points. Variants of one judge are not independent of each other.",
            "note",
        ),
    ]


def _by_instrument(pairs: Sequence[Agreed]) -> list[tuple[Value, ...]]:
    """Subscales as they are; one row for each instrument that has none."""
    known = known_items()
    rows = []
    for instrument in dict.fromkeys(one.instrument for one in pairs):
        own = [one for one in pairs if one.instrument == instrument]
        subscales = [
            one
            for one in own
            if (item := known.get((one.instrument, one.item))) is not None and item.mean_of
        ]
        if subscales or len(own) == 1:
            rows += [_agreed(one) for one in subscales or own]
        else:
            rows.append(_middle(instrument, own))
    return rows


def _middle(instrument: str, own: Sequence[Agreed]) -> tuple[Value, ...]:
    """Medians over items; items have scales of their own, so that there is no bias of them all."""
    counts = sorted({one.n for one in own})
    no_interval = Missing("a median of items")
    return (
        f"{instrument}: median of {len(own)} items".replace("_", " "),
        f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,}–{counts[-1]:,}",
        _median([one.alpha for one in own]),
        _median([None if one.icc is None else one.icc.value for one in own]),
        no_interval,
        _median([None if one.rank is None else one.rank.value for one in own]),
        no_interval,
        no_interval,
    )


def _median(values: Sequence[float | None]) -> Value:
    there = [value for value in values if value is not None]
    return number(median(there) if there else None, why=UNDEFINED)


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
