"""`personas list`, `show`, `stats`, `lint`, `twin` and `import`."""

from pathlib import Path
from typing import Any

import click

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.cli.group import Commands, open_console


@click.group(cls=Commands)
def personas() -> None:
    """List, show, check and import personas; make counterfactual twins."""


@personas.command("list")
@click.argument("source", default="library")
def personas_list(source: str) -> int:
    """The personas of SOURCE: `library`, a directory or a file."""
    from rich.table import Table

    from mirrorplay.personas.collection import load_personas

    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    people, console = load_personas(source), open_console()
    for name in ("id", "name", "age", "resistance"):
        table.add_column(name, no_wrap=True, justify="right" if name == "age" else "left")
    ids = max(len(persona.id) for persona in people)
    names = max(len(persona.intake.name) for persona in people)
    left = console.width - ids - names - len("age" + "behavioral") - 4 * 2
    table.add_column("occupation", no_wrap=True, overflow="ellipsis", max_width=max(10, left))
    for persona in people:
        intake = persona.intake
        columns = (persona.id, intake.name, intake.age, persona.resistance.type, intake.occupation)
        table.add_row(*(_plain(value) for value in columns))
    console.print(table)
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


@personas.command("stats")
@click.argument("source", default="library")
def personas_stats(source: str) -> int:
    """Who is in SOURCE, and whether resistance goes with gender, heritage or class."""
    from rich.table import Table

    from mirrorplay.personas.collection import load_personas
    from mirrorplay.personas.statistics import ASSOCIATION_LIMIT, associations, coverage

    people, console = load_personas(source), open_console()
    table = Table(show_header=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for trait, counts in coverage(people).items():
        told = ", ".join(f"{value.replace('_', ' ')} {n}" for value, n in counts.items())
        table.add_row(trait, _plain(told))
    console.print(f"{len(people)} personas in {source}")
    console.print(table)
    console.print("\nresistance type with (Cramér's V, 0 none to 1 complete)", style="bold")
    for found in associations(people):
        v = found.cramers_v
        shown = "–" if v is None else f"{v:.3f}"
        verdict = "" if v is None else "below" if v < ASSOCIATION_LIMIT else "ABOVE"
        limit = f"  {verdict} {ASSOCIATION_LIMIT:g}" if verdict else "  does not vary"
        console.print(f"  {found.trait:<9} {shown}{limit}  ({found.people} people)")
    return 0


@personas.command("lint")
@click.argument("source", default="library")
def personas_lint(source: str) -> int:
    """Gaps, impossible profiles, facts called distortions and unspoken words in SOURCE.

    Exits with 2 when there are errors; warnings alone exit with 0.
    """
    from mirrorplay.personas.collection import load_personas
    from mirrorplay.personas.lint import lint
    from mirrorplay.policies.safety import screen

    people = load_personas(source)
    found = lint(people, screen)
    for one in found:
        mark = "error" if one.error else "warning"
        click.echo(f"{mark}: {one.persona}: {one.path}: {one.message} [{one.rule}]")
    errors = sum(one.error for one in found)
    click.echo(f"{len(people)} personas: {errors} errors, {len(found) - errors} warnings")
    return 2 if errors else 0


@personas.command("twin")
@click.argument("persona")
@click.option("--from", "source", default="library", help="library, a directory or a file.")
@click.option("--gender", help="woman, man or nonbinary.")
@click.option("--heritage", help="Region of the family's origin, such as south_asian.")
@click.option("--age", type=int, help="Years, within the ages at which the story holds.")
@click.option("--skin-tone", type=click.IntRange(1, 10), help="Monk scale, 1 to 10.")
@click.option("--name", help="Given and family name.")
@click.option("--culture", help="Free text for the intake.")
@click.option("--all", "everything", is_flag=True, help="Every other gender × heritage.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory to write.")
def personas_twin(persona: str, source: str, everything: bool, out: Path, **changes: Any) -> int:
    """Counterfactual twins of PERSONA: what is given is changed, all else held, draws shared."""
    from mirrorplay.personas.collection import find_persona, load_personas
    from mirrorplay.personas.importers.report import write_personas
    from mirrorplay.personas.twins import counterfactuals, twin

    original = find_persona(load_personas(source), persona)
    if everything and any(value is not None for value in changes.values()):
        raise UserError("--all makes every twin: it takes no other change", where="--all")
    made = counterfactuals(original) if everything else (twin(original, **changes),)
    write_personas((original, *made), out)
    click.echo(f"{original.id} and {len(made)} of its twins → {out}")
    click.echo(f"run them: mirrorplay run quickstart sample.personas={out} sample.limit=null")
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
