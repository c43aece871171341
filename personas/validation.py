"""Plain data against a model, with mistakes told as file, line, key path and what is allowed.

Validation is strict (`"45"` is not an age, `true` is not 1.0) and goes through pydantic's JSON
mode, in which a list may stand for a tuple.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mirrorplay.personas.document import Marked
from mirrorplay.personas.errors import UserError, nearest

Model = TypeVar("Model", bound=BaseModel)

_SHOWN = 60
"""Characters of a refused value that a message repeats."""
_EXPECTED = {
    "string_type": "text",
    "string_too_short": "some text, or leave the key out",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_PATTERNS = {
    "^#": "a colour such as '#2f4858'",
    "^[a-z0-9]": "lower-case letters, digits and inner hyphens, 1–64 characters",
}


def validate(model: type[Model], document: Marked, noun: str) -> Model:
    """The document as a model. Raises UserError for its first mistake; `noun` names what the file
    should hold ("persona")."""
    if not isinstance(document.value, dict):
        raise UserError(
            f"holds {_shown(document.value)}, which is no {noun}",
            where=document.where(()),
            allowed=f"a mapping with the keys of a {noun}",
        )
    try:
        return model.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise _mistake(model, document, noun, details) from None


def _mistake(
    model: type[BaseModel], document: Marked, noun: str, details: list[ErrorDetails]
) -> UserError:
    # An unknown key is often the misspelling of a missing one: tell that first.
    detail = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    path, kind = detail["loc"], detail["type"]
    key, where = _dotted(path), document.where(path)
    more = f"{len(details) - 1} more to correct in this {noun}" if len(details) > 1 else None
    if kind == "json_invalid":
        return UserError("holds text that is not valid Unicode", where=document.where(()))
    if kind == "missing":
        where = document.where(path[:-1])
        return UserError(f"{key!r} is missing", where=where, hint=more or f"add {key!r}")
    if kind == "extra_forbidden":
        known = _fields(model, path[:-1])
        hint = _lines(nearest(str(path[-1]), known), more)
        return UserError(f"unknown key {key!r}", where=where, allowed=known, hint=hint)
    what, allowed, hint = _value_mistake(detail)
    return UserError(f"{key}: {what}", where=where, allowed=allowed, hint=_lines(hint, more))


def _value_mistake(detail: ErrorDetails) -> tuple[str, str, str | None]:
    """What is wrong with one value, what is allowed, and the nearest known name."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "value_error":
        return str(detail["msg"]).removeprefix("Value error, "), "printable text", None
    if kind == "string_too_long":
        length = f"{len(given):,} characters of text"
        return length, f"up to {context['max_length']:,} characters", None
    if kind == "literal_error":
        names = str(context["expected"]).replace(" or ", ", ").replace("'", "")
        return _shown(given), names, nearest(str(given), names.split(", "))
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        allowed = next((a for start, a in _PATTERNS.items() if pattern.startswith(start)), pattern)
        return _shown(given), allowed, None
    for bound, words in (("ge", "or more"), ("le", "or less")):
        if bound in context:
            return _shown(given), f"{context[bound]} {words}", None
    return _shown(given), _EXPECTED.get(kind, str(detail["msg"])), None


def _fields(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys that the model has at a key path; none where the path leads out of it."""
    here: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str) and here is not None:
            known = here.model_fields.get(part)
            here = _model_in(known.annotation) if known else None
    return list(here.model_fields) if here else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_in(a))), None)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)


def _shown(value: object) -> str:
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _lines(*parts: str | None) -> str | None:
    return "\n  ".join(part for part in parts if part) or None
