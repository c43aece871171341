"""Figures of a study as PNG files, drawn with matplotlib (the `plots` extra)."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.policies.stopping import OUTCOMES
from mirrorplay.runs.analysis.study import SEEN_OFTEN, Study
from mirrorplay.runs.analysis.transitions import NEXT_TALKS, share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOME_COLOURS = {
    "resolved": "#2a9d8f",
    "max_exchanges": "#d9d2c0",
    "impasse": "#e9b44c",
    "client_left": "#c8553d",
    "safety_stop": "#6c757d",
}
CELL_COLOURS = ("#264653", "#2a9d8f", "#c8553d", "#7b5ea7", "#b08900", "#4f86c6", "#8a5a44")
SHOWN_STATES = ("trust", "ambivalence", "confrontation", "withdrawal")
DPI = 110


def draw_study(found: Study, directory: Path) -> list[Path]:
    """Write `outcomes.png`, `trajectories.png` and `transitions.png` into a directory, made where
    it is missing. Raises UserError without matplotlib or where nothing can be written."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError(
            "figures need matplotlib, which is not installed",
            hint="pip install 'mirrorplay[plots]'",
        ) from None
    figures = {
        "outcomes": _outcomes(found, Figure),
        "trajectories": _trajectories(found, Figure),
        "transitions": _transitions(found, Figure),
    }
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            path = directory / f"{name}.png"
            figure.savefig(path, dpi=DPI, bbox_inches="tight", metadata={"Software": None})
            written.append(path)
    except OSError as error:
        raise UserError(f"cannot write figures: {error.strerror}", where=str(directory)) from None
    return written


def _kinds(found: Study) -> list[str]:
    return [kind for kind in RESISTANCE_TYPES if any(k == kind for _, k in found.outcomes)]


def _outcomes(found: Study, new: type["Figure"]) -> "Figure":
    kinds = _kinds(found)
    figure = new(figsize=(3.0 * len(kinds) + 1.6, 0.34 * len(found.cells) + 1.2))
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for panel, kind in zip(panels, kinds, strict=True):
        for place, cell in enumerate(reversed(found.cells)):
            counts = found.outcomes.get((cell, kind), Counter[str]())
            left = 0.0
            for outcome in OUTCOME_COLOURS:
                width = 100 * counts[outcome] / (counts.total() or 1)
                panel.barh(place, width, left=left, color=OUTCOME_COLOURS[outcome], height=0.78)
                left += width
        panel.set_title(kind, fontsize=10)
        panel.set_yticks(range(len(found.cells)), list(reversed(found.cells)), fontsize=8)
        panel.set_xlim(0, 100)
        panel.set_xlabel("% of sessions", fontsize=8)
        panel.tick_params(axis="x", labelsize=8)
        _bare(panel)
    seen = [o for o in OUTCOME_COLOURS if any(c[o] for c in found.outcomes.values())]
    handles = [panels[0].barh(0, 0, color=OUTCOME_COLOURS[o])[0] for o in seen]
    figure.legend(
        handles,
        [o.replace("_", " ") for o in seen],
        loc="lower center",
        ncols=len(OUTCOMES),
        bbox_to_anchor=(0.5, -0.1),
        frameon=False,
        fontsize=8,
    )
    figure.subplots_adjust(wspace=0.08)
    return figure


def _trajectories(found: Study, new: type["Figure"]) -> "Figure":
    kinds = _kinds(found)
    figure = new(figsize=(2.7 * len(kinds) + 1.2, 1.9 * len(SHOWN_STATES)))
    panels = figure.subplots(len(SHOWN_STATES), len(kinds), sharex=True, sharey=True, squeeze=False)
    lines = {cell: _line(cell, place, found.cells) for place, cell in enumerate(found.cells)}
    for row, variable in enumerate(SHOWN_STATES):
        for column, kind in enumerate(kinds):
            panel = panels[row][column]
            for cell in found.cells:
                course = found.courses.get((cell, kind))
                if course is not None:
                    turns = range(1, len(course.means[variable]) + 1)
                    panel.plot(turns, course.means[variable], label=cell, **lines[cell])
            panel.set_ylim(0, 1)
            _bare(panel)
            panel.tick_params(labelsize=8)
            if row == 0:
                panel.set_title(kind, fontsize=10)
            if column == 0:
                panel.set_ylabel(variable, fontsize=9)
            if row == len(SHOWN_STATES) - 1:
                panel.set_xlabel("client turn", fontsize=8)
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(
        handles, names, loc="center left", bbox_to_anchor=(0.92, 0.5), frameon=False, fontsize=8
    )
    return figure


def _line(cell: str, place: int, cells: tuple[str, ...]) -> dict[str, Any]:
    """Cells that differ only in poor manner share a colour and are dashed."""
    family = cell.replace("poor", "good")
    families = list(dict.fromkeys(name.replace("poor", "good") for name in cells))
    colour = CELL_COLOURS[families.index(family) % len(CELL_COLOURS)]
    return {"color": colour, "linestyle": "--" if family != cell else "-", "linewidth": 1.5}


def _transitions(found: Study, new: type["Figure"]) -> "Figure":
    acts = list(dict.fromkeys(act for matrix in found.matrices.values() for act in matrix))
    figure = new(figsize=(3.4 * len(found.matrices) + 1.4, 0.33 * len(acts) + 1.3))
    panels = figure.subplots(1, len(found.matrices), sharey=True, squeeze=False)[0]
    for panel, (name, matrix) in zip(panels, found.matrices.items(), strict=True):
        values = [
            [share(matrix[act], talk) if act in matrix else float("nan") for talk in NEXT_TALKS]
            for act in acts
        ]
        panel.imshow(values, aspect="auto", cmap="YlGnBu", vmin=0, vmax=0.8)
        for row, act in enumerate(acts):
            for column, value in enumerate(values[row]):
                if value == value:  # NaN: the act did not occur
                    few = "*" if matrix[act].total() < SEEN_OFTEN else ""
                    colour = "white" if value > 0.5 else "#222222"
                    panel.text(
                        column,
                        row,
                        f"{value:.2f}{few}",
                        ha="center",
                        va="center",
                        fontsize=7,
                        color=colour,
                    )
        panel.set_xticks(range(len(NEXT_TALKS)), NEXT_TALKS, fontsize=8, rotation=30, ha="right")
        panel.set_yticks(range(len(acts)), [a.replace("_", " ") for a in acts], fontsize=8)
        panel.set_title(f"{found.by} = {name}" if name else "next talk", fontsize=10)
    figure.subplots_adjust(wspace=0.05)
    return figure


def _bare(panel: Any) -> None:
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
