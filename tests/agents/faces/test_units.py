"""Each unit moves its own part of the face, on its own side, and more with each letter."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from mirrorplay.agents.faces.identity import identity_of
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import render
from mirrorplay.personas.schema import Appearance
from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression, Side

WHO = identity_of(
    "units", 30, "woman", Appearance(skin_tone=4, hair_style="bun", glasses=False, beard="none")
)
UPPER = (slice(0, 120), slice(100, 236))
EYES = (slice(136, 162), slice(100, 236))
LOWER = (slice(196, 336), slice(0, 336))
FOREHEAD_UNITS = (1, 2, 4)
EYE_UNITS = (5, 7, 43)
MOUTH_UNITS = (14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28)
ONE_SIDED = (1, 2, 4, 5, 6, 7, 12, 14, 15, 20, 43)
Region = tuple[slice, slice]


@lru_cache(maxsize=256)
def pixels(*units: ActionUnit) -> npt.NDArray[np.int16]:
    picture = render(portrait_svg(WHO, Expression(action_units=units), 336))
    return np.asarray(picture.numpy(), dtype=np.int16)


def changed(region: Region, *units: ActionUnit) -> int:
    """Pixels of a region that differ clearly from the face at rest."""
    difference = np.abs(pixels(*units) - pixels()).max(axis=2)
    return int((difference[region] > 16).sum())


def unit(au: int, intensity: float = 5, side: Side = "both") -> ActionUnit:
    return ActionUnit(au=au, intensity=intensity, side=side)


@pytest.mark.parametrize("au", FOREHEAD_UNITS)
def test_brow_units_move_the_brows_alone(au: int) -> None:
    assert changed(UPPER, unit(au)) > 60
    assert changed(LOWER, unit(au)) == 0


@pytest.mark.parametrize("au", EYE_UNITS)
def test_lid_units_move_the_lids_alone(au: int) -> None:
    assert changed(EYES, unit(au)) > 60
    assert changed(LOWER, unit(au)) == 0
    assert changed(UPPER, unit(au)) == 0


@pytest.mark.parametrize("au", MOUTH_UNITS)
def test_mouth_units_move_the_lower_face_alone(au: int) -> None:
    assert changed(LOWER, unit(au)) > 60
    assert changed(EYES, unit(au)) == 0
    assert changed(UPPER, unit(au)) == 0


@pytest.mark.parametrize("au", ACTION_UNITS)
def test_each_letter_moves_more_than_the_one_before(au: int) -> None:
    rest = pixels()
    moved = [float(np.abs(pixels(unit(au, level)) - rest).sum()) for level in (1, 2, 3, 4, 5)]
    assert moved[0] > 0
    # A crossing edge may take back a little of what it changed.
    assert all(b > a * 0.97 for a, b in pairwise(moved)), moved
    assert moved[4] > 1.4 * moved[0]


@pytest.mark.parametrize("au", ONE_SIDED)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_one_sided_unit_leaves_the_other_side(au: int, side: Side) -> None:
    halves: dict[str, Region] = {
        "left": (slice(0, 260), slice(186, 300)), "right": (slice(0, 260), slice(36, 150)),
    }  # fmt: skip
    other = "right" if side == "left" else "left"
    own, far = changed(halves[side], unit(au, 4, side)), changed(halves[other], unit(au, 4, side))
    assert own > 25
    assert far <= own / 6


def test_units_blend() -> None:
    """The corrugator bends a brow that is raised; neither wins outright."""
    raised, drawn = (unit(1), unit(2)), (unit(4),)
    both = np.abs(pixels(*raised, *drawn) - pixels(*raised)).max(axis=2)
    assert (both[:130] > 16).sum() > 60
    assert changed(LOWER, *raised, *drawn) == 0


def test_a_trace_is_subtle_and_a_maximum_is_not() -> None:
    face: Region = (slice(60, 280), slice(80, 256))
    for au in (4, 12, 15, 24):
        assert changed(face, unit(au, 1)) < 0.5 * changed(face, unit(au, 5))
