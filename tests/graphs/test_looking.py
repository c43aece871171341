"""The arms that look: what they read comes from the pixels and from nothing else of the face."""

from typing import Any

import pytest
from langgraph.runtime import Runtime

from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.faces.controls import BlankArtist
from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver
from mirrorplay.agents.roles import (
    MODES,
    Face,
    FaceBrief,
    Image,
    Mode,
    TherapistScene,
    TherapistTurn,
)
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.graphs.context import Cast, MemoryAlbum, SessionContext
from mirrorplay.graphs.nodes import Nodes
from mirrorplay.graphs.record import Turn
from mirrorplay.graphs.session import build_session_graph, step_limit
from mirrorplay.graphs.state import SessionState, opening
from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.facs import ActionUnit, Expression
from mirrorplay.policies.percept import NO_FACE
from mirrorplay.policies.state import ClientState
from playing import PERSONA, cast, spec

LOOKING: tuple[Mode, ...] = ("base", "ec", "p+ec")
SEEDS = range(6)
SIZE = 336
LEAST: dict[Mode, int] = {"base": 1, "ec": 8, "p+ec": 8}
"""Replies that must change: a caption is weighed at every turn, features only where they make a
mismatch with the words."""


def players(mode: Mode) -> Cast:
    eyes = EmbeddedPerceiver()
    return cast(
        therapist=ScriptedTherapist(mode=mode, eyes=eyes),
        perceiver=eyes,
        artist=PortraitArtist(),
    )


async def portrait(*units: tuple[int, float], **pose: float) -> Image:
    shown = Expression(
        action_units=tuple(ActionUnit(au=au, intensity=level) for au, level in units), **pose
    )
    brief = FaceBrief(
        PERSONA.root,
        PERSONA.intake.age,
        PERSONA.intake.gender,
        PERSONA.appearance,
        shown,
        SIZE,
        seed=1,
    )
    face: Face = await PortraitArtist().draw(brief)
    assert face.image is not None
    return face.image


class Scenes:
    """One session played to its end, and the moments before each reply, to be answered again."""

    def __init__(self, mode: Mode, seed: int) -> None:
        self.mode = mode
        self.asked = spec(mode, seed=seed, max_exchanges=6, face_size=SIZE)
        self.context = SessionContext(players(mode), MemoryAlbum())

    async def play(self) -> SessionState:
        return await build_session_graph(self.mode).ainvoke(  # type: ignore[no-any-return]
            opening(self.asked), {"recursion_limit": step_limit(self.asked)}, context=self.context
        )

    def moment(self, final: SessionState, exchange: int, image: Image | None = None) -> Any:
        """The state as it was after the client of this exchange had spoken and been drawn; with
        another image, if one is given."""
        turns = list(final["turns"][: 2 * exchange - 1])
        turns[-1] = turns[-1].model_copy(update={"perception": None, "codes": (), "note": None})
        faces = list(final["faces"][:exchange])
        if image is not None:
            faces[-1] = self.context.album.put(image)
        return {
            **final,
            "turns": turns,
            "faces": faces,
            "exchange": exchange,
            "plan": None,
            "ending": None,
            "outcome": None,
            "leaving": False,
            "therapist_phrases": [],
        }

    async def answered(self, state: Any) -> tuple[Any, str]:
        """What is read from the image, and the reply."""
        nodes, runtime = Nodes(), Runtime(context=self.context)
        if self.mode in ("ec", "p+ec"):
            state = {**state, "turns": replaced(state, await nodes.perceive(state, runtime))}
        if self.mode == "p+ec":
            state = {**state, **await nodes.plan(state, runtime)}
        update = await nodes.respond(state, runtime)
        return state["turns"][-1].perception, update["turns"][0].text


def replaced(state: Any, update: dict[str, Any]) -> list[Turn]:
    changed = {turn.index: turn for turn in update.get("turns", ())}
    return [changed.get(turn.index, turn) for turn in state["turns"]]


