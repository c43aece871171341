"""Calls whose answers have no place for what they cost: plans and captions.

Whoever plays a session collects them here and adds them to the session's usage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mirrorplay.agents.roles import Usage

_BESIDE: ContextVar[list[Usage] | None] = ContextVar("mirrorplay_beside", default=None)


@contextmanager
def collected() -> Iterator[list[Usage]]:
    """What is told in here, and in tasks begun in here."""
    found: list[Usage] = []
    token = _BESIDE.set(found)
    try:
        yield found
    finally:
        _BESIDE.reset(token)


def tell(usage: Usage) -> None:
    """Add a call to the session being played, if one is."""
    found = _BESIDE.get()
    if found is not None:
        found.append(usage)
