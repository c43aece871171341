"""What an import gives: personas, records that could not be read, and what the source left out.

Importers are honest before they are clever: a text goes into a field when the source says that it
belongs there; what has no field, or does not fit one, is kept verbatim in `source.verbatim`; what
the source says nothing about stays null and is listed in `source.absent`. A bad record is reported
by its number and the others go on; a bad file is a UserError.
"""

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from mirrorplay.personas.collection import MAX_PERSONA_BYTES
from mirrorplay.personas.document import MAX_DEPTH, dump_yaml, read_text
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona, PersonaId, ResistanceProfile

DEFAULT_RESISTANCE: Final = ResistanceProfile(
    type="none", intensity=0.3, reactivity=0.5, masking=0.3
)
"""What an imported persona resists with until a run assigns a profile. No source gives one: CACTUS'
attitudes are instructions for one session and are kept as variants, so that guessing a type from a
form would invent data. The numbers are neutral, not estimated."""

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_RECORD_CHARACTERS: Final = 60_000
"""Of one record, written as JSON."""
MAX_PERSONA_CHARACTERS: Final = 180_000
"""Of all records of one persona, so that it fits a persona file."""
_MAX_RECORD_DEPTH: Final = MAX_DEPTH - 10
_MAX_ID: Final = 64
_IDENTIFIER: Final = TypeAdapter[str](PersonaId)
_UNSAID: Final = re.compile(
    r"(?:n/?a\b.{0,40}|none|unknown|undisclosed|no (?:specific )?(?:information|details)"
    r"(?: (?:was |is )?(?:provided|given|available|specified))?|"
    r"(?:details )?not (?:specified|mentioned|provided|disclosed|applicable|available|given|stated)"
    r"|unspecified|prefer(?:s|red)? not to say|-+)\.?",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """A record that gave no persona: its number in the file (from 1) and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of one import. `absent` says by persona id what its source left out."""

    personas: tuple[Persona, ...]
    problems: tuple[RecordProblem, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class UnreadableRecord(Exception):
    """Why one record gives no persona; importers turn it into a RecordProblem."""


class _Repeated(dict[str, Any]):
    """A JSON object that held a key twice, so that a value would be lost."""


def read_records(path: Path) -> list[Any]:
    """The list of records of a JSON file. Raises UserError with line and column for a file that is
    truncated, not JSON or not a list."""
    text = read_text(path, MAX_FILE_BYTES)

    def constant(name: str) -> None:
        raise UserError(f"{name} is not JSON", where=str(path))

    try:
        records = json.loads(text, object_pairs_hook=_mapping, parse_constant=constant)
    except json.JSONDecodeError as error:
        ends = error.pos >= len(text.rstrip()) and bool(text.strip())
        raise UserError(
            f"not valid JSON at column {error.colno}: "
            + ("the file ends in the middle" if ends else error.msg),
            where=f"{path}:{error.lineno}",
            allowed="a JSON list of records",
        ) from None
    except (RecursionError, ValueError):
        raise UserError("nested too deeply, or a number too long", where=str(path)) from None
    if not isinstance(records, list):
        raise UserError(
            f"holds {kind_of(records)}", where=str(path), allowed="a JSON list of records"
        )
    if not records:
        raise UserError("holds no records", where=str(path), allowed="a JSON list of records")
    return records


def check_record(record: object) -> dict[str, Any]:
    """The record as a mapping. Raises UnreadableRecord when it is none or could not be kept."""
    if not isinstance(record, dict):
        raise UnreadableRecord(f"is {kind_of(record)}, not an object")
    depth = _depth(record)
    if depth > _MAX_RECORD_DEPTH:
        raise UnreadableRecord(f"is nested {depth} levels deep (up to {_MAX_RECORD_DEPTH})")
    text = json.dumps(record)
    if len(text) > MAX_RECORD_CHARACTERS:
        raise UnreadableRecord(
            f"holds {len(text):,} characters (up to {MAX_RECORD_CHARACTERS:,} a record)"
        )
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UnreadableRecord("holds text that is not valid Unicode") from None
    return record


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    names: list[tuple[type, str]] = [
        (dict, "an object"), (list, "a list"), (str, "text"), (bool, "true or false")
    ]  # fmt: skip
    if value is None:
        return "null"
    return next((name for kind, name in names if isinstance(value, kind)), "a number")


def tidy(value: object) -> str | None:
    """Text fit for a field: control characters become spaces, runs of spaces one, blank lines go.
    None for what is no text, empty, or says that nothing is said ("Not specified")."""
    if not isinstance(value, str):
        return None
    lines = (re.sub(r"\s+", " ", _CONTROL.sub(" ", line)).strip() for line in value.split("\n"))
    text = "\n".join(line for line in lines if line)
    return text if text and not _UNSAID.fullmatch(text) else None


def fit(value: object, limit: int) -> str | None:
    """`tidy`, and None where the text is longer than its field: it is never cut, and the verbatim
    source still has it."""
    text = tidy(value)
    return text if text is not None and len(text) <= limit else None


def fit_line(value: object) -> str | None:
    """A single line of up to 300 characters, or None."""
    text = tidy(value)
    return fit(text.replace("\n", " "), 300) if text is not None else None


def name_in(value: object, place: str) -> str:
    """A record's name. Raises UnreadableRecord, saying which `place` has none that can be used."""
    if value is not None and not isinstance(value, str):
        raise UnreadableRecord(f"{place} has {kind_of(value)} for a name, not text")
    text, name = tidy(value), fit_line(value)
    if text is None:
        raise UnreadableRecord(f"{place} has no name")
    if name is None:
        raise UnreadableRecord(f"{place} has a name of {len(text):,} characters (up to 300)")
    return name


def slug(text: str) -> str:
    """Lower-case ASCII letters and digits with single hyphens; empty when none are left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits of a text, the same everywhere."""
    return blake2b(text.encode(), digest_size=4).hexdigest()


def assign_ids(prefix: str, wanted: Iterable[tuple[str, str]]) -> list[str]:
    """An id for each (name, whole text): `prefix-slug`. Where several share it, or nothing of the
    name is left, each of them carries its text's fingerprint, whatever the order of the file."""
    pairs = list(wanted)
    plain = [f"{prefix}-{slug(name)}"[:_MAX_ID].strip("-") for name, _ in pairs]
    shared = {identifier for identifier in plain if plain.count(identifier) > 1} | {prefix}
    return [
        f"{identifier[: _MAX_ID - 9].strip('-')}-{fingerprint(text)}"
        if identifier in shared
        else identifier
        for identifier, (_, text) in zip(plain, pairs, strict=True)
    ]


def absent_fields(persona: Persona) -> tuple[str, ...]:
    """Key paths that the source says nothing about, or nothing that the field can hold (an age of
    12 stays in the verbatim source alone). A group of which nothing is known is listed by
    its name alone; identity, origin and risk (where silence means nothing) are not listed."""
    missing: list[str] = ["resistance"]
    for name in type(persona).model_fields:
        if name in ("id", "resistance", "variants", "source"):
            continue
        value = getattr(persona, name)
        if not isinstance(value, BaseModel):
            missing += [] if value else [name]
            continue
        known = [key for key in type(value).model_fields if key in value.model_fields_set]
        said = [key for key in known if getattr(value, key) not in (None, ())]
        missing += (
            [f"{name}.{key}" for key in type(value).model_fields if key not in (*said, "risk")]
            if said
            else [name]
        )
    return tuple(sorted(missing))


def write_personas(personas: Iterable[Persona], directory: Path) -> tuple[Path, ...]:
    """One `<id>.yaml` each, in order of id, that `load_personas` reads back equal.

    A file that is already there with the same text is left alone; a new one appears whole or not at
    all. Raises UserError, before anything is written, for an id that is unfit or given twice, a
    persona too large to be read again, or a file that holds something else; and for a directory
    that cannot be written.
    """
    texts: dict[Path, bytes] = {}
    for persona in sorted(personas, key=lambda persona: persona.id):
        path = directory / f"{_fit_id(persona.id)}.yaml"
        if path in texts:
            raise UserError(f"persona id {persona.id!r} is used twice", where=str(path))
        text = dump_yaml(persona.model_dump(mode="json", exclude_defaults=True)).encode()
        if len(text) > MAX_PERSONA_BYTES:
            raise UserError(
                f"persona {persona.id!r} takes {len(text):,} bytes",
                where=str(path),
                allowed=f"up to {MAX_PERSONA_BYTES:,} bytes a persona",
            )
        texts[path] = text
    try:
        directory.mkdir(parents=True, exist_ok=True)
        present = {path for path in texts if path.exists()}
        for path in sorted(present):
            if path.read_bytes() != texts[path]:
                raise UserError(
                    "holds something else already",
                    where=str(path),
                    hint="choose another directory, or move that file away",
                )
        for path in texts:
            if path not in present:
                _write(path, texts[path])
    except OSError as error:
        where = str(error.filename or directory)
        raise UserError(f"cannot be written: {error.strerror}", where=where) from None
    return tuple(texts)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else _Repeated(mapping)


def _depth(value: object) -> int:
    """Levels of nesting. Raises UnreadableRecord for an object that held a key twice."""
    if isinstance(value, _Repeated):
        raise UnreadableRecord("holds a key twice in one object, so that a value would be lost")
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    else:
        return 0
    return 1 + max((_depth(item) for item in inner), default=0)


def _fit_id(identifier: str) -> str:
    try:
        return _IDENTIFIER.validate_python(identifier)
    except ValidationError:
        raise UserError(
            f"{identifier!r} cannot name a persona",
            allowed="lower-case letters, digits and inner hyphens, 1–64 characters",
        ) from None


def _write(path: Path, data: bytes) -> None:
    """The whole file under its name, or nothing."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
