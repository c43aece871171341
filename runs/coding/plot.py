"""The reliability of the coder's probabilities, drawn: what it said against what raters said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mirrorplay.personas.errors import UserError


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Write a plot of both speakers' reliability; the ending of `path` decides the format. Raises
    UserError when matplotlib is not installed or the format is unknown."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError(
            "matplotlib is not installed",
            where="--plot",
            hint="pip install 'mirrorplay[analysis]'",
        ) from None
    figure = Figure(figsize=(8, 4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for place, speaker in enumerate(("therapist", "client"), start=1):
        axes = figure.add_subplot(1, 2, place)
        bins = result[speaker]["calibration"]["bins"]
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        axes.plot([one["probability"] for one in bins], [one["share"] for one in bins], marker="o")
        axes.set_title(f"{speaker}: error {result[speaker]['calibration']['ece']:.3f}")
        axes.set_xlabel("probability of the coder")
        axes.set_ylabel("share of raters")
    known = canvas.get_supported_filetypes()
    ending = path.suffix.lstrip(".").lower()
    if ending not in known:
        raise UserError(
            f"cannot draw {path.suffix!r}", where="--plot", allowed=", ".join(sorted(known))
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
