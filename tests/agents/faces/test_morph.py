"""Morphs: expressions, SVG frames and animated WebP."""

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.agents.faces.identity import identity_of
from mirrorplay.agents.faces.morph import animated_webp, between, morph, morph_svgs
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.prototypes import NEUTRAL, PROTOTYPES
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance
from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression

WHO = identity_of("morph", 40, "woman", Appearance())


def test_a_morph_begins_and_ends_where_it_should() -> None:
    frames = morph(NEUTRAL, PROTOTYPES["fear"], 7)
    assert len(frames) == 7
    assert frames[0] == NEUTRAL
    assert frames[-1] == PROTOTYPES["fear"]


def test_every_unit_moves_steadily() -> None:
    frames = morph(PROTOTYPES["sadness"], PROTOTYPES["happiness"], 9)
    sad = [max((u.intensity for u in f.action_units if u.au == 15), default=0.0) for f in frames]
    glad = [max((u.intensity for u in f.action_units if u.au == 12), default=0.0) for f in frames]
    assert sad == sorted(sad, reverse=True)
    assert glad == sorted(glad)


def test_sides_are_kept_apart() -> None:
    left = Expression(action_units=(ActionUnit(au=12, intensity=4, side="left"),))
    right = Expression(action_units=(ActionUnit(au=12, intensity=4, side="right"),))
    middle = between(left, right, 0.25)
    assert {(u.side, u.intensity) for u in middle.action_units} == {("left", 3.0), ("right", 1.0)}
    assert [u.side for u in between(left, right, 0.5).action_units] == ["both"]


def test_gaze_and_head_move_too() -> None:
    middle = between(Expression(gaze_x=-1, head_yaw=0.5), Expression(gaze_x=1), 0.5)
    assert (middle.gaze_x, middle.head_yaw) == (0, 0.25)


units = st.builds(
    ActionUnit,
    au=st.sampled_from(ACTION_UNITS),
    intensity=st.floats(0, 5),
    side=st.sampled_from(["both", "left", "right"]),
)
faces = st.builds(
    Expression, action_units=st.lists(units, max_size=5).map(tuple), gaze_y=st.floats(-1, 1)
)


@given(one=faces, other=faces, share=st.floats(-0.5, 1.5))
def test_any_two_faces_can_be_mixed(one: Expression, other: Expression, share: float) -> None:
    assert all(0 <= unit.intensity <= 5 for unit in between(one, other, share).action_units)


def test_frames_are_the_portraits_of_the_expressions() -> None:
    shown = PROTOTYPES["anger"]
    frames = morph_svgs(WHO, NEUTRAL, shown, 4, 96)
    assert frames[0] == portrait_svg(WHO, NEUTRAL, 96)
    assert frames[-1] == portrait_svg(WHO, shown, 96)
    assert len(set(frames)) == 4


def test_an_animation_plays_there_and_back() -> None:
    frames = morph_svgs(WHO, NEUTRAL, PROTOTYPES["surprise"], 4, 64)
    film = pyvips.Image.new_from_buffer(animated_webp(frames, 50, there_and_back=True), "", n=-1)
    assert film.get_n_pages() == 6
    assert film.get("page-height") == 64
    assert film.get("delay") == [600, 50, 50, 600, 50, 50]
    assert film.get("loop") == 0


@pytest.mark.parametrize("frames", [1, 241, 0, -3])
def test_a_morph_has_a_reasonable_length(frames: int) -> None:
    with pytest.raises(UserError, match="2 to 240"):
        morph(NEUTRAL, NEUTRAL, frames)


def test_an_animation_needs_frames_and_a_pace() -> None:
    with pytest.raises(UserError, match="at least one frame"):
        animated_webp([])
    with pytest.raises(UserError, match="frame time of 5 ms"):
        animated_webp([portrait_svg(WHO, NEUTRAL, 64)], 5)
