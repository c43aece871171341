"""Executing, recording and showing runs. `from mirrorplay.runs import run, open_run`."""

from typing import TYPE_CHECKING, Any

if not __name__.startswith("mirrorplay."):
    raise ImportError("import mirrorplay.runs, not runs")

if TYPE_CHECKING:
    from mirrorplay.runs.api import Run, open_run, run

__all__ = ["Run", "open_run", "run"]


def __getattr__(name: str) -> Any:
    # The API brings in LangGraph and Arrow; the command line must answer --help without them.
    if name in __all__:
        from mirrorplay.runs import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
