"""The one exception for a user's mistake: printed without a traceback, exit code 2."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake a user can correct.

    what: the thing that is wrong, with the value given (`!r`).
    where: file and line, command-line argument or key path, when known.
    allowed: what would have been accepted.
    hint: the next step, or the nearest known name.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        allowed: Iterable[str] | str | None = None,
        hint: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.allowed = (
            allowed if isinstance(allowed, str) or allowed is None else ", ".join(allowed)
        )
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.allowed:
            lines.append(f"  allowed: {self.allowed}")
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.where, self.allowed, self.hint))


def _rebuild(what: str, where: str | None, allowed: str | None, hint: str | None) -> UserError:
    return UserError(what, where=where, allowed=allowed, hint=hint)


def nearest(given: str, known: Iterable[str]) -> str | None:
    """'did you mean …?' for the known name closest to the given one, or None."""
    matches = get_close_matches(given, list(known), n=1, cutoff=0.5)
    return f"did you mean {matches[0]!r}?" if matches else None
