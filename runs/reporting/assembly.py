"""The sections of a report in their order."""

from dataclasses import replace
from pathlib import Path

from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.reporting import (
    caveats,
    comparison,
    courses,
    expected,
    quality,
    raters,
    replication,
    setting,
)
from mirrorplay.runs.reporting.document import Report, Section
from mirrorplay.runs.reporting.material import Material, gather


def report_on(
    run: RunDirectory, *, baseline: str | None = None, predictions: Path | None = None
) -> Report:
    """The report of a run. Raises UserError for a run without finished sessions, an unknown
    baseline, a file that holds no predictions, or a missing `analysis` extra."""
    m = gather(run, baseline)
    foretold = expected.predictions(m, predictions)
    parts: dict[str, tuple[Section, ...]] = {
        "The run": (setting.what_was_run(m), setting.how_sessions_end(m)),
        "What an observer measures": (
            comparison.means_by_cell(m),
            comparison.differences(m),
            comparison.mixed_models(m),
            courses.resistance_by_turn(m),
            courses.alliance_by_type(m),
            raters.other_raters(m),
        ),
        "Predictions": (foretold,),
        "Comparison with the literature": (replication.replication(m),),
        "Implementation checks": (
            courses.hidden_state(m),
            courses.what_follows_what(m),
            courses.plan_progress(m),
        ),
        "Data quality": (quality.talk(m), quality.missing_scores(m)),
        "How to read this": (caveats.independence(m),),
    }
    return Report(
        title=run.name,
        lead=_lead(m),
        warning=caveats.WARNING,
        sections=tuple(
            replace(section, part=part if first == 0 else "")
            for part, sections in parts.items()
            for first, section in enumerate(sections)
        ),
    )


def _lead(m: Material) -> str:
    people = len({one.persona_id for one in m.figures})
    cells = len(m.cells)
    told = (
        f"{_many(m.reading.sessions, 'session')} of {_many(people, 'persona')} "
        f"in {_many(cells, 'cell')}"
    )
    if m.quarantined:
        told += f", {len(m.quarantined):,} more quarantined"
    return told + (f". Baseline: {m.base}." if cells > 1 else ".")


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}" + ("" if count == 1 else "s")
