"""`run`, `resume` and `plan`."""

from typing import TYPE_CHECKING

import click

from mirrorplay.runs.cli.group import IMPORT_PATH, open_console

if TYPE_CHECKING:
    from rich.console import Console

    from mirrorplay.runs.driver import RunResult


SHOWN_OF = 64
"""Sessions looked through for the one to show."""


@click.command()
@click.argument("config", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--sheet", is_flag=True, help="Print one session and write its contact sheet.")
@IMPORT_PATH
def run(
    config: str | None, overrides: tuple[str, ...], sheet: bool, import_path: tuple[str, ...]
) -> int:
    """Run CONFIG: a preset, a YAML file or a run.json (default: quickstart).

    \b
    mirrorplay run quickstart session.max_exchanges=6
    mirrorplay run my.yaml executor=inline "sample.resistance=[emotional, none]"
    """
    from mirrorplay.runs.driver import start
    from mirrorplay.runs.load import load_config

    loaded = load_config(config, overrides)
    console = open_console()
    result = start(loaded.config, console, import_path)
    _finish(console, result, sheet)
    return result.exit_code


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("limits", nargs=-1, metavar="[limits.KEY=VALUE]...")
@click.option("--retry-quarantined", is_flag=True, help="Try failed sessions again.")
@IMPORT_PATH
def resume(
    run: str, limits: tuple[str, ...], retry_quarantined: bool, import_path: tuple[str, ...]
) -> int:
    """Go on with RUN: play what is missing, nothing else.

    A run that stopped at a limit needs another one: limits.tokens=2000000.
    """
    from mirrorplay.runs.directory import RunDirectory
    from mirrorplay.runs.driver import resume as resume_run
    from mirrorplay.runs.report import print_ending

    console = open_console()
    directory = RunDirectory.open(run)
    if limits:
        from mirrorplay.runs.account import relimit

        relimit(directory, limits)
    result = resume_run(
        directory,
        console,
        retry_quarantined=retry_quarantined,
        import_path=import_path or None,
    )
    console.print(
        f"{result.done:,} of {result.planned:,} sessions done, {result.failed} quarantined",
        highlight=False,
    )
    if result.idle:
        print_ending(console, result)
    else:
        _finish(console, result, sheet=False)
    return result.exit_code


def _finish(console: "Console", result: "RunResult", sheet: bool) -> None:
    from mirrorplay.runs.directory import shown
    from mirrorplay.runs.report import print_ending, print_summary

    print_summary(console, result.run)
    if sheet and result.done:
        _show_one(console, result)
    print_ending(console, result)
    console.print(f"run: {shown(result.run.path)}", highlight=False, markup=False, soft_wrap=True)


def _show_one(console: "Console", result: "RunResult") -> None:
    """One session to look at: of the first in the run, the one whose face shows most."""
    from itertools import islice

    from mirrorplay.runs.contact_sheet import contact_sheet
    from mirrorplay.runs.conversation import display, print_session
    from mirrorplay.runs.directory import shown
    from mirrorplay.runs.store import iter_sessions

    record = max(islice(iter_sessions(result.run.path), SHOWN_OF), key=display)
    console.print("\n[dim]one session, the most expressive of them:[/]")
    print_session(console, record)
    path = result.run.path / f"session-{record.session_id}.png"
    path.write_bytes(contact_sheet(record))
    console.print(f"\ncontact sheet: {shown(path)}", highlight=False, markup=False, soft_wrap=True)


@click.command()
@click.argument("config", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@IMPORT_PATH
def plan(config: str | None, overrides: tuple[str, ...], import_path: tuple[str, ...]) -> int:
    """Check CONFIG and show what it would run, without running it."""
    from collections import Counter

    from mirrorplay.runs.analysis.power import sensitivity, told
    from mirrorplay.runs.driver import prepare
    from mirrorplay.runs.load import load_config

    prepared = prepare(load_config(config, overrides).config, import_path)
    sessions = prepared.plan
    click.echo(f"{len(sessions):,} sessions in {sessions.shards} shards")
    click.echo(
        f"personas ({len(prepared.personas)}): " + ", ".join(p.id for p in prepared.personas)
    )
    kinds = Counter(session.resistance for session in sessions)
    click.echo("resistance: " + ", ".join(f"{name} {count:,}" for name, count in kinds.items()))
    for cell in prepared.cells:
        click.echo(f"cell: {cell.name}")
    for line in told(sensitivity(sessions)):
        click.echo(line)
    return 0
