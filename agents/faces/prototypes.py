"""Displays a viewer should tell apart, as data: prototypes, and what lies over other feelings.

Units follow the EMFACS prototypes (Friesen & Ekman 1983); where a prototype leaves the intensity
open, C–D (3–4) is used so that it reads at thumbnail size. A prototype names a display, not a
feeling.
"""

from collections.abc import Mapping

from mirrorplay.policies.expression import ActionUnit, Expression, Side


def _display(caption: str, *units: tuple[int, float] | tuple[int, float, Side]) -> Expression:
    return Expression(
        action_units=tuple(
            ActionUnit(au=unit[0], intensity=unit[1], side=unit[2] if len(unit) > 2 else "both")
            for unit in units
        ),
        caption=caption,
    )


NEUTRAL = Expression(caption="a face at rest")

PROTOTYPES: Mapping[str, Expression] = {
    "happiness": _display("a broad smile that reaches the eyes", (6, 4), (12, 4), (25, 3)),
    "sadness": _display("inner brows raised, mouth corners down", (1, 4), (4, 3), (15, 4)),
    "surprise": _display(
        "brows high, eyes wide, jaw dropped", (1, 4), (2, 4), (5, 2), (25, 3), (26, 5)
    ),
    "fear": _display(
        "brows raised and drawn together, eyes wide, lips stretched",
        (1, 4), (2, 3), (4, 3), (5, 4), (7, 2), (20, 4), (25, 3), (26, 2),
    ),
    "anger": _display(
        "brows low and together, a hard stare, lips pressed",
        (4, 5), (5, 1), (7, 5), (23, 4), (24, 4),
    ),
    "disgust": _display(
        "nose wrinkled, upper lip raised, mouth corners down",
        (9, 5), (10, 3), (15, 3), (16, 3), (25, 2),
    ),
    "contempt": _display(
        "one mouth corner tightened and raised", (12, 2, "right"), (14, 4, "right")
    ),
    "looking away": Expression(
        gaze_x=0.9, gaze_y=-0.2, head_yaw=0.35, head_pitch=-0.05,
        caption="head and eyes turned away",
    ),
}  # fmt: skip
"""By name; the first seven are the EMFACS prototypes of emotion displays, contempt among them."""

OVERLAYS: Mapping[str, Expression] = {
    "controlled smile": _display("a low smile with pressed lips", (12, 2), (14, 2), (24, 2)),
    "held-back disagreement": _display(
        "lips pressed, chin pushed up, brows drawn a little", (4, 2), (17, 3), (24, 3)
    ),
    "contempt on one side": _display("one mouth corner tightened", (14, 3, "left")),
    "head lowered": Expression(
        action_units=(
            ActionUnit(au=1, intensity=3), ActionUnit(au=4, intensity=2),
            ActionUnit(au=15, intensity=3),
        ),
        gaze_y=-0.8, head_pitch=-0.6, caption="head and eyes lowered, mouth corners down",
    ),
    "gaze averted": Expression(
        gaze_x=-0.85, gaze_y=-0.3, head_yaw=-0.3, caption="eyes and head turned away"
    ),
    "flat": _display("nothing moves, lids a little low", (43, 2)),
    "doubt": Expression(
        action_units=(
            ActionUnit(au=2, intensity=3, side="right"), ActionUnit(au=4, intensity=2),
            ActionUnit(au=14, intensity=2, side="right"),
        ),
        head_roll=0.3, caption="one brow raised, head tipped",
    ),
    "held-back tears": _display(
        "inner brows raised, lips pressed, chin pushed up",
        (1, 3), (4, 2), (15, 2), (17, 4), (24, 2),
    ),
}  # fmt: skip
"""What masking shows over a feeling (our hypotheses), at the strength of a sheet."""
