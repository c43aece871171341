"""Many personas: the library, a directory of YAML files, or one file of JSON lines.

Every mistake in a file is a UserError with file, line and key path. A persona names itself: ids
are unique, and file names carry no meaning.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from mirrorplay.personas.document import Marked, read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Persona
from mirrorplay.personas.validation import validate

LIBRARY: Final = Path(__file__).parent / "library"
"""The personas that come with the package; `load_personas("library")` reads them."""
MAX_PERSONA_BYTES: Final = 256 * 1024


def load_personas(source: str | Path) -> tuple[Persona, ...]:
    """Personas sorted by id.

    source: "library", a directory of `*.yaml`, one `.yaml` file, or a `.jsonl` file with a persona
    a line. Raises UserError for a source that is missing or empty, a file that is no persona, or
    an id that two personas share.
    """
    path = LIBRARY if source == "library" else Path(source)
    found: dict[str, tuple[Persona, str]] = {}
    for document in _documents(path):
        persona = validate(Persona, document, "persona")
        where = document.where(("id",))
        if persona.id in found:
            raise UserError(
                f"persona id {persona.id!r} is used twice",
                where=where,
                hint=f"the other one is in {found[persona.id][1]}",
            )
        found[persona.id] = persona, where
    if not found:
        raise UserError(f"no personas in {str(path)!r}", allowed=_SOURCES)
    return tuple(found[identifier][0] for identifier in sorted(found))


def dump_personas(personas: Iterable[Persona]) -> str:
    """JSON lines that `load_personas` reads back equal."""
    return "".join(f"{persona.model_dump_json()}\n" for persona in personas)


def find_persona(personas: Sequence[Persona], identifier: str) -> Persona:
    """The persona of that id. Raises UserError with the nearest known id."""
    for persona in personas:
        if persona.id == identifier:
            return persona
    known = [persona.id for persona in personas]
    raise UserError(
        f"no persona {identifier!r}",
        allowed=known if len(known) <= _LISTED else f"{len(known):,} ids, such as {known[0]!r}",
        hint=nearest(identifier, known),
    )


_SOURCES = "'library', a directory of *.yaml files, or a .jsonl file with a persona a line"
_LISTED = 24
"""Known ids that a message lists in full."""


def _documents(path: Path) -> Iterator[Marked]:
    try:
        directory, present = path.is_dir(), path.exists()
        files = sorted(path.glob("*.yaml")) if directory else []
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if directory:
        if not files:
            raise UserError(f"no persona files (*.yaml) in {str(path)!r}", allowed=_SOURCES)
        yield from (read_yaml(file, MAX_PERSONA_BYTES) for file in files)
    elif not present:
        hint = nearest(str(path), ["library"])
        raise UserError(f"no personas at {str(path)!r}", allowed=_SOURCES, hint=hint)
    elif path.suffix == ".jsonl":
        yield from _json_lines(path)
    elif path.suffix == ".yaml":
        yield read_yaml(path, MAX_PERSONA_BYTES)
    else:
        raise UserError(f"{str(path)!r} is no collection of personas", allowed=_SOURCES)


def _json_lines(path: Path) -> Iterator[Marked]:
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(MAX_PERSONA_BYTES + 2):
                number += 1
                where = f"{path}:{number}"
                if len(line.rstrip(b"\r\n")) > MAX_PERSONA_BYTES:
                    raise UserError(
                        "a line is too long",
                        where=where,
                        allowed=f"up to {MAX_PERSONA_BYTES:,} bytes a persona",
                    )
                if line.strip():
                    yield Marked(_json(line, where), str(path), {(): number})
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _json(line: bytes, where: str) -> Any:
    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = dict(pairs)
        if len(keys) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise UserError(f"key {twice!r} appears twice", where=where, hint="keep one of them")
        return keys

    try:
        return json.loads(line.decode("utf-8-sig"), object_pairs_hook=mapping)
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 text (byte {error.start})", where=where, hint="save it as UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON at column {error.colno}: {error.msg}", where=where
        ) from None
    except (RecursionError, ValueError):
        raise UserError(
            "not valid JSON: nested too deeply or a number too long", where=where
        ) from None
