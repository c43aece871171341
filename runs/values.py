"""Single values of a configuration: bounded numbers, names, paths, plain data without secrets.

Each check raises `mistake`, which `mistakes.py` tells in a user's words. Numbers are strict:
`true` is no number and `"5"` is text.
"""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_before_validator_function

KeyPath = tuple[str | int, ...]
"""Where a value stands in a document: `("session", "attempts")`."""
MAX_NESTING = 20
"""Levels of lists and mappings in a configuration."""
MAX_SHOWN = 60
"""Characters of a value that a message repeats."""


def shown(value: Any) -> str:
    """`repr`, shortened, for messages."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out a number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def mistake(
    predicate: str,
    *,
    allowed: str | None = None,
    hint: str | None = None,
    path: KeyPath = (),
    show: bool = True,
) -> PydanticCustomError:
    """A validation error in a user's words: "<key>: <value> <predicate>".

    path: below the place that raises, when the mistake is about another value.
    show: whether the value may be printed.
    """
    context = {"predicate": predicate, "allowed": allowed, "hint": hint, "path": path, "show": show}
    return PydanticCustomError("mistake", "{predicate}", context)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in [low, high], or one of the words in `also`."""

    low: int
    high: int
    also: tuple[str | None, ...] = ()

    def check(self, value: Any) -> Any:
        if value in self.also:
            return value
        allowed = f"a whole number from {self.low:,} to {self.high:,}" + "".join(
            f" or {'null' if word is None else word}" for word in self.also
        )
        if not isinstance(value, int) or isinstance(value, bool):
            raise mistake("is not a whole number", allowed=allowed)
        if not self.low <= value <= self.high:
            raise mistake("is out of range", allowed=allowed)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return _bounded(handler(schema), "integer", self.low, self.high)


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number in [low, high], or null where `optional`."""

    low: float
    high: float
    unit: str = ""
    optional: bool = False

    def check(self, value: Any) -> Any:
        if value is None and self.optional:
            return value
        allowed = f"a number from {self.low:g} to {self.high:g}{self.unit and ' ' + self.unit}"
        allowed += " or null" if self.optional else ""
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise mistake("is not a number", allowed=allowed)
        if not self.low <= value <= self.high:
            raise mistake("is out of range", allowed=allowed)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return _bounded(handler(schema), "number", self.low, self.high)


def _bounded(schema: Any, kind: str, low: float, high: float) -> dict[str, Any]:
    for part in schema.get("anyOf", [schema]):
        if part.get("type") == kind:
            part.update(minimum=low, maximum=high)
    return dict(schema)


_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TARGET = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_SECRET = re.compile(
    r"(?i:password|passwd|passphrase|secret|credential|api_?key)"
    r"|(?i:(?:^|[_-])(?:keys?|token|pwd)$)|[a-z](?:Keys?|Token)$"
)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LOGIN = re.compile(r"://[^/@\s]+:[^/@\s]+@")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_secret_name(name: str) -> bool:
    """Whether a key of this name is likely to hold a secret. `*_env` names a variable instead."""
    return not name.endswith("_env") and bool(_SECRET.search(name))


def is_run_name(name: str) -> bool:
    """Whether a run directory may be called so."""
    return bool(_SLUG.fullmatch(name)) and not name.endswith(".")


def _slug(value: str) -> str:
    if not is_run_name(value):
        raise mistake(
            "is not a run name",
            allowed="1–64 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return value


def _path(value: str) -> str:
    if not value.strip() or _UNPRINTABLE.search(value):
        raise mistake("is not a path")
    return value


def _target(value: str) -> str:
    if not _TARGET.fullmatch(value):
        raise mistake(
            "does not name a class",
            allowed="module:Class",
            hint="for example my_package.therapists:Warm",
        )
    return value


def is_too_deep(value: Any) -> bool:
    """Whether lists and mappings are nested deeper than any configuration needs."""
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            part
            for one in level
            if isinstance(one, dict | list | tuple)
            for part in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def _plain(value: Any, path: KeyPath = ()) -> Any:
    """Refuses what JSON cannot hold: a run.json repeats the run."""
    if not path and is_too_deep(value):
        raise mistake("is nested too deeply", show=False)
    if isinstance(value, dict):
        for name, part in value.items():
            if not isinstance(name, str):
                raise mistake(f"has a key that is not text: {name!r}", path=path, show=False)
            _plain(part, (*path, name))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _plain(part, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        raise mistake("is not finite", path=path, allowed="finite numbers")
    elif value is not None and not isinstance(value, str | int | float):
        raise mistake(
            f"is a {type(value).__name__}",
            path=path,
            allowed="text, numbers, true, false, null, lists and mappings",
            show=False,
        )
    return value


def _without_secrets(value: Any, path: KeyPath = (), secret: str | None = None) -> Any:
    """Refuses literal secrets: a run directory is for sharing. `secret`: the name it is under."""
    if isinstance(value, dict):
        for inner, part in value.items():
            # A key of the grid is dotted, and may be several joined by commas.
            names = [one.strip().rpartition(".")[2] for one in inner.split(",")]
            variable = any(name == "env" or name.endswith("_env") for name in names)
            if variable and isinstance(part, str) and not _VARIABLE.fullmatch(part):
                raise mistake(
                    "must name an environment variable",
                    path=(*path, inner),
                    allowed="capital letters, digits and '_'",
                    show=False,
                )
            found = next((name for name in names if is_secret_name(name)), secret)
            _without_secrets(part, (*path, inner), None if variable else found)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _without_secrets(part, (*path, index), secret)
    elif isinstance(value, str) and (secret or _LOGIN.search(value)):
        raise mistake(
            "looks like a secret" if secret else "holds a user name and a password",
            path=path,
            hint=f"name an environment variable instead, as in {secret or 'url'}_env: MY_VARIABLE",
            show=False,
        )
    return value


def holds_secret(key: str, value: Any) -> bool:
    """Whether a literal secret seems to stand in a value, or under a dotted key."""
    try:
        _without_secrets({key: value})
    except PydanticCustomError:
        return True
    return False


RunName = Annotated[str, AfterValidator(_slug)]
"""1–64 letters, digits, '.', '_', '-': safe as a directory name."""
PathText = Annotated[str, AfterValidator(_path)]
"""A path, unopened."""
Target = Annotated[str, AfterValidator(_target)]
"""`module:Class`."""
Arguments = Annotated[dict[str, Any], BeforeValidator(_plain), AfterValidator(_without_secrets)]
"""A mapping that JSON can hold, without literal secrets."""
