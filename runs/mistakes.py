"""What is wrong with a configuration, in a user's words.

Pydantic finds the mistakes; here each is told by its key path, the value given, what is allowed,
where it came from and the nearest known name.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.runs.config import KINDS, RunConfig
from mirrorplay.runs.values import KeyPath, shown

MAX_TOLD = 10
"""Mistakes told at once."""

Where = Callable[[KeyPath], str | None]

_EXPECTED = {
    "string_type": "is not text",
    "dict_type": "is not a mapping",
    "model_type": "is not a block",
    "model_attributes_type": "is not a block",
    "string_too_short": "is empty",
    "bool_type": "is neither true nor false",
}


def validated(document: Any, where: Where) -> RunConfig:
    """The document as a configuration. Raises UserError that tells its mistakes, at most ten."""
    if not isinstance(document, dict):
        held = {type(None): "nothing", list: "a list"}.get(type(document), shown(document))
        raise UserError(
            f"holds {held}, not a configuration",
            where=where(()),
            allowed=f"a mapping with the keys {', '.join(RunConfig.model_fields)}",
            hint="`mirrorplay config show` prints a complete one",
        )
    try:
        return RunConfig.model_validate(document)
    except ValidationError as error:
        raise explained(error, document, where) from None


def explained(error: ValidationError, document: Mapping[str, Any], where: Where) -> UserError:
    """One UserError for all that pydantic found."""
    found = [_told(detail, document, where) for detail in error.errors(include_url=False)]
    if len(found) == 1:
        return found[0]
    more = [f"… and {len(found) - MAX_TOLD} more"] if len(found) > MAX_TOLD else []
    listed = "\n".join([*(str(one) for one in found[:MAX_TOLD]), *more])
    return UserError(f"{len(found)} mistakes in the configuration\n{listed}")


def _told(detail: ErrorDetails, document: Mapping[str, Any], where: Where) -> UserError:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    path = _path(detail["loc"])
    if kind == "missing":
        return UserError(
            f"{dotted(path)} is missing",
            where=where((*path[:-1], "kind")),
            hint='give the class as "module:Class"' if path[-1] == "target" else None,
        )
    if kind == "extra_forbidden":
        return _unknown_key(path, document, where)
    allowed: str | None = None
    hint: str | None = None
    predicate = _EXPECTED.get(kind, "is not accepted")
    if kind == "mistake":
        predicate, allowed, hint = context["predicate"], context["allowed"], context["hint"]
        if context["path"]:
            path = (*path, *context["path"])
            value = _lookup(document, path)
        if not context["show"]:
            return UserError(
                f"{dotted(path)} {predicate}", where=where(path), allowed=allowed, hint=hint
            )
    elif kind in ("literal_error", "union_tag_invalid"):
        names = re.findall(r"'([^']*)'", str(context.get("expected") or context["expected_tags"]))
        if kind == "union_tag_invalid":
            path, value = (*path, "kind"), value["kind"]
        predicate, allowed = "is not known", ", ".join(names)
        hint = nearest(value, names) if isinstance(value, str) else None
    elif predicate == "is not a block":
        names = [str(part) for part in path]
        kinds = KINDS.get(tuple(names))
        allowed = (
            f"a kind ({', '.join(kinds)})"
            if kinds
            else f"{', '.join(_fields(tuple(names), document))}"
        )
    elif kind == "string_too_long":
        predicate, allowed = "is too long", f"up to {context['max_length']:,} characters"
    elif kind == "value_error":
        predicate = str(context["error"])
    return UserError(
        f"{dotted(path)}: {shown(value)} {predicate}", where=where(path), allowed=allowed, hint=hint
    )


def _unknown_key(path: KeyPath, document: Mapping[str, Any], where: Where) -> UserError:
    name, block = str(path[-1]), tuple(str(part) for part in path[:-1])
    known = _fields(block, document)
    owners = [kind for kind, model in KINDS.get(block, {}).items() if name in model.model_fields]
    hint = nearest(name, known)
    if owners:
        hint = f"{name!r} belongs to {dotted(block)}.kind {' or '.join(owners)}"
    elif elsewhere := [key for key in known_keys() if key.rpartition(".")[2] == name]:
        hint = f"did you mean {elsewhere[0]!r}?"
    return UserError(f"unknown key {dotted(path)!r}", where=where(path), allowed=known, hint=hint)


def unknown_key(key: str, where: str | None) -> UserError:
    """For a dotted key that no configuration has."""
    return UserError(
        f"unknown key {key!r}",
        where=where,
        hint=nearest(key, known_keys()) or "see `mirrorplay config schema`",
    )


def known_keys() -> tuple[str, ...]:
    """Every dotted key that some configuration may have, blocks before their fields."""
    return tuple(dict.fromkeys(_keys(RunConfig, ())))


def _keys(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        yield ".".join(here)
        for inner in KINDS.get(here, {}).values():
            yield from _keys(inner, here)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, here)


def _fields(block: tuple[str, ...], document: Mapping[str, Any]) -> list[str]:
    """Keys of the block that stands at a path of this document."""
    if block in KINDS:
        kinds = KINDS[block]
        kind = str((_lookup(document, block) or {}).get("kind", next(iter(kinds))))
        return list(kinds[kind].model_fields)
    model: Any = RunConfig
    for part in block:
        model = model.model_fields[part].annotation
    return list(model.model_fields)


def _path(loc: KeyPath) -> KeyPath:
    """The key path of a pydantic location, which names the kind of each block it goes through."""
    path: list[str | int] = []
    tagged = False
    for part in loc:
        kinds = KINDS.get(tuple(str(one) for one in path))
        if kinds and part in kinds and not tagged:
            tagged = True
            continue
        path.append(part)
        tagged = False
    return tuple(path)


def _lookup(document: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def dotted(path: KeyPath) -> str:
    """`('session', 'attempts')` as `session.attempts`."""
    return ".".join(str(part) for part in path)
