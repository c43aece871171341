"""Is this installation fit to run? What can be tried in a second is tried."""

import asyncio
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mirrorplay.personas.collection import find_persona, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.casting import cast_of
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.contact_sheet import contact_sheet
from mirrorplay.runs.grid import cells
from mirrorplay.runs.plan import make_plan
from mirrorplay.runs.play import play


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    good: bool
    detail: str


def examine() -> Iterator[Finding]:
    """Every check, one after the other."""
    for name, check in CHECKS.items():
        try:
            yield Finding(name, True, check())
        except (UserError, OSError, ImportError, RuntimeError, ValueError) as error:
            yield Finding(name, False, f"{type(error).__name__}: {error}")


def _versions() -> str:
    names = ("mirrorplay", "langgraph", "langchain-core", "ray", "pyarrow", "pyvips")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def _personas() -> str:
    return f"{len(load_personas('library'))} in the library"


def _session() -> str:
    """Two exchanges with faces, and their contact sheet in the shipped font."""
    config = RunConfig.model_validate(
        {"sample": {"limit": 1, "resistance": ["none"]}, "session": {"max_exchanges": 2}}
    )
    people = load_personas("library")
    [planned] = make_plan(config, people)
    [cell] = cells(config)
    persona = find_persona(people, planned.persona_id)
    record = asyncio.run(play(planned, cell, persona, cast_of(config), config.name, 0))
    sheet = contact_sheet(record)
    return f"{len(record.turns)} turns, {len(record.faces)} faces, a sheet of {len(sheet):,} bytes"


def _disk() -> str:
    free = shutil.disk_usage(".").free
    with tempfile.TemporaryDirectory(dir=".", prefix=".mirrorplay-doctor-") as folder:
        first, second = Path(folder) / "a", Path(folder) / "b"
        first.write_bytes(b"x")
        try:
            os.link(first, second)
            links = "hard links work"
        except OSError:
            links = "no hard links: claim files are used instead"
    return f"{free / 1e9:.0f} GB free here, {links}"


def _ray() -> str:
    import ray

    return f"Ray {ray.__version__} imports; {os.cpu_count()} cores here (not started: 4 s)"


def _local_models() -> str:
    try:
        return f"torch {importlib.metadata.version('torch')}"
    except importlib.metadata.PackageNotFoundError:
        return "not installed (extra `local`); scripted agents need none"


CHECKS: dict[str, Callable[[], str]] = {
    "versions": _versions,
    "personas": _personas,
    "a session": _session,
    "disk": _disk,
    "ray": _ray,
    "local models": _local_models,
}
