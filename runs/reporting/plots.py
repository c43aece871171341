"""The report's figures as PNG bytes, on white in one quiet style (matplotlib, `analysis` extra).

Up to four cells are lines in one panel; with more of them every cell has a panel of its own, with
the baseline in grey behind it, since a dozen lines with bands cannot be told apart.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.analysis.plots import CELL_COLOURS, OUTCOME_COLOURS, SHOWN_STATES
from mirrorplay.runs.analysis.study import SEEN_OFTEN, Study
from mirrorplay.runs.analysis.transitions import NEXT_TALKS, Transitions, share
from mirrorplay.runs.reporting.contrasts import Contrast
from mirrorplay.runs.reporting.reading import Course
from mirrorplay.runs.reporting.resampling import LEAST, Numbers, course_band

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 144
TOGETHER = 4
"""Cells that share a panel."""
INK, FAINT, RULE = "#2b2d31", "#8b8f98", "#d8dade"
COLUMNS = 3
LEGEND_BELOW = 0.48
"""Inches under the panels: room for ticks and a label."""
_NAME = 34
"""Characters of a cell's name in a figure."""

Points = Mapping[tuple[str, str], tuple[float, tuple[float, float] | None]]
"""(group, resistance type) → mean and interval."""


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure in inches. Raises UserError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError(
            "a report needs matplotlib, which is not installed",
            hint="pip install 'mirrorplay[analysis]'",
        ) from None
    return Figure(figsize=(width, height), facecolor="white")


def png(figure: "Figure") -> bytes:
    """The figure's bytes; the same figure gives the same bytes."""
    out = BytesIO()
    figure.savefig(out, dpi=DPI, bbox_inches="tight", pad_inches=0.08, metadata={"Software": None})
    return out.getvalue()


def outcomes(found: Study, kinds: Sequence[str]) -> bytes:
    """Shares of outcomes by cell, one panel a resistance type."""
    cells = [c for c in found.cells if any(name == c for name, _ in found.outcomes)]
    across = min(2, len(kinds)) if len(kinds) % 2 == 0 else len(kinds)
    down = ceil(len(kinds) / across)
    figure = new_figure(8.6, down * (0.29 * len(cells) + 0.75) + 0.35)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for panel, kind in zip(panels.flat, kinds, strict=True):
        for place, cell in enumerate(reversed(cells)):
            counts = found.outcomes.get((cell, kind))
            left = 0.0
            for outcome, colour in OUTCOME_COLOURS.items():
                width = 100 * counts[outcome] / counts.total() if counts else 0.0
                panel.barh(place, width, left=left, color=colour, height=0.7)
                left += width
        _titled(panel, kind)
        panel.set_yticks(range(len(cells)), [_short(cell) for cell in reversed(cells)])
        panel.set_xlim(0, 100)
        _quiet(panel, "x")
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="y", length=0)
    for panel in panels[-1]:
        panel.set_xlabel("% of sessions", fontsize=8.5, color=INK)
    seen = [o for o in OUTCOME_COLOURS if any(c[o] for c in found.outcomes.values())]
    handles = [panels.flat[0].barh(0, 0, color=OUTCOME_COLOURS[o])[0] for o in seen]
    _legend(figure, handles, [o.replace("_", " ") for o in seen])
    _space(figure, panels, 0.25, 0.4)
    return png(figure)


def differences(
    found: Mapping[tuple[str, str], Contrast], cells: Sequence[str], labels: Mapping[str, str]
) -> bytes:
    """A forest, one panel a measure: how far each cell lies from the baseline, in the measure's own
    units, with the interval over personas."""
    across = min(COLUMNS, len(labels))
    down = ceil(len(labels) / across)
    figure = new_figure(8.6, down * (0.27 * len(cells) + 0.85))
    panels = figure.subplots(down, across, sharey=True, squeeze=False)
    for panel, (measure, label) in zip(panels.flat, labels.items(), strict=False):
        panel.axvline(0, color=FAINT, linewidth=0.9)
        for place, cell in enumerate(reversed(cells)):
            one = found.get((measure, cell))
            if one is None:
                continue
            colour = _colour(len(cells) - place)
            if one.interval:
                panel.plot(one.interval, [place, place], color=colour, linewidth=1.8)
            panel.plot(one.mean, place, "o", color=colour, markersize=4.5)
        _titled(panel, label)
        panel.set_yticks(range(len(cells)), [_short(cell) for cell in reversed(cells)])
        panel.set_ylim(-0.6, len(cells) - 0.4)
        panel.margins(x=0.12)
        panel.locator_params(axis="x", nbins=5)
        _quiet(panel, "x")
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="y", length=0)
    _blank(panels, len(labels))
    _space(figure, panels, 0.25, 0.62)
    return png(figure)


