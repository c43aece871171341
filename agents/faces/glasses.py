"""Glasses: two frames, a bridge and the temples."""

from mirrorplay.agents.faces.palette import channels, mix
from mirrorplay.agents.faces.path import curve, fill, loop, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_SHAPES = {
    "round": (17.4, 16.4, 0.72, 0.0),
    "square": (19.0, 14.2, 0.90, 0.0),
    "oval": (19.0, 13.4, 0.76, 0.0),
    "browline": (19.0, 14.4, 0.84, 1.2),
    "rimless": (18.6, 13.4, 0.86, 0.0),
}
"""Half width, half height, squareness of the corners, and rise of the upper outer corner."""


def glasses(sitter: Sitter) -> str:
    """Frames that ride on the nose; they cover no lid and no brow."""
    identity = sitter.identity
    kind = identity.glasses
    if kind == "none":
        return ""
    at, y = sitter.face, sitter.eye_y + 2.6
    half, tall, c, flick = _SHAPES[kind]
    centre = max(sitter.eye_x + 0.6, half + 6)
    lenses, glare, temples, bars = "", "", "", ""
    hidden = 57.5 if identity.hair_style in {"long", "medium"} or sitter.scarf else 62.5
    for side in (-1, 1):
        x = side * centre

        def ring(dx: float, dy: float, *, x: float = x, side: int = side) -> Point:
            up = flick if dy < 0 and dx * side > 0 else 0.0
            return at(x + dx, y + dy - up, 5)

        lenses += loop([
            ring(-half, 0), ring(-half * c, -tall * c), ring(0, -tall), ring(half * c, -tall * c),
            ring(half, 0), ring(half * c, tall * c), ring(0, tall), ring(-half * c, tall * c),
        ])  # fmt: skip
        bars += curve([
            ring(-half, -1), ring(-half * c, -tall * c), ring(0, -tall), ring(half * c, -tall * c),
            ring(half, -1),
        ])  # fmt: skip
        glare += curve([ring(-half * 0.62, tall * 0.30), ring(-half * 0.22, -tall * 0.60)])
        glare += curve([ring(-half * 0.30, tall * 0.38), ring(-half * 0.02, -tall * 0.30)])
        hinge = -5 if kind == "browline" else -3
        end = sitter.rim(side * hidden * sitter.width, y - 4, -0.05)
        temples += curve([ring(side * half, hinge), end])
    bridge = curve([
        at(-centre + half, y - 3, 6), at(0, y - 6.5, 14), at(centre - half, y - 3, 6)
    ])  # fmt: skip
    frame = identity.frame
    if identity.skin_tone >= 7 and sum(channels(frame)) < 260:
        # Dark frames would vanish on dark skin.
        frame = mix(frame, "#e6c79a", 0.62)
    rim, heavy = (0.9, 1.7) if kind == "rimless" else (2.0, 2.2)
    return (
        fill(lenses, "#ffffff", 0.06)
        + stroke(glare, "#ffffff", 1.6, 0.20)
        + stroke(lenses, frame, rim, 0.55 if kind == "rimless" else 0.92)
        + (stroke(bars, frame, 4.2, 0.95) if kind == "browline" else "")
        + stroke(bridge, frame, heavy, 0.92)
        + stroke(temples, frame, heavy, 0.85)
    )
