"""Where the face is in a portrait, and the upright close-up that the reading is made from.

A place is four numbers in the square that the perceiver is given: the middle of the features as x
and y in [-1, 1] (right, down), the tilt in units of head roll, and the logarithm of the size, 0
for a portrait as we draw it.
"""

from math import cos, exp, log, radians, sin

import numpy as np
from numpy.typing import NDArray

from mirrorplay.agents.faces.pictures import Pixels
from mirrorplay.policies.facs import Expression

PLACE = ("x", "y", "tilt", "size")
MIRRORED_PLACE: tuple[float, ...] = (-1.0, 1.0, -1.0, 1.0)
HALF = 0.27 * 2
"""Half the close-up's side in the square's units, at size 0."""
TILT = 20.0
"""Degrees at a head roll of 1."""

_PICTURE = 336.0
_TURN, _NOD = 31.0, 26.0
"""How far the features travel at a yaw and a pitch of 1, in 336ths of a portrait; they need not be
exact, since the network reads what is there."""
_MIDDLE = (168.0, 170.0)
_NECK = (168.0, 232.0)
"""What the head tips around."""


def place_of(
    expression: Expression, box: tuple[int, int, int], picture: int
) -> NDArray[np.float32]:
    """The place of the face in the part `box` (left, top, side) of a drawn portrait with
    `picture` pixels a side."""
    x = _MIDDLE[0] + _TURN * expression.head_yaw - _NECK[0]
    y = _MIDDLE[1] - _NOD * expression.head_pitch - _NECK[1]
    angle = radians(TILT * expression.head_roll)
    x, y = (
        _NECK[0] + cos(angle) * x - sin(angle) * y,
        _NECK[1] + sin(angle) * x + cos(angle) * y,
    )
    left, top, side = (value * _PICTURE / picture for value in box)
    zoom = (_PICTURE * 6 / 7) / side
    return np.array(
        [2 * (x - left) / side - 1, 2 * (y - top) / side - 1, expression.head_roll, log(zoom)],
        np.float32,
    )


def close_up(square: Pixels, place: NDArray[np.float32], side: int, reach: float = 1.0) -> Pixels:
    """The face upright, as a square of `side` pixels, sampled bilinearly with the edge repeated;
    `reach` over 1 shows more around it. The same as ONNX's GridSample."""
    x, y, tilt, size = place.tolist()
    half = HALF * exp(size) * reach
    turn, grow = radians(TILT * tilt), square.shape[0] / 2
    steps = ((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1) * half
    columns = (x + cos(turn) * steps[None, :] - sin(turn) * steps[:, None] + 1) * grow - 0.5
    rows = (y + sin(turn) * steps[None, :] + cos(turn) * steps[:, None] + 1) * grow - 0.5
    last = square.shape[0] - 1
    columns, rows = np.clip(columns, 0, last - 1e-3), np.clip(rows, 0, last - 1e-3)
    column, row = columns.astype(np.intp), rows.astype(np.intp)
    right, down = (columns - column)[..., None], (rows - row)[..., None]
    flat = square.reshape(-1, 3)
    start = row * square.shape[0] + column
    upper = flat[start] * (1 - right) + flat[start + 1] * right
    start = start + square.shape[0]
    lower = flat[start] * (1 - right) + flat[start + 1] * right
    made: Pixels = (upper * (1 - down) + lower * down + 0.5).astype(np.uint8)
    return made


def coarse(square: Pixels, side: int) -> Pixels:
    """The thumbnail: means of whole blocks."""
    block = square.shape[0] // side
    means = square.reshape(side, block, side, block, 3).mean((1, 3), dtype=np.float32)
    made: Pixels = (means + 0.5).astype(np.uint8)
    return made
