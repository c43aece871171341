"""The screenplay graph makes the same record from one written page."""

import pytest

from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.roles import Screenplay, ScreenplayBrief
from mirrorplay.agents.screenwriter import ScriptedScreenwriter
from mirrorplay.graphs.context import MemoryAlbum, SessionContext
from mirrorplay.graphs.screenplay import UnreadableScreenplay, build_screenplay_graph
from mirrorplay.graphs.state import SessionState, opening
from playing import PERSONA, cast, spec


async def written(page: str | None = None, faces: bool = True) -> SessionState:
    class Page:
        async def write(self, brief: ScreenplayBrief) -> Screenplay:
            return Screenplay(page or "")

    players = cast(
        writer=ScriptedScreenwriter() if page is None else Page(),
        artist=PortraitArtist() if faces else None,
    )
    return await build_screenplay_graph().ainvoke(
        opening(spec(max_exchanges=6)), context=SessionContext(players, MemoryAlbum())
    )


async def test_scripted_page_becomes_turns_with_faces_and_codes() -> None:
    final = await written()
    clients = [turn for turn in final["turns"] if turn.speaker == "client"]
    assert final["outcome"] is not None
    assert len(final["faces"]) == len(clients) == len(final["turns"]) / 2
    assert all(turn.stage_direction and turn.expression for turn in clients)
    assert all(turn.codes for turn in clients)
    assert all(turn.state is None and turn.intended_act is None for turn in final["turns"])
    assert any(turn.expression and turn.expression.action_units for turn in clients)
    assert final["scores"]


async def test_names_markdown_and_missing_directions_are_read() -> None:
    name = PERSONA.intake.name.split()[0]
    final = await written(
        f"Therapist: Welcome.\n**{name}:** [looks down] I don't know. [sighs] Really.\n\n"
        "**Counselor:** Take your time.\nClient: Fine.\nmore words\nTherapist: Thank you.\n",
        faces=False,
    )
    turns = final["turns"]
    assert [turn.speaker for turn in turns] == ["client", "therapist", "client", "therapist"]
    assert turns[0].text == "I don't know. Really."
    assert turns[0].stage_direction == "looks down; sighs"
    assert turns[2].text == "Fine. more words"
    assert turns[2].stage_direction is None
    assert turns[0].note
    assert "not read: 1" in turns[0].note


@pytest.mark.parametrize("page", ["", "no speakers at all", "Client: alone here", "Therapist: hi"])
async def test_a_page_without_an_exchange_is_refused(page: str) -> None:
    with pytest.raises(UnreadableScreenplay):
        await written(page or " ", faces=False)


async def test_a_client_who_gets_up_has_left() -> None:
    final = await written(
        "Client: [sits down] Hello.\nTherapist: Hello.\n"
        "Client: [stands up and takes the coat] I'm going.\nTherapist: You can come back.",
        faces=False,
    )
    assert final["outcome"] == "client_left"
