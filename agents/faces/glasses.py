"""Glasses: two frames, a bridge and the temples."""

from mirrorplay.agents.faces.path import curve, fill, loop, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def glasses(sitter: Sitter) -> str:
    """Frames that ride on the nose; they cover no lid and no brow."""
    kind = sitter.identity.glasses
    if kind == "none":
        return ""
    at, y = sitter.face, sitter.eye_y + 2.5
    centre = sitter.eye_x + 1.0
    half, tall, corner = (18.6, 16.6, 0.72) if kind == "round" else (19.6, 14.6, 0.90)
    lenses, glare, temples = "", "", ""
    for side in (-1, 1):
        x = side * centre

        def ring(dx: float, dy: float, *, x: float = x) -> Point:
            return at(x + dx, y + dy, 5)

        c = corner
        lenses += loop([
            ring(-half, 0), ring(-half * c, -tall * c), ring(0, -tall), ring(half * c, -tall * c),
            ring(half, 0), ring(half * c, tall * c), ring(0, tall), ring(-half * c, tall * c),
        ])  # fmt: skip
        glare += curve([ring(-half * 0.55, tall * 0.35), ring(-half * 0.1, -tall * 0.62)])
        temples += curve(
            [ring(side * half, -3), sitter.rim(side * 63 * sitter.width, y - 4, -0.05)]
        )
    bridge = curve([at(-centre + half, y - 3, 6), at(0, y - 6.5, 14), at(centre - half, y - 3, 6)])
    # Dark frames would vanish on dark skin.
    frame = "#b39a6b" if sitter.identity.skin_tone >= 7 else "#3a2a27"
    return (
        fill(lenses, "#ffffff", 0.07)
        + stroke(glare, "#ffffff", 2.0, 0.28)
        + stroke(lenses, frame, 2.3, 0.92)
        + stroke(bridge, frame, 2.6, 0.92)
        + stroke(temples, frame, 2.2, 0.85)
    )
