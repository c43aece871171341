"""Is this installation fit to run? Each finding is checked by doing the thing."""

import asyncio
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.roles import FaceBrief
from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Expression


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


def _drawing() -> str:
    persona = load_personas("library")[0]
    brief = FaceBrief(
        persona.id,
        persona.intake.age,
        persona.intake.gender,
        persona.appearance,
        Expression(),
        336,
        0,
    )
    image = asyncio.run(PortraitArtist().draw(brief)).image
    if image is None:
        raise RuntimeError("the portrait artist gave no image")
    return f"a face of {image.width}×{image.height}, {len(image.data):,} bytes"


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

    return f"{os.cpu_count()} cores, Ray {ray.__version__} imports"


def _local_models() -> str:
    try:
        return f"torch {importlib.metadata.version('torch')}"
    except importlib.metadata.PackageNotFoundError:
        return "not installed (extra `local`); scripted agents need none"


CHECKS: dict[str, Callable[[], str]] = {
    "versions": _versions,
    "personas": _personas,
    "drawing": _drawing,
    "disk": _disk,
    "ray": _ray,
    "local models": _local_models,
}