def courses(
    found: Mapping[tuple[str, str], Course],
    cells: Sequence[str],
    kinds: Sequence[str],
    base: str,
    seed: int,
) -> bytes:
    """Coded resistance by client turn with 95% bands over personas."""
    cells = [cell for cell in cells if any(cell == name for name, _ in found)]
    lines = {
        (cell, kind): _line([found[cell, kind]] if (cell, kind) in found else [], seed)
        for cell in cells
        for kind in kinds
    }
    if len(cells) <= TOGETHER:
        figure, panels = _grid(len(kinds))
        for panel, kind in zip(panels.flat, kinds, strict=False):
            for place, cell in enumerate(cells):
                _draw(panel, lines[cell, kind], _colour(place), _short(cell))
            _titled(panel, kind)
        _finish(figure, panels, len(kinds), "coded resistance, 0–1")
        if len(cells) > 1:
            _legend(figure, *panels.flat[0].get_legend_handles_labels())
        return png(figure)
    pooled = {
        cell: _line([found[cell, kind] for kind in kinds if (cell, kind) in found], seed)
        for cell in cells
    }
    shown = [cell for cell in cells if cell != base]
    figure, panels = _grid(len(shown))
    for panel, cell in zip(panels.flat, shown, strict=False):
        _draw(panel, pooled.get(base), FAINT, _short(base), band=False)
        _draw(panel, pooled[cell], _colour(cells.index(cell)), _short(cell))
        _titled(panel, _short(cell))
    _finish(figure, panels, len(shown), "coded resistance, 0–1")
    return png(figure)


def states(found: Study, cells: Sequence[str], kinds: Sequence[str]) -> bytes:
    """Means of the hidden state by client turn: variables down, resistance types across."""
    figure = new_figure(8.6, 1.45 * len(SHOWN_STATES) + 0.5)
    panels = figure.subplots(len(SHOWN_STATES), len(kinds), sharex=True, sharey=True, squeeze=False)
    for row, variable in enumerate(SHOWN_STATES):
        for column, kind in enumerate(kinds):
            panel = panels[row][column]
            for place, cell in enumerate(cells):
                course = found.courses.get((cell, kind))
                if course is not None:
                    means = course.means[variable]
                    panel.plot(
                        range(1, len(means) + 1),
                        means,
                        color=_colour(place),
                        linestyle=("-", "--", ":")[place // len(CELL_COLOURS) % 3],
                        linewidth=1.5,
                        label=_short(cell),
                    )
            panel.set_ylim(0, 1)
            panel.set_xlim(1, max(2, found.exchanges))
            _quiet(panel, "y")
            if row == 0:
                _titled(panel, kind)
            if column == 0:
                panel.set_ylabel(variable, fontsize=8.5, color=INK)
            if row == len(SHOWN_STATES) - 1:
                panel.set_xlabel("client turn", fontsize=8.5, color=INK)
    handles: dict[str, Any] = {}
    for panel in panels.flat:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    _space(figure, panels, 0.2, 0.22)
    if len(handles) > 1:
        _legend(figure, list(handles.values()), list(handles))
    return png(figure)


def by_type(found: Points, groups: Sequence[str], kinds: Sequence[str], label: str) -> bytes:
    """Means by resistance type, a dot for each group with its interval."""
    figure = new_figure(8.6, 3.1)
    panel = figure.subplots()
    step = min(0.16, 0.7 / max(1, len(groups)))
    for place, group in enumerate(groups):
        drawn = False
        for at, kind in enumerate(kinds):
            if (group, kind) not in found:
                continue
            mean, bounds = found[group, kind]
            x = at + step * (place - (len(groups) - 1) / 2)
            if bounds:
                panel.plot([x, x], bounds, color=_colour(place), linewidth=1.8)
            name = None if drawn else _short(group)
            panel.plot(x, mean, "o", color=_colour(place), markersize=5.5, label=name)
            drawn = True
    panel.set_xticks(range(len(kinds)), kinds)
    panel.set_xlim(-0.5, len(kinds) - 0.5)
    panel.set_ylabel(label, fontsize=9, color=INK)
    panel.margins(y=0.12)
    _quiet(panel, "y")
    figure.subplots_adjust(0, 0, 1, 1)
    if len(groups) > 1:
        _legend(figure, *panel.get_legend_handles_labels(), under=0.28)
    return png(figure)


def matrices(found: Mapping[str, Transitions], by: str | None) -> bytes:
    """P(next talk | therapist's act), one panel a group."""
    acts = list(dict.fromkeys(act for matrix in found.values() for act in matrix))
    figure = new_figure(min(11.0, 2.5 * len(found) + 2.6), 0.27 * len(acts) + 1.2)
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)
    for panel, (name, matrix) in zip(panels[0], found.items(), strict=True):
        values = [
            [share(matrix[act], talk) if act in matrix else float("nan") for talk in NEXT_TALKS]
            for act in acts
        ]
        panel.imshow(values, aspect="auto", cmap="GnBu", vmin=0, vmax=0.9)
        for row, act in enumerate(acts):
            for column, value in enumerate(values[row]):
                if value == value:  # NaN: the act did not occur
                    few = "*" if matrix[act].total() < SEEN_OFTEN else ""
                    told = f"{value:.2f}".lstrip("0") if value < 1 else "1"
                    panel.text(column, row, told + few, ha="center", va="center", fontsize=7.5,
                               color="white" if value > 0.55 else INK)  # fmt: skip
        names = [talk.removesuffix("orating") for talk in NEXT_TALKS]
        panel.set_xticks(range(len(names)), names, rotation=35, ha="right")
        panel.set_yticks(range(len(acts)), [act.replace("_", " ") for act in acts])
        panel.tick_params(labelsize=8, length=0, labelcolor=INK)
        for side in panel.spines.values():
            side.set_visible(False)
        if name:
            _titled(panel, f"{(by or '').rpartition('.')[2]} = {name}"[:_NAME])
    _space(figure, panels, 0.2, 0.0)
    return png(figure)


