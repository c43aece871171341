"""`personas list`, `show` and `import`."""

from pathlib import Path
from typing import Any

import click

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.cli.group import Commands, open_console


@click.group(cls=Commands)
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
    open_console().print(table)
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
