"""Means by cell, differences to the baseline, and the mixed model."""

from collections.abc import Iterable
from typing import Any

from mirrorplay.runs.reporting import plots
from mirrorplay.runs.reporting.contrasts import Contrast
from mirrorplay.runs.reporting.document import (
    Figure,
    Group,
    Missing,
    Section,
    Table,
    Text,
    Value,
    interval,
    number,
    probability,
)
from mirrorplay.runs.reporting.material import Material
from mirrorplay.runs.reporting.measures import MODELLED, OBSERVED, label
from mirrorplay.runs.reporting.mixed import MixedModel, mixed_model
from mirrorplay.runs.reporting.reading import Totals
from mirrorplay.runs.reporting.resampling import EXACT_UP_TO, LEAST, mean_interval
from mirrorplay.runs.reporting.setting import PAGE

FEW = f"fewer than {LEAST} personas"
NO_VALUE = "no session has this measure"
ACROSS = 3
"""Cells that stand side by side in the table of means."""
SMALL_SAMPLE = 6
"""Personas below which a sign-flip test cannot reach .05: 2 of 2⁵ patterns are .0625."""


def means_by_cell(m: Material) -> Section:
    """Every measure of an observer, by cell."""
    measures = [name for name in OBSERVED if any(name in one.measures for one in m.figures)]
    told = (
        "Means over sessions, with 95% intervals that resample personas with all of their sessions "
        "(percentile bootstrap)."
    )
    table = (
        _means_across(m, measures, told)
        if len(m.cells) <= ACROSS
        else _means_down(m, measures, told)
    )
    return Section(
        "Means by cell",
        (
            table,
            Text(
                "Alliance is the mean of the goal, task and bond subscales, counselling skill of "
                "the six CTRS items, both imputed by an observer from the words. Resistance is "
                "coded from the client’s words.",
                "note",
            ),
        ),
    )


def _means_across(m: Material, measures: list[str], told: str) -> Table:
    """A row a measure, two columns a cell."""
    rows = tuple(
        (
            label(measure),
            *(
                value
                for cell in m.cells
                for value in _mean(totals_of(m, cell, measure), m.seed)[:2]
            ),
        )
        for measure in measures
    )
    columns = (name for cell in m.cells for name in (cell, "95%"))
    return Table(("measure", *columns), rows, told)


def _means_down(m: Material, measures: list[str], told: str) -> Table:
    """A row a cell, under its measure."""
    rows: list[tuple[Value, ...] | Group] = []
    for measure in measures:
        rows.append(Group(label(measure)))
        rows += [(cell, *_mean(totals_of(m, cell, measure), m.seed)) for cell in m.cells]
    return Table(("cell", "mean", "95% interval", "sessions", "personas"), tuple(rows), told)


def totals_of(m: Material, cell: str, measure: str) -> Totals:
    """A measure's sums by persona in one cell."""
    totals: Totals = {}
    for one in m.figures:
        if one.cell == cell and measure in one.measures:
            total, sessions = totals.get(one.persona_id, (0.0, 0))
            totals[one.persona_id] = (total + one.measures[measure], sessions + 1)
    return totals


def _mean(totals: Totals, seed: int) -> tuple[Value, ...]:
    sessions = sum(count for _, count in totals.values())
    mean = sum(total for total, _ in totals.values()) / sessions if sessions else None
    return (
        number(mean, why=NO_VALUE),
        interval(mean_interval(totals, seed), why=FEW),
        f"{sessions:,}",
        f"{len(totals):,}",
    )


def differences(m: Material) -> Section:
    """Every cell against the baseline."""
    title = "Differences to the baseline"
    if not m.others:
        return Section(title, (Text("The run has one cell with sessions: nothing is compared."),))
    blocks: list[Any] = [Text(f"Baseline: {m.base}.")]
    if m.contrasts:
        shown = _with_contrasts(m, OBSERVED)
        paired = [cell for cell in m.others if cell not in m.unpaired]
        blocks.append(
            Figure(
                "differences",
                plots.differences(m.contrasts, paired, {name: label(name) for name in shown}),
                "Differences of each cell to the baseline with intervals, one panel a measure",
                "Difference to the baseline in the measure’s own units, with 95% intervals over "
                "personas.",
                PAGE,
            )
        )
        blocks.append(contrast_table(m, shown))
        least = min(one.personas for one in m.contrasts.values())
        if least < SMALL_SAMPLE:
            blocks.append(
                Text(
                    f"With {least} personas the smallest p there can be is "
                    f"{2 / 2**least:.3f}: nothing here can be called significant at .05.",
                    "warning",
                )
            )
        blocks.append(_how_compared(m))
    blocks += [
        Text(f"Unpaired: {cell} has no client in common with {m.base}.", "warning")
        for cell in m.unpaired
    ]
    return Section(title, tuple(blocks))


