"""Head pose: from a point on the face to a point in the picture.

The face frame has its origin between the ears, x to the right of the picture, y down, z towards the
viewer, in units of which the face is about 126 wide and 182 high. The face is a bent plate in front
of a skull: yaw and pitch rotate the plate, while the outline of the skull hardly moves. That is
enough for turns up to about 26° and needs no three-dimensional model.
"""

from math import cos, radians, sin, sqrt

from mirrorplay.policies.expression import Expression

Point = tuple[float, float]

CENTRE_X, CENTRE_Y = 168.0, 150.0
"""Where the origin lies in the picture, of 336 units a side."""
SCALE = 1.06
_YAW, _PITCH, _ROLL = 26.0, 20.0, 20.0
"""Degrees at 1.0 of each head angle."""
_PLATE = 53.0
"""Distance of the face's middle line in front of the axis of rotation."""


class Pose:
    """Turned, raised and tipped head of one expression."""

    __slots__ = ("_cos_pitch", "_cos_yaw", "_frontal", "_x", "_y", "roll", "sin_pitch", "sin_yaw")

    def __init__(self, expression: Expression) -> None:
        yaw, pitch = expression.head_yaw, expression.head_pitch
        self.sin_yaw, self._cos_yaw = sin(radians(yaw * _YAW)), cos(radians(yaw * _YAW))
        self.sin_pitch, self._cos_pitch = sin(radians(pitch * _PITCH)), cos(radians(pitch * _PITCH))
        self.roll = expression.head_roll * _ROLL
        self._frontal = yaw == 0 and pitch == 0
        # A head that turns or bows also travels a little with the neck.
        self._x = CENTRE_X + 7 * yaw
        self._y = CENTRE_Y - 7 * pitch

    def face(self, x: float, y: float, lift: float = 0.0) -> Point:
        """A point of the face's surface, `lift` units in front of it."""
        if self._frontal:
            return self._x + SCALE * x, self._y + SCALE * y
        bend = x / 74
        z = _PLATE * sqrt(max(0.0, 1 - bend * bend)) + lift
        if y < -40:
            z -= 0.006 * (y + 40) ** 2
        turned = x * self._cos_yaw + z * self.sin_yaw
        depth = z * self._cos_yaw - x * self.sin_yaw
        return (
            self._x + SCALE * turned,
            self._y + SCALE * (y * self._cos_pitch - depth * self.sin_pitch),
        )

    def rim(self, x: float, y: float, forward: float) -> Point:
        """A point of the outline that lies `forward` (0 the axis, 1 the face's middle, negative
        behind the axis) in depth."""
        return (
            self._x + SCALE * (x + forward * _PLATE * self.sin_yaw),
            self._y + SCALE * (y - forward * _PLATE * self.sin_pitch),
        )
