"""Faces that are not the client's: what each control shows, and what it leaves alone."""

from dataclasses import replace

import pytest

from mirrorplay.agents import conformance
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.faces.controls import BlankArtist, Deck, ShuffledArtist, SwappedArtist
from mirrorplay.agents.roles import FaceBrief
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance
from mirrorplay.policies.expression import ActionUnit, Expression


def face(intensity: float) -> Expression:
    return Expression(action_units=(ActionUnit(au=12, intensity=intensity),))


DECK: Deck = {
    ("ada", "none", 0): (face(1.0), face(2.0)),
    ("bo", "none", 0): (face(3.0), face(4.0)),
    ("bo", "emotional", 0): (face(5.0),),
}
BRIEF = FaceBrief("ada", 30, "woman", Appearance(), face(1.0), 96, 7, "none", 0, 0)


async def drawn(brief: FaceBrief, expression: Expression) -> bytes:
    image = (await PortraitArtist().draw(replace(brief, expression=expression))).image
    assert image is not None
    return image.data


@pytest.mark.parametrize("artist", [BlankArtist(), ShuffledArtist(DECK), SwappedArtist(DECK)])
async def test_they_are_artists(artist: object) -> None:
    await conformance.check_artist(artist)


async def test_a_blank_picture_is_the_same_for_everybody() -> None:
    one = (await BlankArtist().draw(BRIEF)).image
    two = (await BlankArtist().draw(replace(BRIEF, persona_id="bo", expression=face(5.0)))).image
    assert one is not None
    assert one == two
    assert (one.width, one.height) == (96, 96)


async def test_swapped_faces_are_one_other_sessions_in_order() -> None:
    artist = SwappedArtist(DECK)
    for turn, intensity in ((0, 3.0), (1, 4.0), (5, 4.0)):
        image = (await artist.draw(replace(BRIEF, turn=turn))).image
        assert image is not None
        assert image.data == await drawn(BRIEF, face(intensity))


async def test_shuffled_faces_are_anybody_elses() -> None:
    artist, seen = ShuffledArtist(DECK), set()
    for seed in range(30):
        image = (await artist.draw(replace(BRIEF, seed=seed))).image
        assert image is not None
        seen.add(image.data)
    others = {await drawn(BRIEF, face(intensity)) for intensity in (3.0, 4.0, 5.0)}
    assert seen == others


@pytest.mark.parametrize("deck", [{}, {("ada", "none", 0): (face(1.0),)}])
@pytest.mark.parametrize("control", [ShuffledArtist, SwappedArtist])
def test_a_deck_of_one_session_is_refused(control: type, deck: Deck) -> None:
    with pytest.raises(UserError, match="at least two sessions"):
        control(deck)
