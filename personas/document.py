"""One YAML document, read strictly.

Texts from outside are untrusted: safe constructors only, no tags, no aliases, no duplicate
keys, a size limit, UTF-8. Scalars follow the YAML 1.2 core schema, so `1e-4` is a number and
`no` and `12:30` are strings. `Marked` keeps the line of each key for error messages.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mirrorplay.personas.errors import UserError

MAX_BYTES = 1_000_000


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2 core scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in [
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+0123456789.",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
]:
    for _char in _first:
        _CoreLoader.yaml_implicit_resolvers.setdefault(
            "" if _char == "\0" else _char, []
        ).append((_tag, re.compile(_pattern)))


def _core_int(loader: _CoreLoader, node: yaml.ScalarNode) -> int:
    text = str(node.value)
    if text.startswith("0o"):
        return int(text[2:], 8)
    return int(text, 16) if text.startswith("0x") else int(text, 10)


def _core_float(loader: _CoreLoader, node: yaml.ScalarNode) -> float:
    return float(str(node.value).lower().replace(".inf", "inf").replace(".nan", "nan"))


_CoreLoader.add_constructor("tag:yaml.org,2002:int", _core_int)
_CoreLoader.add_constructor("tag:yaml.org,2002:float", _core_float)


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


def parse_yaml(text: str, name: str) -> Marked:
    """Parse one document. Raises UserError naming the line for anything that is not plain data."""
    if len(text) > MAX_BYTES:
        raise UserError(
            f"{len(text):,} characters is too large", where=name, allowed=f"up to {MAX_BYTES:,}"
        )
    loader = None
    try:
        loader = _CoreLoader(text)
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
                raise UserError(
                    "YAML anchors and aliases are not accepted",
                    where=f"{name}:{token.start_mark.line + 1}",
                    hint="write the value out",
                )
            if isinstance(token, yaml.TagToken):
                raise UserError(
                    "YAML tags are not accepted",
                    where=f"{name}:{token.start_mark.line + 1}",
                    hint="write plain values",
                )
        node = loader.get_single_node()
        if node is None:
            return Marked(None, name)
        lines: dict[tuple[str | int, ...], int] = {}
        value = _build(loader, node, (), lines, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        raise UserError(
            f"not valid YAML: {problem or 'unreadable'}", where=f"{name}{line}"
        ) from None
    except RecursionError:
        raise UserError("nested too deeply", where=name) from None
    finally:
        if loader is not None:
            loader.dispose()
    return Marked(value, name, lines)


def _build(
    loader: _CoreLoader,
    node: yaml.Node,
    path: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    name: str,
) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node)
            at = f"{name}:{key_node.start_mark.line + 1}"
            if not isinstance(key, str):
                raise UserError(f"key {key!r} is not text", where=at, hint="quote it")
            if key in mapping:
                raise UserError(f"key {key!r} appears twice", where=at, hint="keep one of them")
            lines[(*path, key)] = key_node.start_mark.line + 1
            mapping[key] = _build(loader, value_node, (*path, key), lines, name)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, n, (*path, i), lines, name) for i, n in enumerate(node.value)]
    return loader.construct_object(node)


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """A file's text. Raises UserError when it is missing, too large or not UTF-8."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise UserError(
                f"{size:,} bytes is too large", where=str(path), allowed=f"up to {limit:,} bytes"
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 text (byte {error.start})", where=str(path), hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None


def read_yaml(path: Path, limit: int = MAX_BYTES) -> Marked:
    """One YAML file, read strictly."""
    return parse_yaml(read_text(path, limit), str(path))
