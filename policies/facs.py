"""What a face does: action units with intensity and side, gaze and head pose.

Numbers: intensity A–E as 1–5; gaze and head in [-1, 1]. `gaze_x` and `head_yaw` are positive
towards the client's own left (the right of the picture); `gaze_y` and `head_pitch` positive
upwards; `head_roll` positive when the head tips to the client's own left.
"""

from typing import Annotated, Literal

from pydantic import Field

from mirrorplay.personas.schema import Frozen

ACTION_UNITS: tuple[int, ...] = (
    1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 43,
)  # fmt: skip
"""FACS units that can be drawn."""

Side = Literal["both", "left", "right"]
"""The client's own left and right."""
Signed = Annotated[float, Field(ge=-1.0, le=1.0)]


class ActionUnit(Frozen):
    """One FACS action unit. `intensity` is 1 (A, trace) to 5 (E, maximum)."""

    au: int
    intensity: Annotated[float, Field(ge=0.0, le=5.0)]
    side: Side = "both"


class Expression(Frozen):
    """One moment of a face. `caption` describes the display in words, never the intent;
    `contrast` describes what it is not (a negative prompt)."""

    action_units: tuple[ActionUnit, ...] = ()
    gaze_x: Signed = 0.0
    gaze_y: Signed = 0.0
    head_yaw: Signed = 0.0
    head_pitch: Signed = 0.0
    head_roll: Signed = 0.0
    caption: str = ""
    contrast: str = ""


class Perception(Frozen):
    """What was read from an image alone. Valence and arousal in [-1, 1]."""

    action_units: tuple[ActionUnit, ...] = ()
    gaze_x: Signed = 0.0
    gaze_y: Signed = 0.0
    head_yaw: Signed = 0.0
    head_pitch: Signed = 0.0
    head_roll: Signed = 0.0
    valence: Signed = 0.0
    arousal: Signed = 0.0
    caption: str = ""
