"""From a sample to the pixels that the network sees, by the way that a session's face takes.

The portrait is drawn, encoded and opened again with the perceiver's own code; what differs from a
session is on purpose: other sizes and places, coarser JPEG, WebP. Each picture gives a thumbnail,
in which the network learns to find the face, and a close-up from about where it is, in which it
learns to read. Mirror, light, blur, noise and cover are left to `augment.py`, anew each epoch.
"""

import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyvips
from numpy.typing import NDArray

from mirrorplay.agents.faces.pictures import FACE, Frame, Pixels, framed
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import JPEG_QUALITY, render
from mirrorplay.agents.faces.readout import CHANNELS, CLOSE, COARSE, POSE, SIDE, targets
from mirrorplay.agents.faces.training.place import PLACE, close_up, coarse, place_of
from mirrorplay.agents.faces.training.samples import sample
from mirrorplay.policies.facs import Expression

MARGIN = 4
"""Pixels around the close-up that are kept for shifts."""
KEPT = CLOSE + 2 * MARGIN
EMPTY = 0.05
"""Share of pictures without a face."""
_GAZE = slice(0, 2)
_ROLL = POSE.index("head_roll")
_LIPS_PART = [index for index, (au, _) in enumerate(CHANNELS) if au == 25]


class Renders(NamedTuple):
    """A set on disk: close-ups `pixels` (n, KEPT, KEPT, 3), thumbnails (n, COARSE, COARSE, 3) and
    the place of the face in them, targets of units and pose (the roll as what is left of it in
    the close-up), how far each target counts (0 or 1), and whether there is a face."""

    pixels: Pixels
    thumbnails: Pixels
    place: NDArray[np.float32]
    units: NDArray[np.float32]
    pose: NDArray[np.float32]
    units_count: NDArray[np.float32]
    pose_count: NDArray[np.float32]
    face: NDArray[np.float32]


def _shapes(count: int) -> dict[str, tuple[type, tuple[int, ...]]]:
    units, pose = (count, len(CHANNELS)), (count, len(POSE))
    return {
        "pixels": (np.uint8, (count, KEPT, KEPT, 3)),
        "thumbnails": (np.uint8, (count, COARSE, COARSE, 3)),
        "place": (np.float32, (count, len(PLACE))),
        "units": (np.float32, units),
        "pose": (np.float32, pose),
        "units_count": (np.float32, units),
        "pose_count": (np.float32, pose),
        "face": (np.float32, (count,)),
    }


def allocate(folder: Path, count: int) -> None:
    """Makes the empty files of a set."""
    for name, (kind, shape) in _shapes(count).items():
        np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=shape)


def on_disk(folder: Path, *, writable: bool = False) -> Renders:
    """The set in a folder, mapped into memory."""
    return Renders(
        *(
            np.load(folder / f"{name}.npy", mmap_mode="r+" if writable else "r")
            for name in _shapes(0)
        )
    )


def fill(renders: Renders, split: str, numbers: range) -> None:
    """Draws some of a set's pictures in their places."""
    for number in numbers:
        rng = random.Random(f"render/{split}/{number}")
        face = sample(split, number, learning=True)
        size = 336 if rng.random() < 0.7 else rng.randrange(160, 401, 8)
        data = encoded(render(portrait_svg(face.identity, face.expression, size)), rng)
        frame = Frame(
            FACE.span / rng.uniform(0.9, 1.2),
            FACE.x + rng.gauss(0.0, 0.03),
            FACE.y + rng.gauss(0.0, 0.03),
        )
        square = framed(data, SIDE, frame)
        has_face = rng.random() >= EMPTY
        if not has_face:
            square = empty(rng, square)
        place = place_of(face.expression, frame.box(size, size), size)
        roughly = place + np.array(
            [rng.gauss(0.0, sigma) for sigma in (0.012, 0.012, 0.1, 0.035)], np.float32
        )
        renders.pixels[number] = close_up(square, roughly, KEPT, KEPT / CLOSE)
        renders.thumbnails[number] = coarse(square, COARSE)
        renders.place[number] = place
        units, pose = targets(face.expression)
        pose[_ROLL] -= roughly[2]
        renders.units[number], renders.pose[number] = units, pose
        unit_counts, pose_counts = counted(face.expression)
        renders.units_count[number] = unit_counts * has_face
        renders.pose_count[number] = pose_counts * has_face
        renders.face[number] = has_face


def counted(expression: Expression) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Which targets can be seen at all (1) and which cannot (0): parted lips behind a dropped jaw,
    the gaze behind closed lids."""
    strength = {unit.au: unit.intensity for unit in expression.action_units}
    units, pose = np.ones(len(CHANNELS), np.float32), np.ones(len(POSE), np.float32)
    if strength.get(26, 0.0) >= 0.5 or strength.get(27, 0.0) >= 0.5:
        units[_LIPS_PART] = 0.0
    if strength.get(43, 0.0) > 3.0:
        pose[_GAZE] = 0.0
    return units, pose


def encoded(picture: pyvips.Image, rng: random.Random) -> bytes:
    """The picture as bytes: mostly as a session has it, else coarser or in another format."""
    way = rng.random()
    data: bytes
    if way < 0.55:
        data = picture.jpegsave_buffer(Q=JPEG_QUALITY, subsample_mode="on", keep="none")
    elif way < 0.9:
        data = picture.jpegsave_buffer(Q=rng.randint(20, 95), keep="none")
    elif way < 0.96:
        data = picture.webpsave_buffer(Q=rng.randint(40, 95), effort=0, keep="none")
    else:
        data = picture.pngsave_buffer(compression=1, keep="none")
    return data


def empty(rng: random.Random, portrait: Pixels) -> Pixels:
    """A picture without a face: a flat or graded ground, noise, stripes, a portrait in shuffled
    tiles, or one so close that only a piece of hair or cloth is there."""
    noise = np.random.default_rng(rng.getrandbits(64))
    side = portrait.shape[0]
    kind = rng.randrange(6)
    made: NDArray[Any]
    ground = noise.integers(0, 256, 3).astype(np.float32)
    other = noise.integers(0, 256, 3).astype(np.float32)
    ramp = np.linspace(0.0, 1.0, side, dtype=np.float32)
    if kind == 0:
        made = np.broadcast_to(ground, (side, side, 3))
    elif kind == 1:
        share = (ramp[:, None] if rng.random() < 0.5 else ramp[None, :])[..., None]
        made = np.broadcast_to(ground * (1 - share) + other * share, (side, side, 3))
    elif kind == 2:
        made = ground + noise.normal(0, rng.uniform(5, 70), (side, side, 3))
    elif kind == 3:
        wave = np.sin(ramp * rng.uniform(10, 120))[:, None, None] * 0.5 + 0.5
        made = np.broadcast_to(ground * (1 - wave) + other * wave, (side, side, 3))
    elif kind == 4:
        tile = side // 4
        places = [(row, column) for row in range(4) for column in range(4)]
        made = np.empty_like(portrait)
        for (row, column), (to_row, to_column) in zip(
            places, rng.sample(places, len(places)), strict=True
        ):
            made[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile] = portrait[
                to_row * tile : (to_row + 1) * tile, to_column * tile : (to_column + 1) * tile
            ]
    else:
        corner = portrait[: side // 6, : side // 6]
        made = corner.repeat(6, 0).repeat(6, 1)
        made = np.pad(made, ((0, side - made.shape[0]), (0, side - made.shape[1]), (0, 0)), "edge")
    return np.clip(made, 0, 255).astype(np.uint8)
