"""`faces`: sheets of drawn portraits, and morphs from one display to another."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.cli.group import Commands

if TYPE_CHECKING:
    from mirrorplay.agents.faces.identity import Identity
    from mirrorplay.agents.faces.sheet import Cell, Labels
    from mirrorplay.policies.facs import Expression

MOST_PEOPLE = 400
_OUT = click.option("--out", required=True, type=click.Path(dir_okay=False), help="File to write.")
_SIZE = click.option("--size", default=224, show_default=True, help="Pixels a portrait, 64–1024.")
_SEED = click.option("--seed", default=1, show_default=True, help="Who is drawn.")


@click.group(cls=Commands)
def faces() -> None:
    """Draw sheets of portraits, and morphs between displays."""


@faces.command("identities")
@click.option("--count", default=40, show_default=True, help="How many people.")
@click.option("--across", default=8, show_default=True, help="Portraits in a row.")
@_SEED
@_SIZE
@_OUT
def identities(count: int, across: int, seed: int, size: int, out: str) -> int:
    """People at rest, of all ages and skin tones."""
    from mirrorplay.agents.faces.sheet import identity_cells

    return _write_sheet(identity_cells(_people(count, seed)), across, size, out, labelled=False)


@faces.command("units")
@click.option("--person", default=2, show_default=True, help="Which of the people of the seed.")
@_SEED
@_SIZE
@_OUT
def units(person: int, seed: int, size: int, out: str) -> int:
    """Every action unit at A, C and E, gaze and head, on one person."""
    from mirrorplay.agents.faces.sheet import unit_cells

    return _write_sheet(unit_cells(_people(person + 1, seed, of=12)[person]), 9, size, out)


@faces.command("prototypes")
@click.option("--count", default=8, show_default=True, help="How many people.")
@_SEED
@_SIZE
@_OUT
def prototypes(count: int, seed: int, size: int, out: str) -> int:
    """The EMFACS prototypes (across) on several people (down)."""
    from mirrorplay.agents.faces.prototypes import PROTOTYPES
    from mirrorplay.agents.faces.sheet import display_cells

    cells = display_cells(_people(count, seed))
    return _write_sheet(cells, len(PROTOTYPES) + 1, size, out)


@faces.command("overlay")
@click.option("--count", default=5, show_default=True, help="How many people.")
@_SEED
@_SIZE
@_OUT
def overlay(count: int, seed: int, size: int, out: str) -> int:
    """What lies over a feeling (across) on several people (down)."""
    from mirrorplay.agents.faces.prototypes import OVERLAYS
    from mirrorplay.agents.faces.sheet import display_cells

    cells = display_cells(_people(count, seed), overlays=True)
    return _write_sheet(cells, len(OVERLAYS), size, out)


@faces.command("session")
@click.argument("run", metavar="RUN")
@click.argument("session", metavar="SESSION")
@_OUT
def session(run: str, session: str, out: str) -> int:
    """Every face of one SESSION of RUN, with its words."""
    from mirrorplay.runs.contact_sheet import contact_sheet
    from mirrorplay.runs.directory import RunDirectory
    from mirrorplay.runs.store import find_session

    record = find_session(RunDirectory.open(run).path, session)
    return _write(out, contact_sheet(record))


@faces.command("morph")
@click.argument("start")
@click.argument("end")
@click.option("--frames", default=16, show_default=True, help="Frames from START to END, 2–240.")
@click.option("--frame-ms", default=40, show_default=True, help="Time of a frame.")
@click.option("--back", is_flag=True, help="And back again.")
@click.option("--persona", help="A persona of the library, instead of a person of the seed.")
@click.option("--person", default=2, show_default=True, help="Which of the people of the seed.")
@click.option("--svg", type=click.Path(file_okay=False), help="Also write each frame here as SVG.")
@_SEED
@click.option("--size", default=336, show_default=True, help="Pixels a side, 64–1024.")
@_OUT
def morph(
    start: str,
    end: str,
    frames: int,
    frame_ms: int,
    back: bool,
    persona: str | None,
    person: int,
    svg: str | None,
    seed: int,
    size: int,
    out: str,
) -> int:
    """An animated WebP from display START to END.

    \b
    A display is a name (neutral, happiness, fear, doubt …) or words of one:
    mirrorplay faces morph neutral "lips pressed together, looking down" --out face.webp
    """
    from mirrorplay.agents.faces.morph import animated_webp, morph_svgs

    who = _of_the_library(persona) if persona else _people(person + 1, seed, of=12)[person]
    drawn = morph_svgs(who, _display(start), _display(end), frames, size)
    if svg:
        for index, text in enumerate(drawn):
            _write(str(Path(svg) / f"frame-{index:03d}.svg"), text.encode())
    return _write(out, animated_webp(drawn, frame_ms, back))


def _display(words: str) -> "Expression":
    from mirrorplay.agents.faces.prototypes import NEUTRAL, OVERLAYS, PROTOTYPES
    from mirrorplay.policies.display import parse_display

    named = {"neutral": NEUTRAL, **PROTOTYPES, **OVERLAYS}
    found = named.get(words.strip().lower())
    if found is not None:
        return found
    read = parse_display(words)
    if read == parse_display(""):
        raise UserError(
            f"no display {words!r}", allowed=named, hint=nearest(words.strip().lower(), named)
        )
    return read


def _of_the_library(name: str) -> "Identity":
    from mirrorplay.agents.faces.identity import identity_of
    from mirrorplay.personas.collection import find_persona, load_personas

    found = find_persona(load_personas("library"), name)
    intake = found.intake
    return identity_of(found.id, intake.age, intake.gender, found.appearance)


def _people(count: int, seed: int, of: int | None = None) -> "list[Identity]":
    from mirrorplay.agents.faces.sheet import people

    if not 1 <= count <= MOST_PEOPLE:
        raise UserError(f"{count} people cannot be drawn", allowed=f"1 to {MOST_PEOPLE}")
    return people(max(count, of or 0), seed)


def _labels() -> "Labels":
    from mirrorplay.agents.faces.sheet import Labels

    font = files("mirrorplay.runs") / "fonts" / "OpenSans-Regular.ttf"
    return Labels("Open Sans 13", str(font))


def _write_sheet(
    cells: "list[Cell]", across: int, size: int, out: str, labelled: bool = True
) -> int:
    from mirrorplay.agents.faces.sheet import sheet

    return _write(out, sheet(cells, across, size, _labels() if labelled else None))


def _write(out: str, data: bytes) -> int:
    try:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_bytes(data)
    except OSError as error:
        raise UserError(f"cannot write {out!r}: {error.strerror}") from None
    click.echo(out)
    return 0
