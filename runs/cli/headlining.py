"""`headline`: does seeing the face help? MIRROR's question in miniature."""

from io import StringIO
from pathlib import Path
from typing import Any

import click

from mirrorplay.runs.cli.group import open_console


@click.command()
@click.option("--out", default="outputs/headline", show_default=True, help="Where the runs go.")
@click.option("--personas", default=40, show_default=True, type=click.IntRange(3))
@click.option("--replicates", default=3, show_default=True, type=click.IntRange(1))
@click.option("--predictions", type=click.Path(path_type=Path), help="What was expected, as YAML.")
@click.option("--plot", type=click.Path(path_type=Path), help="A PNG to write.")
@click.option("--page", type=click.Path(path_type=Path), help="A page to put the figures in.")
@click.option("--executor", default="ray", show_default=True, help="ray or inline.")
def headline(
    out: str,
    personas: int,
    replicates: int,
    predictions: Path | None,
    plot: Path | None,
    page: Path | None,
    executor: str,
) -> int:
    """Five arms and seven controls on the same clients, with differences to the text arm.

    A run that was cut off goes on where it stopped; a finished one is only counted again.
    """
    from rich.console import Console

    from mirrorplay.runs.analysis.headline_report import draw_headline, print_headline
    from mirrorplay.runs.api import Run, open_run
    from mirrorplay.runs.api import run as play
    from mirrorplay.runs.headline import (
        ARMS,
        GRID_KEYS,
        control_rows,
        gather,
        judged,
        read_predictions,
    )
    from mirrorplay.runs.page import quote

    expected, digest = read_predictions(predictions) if predictions else ((), "")
    console = open_console()

    def played(name: str, grid: dict[str, Any]) -> Run:
        if Path(out, f"{name}-1").is_dir():
            return open_run(Path(out, f"{name}-1")).resume()
        asked = {
            "name": name,
            "sample": {"personas": "library", "limit": personas, "replicates": replicates},
            "executor": executor,
            "output": {"dir": out},
            "grid": grid,
        }
        return play(asked, quiet=False)

    arms = played("arms", {"therapist.mode": list(ARMS)})
    controls = played("controls", {GRID_KEYS: control_rows(str(arms.path.resolve()))})
    sessions = gather(arms.path, controls.path)
    seed = arms.config.seed
    verdicts = judged(expected, sessions, seed)
    outputs = [console]
    if page is not None:
        outputs.append(Console(file=StringIO(), width=80, record=True))
    for output in outputs:
        print_headline(output, sessions, verdicts, seed)
        if digest:
            output.print(f"predictions: sha256 {digest}", style="dim", highlight=False)
    if page is not None:
        quote(outputs[-1].export_text(), page)
    if plot is not None:
        draw_headline(sessions, seed, plot)
        console.print(f"figure: {plot}", highlight=False, markup=False)
    return 0
