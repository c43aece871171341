"""A run is a directory: where each thing lies, and how a new one is made.

Everything a worker needs is in it (config, personas, plan), so that a resume after any change
elsewhere plays exactly what was planned.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mirrorplay.personas.collection import dump_personas, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.mistakes import validated
from mirrorplay.runs.plan import Plan, read_plan, write_plan


class RunDirectory:
    """Paths of one run. `open` refuses a directory that is not a run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def manifest_path(self) -> Path:
        return self.path / "run.json"

    @property
    def personas_path(self) -> Path:
        return self.path / "personas.jsonl"

    @property
    def plan_path(self) -> Path:
        return self.path / "plan.parquet"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def blobs(self) -> Path:
        return self.path / "blobs"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @classmethod
    def open(cls, path: Path | str) -> "RunDirectory":
        """An existing run. Raises UserError for anything else."""
        path = Path(path)
        if path.name == "run.json":
            path = path.parent
        if not path.is_dir():
            raise UserError(f"no run at {str(path)!r}", hint="list your runs with: ls outputs")
        run = cls(path)
        if not run.manifest_path.is_file():
            raise UserError(
                f"{str(path)!r} is not a run: it has no run.json",
                hint="a run is a directory that `mirrorplay run` made",
            )
        return run

    @classmethod
    def create(
        cls,
        parent: Path,
        name: str,
        manifest: Mapping[str, Any],
        personas: Sequence[Persona],
        plan: Plan,
    ) -> "RunDirectory":
        """A new `<parent>/<name>-<n>` with the first free n. `run.json` is written last: a
        directory without it was never a run."""
        try:
            parent.mkdir(parents=True, exist_ok=True)
            number = _next_number(parent, name)
            while True:
                path = parent / f"{name}-{number}"
                try:
                    path.mkdir()
                    break
                except FileExistsError:
                    number += 1
            run = cls(path)
            run.personas_path.write_text(dump_personas(personas), encoding="utf-8")
            write_plan(plan, run.plan_path)
            write_json(run.manifest_path, manifest)
        except OSError as error:
            raise UserError(
                f"cannot make a run in {str(parent)!r}: {error.strerror}",
                where="output.dir",
                hint="choose another folder: output.dir=PATH",
            ) from None
        return run

    def manifest(self) -> dict[str, Any]:
        """The content of run.json: {config, provenance}. Raises UserError when damaged."""
        try:
            manifest = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"cannot be read: {error}", where=str(self.manifest_path)) from None
        if not isinstance(manifest, dict) or not isinstance(manifest.get("config"), dict):
            raise UserError("holds no config", where=str(self.manifest_path))
        return manifest

    def config(self) -> RunConfig:
        """The resolved configuration. Raises UserError for one that this version cannot read."""
        return validated(self.manifest()["config"], lambda _: str(self.manifest_path))

    def import_path(self) -> tuple[str, ...]:
        """Folders that custom parts were imported from, besides the current one."""
        found = self.manifest().get("provenance", {}).get("import_path", ())
        return tuple(str(folder) for folder in found)

    def personas(self) -> dict[str, Persona]:
        return {persona.id: persona for persona in load_personas(self.personas_path)}

    def plan(self) -> Plan:
        return read_plan(self.plan_path)


def shown(path: Path) -> str:
    """A path as a user would type it: relative where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write and fsync a JSON file by renaming a finished one into place."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False, sort_keys=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _next_number(parent: Path, name: str) -> int:
    pattern = re.compile(rf"{re.escape(name)}-(\d+)$")
    taken = [int(found[1]) for entry in os.listdir(parent) if (found := pattern.match(entry))]
    return max(taken, default=0) + 1
