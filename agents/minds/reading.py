"""What every role needs beside its prompt: code names, styles, sums of usage, seeds."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, get_args

from pydantic import BeforeValidator

from mirrorplay.agents.roles import Usage
from mirrorplay.personas.errors import UserError, nearest


def _as_name(given: object) -> object:
    """ "Open question" is `open_question`."""
    return re.sub(r"[\s-]+", "_", given.strip().lower()) if isinstance(given, str) else given


AsName = BeforeValidator(_as_name)
"""Before a Literal of code names."""


Style = Literal["full", "brief"]
"""How a model is told its role: in full, or in a few lines for a model of some hundred million
parameters, which loses a longer prompt."""
STYLES: tuple[Style, ...] = get_args(Style)


def check_style(where: str, given: str) -> None:
    """Raises UserError for an unknown style."""
    if given not in STYLES:
        raise UserError(
            f"{given!r} is not known", where=where, allowed=STYLES, hint=nearest(given, STYLES)
        )


def summed(usages: Sequence[Usage]) -> Usage:
    """One usage for several calls; no model where none was called."""
    if not usages:
        return Usage()
    prompt = [one.prompt_tokens for one in usages if one.prompt_tokens is not None]
    completion = [one.completion_tokens for one in usages if one.completion_tokens is not None]
    return Usage(
        model=next((one.model for one in usages if one.model), None),
        calls=sum(one.calls for one in usages),
        prompt_tokens=sum(prompt) if prompt else None,
        completion_tokens=sum(completion) if completion else None,
    )


def seed_from(*parts: object) -> int:
    """A 63-bit seed from what is asked, for roles that are given no draws: the same question has
    the same seed in every run."""
    digest = blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
