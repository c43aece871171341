"""`headline`: does seeing the face help? MIRROR's question in miniature."""

from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import click

from mirrorplay.personas.errors import UserError
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
    from mirrorplay.runs.directory import RunDirectory
    from mirrorplay.runs.driver import provenance
    from mirrorplay.runs.headline import (
        ARMS,
        GRID_KEYS,
        control_rows,
        gather,
        judged,
        read_predictions,
    )
    from mirrorplay.runs.mistakes import validated
    from mirrorplay.runs.page import marked, quote

    if plot is not None and find_spec("matplotlib") is None:
        raise UserError(
            "figures need matplotlib, which is not installed",
            hint="pip install 'mirrorplay[plots]'",
        )
    if page is not None:
        marked(page)
    expected, digest = read_predictions(predictions) if predictions else ((), "")
    console = open_console()

    def played(name: str, grid: dict[str, Any]) -> Run:
        asked = {
            "name": name,
            "sample": {"personas": "library", "limit": personas, "replicates": replicates},
            "executor": executor,
            "output": {"dir": out},
            "grid": grid,
        }
        made = Path(out, f"{name}-1")
        if made.is_dir():
            there = open_run(made)
            wanted = validated(asked, lambda _: "headline")
            if (there.config.sample, there.config.grid) != (wanted.sample, wanted.grid):
                raise UserError(
                    "this run was asked for other clients or cells",
                    where=str(made),
                    hint="name another folder with --out",
                )
            return there.resume()
        return play(asked, quiet=False)

    arms = played("arms", {"therapist.mode": list(ARMS)})
    controls = played("controls", {GRID_KEYS: control_rows(str(arms.path.resolve()))})
    sessions = gather(arms.path, controls.path)
    seed = arms.config.seed
    given = [RunDirectory.open(one.path).manifest()["provenance"] for one in (arms, controls)]
    data = {one["data_sha256"] for one in given}
    version = f"mirrorplay {given[0]['versions']['mirrorplay']}, data sha256 {min(data)[:16]}"
    if data != {provenance([], ())["data_sha256"]}:
        version += " (this installation has other data: remove the runs to play them anew)"
    verdicts = judged(expected, sessions, seed)
    outputs = [console]
    if page is not None:
        outputs.append(Console(file=StringIO(), width=80, record=True))
    for output in outputs:
        print_headline(output, sessions, verdicts, seed)
        output.print(f"played with {version}", style="dim", highlight=False, soft_wrap=True)
        if digest:
            output.print(f"predictions: sha256 {digest}", style="dim", highlight=False)
    if page is not None:
        quote(outputs[-1].export_text(), page)
    if plot is not None:
        draw_headline(sessions, seed, plot)
        console.print(f"figure: {plot}", highlight=False, markup=False)
    return 0
