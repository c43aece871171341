"""`study`: outcomes, trajectories and transitions of a run."""

from pathlib import Path

import click

from mirrorplay.runs.cli.group import open_console


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--by", help="A gridded key whose values get transition matrices of their own.")
@click.option("--plots", type=click.Path(path_type=Path), help="Directory for PNG figures.")
def study(run: str, by: str | None, plots: Path | None) -> int:
    """How the sessions of RUN end, how states move, and what clients say after what."""
    from mirrorplay.runs.analysis.study import print_study
    from mirrorplay.runs.analysis.study import study as count
    from mirrorplay.runs.directory import RunDirectory
    from mirrorplay.runs.grid import cells

    directory = RunDirectory.open(run)
    config = directory.config()
    names = [cell.name for cell in cells(config)]
    found = count(directory.path, names, config.session.max_exchanges, by)
    console = open_console()
    print_study(console, found)
    if plots is not None:
        from mirrorplay.runs.analysis.plots import draw_study

        for path in draw_study(found, plots):
            console.print(f"figure: {path}", highlight=False, markup=False)
    return 0
