"""The headline miniature in print and as a figure."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.analysis.figures import Figures
from mirrorplay.runs.analysis.paired import Difference
from mirrorplay.runs.headline import ARMS, CONTROLS, MEASURES, Verdict, contrast, groups

PLOTTED = ("everybody", "resistance none", "masking low", "masking middle", "masking high")
"""Groups that stand in the figure."""


def print_headline(
    console: Console, sessions: Sequence[Figures], verdicts: Sequence[Verdict], seed: int
) -> None:
    """Differences to the text arm by measure, trust by group, and what came of the predictions."""
    present = [cell for cell in (*ARMS, *CONTROLS) if any(one.cell == cell for one in sessions)]
    console.print(
        "difference to the text arm, all clients, with 95% intervals over personas", style="bold"
    )
    table = _table("cell", *(name.replace("_", "\n") for name in MEASURES))
    for cell in present[1:]:
        found = contrast(sessions, "text", cell, seed)
        table.add_row(Text(cell), *(_shown(found.get(name)) for name in MEASURES))
    console.print(table)
    where = groups(sessions)
    _print_outcomes(console, sessions, present)
    _print_right_face(console, sessions, where, present, seed)
    for measure in MEASURES:
        console.print(f"\n{measure.replace('_', ' ')}, difference to text by client", style="bold")
        arms = [cell for cell in present if cell in ("base", "p", "ec", "p+ec", "shuffled")]
        table = _table("clients", *arms)
        for name, holds in where.items():
            chosen = [one for one in sessions if holds(one)]
            row = [contrast(chosen, "text", cell, seed).get(measure) for cell in arms]
            table.add_row(Text(_client(name)), *map(_shown, row))
        console.print(table)
    if verdicts:
        console.print("\npredictions, written before the run", style="bold")
        table = _table("prediction", "contrast", "found", "held")
        for verdict in verdicts:
            one = verdict.prediction
            held = {True: "yes", False: "NO", None: "–"}[verdict.held]
            held = "yes, but harms" if verdict.harms else held
            told = f"{one.contrast[0]} − {one.contrast[1]}"
            table.add_row(Text(one.id), Text(told), _shown(verdict.found, " "), held)
        console.print(table)


def _print_outcomes(console: Console, sessions: Sequence[Figures], present: Sequence[str]) -> None:
    ends = ("resolved", "impasse", "client_left", "max_exchanges", "safety_stop")
    console.print("\nhow sessions end, per cent", style="bold")
    table = _table("cell", *(end.replace("_", "\n") for end in ends))
    for cell in present:
        own: list[str] = [one.outcome for one in sessions if one.cell == cell]
        table.add_row(Text(cell), *(f"{100 * own.count(end) / len(own):.0f}" for end in ends))
    console.print(table)


def _print_right_face(
    console: Console,
    sessions: Sequence[Figures],
    where: Mapping[str, Callable[[Figures], bool]],
    present: Sequence[str],
    seed: int,
) -> None:
    """What the client's own face adds to anybody's: the test of whether the face is used."""
    others = [cell for cell in ("shuffled", "swapped", "blank") if cell in present]
    if "ec" not in present or not others:
        return
    console.print("\ntrust last, ec with the client's own face minus ec with …", style="bold")
    table = _table("clients", *others)
    for name, holds in where.items():
        chosen = [one for one in sessions if holds(one)]
        found = (contrast(chosen, other, "ec", seed).get("trust_last") for other in others)
        table.add_row(Text(_client(name)), *map(_finely, found))
    console.print(table)


def draw_headline(sessions: Sequence[Figures], seed: int, file: Path) -> None:
    """A PNG of the trust differences by group and of the reliability curve. Raises UserError
    without matplotlib or where it cannot be written."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError(
            "figures need matplotlib, which is not installed",
            hint="pip install 'mirrorplay[plots]'",
        ) from None
    where = groups(sessions)
    cells = [c for c in (*ARMS[1:], *CONTROLS) if any(one.cell == c for one in sessions)]
    figure = Figure(figsize=(11, 5.6))
    left, right = figure.subplots(1, 2, width_ratios=(3, 1))
    colours = ("#264653", "#8ab17d", "#e9c46a", "#f4a261", "#c8553d")
    for number, name in enumerate(PLOTTED):
        chosen = [one for one in sessions if where[name](one)]
        for place, cell in enumerate(reversed(cells)):
            found = contrast(chosen, "text", cell, seed).get("trust_last")
            if found is None:
                continue
            y = place + 0.15 * (2 - number)
            low, high = found.interval or (found.mean, found.mean)
            left.plot([low, high], [y, y], color=colours[number], linewidth=1.6)
            left.plot(found.mean, y, "o", color=colours[number], markersize=4,
                      label=name if place == 0 else None)  # fmt: skip
    left.axvline(0, color="#999999", linewidth=0.8)
    left.set_yticks(range(len(cells)), list(reversed(cells)))
    left.set_xlabel("hidden trust at the end, difference to the text arm")
    left.legend(frameon=False, fontsize=8, loc="lower left")
    chosen = [one for one in sessions if where["masking high"](one)]
    curve = [("reliable .3", 0.3), ("ec", 0.5), ("reliable .8", 0.8)]
    points = [
        (x, found)
        for cell, x in curve
        if (found := contrast(chosen, "text", cell, seed).get("trust_last"))
    ]
    for x, found in points:
        low, high = found.interval or (found.mean, found.mean)
        right.plot([x, x], [low, high], color="#c8553d", linewidth=1.6)
    right.plot([x for x, _ in points], [f.mean for _, f in points], "o-", color="#c8553d")
    right.axhline(0, color="#999999", linewidth=0.8)
    right.set_xlabel("how often the face shows anything")
    right.set_title("ec − text, masking high", fontsize=10)
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle("A miniature with embedded agents, not a replication", fontsize=11)
    figure.tight_layout()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=110, metadata={"Software": None})
    except OSError as error:
        raise UserError(f"cannot write the figure: {error.strerror}", where=str(file)) from None


def _table(first: str, *columns: str) -> Table:
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _signed(value: float) -> str:
    told = f"{value:+.2f}".replace("0.", ".")
    return ".00" if told in ("+.00", "-.00") else told


def _shown(found: Difference | None, between: str = "\n") -> str:
    """Mean and, below it, the interval: five of them fit on a line of 80 letters."""
    if found is None:
        return "–"
    mean = _signed(found.mean)
    if found.interval is None:
        return mean
    low, high = map(_signed, found.interval)
    return f"{mean}{between}[{low} {high}]"


def _finely(found: Difference | None) -> str:
    if found is None or found.interval is None:
        return "–"
    low, high = found.interval
    return f"{found.mean:+.3f}\n[{low:+.3f} {high:+.3f}]".replace("0.", ".")


def _client(group: str) -> str:
    """A group of clients, named shortly."""
    if group == "resistance not none":
        return "any resistance"
    return "no resistance" if group == "resistance none" else group.removeprefix("resistance ")
