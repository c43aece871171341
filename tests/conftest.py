"""Shared fixtures: the repository, small configurations, a quiet console."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mirrorplay.runs.config import RunConfig

ROOT = Path(__file__).parent.parent
PARTS = str(Path(__file__).parent / "parts")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture
def quiet() -> Console:
    return Console(quiet=True)


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., RunConfig]:
    """A configuration of a few short sessions without faces, inline, in a temporary folder."""

    def make(**changes: Any) -> RunConfig:
        base: dict[str, Any] = {
            "name": "tiny",
            "seed": 11,
            "sample": {"personas": "library", "limit": 2, "resistance": ["cognitive", "none"]},
            "face": {"kind": "none"},
            "session": {"max_exchanges": 3},
            "executor": {"kind": "inline"},
            "output": {"dir": str(tmp_path / "outputs")},
        }
        return RunConfig.model_validate({**base, **changes})

    return make
