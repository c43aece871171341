"""Checkpoints of a session in SQLite: to inspect it step by step and to fork it.

Only the classes listed here are ever rebuilt from a checkpoint file; anything else in it stays
plain data. Image bytes are not in it: the album keeps them by hash.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import StateSnapshot

from mirrorplay.graphs.context import SessionContext
from mirrorplay.graphs.record import ImageRef, Turn, UsageRecord
from mirrorplay.graphs.screenplay import checkpointed_screenplay_graph
from mirrorplay.graphs.session import SessionGraph, checkpointed_session_graph, step_limit
from mirrorplay.graphs.state import Reply, SessionSpec, SessionState
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.state import ClientState

PAYLOADS = (SessionSpec, Turn, ClientState, Reply, Plan, ImageRef, Score, UsageRecord)
"""The msgpack allow-list: every class that is a value in SessionState."""


def serializer() -> JsonPlusSerializer:
    """Strict: no pickle, no class outside PAYLOADS."""
    return JsonPlusSerializer(
        pickle_fallback=False,
        allowed_msgpack_modules=[(kind.__module__, kind.__name__) for kind in PAYLOADS],
    )


@asynccontextmanager
async def open_saver(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """A checkpoint file, made if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(str(path)) as connection:
        yield AsyncSqliteSaver(connection, serde=serializer())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a session: what ran, the state before and after. Step 0 is the input."""

    number: int
    nodes: tuple[str, ...]
    before: SessionState | None
    after: SessionState
    snapshot: StateSnapshot


def session_graph(kind: str, spec_mode: Any, saver: AsyncSqliteSaver) -> SessionGraph:
    """The checkpointing graph of a run's kind, `session` or `screenplay`."""
    if kind == "screenplay":
        return checkpointed_screenplay_graph(saver)
    return checkpointed_session_graph(spec_mode, saver)


async def read_steps(graph: SessionGraph, thread: str) -> tuple[Step, ...]:
    """Every step of a thread, oldest first; empty when the file does not hold the thread."""
    config: RunnableConfig = {"configurable": {"thread_id": thread}}
    history = [snapshot async for snapshot in graph.aget_state_history(config)]
    steps: list[Step] = []
    previous: StateSnapshot | None = None
    for snapshot in reversed(history):
        number = int((snapshot.metadata or {}).get("step", -1))
        if number >= 0:
            steps.append(
                Step(
                    number=number,
                    nodes=tuple(n for n in (previous.next if previous else ()) if number > 0),
                    before=steps[-1].after if steps else None,
                    after=cast(SessionState, snapshot.values),
                    snapshot=snapshot,
                )
            )
        previous = snapshot
    return tuple(steps)


async def continue_from(
    graph: SessionGraph, step: Step, changes: dict[str, Any], context: SessionContext
) -> SessionState:
    """Go on from after a step with some state replaced. The old branch stays in the file.

    `changes` maps state keys to new values. Returns the final state.
    """
    branch = await graph.aupdate_state(
        step.snapshot.config, changes, as_node=step.nodes[-1] if step.nodes else "__start__"
    )
    spec: SessionSpec = changes.get("spec") or step.after["spec"]
    final = await graph.ainvoke(
        None,
        {**branch, "recursion_limit": step_limit(spec) + step.number},
        context=context,
        durability="sync",
    )
    return cast(SessionState, final)