@pytest.mark.parametrize("mode", LOOKING)
async def test_another_image_changes_what_is_seen_and_said(mode: Mode) -> None:
    rest = await portrait()
    tears = await portrait((1, 4.0), (4, 3.0), (15, 4.0), (17, 3.0), gaze_y=-0.7, head_pitch=-0.5)
    changed = 0
    for seed in SEEDS:
        scenes = Scenes(mode, seed)
        final = await scenes.play()
        for exchange in range(2, final["exchange"] + 1):
            seen, said = await scenes.answered(scenes.moment(final, exchange, rest))
            other, instead = await scenes.answered(scenes.moment(final, exchange, tears))
            again = await scenes.answered(scenes.moment(final, exchange, rest))
            assert (seen, said) == again
            if mode != "base":
                assert seen != other
            changed += said != instead
    assert changed >= LEAST[mode]


HIDDEN: dict[str, Any] = {
    "intended_act": "challenging",
    "stage_direction": "(throws the cup at the wall)",
    "state": ClientState(
        trust=0.01, ambivalence=0.99, confrontation=0.98, withdrawal=0.02,
        distress=0.97, conviction=0.03,
    ),
    "expression": Expression(
        action_units=(ActionUnit(au=12, intensity=5.0),),
        caption="beams",
        contrast="smiles while saying no",
    ),
}  # fmt: skip
"""What a client turn has in the record that nobody in the room can see, changed."""


def another_self(state: SessionState) -> Any:
    """The same moment of somebody whose inside is wholly different."""
    turns = [
        turn.model_copy(update=HIDDEN if turn.speaker == "client" else {"intended_act": "confront"})
        for turn in state["turns"]
    ]
    asked = state["spec"]
    inside = asked.persona.model_copy(
        update={
            "memories": (),
            "resistance": ResistanceProfile(type="none", masking=1.0),
            "beliefs": asked.persona.beliefs.model_copy(update={"core": (), "rules": ()}),
        }
    )
    profile = ResistanceProfile(type="none", masking=0.0)
    return {
        **state,
        "turns": turns,
        "client": HIDDEN["state"],
        "client_phrases": ["something.else"],
        "disclosed": ["nothing"],
        "spec": asked.model_copy(update={"persona": inside, "profile": profile}),
    }


@pytest.mark.parametrize("mode", LOOKING)
async def test_what_is_hidden_changes_nothing(mode: Mode) -> None:
    compared = 0
    for seed in SEEDS:
        scenes = Scenes(mode, seed)
        final = await scenes.play()
        for exchange in range(1, final["exchange"] + 1):
            moment = scenes.moment(final, exchange)
            assert await scenes.answered(moment) == await scenes.answered(another_self(moment))
            compared += 1
    assert compared > len(SEEDS)


async def test_a_blank_image_is_seen_as_blank_and_answered_by_the_words() -> None:
    for seed in SEEDS:
        blank = Scenes("ec", seed)
        blank.context = SessionContext(
            cast(
                therapist=ScriptedTherapist(mode="ec"),
                perceiver=EmbeddedPerceiver(),
                artist=BlankArtist(),
            ),
            MemoryAlbum(),
        )
        seen = await blank.play()
        assert {turn.perception for turn in seen["turns"][::2]} == {NO_FACE}
        words = Scenes("text", seed)
        read = await words.play()
        assert [turn.text for turn in seen["turns"]] == [turn.text for turn in read["turns"]]


class Counting(ScriptedTherapist):
    """Keeps how many earlier faces each scene had."""

    seen: tuple[int, ...] = ()

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        self.seen = (*self.seen, sum(face is not None for face in scene.faces))
        return await super().respond(scene)


@pytest.mark.parametrize("mode", MODES)
async def test_earlier_faces_come_with_the_scene_but_not_in_the_text_arm(mode: Mode) -> None:
    therapist = Counting(mode=mode, eyes=EmbeddedPerceiver())
    context = SessionContext(
        cast(therapist=therapist, perceiver=EmbeddedPerceiver(), artist=PortraitArtist()),
        MemoryAlbum(),
    )
    asked = spec(mode, max_exchanges=3)
    final = await build_session_graph(mode).ainvoke(
        opening(asked), {"recursion_limit": step_limit(asked)}, context=context
    )
    exchanges = final["exchange"]
    assert therapist.seen == ((0,) * exchanges if mode == "text" else tuple(range(exchanges)))
