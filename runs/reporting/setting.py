"""What was run: configuration, versions, hashes, sessions by cell and how they ended."""

import json
from collections import Counter
from hashlib import sha256
from typing import Any

import pyarrow.compute as pc

from mirrorplay.policies.stopping import OUTCOMES
from mirrorplay.runs.grid import factor_keys
from mirrorplay.runs.reporting import plots
from mirrorplay.runs.reporting.document import (
    Facts,
    Figure,
    Section,
    Table,
    Text,
    Value,
    percent,
)
from mirrorplay.runs.reporting.material import Material, run_files

SHOWN_FAILURES = 10
PAGE = 880
"""Greatest width of a figure, in CSS pixels."""


def what_was_run(m: Material) -> Section:
    """Facts, sessions by cell, quarantine."""
    planned = _planned(m)
    quarantined = Counter(entry.cell for entry in m.quarantined.values())
    rows: list[tuple[Value, ...]] = [
        (
            cell,
            m.mode_of(cell),
            f"{planned.get(cell, 0):,}",
            f"{m.reading.cells[cell]:,}",
            f"{quarantined[cell]:,}",
            f"{len(m.reading.people[cell]):,}",
        )
        for cell in (*m.cells, *m.missing_cells)
    ]
    blocks: list[Any] = [
        Facts(tuple(_facts(m))),
        Table(
            ("cell", "mode", "planned", "finished", "quarantined", "personas"),
            tuple(rows),
            "Sessions by cell. " + _grid_told(m),
            names=2,
        ),
    ]
    left = len(m.plan) - m.reading.sessions - len(m.quarantined)
    if left > 0:
        blocks.append(
            Text(
                f"The run is not finished: {left:,} sessions are missing. Means change with them, "
                "and those that end early finish first.",
                "warning",
            )
        )
    if m.quarantined:
        blocks.append(_failures(m))
    blocks.append(Facts(tuple(_origin(m))))
    return Section("What was run", tuple(blocks))


def how_sessions_end(m: Material) -> Section:
    """Shares of outcomes."""
    seen = [o for o in OUTCOMES if any(ended[o] for ended in m.reading.ended.values())]
    rows: list[tuple[Value, ...]] = []
    for cell in m.cells:
        ended = m.reading.ended[cell]
        shares = (percent(ended[o], ended.total(), why="no sessions") for o in seen)
        rows.append((cell, f"{ended.total():,}", *shares))
    by = ", ".join(f"{name} {count:,}" for name, count in m.reading.ended_by.most_common())
    return Section(
        "How sessions end",
        (
            Figure(
                "outcomes",
                plots.outcomes(m.study, m.kinds),
                "Stacked bars: share of sessions by outcome, for each cell and resistance type",
                "Outcomes by cell and resistance type, in per cent of sessions.",
                PAGE,
            ),
            Table(
                ("cell", "sessions", *(o.replace("_", " ") for o in seen)),
                tuple(rows),
                f"Outcomes, all resistance types together. Ended by: {by}.",
            ),
            Text(
                "A safety stop is neither success nor failure. It is counted here and left out of "
                "“resolved” and of alliance.",
                "note",
            ),
        ),
    )


def _planned(m: Material) -> dict[str, int]:
    counted = pc.value_counts(m.plan.table["cell"].combine_chunks().cast("string"))
    return {entry["values"].as_py(): entry["counts"].as_py() for entry in counted}


def _facts(m: Material) -> list[tuple[str, str]]:
    config = m.config
    sample, people = config.sample, len(m.plan.persona_ids)
    return [
        ("Run", m.run.name),
        ("Seed", str(config.seed)),
        ("Personas", f"{people:,} from {sample.personas}"),
        ("Resistance", ", ".join(m.kinds)),
        ("Replicates", str(sample.replicates)),
        ("Client", _told(config.client)),
        ("Therapist", _told(config.therapist)),
        ("Supervisor", _told(config.supervisor)),
        ("Judge", _told(config.judge) + f"; rater {', '.join(m.reading.raters) or 'none'}"),
        ("Face", _told(config.face)),
        ("Phrase bank", str(config.phrasing.bank)),
        ("Session", f"{config.graph.kind}, up to {config.session.max_exchanges} exchanges"),
    ]


def _origin(m: Material) -> list[tuple[str, str]]:
    """Versions and hashes."""
    facts: list[tuple[str, str]] = []
    provenance = m.manifest.get("provenance", {})
    versions = provenance.get("versions", {})
    if isinstance(versions, dict) and versions:
        facts.append(("Versions", ", ".join(f"{name} {at}" for name, at in versions.items())))
    if provenance.get("python"):
        facts.append(("Python", f"{provenance['python']} on {provenance.get('machine', '?')}"))
    facts += [
        (f"sha256 of {name}", sha256(path.read_bytes()).hexdigest())
        for name, path in run_files(m.run).items()
    ]
    facts += [
        (f"sha256 of {name.removesuffix('_sha256')}", str(value))
        for name, value in provenance.items()
        if name.endswith("_sha256") and name != "personas_sha256"
    ]
    return facts


def _told(block: Any) -> str:
    """A block of the configuration on one line."""
    values = block.model_dump(mode="json")
    kind = values.pop("kind", "")
    rest = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
        if value is not None and name != "crisis_line"
    )
    return f"{kind} ({rest})" if rest else str(kind)


def _grid_told(m: Material) -> str:
    keys = factor_keys(m.config)
    if not keys:
        return "The run has no grid."
    return (
        f"Varied: {', '.join(keys)}; the lines above give the values that the grid does not set. "
        "Every cell meets the same clients."
    )


def _failures(m: Material) -> Table:
    rows = tuple(
        (name, entry.cell, entry.persona_id, entry.where, entry.error[:200])
        for name, entry in list(m.quarantined.items())[:SHOWN_FAILURES]
    )
    more = len(m.quarantined) - len(rows)
    return Table(
        ("session", "cell", "persona", "where", "error"),
        rows,
        "Quarantined: failed every attempt and have no row."
        + (f" {more:,} more in quarantine.jsonl." if more > 0 else ""),
        names=5,
    )
