"""Checkpoints: every step is kept, only our own classes come back, a fork continues alike."""

from pathlib import Path
from typing import Any

import pytest

from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.graphs.checkpoints import (
    PAYLOADS,
    continue_from,
    open_saver,
    read_steps,
    serializer,
    session_graph,
)
from mirrorplay.graphs.context import FolderAlbum, SessionContext
from mirrorplay.graphs.session import step_limit
from mirrorplay.graphs.state import SessionState, opening
from mirrorplay.personas.schema import Frozen
from playing import cast, spec


class Stranger(Frozen):
    """Not on the allow-list."""

    command: str = "rm"


def test_a_class_off_the_list_stays_plain_data() -> None:
    found = serializer().loads_typed(serializer().dumps_typed([Stranger()]))
    assert not isinstance(found[0], Stranger)


def test_every_payload_comes_back_as_itself() -> None:
    known = spec()
    found = serializer().loads_typed(serializer().dumps_typed(known))
    assert found == known
    assert type(found) in PAYLOADS


async def played(folder: Path, mode: Any = "p") -> tuple[Path, SessionState]:
    file = folder / "c.sqlite"
    asked = spec(mode)
    async with open_saver(file) as saver:
        graph = session_graph("session", mode, saver)
        final = await graph.ainvoke(
            opening(asked),
            {"recursion_limit": step_limit(asked), "configurable": {"thread_id": "t"}},
            context=SessionContext(
                cast(therapist=ScriptedTherapist(mode=mode)), FolderAlbum(folder / "blobs")
            ),
            durability="sync",
        )
    return file, final  # type: ignore[return-value]


@pytest.mark.parametrize("mode", ["text", "p"])
async def test_steps_tell_what_ran_and_a_fork_without_changes_ends_alike(
    tmp_path: Path, mode: Any
) -> None:
    file, final = await played(tmp_path, mode)
    async with open_saver(file) as saver:
        graph = session_graph("session", mode, saver)
        steps = await read_steps(graph, "t")
        assert [step.number for step in steps] == list(range(len(steps)))
        assert steps[1].nodes == ("client",)
        assert steps[-1].nodes == ("judge",)
        assert steps[-1].after["turns"] == final["turns"]
        context = SessionContext(
            cast(therapist=ScriptedTherapist(mode=mode)), FolderAlbum(tmp_path / "blobs")
        )
        for at in (1, 2, 4, 7):
            forked = await continue_from(
                graph, steps[at], {"spec": steps[at].after["spec"]}, context
            )
            assert [t.text for t in forked["turns"]] == [t.text for t in final["turns"]]
            assert forked["outcome"] == final["outcome"]


async def test_a_changed_state_changes_what_follows(tmp_path: Path) -> None:
    file, final = await played(tmp_path)
    async with open_saver(file) as saver:
        graph = session_graph("session", "p", saver)
        step = (await read_steps(graph, "t"))[1]
        state = step.after["client"]
        assert state is not None
        hostile = state.model_copy(update={"trust": 0.0, "confrontation": 1.0})
        context = SessionContext(
            cast(therapist=ScriptedTherapist(mode="p")), FolderAlbum(tmp_path / "blobs")
        )
        forked = await continue_from(graph, step, {"client": hostile}, context)
    assert forked["turns"][0].text == final["turns"][0].text
    after, before = forked["turns"][2].state, final["turns"][2].state
    assert after is not None
    assert before is not None
    assert after.confrontation > before.confrontation
