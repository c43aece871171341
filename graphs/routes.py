"""Which way a session goes: the only branching there is."""

from typing import Literal

from mirrorplay.graphs.state import SessionState


def after_review(state: SessionState) -> Literal["client", "judge"]:
    """On to the judge once the supervisor has named an outcome."""
    return "judge" if state["outcome"] is not None else "client"
