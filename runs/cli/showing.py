"""`show`, `fork` and `graph`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.cli.group import IMPORT_PATH, open_console

if TYPE_CHECKING:
    from rich.console import Console

    from mirrorplay.runs.directory import RunDirectory


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("session", required=False)
@click.option("--digest", "only_digest", is_flag=True, help="Print the run's digest.")
@click.option("--sheet", type=click.Path(dir_okay=False), help="Write the contact sheet PNG here.")
@click.option("--steps", is_flag=True, help="State before and after each step (checkpoints).")
@click.option("--json", "as_json", is_flag=True, help="With --steps: everything, as JSON.")
@click.option("--prompts", type=int, metavar="TURN", help="What each model was given at a turn.")
@click.option("--spoken", is_flag=True, help="Only what was said and seen in the room.")
def show(
    run: str,
    session: str | None,
    only_digest: bool,
    sheet: str | None,
    steps: bool,
    as_json: bool,
    prompts: int | None,
    spoken: bool,
) -> int:
    """Show RUN, or one SESSION of it (an id or its beginning)."""
    from mirrorplay.runs.directory import RunDirectory

    directory = RunDirectory.open(run)
    if only_digest:
        from mirrorplay.runs.digest import digest

        click.echo(digest(directory.path))
        return 0
    console = open_console()
    if session is None:
        if sheet or steps or prompts is not None:
            raise UserError(
                "--sheet, --steps and --prompts are about one session",
                hint=f"mirrorplay show {run} lists the sessions",
            )
        _show_run(console, directory)
        return 0
    from mirrorplay.runs.conversation import print_session
    from mirrorplay.runs.store import find_session

    record = find_session(directory.path, session)
    if steps:
        from mirrorplay.runs import steps as stepwise

        found = stepwise.steps_of(directory, record)
        if as_json:
            click.echo(stepwise.as_json(found))
        else:
            stepwise.print_steps(console, found)
        return 0
    if prompts is not None:
        from mirrorplay.runs.prompting import print_prompts, prompts_of

        print_prompts(console, prompts_of(directory, record, prompts))
        return 0
    print_session(console, record, hidden=not spoken)
    if sheet:
        from mirrorplay.runs.contact_sheet import contact_sheet

        try:
            Path(sheet).write_bytes(contact_sheet(record))
        except OSError as error:
            raise UserError(f"cannot write {sheet!r}: {error.strerror}") from None
        console.print(f"contact sheet: {sheet}", highlight=False, markup=False)
    return 0


def _show_run(console: "Console", directory: "RunDirectory") -> None:
    from rich.table import Table

    from mirrorplay.runs.report import print_summary
    from mirrorplay.runs.store import iter_rows

    print_summary(console, directory)
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    for name in ("session", "persona", "resistance", "cell", "outcome"):
        table.add_column(name)
    columns = ["session_id", "persona_id", "resistance", "cell", "outcome"]
    count = 0
    for row in iter_rows(directory.path, columns, include_spooled=True):
        count += 1
        if count <= 40:
            values = (row["session_id"], row["persona_id"], row["resistance"]["type"], row["cell"])
            table.add_row(*values, row["outcome"])
    console.print()
    console.print(table)
    if count > 40:
        console.print(f"… and {count - 40:,} more")


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("session")
@click.argument("edits", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--at", "at", type=int, required=True, help="Step to go on from (show --steps).")
@IMPORT_PATH
def fork(
    run: str, session: str, edits: tuple[str, ...], at: int, import_path: tuple[str, ...]
) -> int:
    """Play SESSION again from after step AT, with changes, into a run of its own.

    \b
    mirrorplay fork outputs/inspect-1 3fa2 --at 12 state.trust=0.9
    """
    from mirrorplay.runs.conversation import print_session
    from mirrorplay.runs.directory import RunDirectory, shown
    from mirrorplay.runs.fork import fork_session

    console = open_console()
    child, record = fork_session(RunDirectory.open(run), session, at, edits, import_path)
    print_session(console, record)
    console.print(f"run: {shown(child.path)}", highlight=False, markup=False, soft_wrap=True)
    return 0


@click.command()
@click.argument("mode", required=False)
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Mermaid source instead of an outline.")
def graph(mode: str | None, as_mermaid: bool) -> int:
    """Draw the session graph of MODE (text, base, p, ec, p+ec) or `screenplay`; all by default."""
    from mirrorplay.agents.roles import MODES
    from mirrorplay.graphs.topology import mermaid, outline

    known = (*MODES, "screenplay")
    if mode is not None and mode not in known:
        raise UserError(f"no mode {mode!r}", allowed=known, hint=nearest(mode, known))
    for name in [mode] if mode else known:
        if as_mermaid:
            click.echo(mermaid(name))
        else:
            click.echo(f"{name}\n{outline(name)}\n")
    return 0
