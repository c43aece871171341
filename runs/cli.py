"""The command line. A user's mistake is one clear message and exit code 2, never a traceback.

Commands import what they need when they run, so that `--help` answers at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mirrorplay.personas.errors import UserError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from mirrorplay.runs.driver import RunResult

EXIT_MISTAKE = 2
EXIT_INTERRUPTED = 130


class _Commands(click.Group):
    """Commands in the order they are written here, with the nearest name for an unknown one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise UserError(
                f"no command {args[0]!r}",
                allowed=self.commands,
                hint=nearest(args[0], self.commands),
            )
        return super().resolve_command(ctx, args)


def main() -> None:
    """Entry point: runs a command and turns mistakes into exit codes."""
    try:
        code = app.main(standalone_mode=False)
    except UserError as error:
        _complain(str(error))
        code = EXIT_MISTAKE
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        _complain(error.format_message())
        code = EXIT_MISTAKE
    except (KeyboardInterrupt, click.Abort) as stop:
        _complain(f"stopped at once; go on with: {stop}" if stop.args else "stopped")
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); what else is buffered has nowhere to go.
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str) -> None:
    click.echo(f"mirrorplay: {message}", err=True)


def _console() -> "Console":
    from rich.console import Console

    return Console()


IMPORT_PATH = click.option(
    "--import-path",
    "import_path",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder to import custom parts from, besides the current one.",
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mirrorplay")
def app() -> None:
    """Simulate counselling sessions: a client who resists, a therapist, a supervisor."""


@app.command()
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
    console = _console()
    result = start(loaded.config, console, import_path)
    _finish(console, result, sheet)
    return result.exit_code


@app.command()
@click.argument("run", metavar="RUN")
@click.option("--retry-quarantined", is_flag=True, help="Try failed sessions again.")
@IMPORT_PATH
def resume(run: str, retry_quarantined: bool, import_path: tuple[str, ...]) -> int:
    """Go on with RUN: play what is missing, nothing else."""
    from mirrorplay.runs.directory import RunDirectory
    from mirrorplay.runs.driver import resume as resume_run

    console = _console()
    result = resume_run(
        RunDirectory.open(run),
        console,
        retry_quarantined=retry_quarantined,
        import_path=import_path or None,
    )
    console.print(
        f"{result.done:,} of {result.planned:,} sessions done, {result.failed} quarantined",
        highlight=False,
    )
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
    """One session to look at: a middling one, neither the shortest nor the easiest."""
    from mirrorplay.runs.contact_sheet import contact_sheet
    from mirrorplay.runs.conversation import print_session
    from mirrorplay.runs.directory import shown
    from mirrorplay.runs.store import iter_sessions

    records = [
        record
        for record, _ in zip(iter_sessions(result.run.path), range(24), strict=False)
        if record.resistance.type != "none"
    ] or list(iter_sessions(result.run.path))[:1]
    record = sorted(records, key=lambda r: (len(r.turns), r.session_id))[len(records) // 2]
    console.print()
    print_session(console, record)
    path = result.run.path / f"session-{record.session_id}.png"
    path.write_bytes(contact_sheet(record))
    console.print(f"\ncontact sheet: {shown(path)}", highlight=False, markup=False, soft_wrap=True)


@app.command()
@click.argument("config", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@IMPORT_PATH
def plan(config: str | None, overrides: tuple[str, ...], import_path: tuple[str, ...]) -> int:
    """Check CONFIG and show what it would run, without running it."""
    from collections import Counter

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
    return 0


@app.command()
@click.argument("run", metavar="RUN")
@click.argument("session", required=False)
@click.option("--digest", "only_digest", is_flag=True, help="Print the run's digest.")
@click.option("--sheet", type=click.Path(dir_okay=False), help="Write the contact sheet PNG here.")
@click.option("--steps", is_flag=True, help="State before and after each step (checkpoints).")
@click.option("--spoken", is_flag=True, help="Only what was said and seen in the room.")
def show(
    run: str, session: str | None, only_digest: bool, sheet: str | None, steps: bool, spoken: bool
) -> int:
    """Show RUN, or one SESSION of it (an id or its beginning)."""
    from mirrorplay.runs.directory import RunDirectory

    directory = RunDirectory.open(run)
    if only_digest:
        from mirrorplay.runs.digest import digest

        click.echo(digest(directory.path))
        return 0
    console = _console()
    if session is None:
        if sheet or steps:
            raise UserError(
                "--sheet and --steps are about one session",
                hint=f"mirrorplay show {run} lists the sessions",
            )
        _show_run(console, directory)
        return 0
    from mirrorplay.runs.conversation import print_session
    from mirrorplay.runs.store import find_session

    record = find_session(directory.path, session)
    if steps:
        from mirrorplay.runs.steps import print_steps

        print_steps(console, directory, record)
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


def _show_run(console: "Console", directory: Any) -> None:
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


@app.command()
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

    console = _console()
    child, record = fork_session(RunDirectory.open(run), session, at, edits, import_path)
    print_session(console, record)
    console.print(f"run: {shown(child.path)}", highlight=False, markup=False, soft_wrap=True)
    return 0


@app.command()
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


@app.group(cls=_Commands)
def personas() -> None:
    """List, show and import personas."""


@personas.command("list")
@click.argument("source", default="library")
def personas_list(source: str) -> int:
    """The personas of SOURCE: `library`, a directory or a file."""
    from rich.table import Table

    from mirrorplay.personas.collection import load_personas

    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    for name in ("id", "name", "age", "resistance"):
        table.add_column(name, no_wrap=True, justify="right" if name == "age" else "left")
    table.add_column("occupation", no_wrap=True, overflow="ellipsis")
    for persona in load_personas(source):
        intake = persona.intake
        columns = (persona.id, intake.name, intake.age, persona.resistance.type, intake.occupation)
        table.add_row(*(_plain(value) for value in columns))
    _console().print(table)
    return 0


def _plain(value: object) -> Any:
    from rich.text import Text

    return Text("–" if value is None else str(value))


@personas.command("show")
@click.argument("persona")
@click.option("--from", "source", default="library", help="library, a directory or a file.")
def personas_show(persona: str, source: str) -> int:
    """One PERSONA in full, as YAML."""
    from mirrorplay.personas.collection import find_persona, load_personas
    from mirrorplay.personas.document import dump_yaml

    found = find_persona(load_personas(source), persona)
    click.echo(dump_yaml(found.model_dump(mode="json", exclude_none=True)).rstrip())
    return 0


@personas.command("import")
@click.argument("kind")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory to write.")
def personas_import(kind: str, file: Path, out: Path) -> int:
    """Import personas of KIND (cactus, patient-psi) from FILE into a directory of YAML files."""
    from mirrorplay.personas.importers.cactus import import_cactus
    from mirrorplay.personas.importers.patient_psi import import_patient_psi
    from mirrorplay.personas.importers.report import write_personas

    importers = {"cactus": import_cactus, "patient-psi": import_patient_psi}
    if kind not in importers:
        raise UserError(f"no importer {kind!r}", allowed=importers, hint=nearest(kind, importers))
    imported = importers[kind](file)
    for problem in imported.problems:
        click.echo(f"record {problem.number}: {problem.reason}", err=True)
    if not imported.personas:
        raise UserError("no record gave a persona", where=str(file))
    write_personas(imported.personas, out)
    variants = sum(len(persona.variants) for persona in imported.personas)
    click.echo(
        f"{len(imported.personas)} personas"
        + (f" with {variants} variants" if variants else "")
        + f" → {out}; {len(imported.problems)} records could not be read"
    )
    missing: dict[str, int] = {}
    for fields in imported.absent.values():
        for name in fields:
            missing[name] = missing.get(name, 0) + 1
    if missing:
        click.echo(
            "left empty, since the source says nothing that fits: "
            + ", ".join(f"{name} ({count})" for name, count in sorted(missing.items()))
        )
    click.echo(f"run them: mirrorplay run quickstart sample.personas={out}")
    return 0


@app.group(cls=_Commands)
def config() -> None:
    """Show a resolved configuration, or the schema of all of them."""


@config.command("show")
@click.argument("source", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
def config_show(source: str | None, overrides: tuple[str, ...]) -> int:
    """The resolved configuration as YAML."""
    import yaml

    from mirrorplay.runs.load import load_config

    loaded = load_config(source, overrides)
    click.echo(yaml.safe_dump(loaded.config.model_dump(mode="json"), sort_keys=False).rstrip())
    return 0


@config.command("schema")
def config_schema() -> int:
    """JSON schema of a configuration, for editors."""
    import json

    from mirrorplay.runs.load import schema

    click.echo(json.dumps(schema(), indent=2))
    return 0


@app.command()
def doctor() -> int:
    """Check this installation: versions, drawing, fonts, Ray, disk."""
    from mirrorplay.runs.doctor import examine

    healthy = True
    for finding in examine():
        healthy = healthy and finding.good
        click.echo(f"{'ok  ' if finding.good else 'FAIL'} {finding.name}: {finding.detail}")
    return 0 if healthy else 1


if __name__ == "__main__":
    main()
