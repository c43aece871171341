"""Checkpoints of a session in SQLite: to inspect it step by step and to fork it.

Only the classes listed here are ever rebuilt from a checkpoint file; anything else in it stays
plain data. Image bytes are not in it: the album keeps them by hash.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START
from langgraph.types import StateSnapshot

from mirrorplay.graphs.context import SessionContext
from mirrorplay.graphs.record import ImageRef, Turn, UsageRecord
from mirrorplay.graphs.screenplay import checkpointed_screenplay_graph
from mirrorplay.graphs.session import SessionGraph, checkpointed_session_graph, step_limit
from mirrorplay.graphs.state import Reply, SessionSpec, SessionState
from mirrorplay.personas.errors import UserError
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


@contextmanager
def copied(file: Path) -> Iterator[Path]:
    """A passing copy of a checkpoint file, for reading: a saver writes to whatever it opens.
    Raises UserError for a file that is no checkpoint file."""
    with TemporaryDirectory(prefix="mirrorplay-") as folder:
        copy = Path(folder) / file.name
        copy_checkpoints(file, copy)
        yield copy


def copy_checkpoints(file: Path, copy: Path) -> None:
    """Copy a checkpoint file, which is only read (SQLite may leave -wal and -shm files beside it).
    Raises UserError for a damaged one."""
    try:
        uri = f"{file.resolve().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(uri, uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.execute("SELECT count(*) FROM checkpoints")
    except sqlite3.Error as error:
        raise UserError(f"is no readable checkpoint file: {error}", where=str(file)) from None


@asynccontextmanager
async def open_saver(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """A checkpoint file, made if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(str(path)) as connection:
        yield AsyncSqliteSaver(connection, serde=serializer())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a session: what ran, the state before and after. Step 0 is the input; a fork's
    changes are a step of their own, by the node `fork`."""

    number: int
    nodes: tuple[str, ...]
    before: SessionState | None
    after: SessionState
    snapshot: StateSnapshot
    writer: str
    """The node a change after this step is made in the name of, which decides what runs next."""


def session_graph(kind: str, spec_mode: Any, saver: AsyncSqliteSaver) -> SessionGraph:
    """The checkpointing graph of a run's kind, `session` or `screenplay`."""
    if kind == "screenplay":
        return checkpointed_screenplay_graph(saver)
    return checkpointed_session_graph(spec_mode, saver)


async def read_steps(graph: SessionGraph, thread: str) -> tuple[Step, ...]:
    """Every step of a thread's newest branch, oldest first; empty when the file does not hold the
    thread."""
    config: RunnableConfig = {"configurable": {"thread_id": thread}}
    by_id: dict[str, StateSnapshot] = {}
    newest: str | None = None
    async for snapshot in graph.aget_state_history(config):
        checkpoint = _checkpoint_id(snapshot.config)
        newest = newest or checkpoint
        by_id[checkpoint] = snapshot
    branch: list[StateSnapshot] = []
    while newest is not None and newest in by_id:
        branch.append(by_id[newest])
        parent = branch[-1].parent_config
        newest = None if parent is None else _checkpoint_id(parent)
    steps: list[Step] = []
    pending: tuple[str, ...] = ()
    for snapshot in reversed(branch):
        metadata = snapshot.metadata or {}
        if metadata.get("source") != "input":
            nodes: tuple[str, ...] = ()
            writer = START
            if steps and metadata.get("source") == "update":
                nodes, writer = ("fork",), steps[-1].writer
            elif steps:
                nodes, writer = pending, pending[-1]
            steps.append(
                Step(
                    number=len(steps),
                    nodes=nodes,
                    before=steps[-1].after if steps else None,
                    after=cast(SessionState, snapshot.values),
                    snapshot=snapshot,
                    writer=writer,
                )
            )
        pending = snapshot.next
    return tuple(steps)


def _checkpoint_id(config: RunnableConfig) -> str:
    return str(config.get("configurable", {}).get("checkpoint_id"))


async def continue_from(
    graph: SessionGraph, step: Step, changes: dict[str, Any], context: SessionContext
) -> SessionState:
    """Go on from after a step with some state replaced. The old branch stays in the file.

    `changes` maps state keys to new values. Returns the final state.
    """
    branch = await graph.aupdate_state(step.snapshot.config, changes, as_node=step.writer)
    spec: SessionSpec = changes.get("spec") or step.after["spec"]
    final = await graph.ainvoke(
        None,
        {**branch, "recursion_limit": step_limit(spec) + step.number},
        context=context,
        durability="sync",
    )
    return cast(SessionState, final)
