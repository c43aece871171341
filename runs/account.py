"""What a run has spent over all its sittings, and whether it may spend more.

    RUN/spent.json      by role: calls, tokens, US dollars; and minutes

Written now and then and at the end of a sitting, so that a resume counts on from there: a sitting
that was killed has at most its last seconds uncounted.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from mirrorplay.agents.models.purse import Limits, Spent
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.directory import RunDirectory, shown, write_json
from mirrorplay.runs.load import load_config

FILE = "spent.json"
WRITE_S = 10.0
"""Seconds between two writings."""


class Account:
    """One sitting's. A run without models and without a limit keeps none."""

    def __init__(
        self,
        path: Path,
        limits: Limits,
        already: Spent,
        keeps: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._limits, self._already, self._keeps = path, limits, already, keeps
        self._clock = clock
        self._began = self._written = clock()
        self._now = Spent()

    @classmethod
    def open(cls, run_dir: Path, config: RunConfig) -> Self:
        """Raises UserError for a damaged file: counting from nothing would pass a limit."""
        path = run_dir / FILE
        keeps = bool(config.specs()) or config.limits != Limits()
        already = Spent()
        if path.exists():
            try:
                already = Spent.model_validate(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, ValidationError, OSError):
                raise UserError(
                    "what the run has spent cannot be read",
                    where=str(path),
                    hint="delete the file to count from nothing",
                ) from None
        return cls(path, config.limits, already, keeps)

    @property
    def spent(self) -> Spent:
        """Earlier sittings and this one."""
        minutes = self._already.minutes + (self._clock() - self._began) / 60
        return (self._already + self._now).model_copy(update={"minutes": minutes})

    def take(self, now: Spent) -> str | None:
        """What the workers have spent in this sitting so far; the limit that is reached, if one
        is, or why it cannot be told."""
        self._now = now
        if self._keeps and self._clock() - self._written > WRITE_S:
            try:
                self.write()
            except OSError as error:
                return f"what is spent cannot be written ({error.strerror})"
        return self.spent.exhausts(self._limits)

    def write(self) -> None:
        """Put it on the disk, whole or not at all."""
        if self._keeps:
            self._written = self._clock()
            write_json(self._path, self.spent.model_dump(mode="json"))


def relimit(run: RunDirectory, overrides: Sequence[str]) -> None:
    """Change where a run stops by itself, as `limits.tokens=2000000`, before it goes on. Raises
    UserError for any other key: what has been played cannot be played otherwise."""
    before = run.config()
    after = load_config(str(run.manifest_path), overrides).config
    if after.model_copy(update={"limits": before.limits}) != before:
        raise UserError(
            "only limits can be changed when a run goes on",
            where=" ".join(overrides),
            allowed="limits.usd, limits.tokens, limits.minutes",
            hint=f"mirrorplay run {shown(run.manifest_path)} KEY=VALUE begins another",
        )
    content = {**run.manifest(), "config": after.model_dump(mode="json")}
    write_json(run.manifest_path, content)
