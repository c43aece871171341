"""Sessions that failed every attempt: `quarantine.jsonl`, one line each, written by the driver.

The file is only appended to. A line is what a person needs in order to act: which session, of
whom, where in the session it failed, and why. Error texts come from models, servers and custom
classes: they are cut to 2,000 characters, freed of control characters, and what looks like a
credential is blacked out. A torn last line is passed over; the footers of the parts still know.
Whether a session is failed today is for `store.survey` to say: a retry may have given it a row.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Frozen

ERROR_LIMIT = 2000
"""Characters of an error text that are kept."""

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_SECRETS = (
    (re.compile(r"\b(?:sk|hf|ghp|gho|pk|rk|xox[abp])[-_][A-Za-z0-9_-]{12,}"), "[removed]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), r"\1 [removed]"),
    (
        re.compile(
            r"""(?i)\b((?:api[-_ ]?key|authorization|password|secret|token)["']?\s*[=:]\s*["']?)"""
            r"""(?!\[removed\]|bearer\b|basic\b)[^\s"',;&)}\]]{6,}"""
        ),
        r"\1[removed]",
    ),
    (re.compile(r"(?<=://)[^/\s@:]+:[^/\s@]+(?=@)"), "[removed]"),
)


def readable_error(text: str) -> str:
    """An error text that can be kept and shown: bounded, printable, without credentials."""
    text = _CONTROL.sub(" ", text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= ERROR_LIMIT else text[: ERROR_LIMIT - 1] + "…"


def readable_failure(failure: Mapping[str, Any]) -> dict[str, Any]:
    """A failure as a footer keeps it: data sets are published, error texts hold anything."""
    return {
        name: readable_error(value) if isinstance(value, str) else value
        for name, value in failure.items()
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class QuarantineEntry(Frozen):
    """A session that has no row, and why."""

    session_id: str
    cell: str
    persona_id: str
    error: Annotated[str, BeforeValidator(readable_error)]
    where: str
    """Where it failed: a node of the graph, a role, `session` for the whole."""
    attempts: Annotated[int, Field(ge=1)]
    time: str = Field(default_factory=_now)
    """When it was given up, ISO 8601 in UTC."""


class Quarantine:
    """The quarantine of one run directory."""

    def __init__(self, run_dir: Path) -> None:
        self.path = Path(run_dir) / "quarantine.jsonl"

    def add(self, entries: Iterable[QuarantineEntry]) -> None:
        """Appends entries and puts them on the disk. Raises UserError when it cannot."""
        lines = "".join(entry.model_dump_json() + "\n" for entry in entries).encode()
        if not lines:
            return
        try:
            with self.path.open("a+b") as file:
                end = file.seek(0, os.SEEK_END)
                if end > 0:
                    file.seek(end - 1)
                    if file.read(1) != b"\n":
                        lines = b"\n" + lines
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UserError(
                f"cannot be written: {error.strerror or error}", where=str(self.path)
            ) from error

    def entries(self) -> list[QuarantineEntry]:
        """Every readable line in order; a session that was retried in vain is there again."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(QuarantineEntry.model_validate_json(line))
            except ValidationError:
                continue
        return found

    def latest(self) -> dict[str, QuarantineEntry]:
        """The last entry by session id."""
        return {entry.session_id: entry for entry in self.entries()}
