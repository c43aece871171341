"""The embedded perceiver: pixels in, units and words out."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvips

from mirrorplay.agents.conformance import check_perceiver
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.faces.perceiver import MODEL, EmbeddedPerceiver
from mirrorplay.agents.faces.readout import (
    CHANNELS,
    MIRRORED,
    POSE,
    SIDED,
    Readout,
    measured,
    targets,
)
from mirrorplay.agents.roles import FaceBrief, Image
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance
from mirrorplay.policies.expression import ActionUnit, Expression, Perception, Side
from mirrorplay.policies.percept import NO_FACE

PEOPLE = (
    ("amira-haddad", 29, "woman", Appearance(hair_style="covered", skin_tone=5)),
    ("olaf-brandt", 61, "man", Appearance(beard="full", glasses=True, skin_tone=2)),
    ("ngozi-eze", 44, "woman", Appearance(skin_tone=9, glasses=False)),
    ("sam-reed", 35, None, Appearance(beard="none", hair_style="short", skin_tone=7)),
)


def face(*units: tuple[int, float] | tuple[int, float, Side], **pose: float) -> Expression:
    return Expression(
        action_units=tuple(
            ActionUnit(au=unit[0], intensity=unit[1], side=unit[2] if len(unit) > 2 else "both")
            for unit in units
        ),
        **pose,
    )


async def portrait(expression: Expression, who: int = 3, size: int = 336) -> Image:
    name, age, gender, appearance = PEOPLE[who]
    brief = FaceBrief(name, age, gender, appearance, expression, size, seed=1)
    image = (await PortraitArtist().draw(brief)).image
    assert image is not None
    return image


def strong(seen: Perception) -> set[int]:
    return {unit.au for unit in seen.action_units if unit.intensity >= 1.5}


@pytest.fixture(scope="module")
def perceiver() -> EmbeddedPerceiver:
    return EmbeddedPerceiver()


async def test_it_conforms(perceiver: EmbeddedPerceiver) -> None:
    await check_perceiver(perceiver, await portrait(Expression()))


@pytest.mark.parametrize("who", range(len(PEOPLE)))
async def test_a_face_at_rest_is_read_as_such(perceiver: EmbeddedPerceiver, who: int) -> None:
    seen = await perceiver.look(await portrait(Expression(), who))
    assert strong(seen) == set()
    assert abs(seen.valence) < 0.3


@pytest.mark.parametrize("who", range(len(PEOPLE)))
async def test_a_smile_and_sadness_differ(perceiver: EmbeddedPerceiver, who: int) -> None:
    smile = await perceiver.look(await portrait(face((6, 3), (12, 3.5)), who))
    sad = await perceiver.look(await portrait(face((1, 3.5), (4, 3), (15, 3.5)), who))
    assert 12 in strong(smile)
    assert 15 in strong(sad)
    assert smile.valence > 0.2 > -0.2 > sad.valence
    assert "smile" in smile.caption.partition(";")[0]
    assert "sad" in sad.caption.partition(";")[2]


@pytest.mark.parametrize("side", ["left", "right"])
async def test_the_side_is_the_clients_own(perceiver: EmbeddedPerceiver, side: Side) -> None:
    seen = await perceiver.look(await portrait(face((12, 4, side))))
    assert {unit.side for unit in seen.action_units if unit.au == 12} == {side}


async def test_gaze_and_head_are_read(perceiver: EmbeddedPerceiver) -> None:
    seen = await perceiver.look(
        await portrait(face(gaze_x=0.6, gaze_y=-0.5, head_yaw=-0.4, head_pitch=-0.4, head_roll=0.4))
    )
    assert seen.gaze_x == pytest.approx(0.6, abs=0.3)
    assert seen.gaze_y == pytest.approx(-0.5, abs=0.3)
    assert seen.head_yaw == pytest.approx(-0.4, abs=0.2)
    assert seen.head_pitch == pytest.approx(-0.4, abs=0.2)
    assert seen.head_roll == pytest.approx(0.4, abs=0.2)
    assert "looking down and away to the left" in seen.caption


async def test_the_same_bytes_give_the_same_reading(perceiver: EmbeddedPerceiver) -> None:
    image = await portrait(face((4, 2), (24, 2)))
    assert await perceiver.look(image) == await EmbeddedPerceiver().look(image)


@pytest.mark.parametrize("level", [0, 128, 235, 255])
async def test_a_blank_image_is_seen_as_blank(perceiver: EmbeddedPerceiver, level: int) -> None:
    blank = pyvips.Image.black(336, 336, bands=3) + level
    data = blank.cast("uchar").copy(interpretation="srgb").jpegsave_buffer()
    seen = await perceiver.look(Image(data, "image/jpeg", 336, 336))
    assert seen == NO_FACE
    assert seen.caption == "no face can be seen"


async def test_only_the_bytes_are_looked_at(perceiver: EmbeddedPerceiver) -> None:
    image = await portrait(face((12, 3)))
    told_otherwise = replace(image, mime="image/png", width=1, height=9)
    assert await perceiver.look(told_otherwise) == await perceiver.look(image)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0broken"])
async def test_a_bad_image_is_a_user_error(perceiver: EmbeddedPerceiver, data: bytes) -> None:
    with pytest.raises(UserError):
        await perceiver.look(Image(data, "image/jpeg", 336, 336))


async def test_a_missing_network_says_how_to_make_one(tmp_path: Path) -> None:
    missing = EmbeddedPerceiver(str(tmp_path / "gone.onnx"))
    with pytest.raises(UserError, match="train-perceiver"):
        await missing.look(await portrait(Expression()))


async def test_a_file_that_is_no_network_is_a_user_error(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not a network")
    with pytest.raises(UserError, match="not a perceiver"):
        await EmbeddedPerceiver(str(other)).look(await portrait(Expression()))


def test_the_network_is_small() -> None:
    assert MODEL.stat().st_size <= 2_000_000


def test_no_torch_and_no_onnxruntime_until_a_look() -> None:
    code = (
        "import sys; import mirrorplay.agents.faces.perceiver as p; p.EmbeddedPerceiver();"
        "print(sorted({'torch', 'onnxruntime', 'onnx'} & set(sys.modules)));"
        "import numpy; p.EmbeddedPerceiver().measure(numpy.zeros((288, 288, 3), numpy.uint8));"
        "print(sorted({'torch', 'onnxruntime', 'onnx'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["[]", "['onnxruntime']"]


def test_targets_and_readings_are_inverse() -> None:
    shown = face((1, 2.0), (12, 3.0, "left"), (14, 1.5, "right"), (24, 2.5), gaze_x=0.4)
    intensities, pose = targets(shown)
    seen = measured(Readout(intensities, pose, 1.0))
    assert seen is not None
    assert seen.action_units == shown.action_units
    assert seen.gaze_x == 0.4


def test_a_mirrored_face_has_its_sides_changed() -> None:
    left, _ = targets(face((12, 3.0, "left"), (17, 2.0)))
    right, _ = targets(face((12, 3.0, "right"), (17, 2.0)))
    assert np.array_equal(left[list(MIRRORED)], right)


def test_no_face_is_measured_as_none() -> None:
    readout = Readout(np.full(len(CHANNELS), 3, np.float32), np.zeros(len(POSE), np.float32), 0.2)
    assert measured(readout) is None


def test_a_channel_for_each_side_of_what_can_be_one_sided() -> None:
    assert [side for au, side in CHANNELS if au == 17] == ["both"]
    assert all({side for au, side in CHANNELS if au == one} == {"left", "right"} for one in SIDED)
