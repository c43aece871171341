"""What the perceiver's numbers mean: the contract between the network, its training and its use.

The network first finds the face (middle, tilt, size) in a thumbnail, then cuts it out upright at
full detail and reads it there. It gives one intensity (0–5) for each channel, a unit on one side or
on both; gaze and head pose in [-1, 1]; and the chance that there is a face at all. Units that a
face can make on one side have a channel for each side, the others one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression, Side

SIDE = 288
"""Width and height of what the perceiver is given, in pixels: a portrait of 336 without its rim."""
CLOSE = 112
"""Width and height of the face that it cuts out of that and reads."""
COARSE = 36
"""Width and height of the thumbnail in which it finds the face."""
LEVELS = 5
"""Intensities A–E."""
SIDED: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 20, 43)
"""Units that can be made on one side of the face."""
CHANNELS: tuple[tuple[int, Side], ...] = tuple(
    (au, side)
    for au in ACTION_UNITS
    for side in (("left", "right") if au in SIDED else ("both",))
)  # fmt: skip
POSE: tuple[str, ...] = ("gaze_x", "gaze_y", "head_yaw", "head_pitch", "head_roll")

_SWAPPED = {"left": "right", "right": "left", "both": "both"}
MIRRORED: tuple[int, ...] = tuple(CHANNELS.index((au, _SWAPPED[side])) for au, side in CHANNELS)
"""For each channel the one that it becomes in a mirrored picture."""
MIRRORED_POSE: tuple[float, ...] = (-1.0, 1.0, -1.0, 1.0, -1.0)
"""Signs of the pose in a mirrored picture."""

TRACE = 0.75
"""Intensity from which a unit is reported: half of an A is as likely noise (see the evaluation)."""
BOTH = 0.6
"""A unit counts as made on both sides when the weaker side has this share of the stronger."""
A_FACE = 0.5
"""Chance from which there is a face."""

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Readout:
    """One look: `intensities` in the order of CHANNELS, `pose` in the order of POSE, `face` the
    chance that there is one."""

    intensities: Numbers
    pose: Numbers
    face: float


def targets(expression: Expression) -> tuple[Numbers, Numbers]:
    """What a perfect network would say of an expression: intensities and pose."""
    intensities = np.zeros(len(CHANNELS), np.float32)
    for unit in expression.action_units:
        for index, (au, side) in enumerate(CHANNELS):
            if au == unit.au and (side == unit.side or "both" in (side, unit.side)):
                intensities[index] = max(intensities[index], unit.intensity)
    pose = np.array([getattr(expression, name) for name in POSE], np.float32)
    return intensities, pose


def measured(readout: Readout) -> Expression | None:
    """The numbers as units, gaze and head, rounded to tenths and hundredths; None for no face."""
    if readout.face < A_FACE:
        return None
    values = readout.intensities.tolist()
    units: list[ActionUnit] = []
    index = 0
    for au in ACTION_UNITS:
        count = 2 if au in SIDED else 1
        unit = _unit(au, values[index : index + count])
        index += count
        if unit is not None:
            units.append(unit)
    pose = [round(min(1.0, max(-1.0, value)), 2) for value in readout.pose.tolist()]
    return Expression(
        action_units=tuple(units),
        gaze_x=pose[0],
        gaze_y=pose[1],
        head_yaw=pose[2],
        head_pitch=pose[3],
        head_roll=pose[4],
    )


def _unit(au: int, values: Sequence[float]) -> ActionUnit | None:
    strong = max(values)
    if strong < TRACE:
        return None
    side: Side = "both"
    if len(values) == 2:
        if min(values) >= BOTH * strong:
            strong = (values[0] + values[1]) / 2
        else:
            side = "left" if values[0] > values[1] else "right"
    return ActionUnit(au=au, intensity=round(min(5.0, strong), 1), side=side)
