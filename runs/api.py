"""The Python API: `run(config)` plays a run, `open_run(path)` opens one that exists."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from mirrorplay.graphs.record import SessionRecord
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.digest import digest
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.driver import resume, start
from mirrorplay.runs.load import load_config
from mirrorplay.runs.mistakes import validated
from mirrorplay.runs.quarantine import Quarantine, QuarantineEntry
from mirrorplay.runs.store import find_session, iter_rows, iter_sessions


class Run:
    """A run directory, typed."""

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory

    @property
    def path(self) -> Path:
        return self._directory.path

    @property
    def config(self) -> RunConfig:
        return self._directory.config()

    def sessions(self) -> Iterator[SessionRecord]:
        """Finished sessions, streaming, a few in memory at once."""
        return iter_sessions(self.path, include_spooled=True)

    def session(self, name: str) -> SessionRecord:
        """The session whose id is or begins with `name`. Raises UserError for none or several."""
        return find_session(self.path, name)

    def quarantined(self) -> dict[str, QuarantineEntry]:
        """Sessions that failed every attempt and have no row, by id."""
        done = {row["session_id"] for row in iter_rows(self.path, ["session_id"])}
        noted = Quarantine(self.path).latest()
        return {name: entry for name, entry in noted.items() if name not in done}

    def digest(self) -> str:
        """Hash of everything reproducible in the run's rows."""
        return digest(self.path)

    def resume(self, *, retry_quarantined: bool = False) -> "Run":
        """Play what is missing."""
        resume(self._directory, Console(quiet=True), retry_quarantined=retry_quarantined)
        return self

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"


def run(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    import_path: Sequence[str] = (),
    quiet: bool = True,
) -> Run:
    """Play a run to its end.

    config: a RunConfig, a mapping of its fields, a preset's name, or a file; None is `quickstart`.
    overrides: `key=value`, as on the command line (for a preset or a file).
    Raises UserError for a mistake in any of it, before anything is written.
    """
    if overrides and isinstance(config, RunConfig | Mapping):
        raise UserError(
            "overrides go with a preset or a file",
            where="run(config, overrides)",
            hint="change the configuration itself",
        )
    if isinstance(config, RunConfig):
        resolved = config
    elif isinstance(config, Mapping):
        resolved = validated(dict(config), lambda _: "run(config)")
    else:
        resolved = load_config(None if config is None else str(config), overrides).config
    result = start(resolved, Console(quiet=quiet), import_path)
    return Run(result.run)


def open_run(path: Path | str) -> Run:
    """An existing run. Raises UserError when there is none at `path`."""
    return Run(RunDirectory.open(path))
