"""Portraits: each unit and each pose shows where it should, and only there."""

import xml.etree.ElementTree as ElementTree
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.agents.faces.identity import Identity, identity_of
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.prototypes import NEUTRAL, PROTOTYPES
from mirrorplay.agents.faces.raster import render
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance
from mirrorplay.policies.expression import ACTION_UNITS, ActionUnit, Expression, Side

Pixels = npt.NDArray[np.float64]

FACES = (
    identity_of("rose", 34, "female", Appearance(skin_tone=3, hair_style="long", glasses=False)),
    identity_of("ada", 29, "female", Appearance(skin_tone=9, hair_style="curly", glasses=False)),
    identity_of("ben", 61, "male", Appearance(skin_tone=6, beard="full", glasses=True)),
    identity_of("noor", 26, "female", Appearance(hair_style="covered", beard="none")),
)
ROSE = FACES[0]
BROW = (slice(84, 136), slice(90, 246))
EYES = (slice(128, 166), slice(90, 246))
NOSE = (slice(140, 190), slice(146, 190))
MOUTH = (slice(190, 250), slice(108, 228))
BACKGROUND = (slice(0, 20), slice(0, 60))


@lru_cache(maxsize=256)
def pixels(identity: Identity, expression: Expression, size: int = 336) -> Pixels:
    image = render(portrait_svg(identity, expression, size))
    return np.asarray(image.numpy(), dtype=np.float64)


def unit(au: int, intensity: float = 5, side: Side = "both") -> Expression:
    return Expression(action_units=(ActionUnit(au=au, intensity=intensity, side=side),))


def moved(one: Pixels, other: Pixels, region: tuple[slice, slice]) -> float:
    """Share of a region's pixels that differ clearly."""
    difference = np.abs(one - other).max(axis=2)[region]
    return float((difference > 24).mean())


@pytest.mark.parametrize("identity", FACES)
@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("happiness", MOUTH),
        ("happiness", EYES),
        ("sadness", MOUTH),
        ("sadness", BROW),
        ("surprise", MOUTH),
        ("surprise", BROW),
        ("surprise", EYES),
        ("fear", BROW),
        ("fear", MOUTH),
        ("anger", BROW),
        ("disgust", MOUTH),
        ("contempt", MOUTH),
        ("looking away", EYES),
    ],
)
def test_a_prototype_shows_where_it_should(
    identity: Identity, name: str, region: tuple[slice, slice]
) -> None:
    rest, shown = pixels(identity, NEUTRAL), pixels(identity, PROTOTYPES[name])
    assert moved(rest, shown, region) > 0.012
    assert moved(rest, shown, BACKGROUND) < 0.2


@pytest.mark.parametrize("identity", FACES)
def test_no_two_prototypes_look_alike(identity: Identity) -> None:
    shown = {name: pixels(identity, expression) for name, expression in PROTOTYPES.items()}
    shown["neutral"] = pixels(identity, NEUTRAL)
    face = (slice(80, 245), slice(95, 241))
    names = list(shown)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            assert moved(shown[one], shown[other], face) > 0.004, (one, other)


@pytest.mark.parametrize("au", ACTION_UNITS)
def test_each_unit_changes_the_image_and_grows_with_intensity(au: int) -> None:
    rest = pixels(ROSE, NEUTRAL)
    trace, strong = pixels(ROSE, unit(au, 1)), pixels(ROSE, unit(au, 5))
    assert np.abs(rest - trace).sum() > 0
    assert np.abs(rest - strong).sum() > np.abs(rest - trace).sum()


@pytest.mark.parametrize("au", [1, 2, 4])
def test_brow_units_leave_the_mouth_alone(au: int) -> None:
    rest, shown = pixels(ROSE, NEUTRAL), pixels(ROSE, unit(au))
    assert moved(rest, shown, BROW) > 0.01
    assert moved(rest, shown, MOUTH) == 0


@pytest.mark.parametrize("au", [14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28])
def test_mouth_units_leave_the_brows_alone(au: int) -> None:
    rest, shown = pixels(ROSE, NEUTRAL), pixels(ROSE, unit(au))
    assert moved(rest, shown, MOUTH) > 0.005
    assert moved(rest, shown, BROW) == 0