def _with_contrasts(m: Material, measures: Iterable[str]) -> list[str]:
    return [name for name in measures if any(name == measure for measure, _ in m.contrasts)]


def contrast_table(m: Material, measures: Iterable[str]) -> Table:
    """One row a contrast, under its measure."""
    rows: list[tuple[Value, ...] | Group] = []
    for measure in measures:
        rows.append(Group(label(measure)))
        for cell in m.others:
            one = m.contrasts.get((measure, cell))
            rows.append(_contrast_row(cell, one, m))
    return Table(
        ("cell", "means", "difference", "95% interval", "dz", "g", "p", "p Holm", "n"),
        tuple(rows),
        "Cell minus baseline, over the clients that both have. n: pairs / personas.",
    )


def _contrast_row(cell: str, one: Contrast | None, m: Material) -> tuple[Value, ...]:
    if one is None:
        reason = (
            f"no client in common with {m.base}" if cell in m.unpaired
            else "no pair of sessions has this measure"
        )  # fmt: skip
        return (cell, *(Missing(reason),) * 8)
    means = f"{one.other_mean:.2f} − {one.base_mean:.2f}"
    return (
        cell,
        means,
        number(one.mean, why="", signed=True),
        interval(one.interval, why="fewer than 3 paired personas"),
        number(one.dz, why=one.reason, signed=True),
        number(one.g, why=one.reason, signed=True),
        probability(one.p, why=one.reason),
        probability(one.p_holm, why=one.reason),
        f"{one.pairs}/{one.personas}",
    )


def _how_compared(m: Material) -> Text:
    return Text(
        "Differences are averaged within a persona first. dz: mean difference in standard "
        "deviations of the personas’ differences. g: Hedges’ g of paired means, in standard "
        "deviations between personas within a cell. p: two-sided sign-flip permutation over "
        f"personas, exact up to {EXACT_UP_TO} of them, else 9,999 draws. Holm’s correction is over "
        f"the {len(m.others)} contrasts of one measure; across measures nothing is corrected, so "
        "name the primary measure before the run.",
        "note",
    )


def mixed_models(m: Material) -> Section:
    """Estimates with the persona as a random effect."""
    title = "Mixed model"
    if not m.others:
        return Section(title, (Text("Not estimated: the run has one cell with sessions."),))
    fits = [mixed_model(m.figures, measure, m.base) for measure in MODELLED]
    rows: list[tuple[Value, ...] | Group] = []
    for fit in fits:
        rows.append(Group(label(fit.measure), _fit_told(fit)))
        rows += [
            (
                term.cell,
                number(term.estimate, why="", signed=True),
                interval(term.interval, why=""),
                probability(term.p, why=""),
            )
            for term in fit.terms
        ]
    return Section(
        title,
        (
            Table(
                ("cell", "estimate", "95% interval", "p"),
                tuple(rows),
                "Each measure by cell and resistance type, with a random intercept for the "
                f"persona. Estimates are against {m.base}.",
            ),
            Text(
                "Restricted maximum likelihood (statsmodels MixedLM), Wald intervals, no "
                "correction. It uses unpaired sessions too, and assumes that cells differ alike "
                "for every persona; where it disagrees with the paired table, believe the paired "
                "table. “Resolved” is a linear probability model.",
                "note",
            ),
        ),
    )


def _fit_told(fit: MixedModel) -> str:
    if fit.reason:
        return f"not estimated: {fit.reason}"
    share = "–" if fit.between is None else f"{100 * fit.between:.0f}%"
    return (
        f"{fit.sessions:,} sessions, {fit.personas:,} personas; {share} of the residual variance "
        "lies between personas"
    )
