"""Parts of one's own: `target: "module:Class"`, imported and held against its protocol.

A class that does not fit is the user's mistake and is named before the first session runs.
"""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from mirrorplay.agents.roles import (
    Client,
    FaceArtist,
    Judge,
    Perceiver,
    Screenwriter,
    Supervisor,
    Therapist,
)
from mirrorplay.personas.errors import UserError, nearest

ROLES: dict[str, type] = {
    "client": Client,
    "face": FaceArtist,
    "perceiver": Perceiver,
    "therapist": Therapist,
    "supervisor": Supervisor,
    "judge": Judge,
    "writer": Screenwriter,
}
METHODS: dict[str, tuple[str, ...]] = {
    "client": ("speak",),
    "face": ("draw",),
    "perceiver": ("look",),
    "therapist": ("plan", "respond"),
    "supervisor": ("review",),
    "judge": ("score",),
    "writer": ("write",),
}


def load_part(role: str, target: str, args: Mapping[str, Any]) -> Any:
    """An instance of the class at `module:Class`, fit for a role.

    Raises UserError when it cannot be found, made, or does not have the role's async methods.
    """
    where = f"{role}.target={target!r}"
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise UserError("not of the form module:Class", where=where)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"module {error.name!r} cannot be found",
            where=where,
            hint="run in the folder that holds it, or pass --import-path",
        ) from None
    except (Exception, SystemExit) as error:  # the user's module may do anything on import
        raise UserError(
            f"importing {module_name!r} raised {type(error).__name__}: {error}", where=where
        ) from error
    part: object = module
    for step in name.split("."):
        if not hasattr(part, step):
            known = [n for n in vars(part) if not n.startswith("_")]
            raise UserError(
                f"{module_name!r} has no {name!r}", where=where, hint=nearest(step, known)
            )
        part = getattr(part, step)
    if not callable(part):
        raise UserError(f"{name!r} is not a class", where=where)
    try:
        made = part(**args)
    except (Exception, SystemExit) as error:  # likewise while it is made
        raise UserError(
            f"making {name} with args {sorted(args)} raised {type(error).__name__}: {error}",
            where=where,
        ) from error
    check_fit(role, made, where)
    return made


def check_fit(role: str, part: object, where: str) -> None:
    """Raise UserError unless `part` has the role's methods, async, with one argument each."""
    kind = type(part).__name__
    for method in METHODS[role]:
        wanted = f"async def {method}(self, {_argument(role, method)})"
        found = getattr(part, method, None)
        if found is None:
            raise UserError(f"{kind} has no method {method!r}", where=where, hint=f"add {wanted}")
        if not inspect.iscoroutinefunction(found):
            raise UserError(f"{kind}.{method} is not async", where=where, hint=f"write {wanted}")
        try:
            inspect.signature(found).bind(object())
        except TypeError as error:
            raise UserError(
                f"{kind}.{method} does not take one argument: {error}",
                where=where,
                hint=f"write {wanted}",
            ) from None


def _argument(role: str, method: str) -> str:
    signature = inspect.signature(getattr(ROLES[role], method))
    return list(signature.parameters)[1]