@pytest.mark.parametrize(("side", "in_picture"), [("left", 1), ("right", -1)])
def test_a_one_sided_dimple_stays_on_the_clients_own_side(side: Side, in_picture: int) -> None:
    rest, shown = pixels(ROSE, NEUTRAL), pixels(ROSE, unit(14, 4, side))
    halves = {-1: (MOUTH[0], slice(108, 160)), 1: (MOUTH[0], slice(176, 228))}
    assert moved(rest, shown, halves[in_picture]) > 0.01
    assert moved(rest, shown, halves[-in_picture]) < 0.002


def _iris_x(image: Pixels) -> float:
    """Mean column of the dark pixels inside the eye openings."""
    eyes = image[138:152, 106:230]
    dark = eyes.max(axis=2) < 60
    return float(np.nonzero(dark)[1].mean())


def test_gaze_turns_to_the_clients_left_and_right() -> None:
    left = _iris_x(pixels(ROSE, Expression(gaze_x=1)))
    ahead = _iris_x(pixels(ROSE, NEUTRAL))
    right = _iris_x(pixels(ROSE, Expression(gaze_x=-1)))
    assert left > ahead + 3 > right + 6


@pytest.mark.parametrize(("pitch", "gaze"), [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)])
def test_up_and_down_differ(pitch: float, gaze: float) -> None:
    up = pixels(ROSE, Expression(head_pitch=pitch, gaze_y=gaze))
    down = pixels(ROSE, Expression(head_pitch=-pitch, gaze_y=-gaze))
    assert moved(up, down, EYES) > 0.01


def test_the_head_tips_towards_the_picture_right_for_the_clients_left() -> None:
    def mass(expression: Expression) -> float:
        image = pixels(ROSE, expression)
        hair = np.abs(image[4:80] - image[2, 2]).max(axis=2) > 60
        return float(np.nonzero(hair)[1].mean())

    assert mass(Expression(head_roll=1)) > mass(NEUTRAL) + 10
    assert mass(Expression(head_roll=-1)) < mass(NEUTRAL) - 10


def test_the_face_turns_to_the_clients_left_and_right() -> None:
    left = _iris_x(pixels(ROSE, Expression(head_yaw=0.5)))
    ahead = _iris_x(pixels(ROSE, NEUTRAL))
    right = _iris_x(pixels(ROSE, Expression(head_yaw=-0.5)))
    assert left > ahead + 3 > right + 6


def test_eyes_close() -> None:
    def white(expression: Expression) -> int:
        return int((pixels(ROSE, expression)[EYES].min(axis=2) > 232).sum())

    assert white(unit(43, 5)) < white(unit(43, 2)) < white(NEUTRAL)


def test_the_same_inputs_give_the_same_text() -> None:
    assert portrait_svg(ROSE, PROTOTYPES["fear"], 336) == portrait_svg(
        ROSE, PROTOTYPES["fear"], 336
    )


def test_words_of_an_expression_do_not_enter_the_drawing() -> None:
    said = Expression(caption="</svg><script>", contrast="&&&")
    assert portrait_svg(ROSE, said, 336) == portrait_svg(ROSE, NEUTRAL, 336)


@pytest.mark.parametrize("size", [64, 336, 1024])
def test_sizes_within_bounds_are_drawn(size: int) -> None:
    assert pixels(ROSE, NEUTRAL, size).shape == (size, size, 3)


@pytest.mark.parametrize("size", [63, 1025, 0, -5])
def test_a_size_out_of_bounds_is_the_users_mistake(size: int) -> None:
    with pytest.raises(UserError, match="64 to 1024"):
        portrait_svg(ROSE, NEUTRAL, size)


signed = st.floats(-1, 1)


@settings(max_examples=60, deadline=None)
@given(
    persona=st.text(min_size=1, max_size=8),
    age=st.integers(16, 100),
    appearance=st.builds(
        Appearance,
        hair_style=st.sampled_from(["short", "medium", "long", "curly", "bun", "bald", "covered"]),
        beard=st.sampled_from(["none", "stubble", "moustache", "full"]),
    ),
    expression=st.builds(
        Expression,
        action_units=st.lists(
            st.builds(
                ActionUnit,
                au=st.sampled_from(ACTION_UNITS),
                intensity=st.floats(0, 5),
                side=st.sampled_from(["both", "left", "right"]),
            ),
            max_size=8,
        ).map(tuple),
        gaze_x=signed,
        gaze_y=signed,
        head_yaw=signed,
        head_pitch=signed,
        head_roll=signed,
    ),
)
def test_any_face_and_expression_is_well_formed(
    persona: str, age: int, appearance: Appearance, expression: Expression
) -> None:
    svg = portrait_svg(identity_of(persona, age, None, appearance), expression, 64)
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