_Line = tuple[Numbers, Numbers | None, Numbers | None]


def _line(found: Sequence[Course], seed: int) -> _Line | None:
    """Mean course and band of courses taken together."""
    whole = Course()
    for course in found:
        for persona, sums in course.sums.items():
            if persona in whole.sums:
                whole.sums[persona] = whole.sums[persona] + sums
            else:
                whole.sums[persona] = sums
            whole.sessions[persona] += course.sessions[persona]
    if not whole.sums:
        return None
    sums, sessions = whole.arrays()
    mean = sums.sum(axis=0) / sessions.sum()
    if len(sums) < LEAST:
        return mean, None, None
    return (mean, *course_band(sums, sessions, seed))


def _draw(panel: Any, line: _Line | None, colour: str, name: str, *, band: bool = True) -> None:
    if line is None:
        return
    mean, low, high = line
    turns = range(1, len(mean) + 1)
    marker = "o" if len(mean) == 1 else None
    panel.plot(turns, mean, color=colour, linewidth=1.8, label=name, marker=marker)
    if band and low is not None and high is not None:
        panel.fill_between(turns, low, high, color=colour, alpha=0.14, linewidth=0)


def _grid(count: int) -> tuple["Figure", Any]:
    across = 2 if count in (2, 4) else min(COLUMNS, count)
    down = ceil(count / across)
    figure = new_figure(8.6, 2.15 * down + 0.3)
    return figure, figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)


def _finish(figure: "Figure", panels: Any, used: int, label: str) -> None:
    for place, panel in enumerate(panels.flat):
        _quiet(panel, "y")
        panel.set_ylim(bottom=0)
        panel.xaxis.get_major_locator().set_params(integer=True)
        if place % panels.shape[1] == 0:
            panel.set_ylabel(label, fontsize=8.5, color=INK)
        if used - panels.shape[1] <= place < used:
            panel.set_xlabel("client turn", fontsize=8.5, color=INK)
            panel.tick_params(labelbottom=True)
    _blank(panels, used)
    _space(figure, panels, 0.25, 0.5)


def _space(figure: "Figure", panels: Any, across: float, down: float) -> None:
    """Gaps between panels in inches. What stands outside of them is kept when the figure is cut;
    letting matplotlib find the gaps takes as long as all the drawing."""
    rows, columns = panels.shape
    width, height = figure.get_size_inches()
    wide = (width - across * (columns - 1)) / columns
    high = (height - down * (rows - 1)) / rows
    figure.subplots_adjust(0, 0, 1, 1, across / wide, down / high)


def _blank(panels: Any, used: int) -> None:
    for panel in list(panels.flat)[used:]:
        panel.set_visible(False)


def _legend(
    figure: "Figure", handles: Sequence[Any], names: Sequence[str], under: float = LEGEND_BELOW
) -> None:
    """Under everything, in as many columns as fit."""
    longest = max(map(len, names), default=1)
    below = under / figure.get_size_inches()[1]
    figure.legend(
        handles,
        names,
        loc="upper center",
        bbox_to_anchor=(0.5, -below),
        ncols=max(1, min(len(names), 128 // (longest + 6))),
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        handlelength=1.4,
    )


def _titled(panel: Any, title: str) -> None:
    panel.set_title(title, fontsize=9.5, color=INK, loc="left", fontweight="bold")


def _quiet(panel: Any, grid: str) -> None:
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(RULE)
    panel.grid(axis=grid, color=RULE, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=8, colors=FAINT, labelcolor=INK)


def _colour(place: int) -> str:
    return CELL_COLOURS[place % len(CELL_COLOURS)]


def _short(name: str) -> str:
    """A name that fits, and that matplotlib does not read as mathematics."""
    plain = name.replace("$", r"\$")
    return plain if len(plain) <= _NAME else plain[: _NAME - 1] + "…"
