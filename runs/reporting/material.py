"""Everything that the sections of a report read, gathered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.runs.analysis.figures import Figures, iter_figures
from mirrorplay.runs.analysis.study import Study, study
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.grid import Cell, cells, factor_keys
from mirrorplay.runs.plan import Plan, pair_key
from mirrorplay.runs.quarantine import Quarantine, QuarantineEntry
from mirrorplay.runs.reporting.contrasts import Contrast, contrasts
from mirrorplay.runs.reporting.reading import Reading, read

GROUPS = 5
"""Levels of a factor up to which transition matrices are told apart by it."""


@dataclass(frozen=True, slots=True)
class Material:
    """A run, read. `cells`: names of those with sessions, the baseline first, then in the order of
    the grid; `missing_cells`: planned ones that have none."""

    run: RunDirectory
    manifest: dict[str, Any]
    config: RunConfig
    grid: tuple[Cell, ...]
    plan: Plan
    cells: tuple[str, ...]
    missing_cells: tuple[str, ...]
    kinds: tuple[str, ...]
    figures: tuple[Figures, ...]
    reading: Reading
    study: Study
    contrasts: dict[tuple[str, str], Contrast]
    unpaired: tuple[str, ...]
    quarantined: dict[str, QuarantineEntry]

    @property
    def base(self) -> str:
        return self.cells[0]

    @property
    def others(self) -> tuple[str, ...]:
        return self.cells[1:]

    @property
    def seed(self) -> int:
        return self.config.seed

    def mode_of(self, cell: str) -> str:
        """The therapist's arm in a cell."""
        return next(c.config.therapist.mode for c in self.grid if c.name == cell)


def gather(run: RunDirectory, baseline: str | None = None) -> Material:
    """Read a run. Raises UserError for one without finished sessions, and for a baseline that is
    no cell of it or has no sessions."""
    manifest, config, plan = run.manifest(), run.config(), run.plan()
    grid = cells(config)
    names = [cell.name for cell in grid]
    if baseline is not None and baseline not in names:
        raise UserError(
            f"no cell {baseline!r} in this run",
            where="--baseline",
            allowed=names,
            hint=nearest(baseline, names),
        )
    reading = read(run.path, config_exchanges(grid))
    if not reading.sessions:
        raise UserError(
            "no finished sessions yet", where=str(run.path), hint=f"mirrorplay resume {run.path}"
        )
    played = [name for name in names if reading.cells[name]]
    if baseline is not None and baseline not in played:
        raise UserError(f"cell {baseline!r} has no finished session", where="--baseline",
                        allowed=played)  # fmt: skip
    base = baseline or played[0]
    ordered = (base, *(name for name in played if name != base))
    place = {name: number for number, name in enumerate(ordered)}
    figures = sorted(iter_figures(run.path), key=lambda one: place[one.cell])
    found, unpaired = contrasts(figures, base, lambda one: pair_key(one, config), config.seed)
    done = {one.session_id for one in figures}
    latest = Quarantine(run.path).latest()
    present = {one.resistance for one in figures}
    return Material(
        run=run,
        manifest=manifest,
        config=config,
        grid=grid,
        plan=plan,
        cells=ordered,
        missing_cells=tuple(name for name in names if name not in played),
        kinds=tuple(kind for kind in RESISTANCE_TYPES if kind in present),
        figures=tuple(figures),
        reading=reading,
        study=study(run.path, ordered, config_exchanges(grid), _by(config, figures)),
        contrasts=found,
        unpaired=tuple(unpaired),
        quarantined={name: entry for name, entry in latest.items() if name not in done},
    )


def config_exchanges(grid: Sequence[Cell]) -> int:
    """The most exchanges that a session of any cell may have."""
    return max(cell.config.session.max_exchanges for cell in grid)


def _by(config: RunConfig, figures: Sequence[Figures]) -> str | None:
    """The varied key with the most levels that still fit side by side."""
    levels = {key: {str(one.factors.get(key)) for one in figures} for key in factor_keys(config)}
    fitting = {key: len(found) for key, found in levels.items() if 1 < len(found) <= GROUPS}
    return max(fitting, key=lambda key: fitting[key], default=None)


def run_files(run: RunDirectory) -> dict[str, Path]:
    """Files whose hashes a report quotes."""
    files = {"run.json": run.manifest_path, "plan.parquet": run.plan_path,
             "personas.jsonl": run.personas_path}  # fmt: skip
    return {name: path for name, path in files.items() if path.is_file()}
