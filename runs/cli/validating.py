"""`validate`: what is proven of the measures, and what is not."""

from pathlib import Path

import click

from mirrorplay.runs.cli.group import open_console


@click.command()
@click.option("--annomi", type=click.Path(path_type=Path), help="Coded transcripts, for VIII.")
@click.option("--personas", default=40, show_default=True, type=click.IntRange(3))
@click.option("--replicates", default=1, show_default=True, type=click.IntRange(1))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Figures in full.")
@click.option("--page", type=click.Path(path_type=Path), help="Page whose figures are put anew.")
@click.option("--only", help="Some headings, such as I,III.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the sessions go.")
@click.option("--executor", default="ray", show_default=True, help="ray or inline.")
def validate(
    annomi: Path | None,
    personas: int,
    replicates: int,
    json_file: Path | None,
    page: Path | None,
    only: str | None,
    out: Path | None,
    executor: str,
) -> int:
    """Nine headings: what was expected of coder, scores and client, and what was found.

    Plays sessions of its own, once: a second call scores and counts them again. Misses are told,
    and are no error.
    """
    from mirrorplay.runs.validation.report import (
        fill_page,
        print_heading,
        print_summary,
        write_json,
    )
    from mirrorplay.runs.validation.suite import Suite, chosen

    wanted = chosen(only)
    suite = Suite(
        out=out or Path("outputs", "validation", f"{personas}x{replicates}"),
        personas=personas,
        replicates=replicates,
        annomi=annomi,
        executor=executor,
        told=lambda line: click.echo(line, err=True),
    )
    suite.check_inputs(wanted, page, json_file)
    console = open_console()
    found = []
    for heading in suite.headings(wanted):
        print_heading(console, heading)
        found.append(heading)
    print_summary(console, found)
    setup = suite.setup()
    if json_file is not None:
        write_json(json_file, found, setup)
    if page is not None:
        fill_page(page, found, setup)
    return 0
