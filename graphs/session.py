"""One session is one graph.

START → client → face → perceive → plan → respond → supervise → (client | judge) → END, without the
steps that an arm does not have. In the arm `text` the face is drawn beside the reply and nothing
leads from it to the therapist: the difference between two arms is what the drawn graph shows.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from mirrorplay.agents.roles import Mode
from mirrorplay.graphs.context import SessionContext
from mirrorplay.graphs.nodes import Nodes
from mirrorplay.graphs.routes import after_review
from mirrorplay.graphs.state import SessionSpec, SessionState

SessionGraph = CompiledStateGraph[SessionState, SessionContext, Any, Any]

RETRY = RetryPolicy(max_attempts=3, initial_interval=0.2, retry_on=(ConnectionError, TimeoutError))
"""Only what may go away by itself; LangGraph's default would retry any Exception."""

STEPS: dict[Mode, tuple[str, ...]] = {
    "text": ("client", "face", "respond", "supervise"),
    "base": ("client", "face", "respond", "supervise"),
    "p": ("client", "face", "plan", "respond", "supervise"),
    "ec": ("client", "face", "perceive", "respond", "supervise"),
    "p+ec": ("client", "face", "perceive", "plan", "respond", "supervise"),
}


def session_builder(
    mode: Mode,
    bound: SessionContext | None = None,
    intake: Callable[[Any], Awaitable[SessionState]] | None = None,
    input_schema: Any = None,
) -> StateGraph[SessionState, SessionContext, Any, Any]:
    """The uncompiled graph of an arm. `bound` serves callers that pass no context, `intake` is a
    first step that makes the opening state from an input of another schema (both for Studio)."""
    nodes = Nodes(bound)
    graph: StateGraph[SessionState, SessionContext, Any, Any] = StateGraph(
        SessionState,
        context_schema=None if bound else SessionContext,
        input_schema=input_schema or SessionState,
    )
    steps = STEPS[mode]
    for step in (*steps, "judge"):
        graph.add_node(step, getattr(nodes, step), retry_policy=RETRY)
    if intake is None:
        graph.add_edge(START, "client")
    else:
        graph.add_node("intake", cast(Any, intake), input_schema=input_schema)
        graph.add_edge(START, "intake")
        graph.add_edge("intake", "client")
    if mode == "text":
        graph.add_edge("client", "face")
        graph.add_edge("client", "respond")
        graph.add_edge(["face", "respond"], "supervise")
    else:
        for source, target in pairwise(steps):
            graph.add_edge(source, target)
    graph.add_conditional_edges("supervise", after_review, ["client", "judge"])
    graph.add_edge("judge", END)
    return graph


@lru_cache(maxsize=16)
def build_session_graph(mode: Mode) -> SessionGraph:
    """The compiled graph of an arm, without a checkpointer; made once in each process."""
    return session_builder(mode).compile(name=f"session:{mode}")


def checkpointed_session_graph(mode: Mode, saver: BaseCheckpointSaver[Any]) -> SessionGraph:
    """The same graph, saving its state at every step."""
    return session_builder(mode).compile(checkpointer=saver, name=f"session:{mode}")


def step_limit(spec: SessionSpec) -> int:
    """LangGraph's recursion limit for a session: every step of every exchange, and the judge."""
    return spec.max_exchanges * len(STEPS[spec.mode]) + 5
