"""A fork: a checkpointed session played again from one of its steps, with changes.

The child is a run of its own with one session; its `run.json` and its row's provenance name the
parent. The parent is only read: checkpoints and faces are copied. Draws depend on seed, persona and
turn alone, so a fork without changes gives the parent's own continuation.
"""

import asyncio
import shutil
from collections.abc import Sequence
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mirrorplay.graphs.checkpoints import (
    Step,
    continue_from,
    copy_checkpoints,
    open_saver,
    read_steps,
    session_graph,
)
from mirrorplay.graphs.context import Cast, FolderAlbum, SessionContext
from mirrorplay.graphs.record import SessionRecord
from mirrorplay.graphs.state import SessionState
from mirrorplay.personas.document import parse_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.state import ClientState
from mirrorplay.runs.casting import cast_of, extend_import_path
from mirrorplay.runs.dataset import to_batch
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.grid import Cell, cells
from mirrorplay.runs.lock import RunLock
from mirrorplay.runs.plan import PlannedSession, plan_of
from mirrorplay.runs.play import beside_the_graph, record_of, with_usage
from mirrorplay.runs.quarantine import readable_error
from mirrorplay.runs.spool import SpoolWriter
from mirrorplay.runs.steps import checkpoint_file, steps_of
from mirrorplay.runs.store import commit_shard, find_session

EDITABLE = (
    *(f"state.{name}" for name in ClientState.model_fields),
    *(f"profile.{name}" for name in ResistanceProfile.model_fields),
    "plan.stage",
    "max_exchanges",
)
"""What a fork may change: the hidden state, the resistance profile, the plan's stage, the limit."""


def fork_session(
    parent: RunDirectory,
    session: str,
    at: int,
    edits: Sequence[str],
    import_path: Sequence[str] = (),
) -> tuple[RunDirectory, SessionRecord]:
    """Continue `session` from after step `at`. Returns the child run and its one session.

    Raises UserError for an unknown session, step or key, a value out of range, or a session that
    was played without checkpoints.
    """
    manifest = parent.manifest()
    extend_import_path((".", *parent.import_path(), *import_path))
    record = find_session(parent.path, session)
    changes = _parse(edits)
    config = parent.config()
    cell = next(cell for cell in cells(config) if cell.name == record.cell)
    key = f"{record.session_id}/{at}/{sorted(changes.items())}"
    child_id = blake2b(key.encode(), digest_size=8).hexdigest()
    lineage = {
        "run": parent.name,
        "session_id": record.session_id,
        "step": at,
        "changes": changes,
    }
    cast = cast_of(cell.config)
    step = _step(steps_of(parent, record), at)
    values = _apply(step, changes, child_id)
    planned = PlannedSession(
        session_id=child_id,
        cell=cell.name,
        persona_id=record.persona_id,
        resistance=values["spec"].profile.type,
        replicate=record.replicate,
        seed=record.seed,
        shard=0,
    )
    child = RunDirectory.create(
        parent.path.parent,
        f"{config.name}-fork",
        {**manifest, "parent": lineage},
        (record.persona,),
        plan_of([planned]),
    )
    try:
        played = _play(parent, child, planned, cell, cast, record, values, lineage)
    except Exception as error:
        # Half a fork is of no use to anybody, and nothing else is in its directory.
        shutil.rmtree(child.path)
        if isinstance(error, UserError | OSError):
            raise
        raise UserError(
            f"the session failed: {readable_error(f'{type(error).__name__}: {error}')}",
            where=f"{parent.name}, {record.session_id}",
        ) from error
    return child, played


def _play(
    parent: RunDirectory,
    child: RunDirectory,
    planned: PlannedSession,
    cell: Cell,
    cast: Cast,
    record: SessionRecord,
    values: dict[str, Any],
    lineage: dict[str, Any],
) -> SessionRecord:
    """Copy checkpoints and faces, continue, commit the one row."""
    file, thread = checkpoint_file(parent, record)
    copy = child.checkpoints / "00000.0.sqlite"
    copy.parent.mkdir()
    copy_checkpoints(file, copy)
    child.blobs.mkdir()
    for image in record.faces:
        name = sha256(image.data).hexdigest()
        (child.blobs / name).write_bytes(image.data)
    album = FolderAlbum(child.blobs)
    context = SessionContext(cast, album)
    with beside_the_graph(planned, cell) as beside:
        final = asyncio.run(_continue(copy, thread, record, lineage["step"], values, context))
    provenance = {
        "graph": record.provenance["graph"],
        "checkpoint": copy.name,
        "thread": thread,
        "parent": lineage,
    }
    with RunLock(child.path):
        with SpoolWriter(child.path, 0) as spool:
            played = record_of(
                final, planned, cell, album, child.config().name, spool.attempt, provenance
            )
            played = with_usage(played, beside)
            spool.append(to_batch(played))
        commit_shard(child.path, 0, [planned.session_id], {})
    return played


async def _continue(
    file: Path,
    thread: str,
    record: SessionRecord,
    at: int,
    values: dict[str, Any],
    context: SessionContext,
) -> SessionState:
    async with open_saver(file) as saver:
        graph = session_graph(record.provenance["graph"], record.mode, saver)
        step = _step(await read_steps(graph, thread), at)
        return await continue_from(graph, step, values, context)


def _step(steps: Sequence[Step], at: int) -> Step:
    found = next((step for step in steps if step.number == at), None)
    last = steps[-1].number if steps else 0
    if found is None or not found.snapshot.next:
        raise UserError(
            f"cannot go on from step {at}",
            where="--at",
            allowed=f"0 to {last - 1}: a step with another one after it",
            hint="mirrorplay show RUN SESSION --steps lists them",
        )
    return found


def _parse(edits: Sequence[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for edit in edits:
        key, equals, text = edit.partition("=")
        where = f"command line: {edit!r}"
        if not equals:
            raise UserError("not of the form key=value", where=where, allowed=EDITABLE)
        if key not in EDITABLE:
            raise UserError(
                f"{key!r} cannot be changed in a fork",
                where=where,
                allowed=EDITABLE,
                hint=nearest(key, EDITABLE),
            )
        changes[key] = parse_yaml(text, where).value
    return changes


def _apply(step: Step, changes: dict[str, Any], child_id: str) -> dict[str, Any]:
    """The state values that replace the parent's."""
    before = step.after
    spec, state, plan = before["spec"], before["client"], before["plan"]
    profile = spec.profile
    limit = spec.max_exchanges
    for key, value in changes.items():
        group, _, name = key.partition(".")
        if group == "state":
            if state is None:
                raise UserError(
                    f"there is no client state at step {step.number} yet", where=f"{key}={value!r}"
                )
            state = _replace(state, name, value, key)
        elif group == "profile":
            profile = _replace(profile, name, value, key)
        elif group == "plan":
            if plan is None:
                raise UserError(f"there is no plan at step {step.number}", where=f"{key}={value!r}")
            plan = _replace(plan, name, value, key)
        else:
            limit = value
    changed_spec = _replace(spec, "max_exchanges", limit, "max_exchanges")
    changed_spec = changed_spec.model_copy(update={"profile": profile, "session_id": child_id})
    return {"spec": changed_spec, "client": state, "plan": plan}


def _replace(model: Any, name: str, value: Any, key: str) -> Any:
    """A validated copy with one field changed."""
    try:
        return type(model).model_validate({**model.model_dump(), name: value})
    except ValidationError as error:
        raise UserError(
            f"{value!r}: {error.errors()[0]['msg']}", where=f"{key}={value!r}"
        ) from None
