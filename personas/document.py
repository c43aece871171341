"""One YAML document, read strictly, and written so that it reads back equal.

Texts from outside are untrusted: plain data only, no tags, no anchors or aliases, no duplicate
keys, one document, a size and a depth limit, UTF-8. Scalars follow the YAML 1.2 core schema, so
`1e-4` is a number and `no` and `12:30` are strings. The value is built straight from the parser's
events (libyaml's where PyYAML has it), so that nothing is ever constructed from a tag and an alias
is refused before it can be expanded. `Marked` keeps the line of each key for error messages.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mirrorplay.personas.errors import UserError

MAX_BYTES = 1_000_000
MAX_DEPTH = 60
"""Mappings and lists inside one another; a persona needs four."""

_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_NUMBER_START = frozenset("-+.0123456789")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not allow in a stream (YAML 1.2, production 1)."""
_LINE_ENDS = re.compile("[\r\x85\u2028\u2029\ufeff]")
"""What a reader may take for a line break or a byte order mark."""
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Marked:
    """A document and the line (1-based) where each key path stands: `('session', 'seed') -> 7`."""

    value: Any
    name: str
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def where(self, path: tuple[str | int, ...]) -> str:
        """`file:line` of the deepest known prefix of a key path."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return f"{self.name}:{self.lines[path[:end]]}"
        return self.name


def resolve_plain(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means in YAML 1.2's core schema.

    Raises ValueError for a whole number of more digits than Python reads (4,300).
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text if base == 10 else text[2:], base)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def parse_yaml(text: str, name: str) -> Marked:
    """Parse one document. Raises UserError naming the line for anything that is not plain data."""
    if len(text) > MAX_BYTES:
        raise UserError(
            f"{len(text):,} characters is too large", where=name, allowed=f"up to {MAX_BYTES:,}"
        )
    unreadable = _UNREADABLE.search(text)
    if unreadable:
        line = text.count("\n", 0, unreadable.start()) + 1
        raise UserError(
            f"holds a control character (U+{ord(unreadable[0]):04X})",
            where=f"{name}:{line}",
            hint="remove it, or write it as an escape in double quotes",
        )
    parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return _Reader(parser.get_event, name).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise UserError(f"not valid YAML: {error.problem or error.context}", where=where) from None
    except yaml.YAMLError as error:
        raise UserError(f"not valid YAML: {error}", where=name) from None
    finally:
        parser.dispose()


class _Reader:
    """Builds plain values from parser events and notes the line of each key path."""

    def __init__(self, next_event: Callable[[], Any], name: str) -> None:
        self._next_event = next_event
        self._name = name
        self._lines: dict[tuple[str | int, ...], int] = {}

    def document(self) -> Marked:
        self._next_event()  # stream start
        if isinstance(self._next_event(), yaml.StreamEndEvent):
            return Marked(None, self._name)
        value = self._value(self._next_event(), ())
        self._next_event()  # document end
        following = self._next_event()
        if not isinstance(following, yaml.StreamEndEvent):
            raise UserError(
                "a second YAML document begins here",
                where=self._at(following),
                hint="one document a file",
            )
        return Marked(value, self._name, self._lines)

    def _at(self, event: Any) -> str:
        return f"{self._name}:{event.start_mark.line + 1}"

    def _value(self, event: Any, path: tuple[str | int, ...]) -> Any:
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise UserError(
                "YAML anchors and aliases are not accepted",
                where=self._at(event),
                hint="write the value out",
            )
        if event.tag is not None:
            raise UserError(
                "YAML tags are not accepted", where=self._at(event), hint="write plain values"
            )
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(path) >= MAX_DEPTH:
            raise UserError(
                "nested too deeply", where=self._at(event), allowed=f"up to {MAX_DEPTH} levels"
            )
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        if not event.implicit[0]:
            return str(event.value)
        try:
            return resolve_plain(event.value)
        except ValueError:
            raise UserError(
                f"a number of {len(event.value):,} digits is too long",
                where=self._at(event),
                hint="quote it if it is text",
            ) from None

    def _sequence(self, path: tuple[str | int, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next_event(), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := self._next_event(), yaml.MappingEndEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                raise UserError("a key is not text", where=self._at(event), hint="quote it")
            key = self._value(event, (*path, ""))
            del self._lines[(*path, "")]
            if not isinstance(key, str):
                raise UserError(f"key {key!r} is not text", where=self._at(event), hint="quote it")
            if key in mapping:
                raise UserError(
                    f"key {key!r} appears twice", where=self._at(event), hint="keep one of them"
                )
            self._lines[(*path, key)] = event.start_mark.line + 1
            mapping[key] = self._value(self._next_event(), (*path, key))
        return mapping


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """A file's text. Raises UserError when it is missing, too large or not UTF-8."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise UserError(
                f"{size:,} bytes is too large", where=str(path), allowed=f"up to {limit:,} bytes"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"not UTF-8 text (byte {error.start})", where=f"{path}:{line}", hint="save it as UTF-8"
        ) from None


def read_yaml(path: Path, limit: int = MAX_BYTES) -> Marked:
    """One YAML file, read strictly."""
    return parse_yaml(read_text(path, limit), str(path))


def dump_yaml(value: Any) -> str:
    """Plain data as one YAML document, in the given order of keys, with line breaks as literal
    blocks and quotes around text that YAML 1.1 or 1.2 would read as something else. `parse_yaml`
    reads it back equal (but NaN, which equals nothing, and lone surrogates, which are no text)."""
    emitter = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.serialize(_node(value), Dumper=emitter, allow_unicode=True, width=100))


def _node(value: Any) -> yaml.Node:
    if isinstance(value, Mapping):
        pairs = [(_node(key), _node(item)) for key, item in value.items()]
        return yaml.MappingNode(_TAG + "map", pairs, flow_style=not pairs)
    if isinstance(value, list | tuple):
        flow = all(isinstance(item, int | float | None) for item in value)
        return yaml.SequenceNode(_TAG + "seq", [_node(item) for item in value], flow_style=flow)
    if isinstance(value, str):
        return yaml.ScalarNode(_TAG + "str", value, style=_style(value))
    if value is None or isinstance(value, bool):
        kind, text = ("null", "null") if value is None else ("bool", str(value).lower())
    elif isinstance(value, int):
        kind, text = "int", str(value)
    else:
        text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
        if "e" in text and "." not in text:
            text = text.replace("e", ".0e")  # YAML 1.1 readers want the point
        kind = "float"
    return yaml.ScalarNode(_TAG + kind, text)


def _style(text: str) -> str | None:
    """Which quotes a text needs; None leaves the choice to the emitter."""
    if _UNREADABLE.search(text) or _LINE_ENDS.search(text):
        return '"'
    if "\n" in text:
        return "|"
    try:
        return None if isinstance(resolve_plain(text), str) else "'"
    except ValueError:
        return "'"
