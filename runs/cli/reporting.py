"""`report`: a run as one page and as Markdown."""

from pathlib import Path
from typing import Literal

import click

from mirrorplay.runs.cli.group import open_console


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--baseline", metavar="CELL", help="Cell to compare with; the first by default.")
@click.option("--predictions", type=click.Path(path_type=Path), metavar="FILE",
              help="What was expected, as YAML.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR|FILE",
              help="Folder, or file ending in .html or .md; RUN itself by default.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["html", "md", "both"]),
              help="What to write; both by default, or what FILE ends in.")  # fmt: skip
def report(
    run: str,
    baseline: str | None,
    predictions: Path | None,
    out: Path | None,
    form: Literal["html", "md", "both"] | None,
) -> int:
    """Write the report of RUN: one self-contained page, and the same as Markdown.

    \b
    mirrorplay report outputs/ablation-1 --baseline mode=text
    mirrorplay report outputs/ablation-1 --predictions predictions.yaml --out report.html

    \b
    A file of predictions, written before the run; CELL is a cell's name or level:
    predictions:
      - id: exploring helps the resistant
        contrast: [p, text]        # the first minus the second
        where: resistance not none # everybody, resistance cognitive (or another type)
        measure: alliance          # trust_last, skill, resistance_area, resolved
        expect: greater            # smaller, none
        least: 0.2                 # in the measure's units
        fails_if: the interval holds 0
    """
    from mirrorplay.runs.directory import RunDirectory, shown
    from mirrorplay.runs.reporting.assembly import report_on
    from mirrorplay.runs.reporting.writing import targets, write_report

    directory = RunDirectory.open(run)
    targets(directory.path, out, form)  # a name that cannot be is told before the work
    written = report_on(directory, baseline=baseline, predictions=predictions)
    console = open_console()
    for path in write_report(written, directory.path, out, form):
        console.print(f"report: {shown(path)}", highlight=False, markup=False, soft_wrap=True)
    return 0
