"""A checkpointed session step by step: what ran, the state before and after, the difference."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from mirrorplay.graphs.checkpoints import Step, copied, open_saver, read_steps, session_graph
from mirrorplay.graphs.record import SessionRecord
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.directory import RunDirectory

TEXT_LIMIT = 160
"""Characters of one changed value that are printed."""


def checkpoint_file(run: RunDirectory, record: SessionRecord) -> tuple[Path, str]:
    """The file and the thread of a session's checkpoints. Raises UserError when there are none."""
    name, thread = record.provenance.get("checkpoint"), record.provenance.get("thread")
    if not isinstance(name, str) or not isinstance(thread, str):
        raise UserError(
            f"session {record.session_id} was played without checkpoints",
            where=str(run.path),
            hint=f"play it again with them: mirrorplay run {run.manifest_path} checkpoints=sqlite",
        )
    if "/" in name or name.startswith("."):
        raise UserError(f"{name!r} is not a checkpoint file name", where=str(run.path))
    path = run.checkpoints / name
    if not path.is_file():
        raise UserError(f"the checkpoint file {name!r} is gone", where=str(run.checkpoints))
    return path, thread


def steps_of(run: RunDirectory, record: SessionRecord) -> tuple[Step, ...]:
    """Every step of a session, oldest first."""
    path, thread = checkpoint_file(run, record)

    async def read(copy: Path) -> tuple[Step, ...]:
        async with open_saver(copy) as saver:
            graph = session_graph(record.provenance["graph"], record.mode, saver)
            return await read_steps(graph, thread)

    with copied(path) as copy:
        steps = asyncio.run(read(copy))
    if not steps:
        raise UserError(f"{path.name!r} does not hold session {record.session_id}", where=str(path))
    return steps


def delta(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any]:
    """What a step changed: scalars as [old, new], lists as what was added or changed in them."""
    changed: dict[str, Any] = {}
    for key, value in after.items():
        old = (before or {}).get(key)
        if _plain(old) == _plain(value) or key == "spec":
            continue
        if isinstance(value, list) and isinstance(old, list):
            changed[key] = {
                str(place): _changes(_plain(old[place]), _plain(item))
                if place < len(old)
                else _plain(item)
                for place, item in enumerate(value)
                if place >= len(old) or _plain(old[place]) != _plain(item)
            }
        else:
            changed[key] = _changes(_plain(old), _plain(value))
    return changed


def as_json(steps: Sequence[Step]) -> str:
    """Every step in full: number, nodes, state before and after, delta, and what runs next."""
    return json.dumps(
        [
            {
                "step": step.number,
                "nodes": step.nodes,
                "before": _whole(step.before),
                "after": _whole(step.after),
                "delta": delta(step.before, step.after),
                "next": step.snapshot.next,
            }
            for step in steps
        ],
        ensure_ascii=False,
        indent=2,
    )


def print_steps(console: Console, steps: Sequence[Step]) -> None:
    """One block a step: its number and nodes, the hidden state as before → after (delta), then
    whatever else changed, as [before, after] or as what was added."""
    for step in steps:
        console.print(
            Text(f"step {step.number}", style="bold")
            + Text("  " + (" + ".join(step.nodes) or "start"), style="green")
            + Text(f"  next: {' + '.join(step.snapshot.next) or 'end'}", style="dim")
        )
        state = _state_line(step)
        if state:
            console.print(Text("    state: ", style="cyan") + Text(state))
        for key, value in delta(step.before, step.after).items():
            if key != "client" and value not in ({}, [], None):
                text = json.dumps(value, ensure_ascii=False)
                cut = text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
                console.print(Text(f"    {key}: ", style="cyan") + Text(cut))


def _state_line(step: Step) -> str:
    """`trust 0.45 → 0.51 (+0.06)` for each number of the hidden state that moved."""
    before, after = (step.before or {}).get("client"), step.after.get("client")
    if after is None or before == after:
        return ""
    if before is None:
        return ", ".join(f"{name} {value:.2f}" for name, value in after)
    return ", ".join(
        f"{name} {old:.2f} → {new:.2f} ({new - old:+.2f})"
        for (name, old), (_, new) in zip(before, after, strict=True)
        if old != new
    )


def _whole(state: Mapping[str, Any] | None) -> Any:
    if state is None:
        return None
    return {
        key: [_plain(item) for item in value] if isinstance(value, list) else _plain(value)
        for key, value in state.items()
    }


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _changes(old: Any, new: Any) -> Any:
    """Of two mappings only the differing keys, as [old, new]."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: [old.get(key), value] for key, value in new.items() if old.get(key) != value}
    return new if old is None else [old, new]
