"""The nose: bridge, tip, wings and nostrils; units 9, 10 and 12 pull the wings."""

from mirrorplay.agents.faces.path import curve, disc, fill, loop, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def nose(sitter: Sitter) -> str:
    """Planes of light and shade, with few lines."""
    palette, muscles, identity = sitter.palette, sitter.muscles, sitter.identity
    wide, base = identity.nose_width, sitter.nose_y
    high = identity.nose_bridge
    middle = identity.nose_asymmetry
    eye, brow = sitter.eye_y, sitter.brow_y
    tip = base - 5.5

    def at(x: float, y: float, lift: float) -> Point:
        return sitter.face(middle + x, y, lift)

    slim = 4.4 + 1.6 * (1 - high) + 1.2 * (wide - 1)
    # The plane away from the light, from the brow to the wing.
    plane = shape(
        [at(slim + 3, brow + 9, 2), at(slim, eye + 3, 8), at(slim, base - 18, 13),
         at(6.4, tip, 17)],
        [at(6.4, tip, 17), at(11.5 * wide, base - 6, 8), at(10.0 * wide, base - 13, 6)],
        [at(10.0 * wide, base - 13, 6), at(slim + 4, eye + 10, 3), at(slim + 7, brow + 10, 0)],
    )  # fmt: skip
    far = shape(
        [at(-slim - 6, brow + 9, 0), at(-slim - 1.6, eye + 2, 4), at(-slim - 2, eye + 14, 6)],
        [at(-slim - 2, eye + 14, 6), at(-slim - 5, eye + 5, 1), at(-slim - 6, brow + 9, 0)],
    )
    parts = [
        fill(plane, palette.shade, 0.30 + 0.26 * high),
        fill(far, palette.shade, 0.22 + 0.22 * high),
    ]
    ridge = curve([at(-1.0, eye - 2, 8), at(-1.4, base - 18, 13), at(-1.4, tip - 5, 17)])
    parts.append(stroke(ridge, palette.light, 4.4, 0.26 + 0.24 * high))
    under = loop([
        at(-11.0 * wide, base - 1.5, 6), at(0, base - 3.4, 16), at(11.0 * wide, base - 1.5, 6),
        at(6 * wide, base + 3.2, 9), at(0, base + 4.8, 11), at(-6 * wide, base + 3.2, 9),
    ])  # fmt: skip
    parts.append(fill(under, palette.deep, 0.30))
    glow = disc(at(-1.6, tip - 0.5, 18), 5.0 + 2.4 * identity.nose_tip, 4.6, "url(#glow)", 0.85)
    parts.append(glow)
    wings, holes = "", ""
    for side in (-1, 1):
        wrinkle, upper, smile = (muscles.on(au, side) for au in (9, 10, 12))
        up = 3.4 * wrinkle + 1.8 * upper
        out = side * (1.8 * smile + 1.8 * wrinkle + 0.8 * upper)
        wings += curve([
            at(side * 9.4 * wide + out, base - 10.0 - up, 8),
            at(side * 13.2 * wide + out, base - 6.5 - up, 6),
            at(side * 13.6 * wide + out, base - 1.2 - up, 6),
            at(side * 10.2 * wide + out, base + 1.6 - up, 8),
        ])  # fmt: skip
        holes += loop([
            at(side * 3.4 * wide, base + 1.4 - 0.4 * up, 12),
            at(side * 6.6 * wide, base - 0.9 - 0.7 * up, 10),
            at(side * 9.4 * wide + out, base + 0.3 - up, 8),
            at(side * 6.4 * wide, base + 2.0 - 0.7 * up, 10),
        ])  # fmt: skip
        if wrinkle > 0.02:
            parts.append(_wrinkles(sitter, side, wrinkle))
    parts.append(stroke(wings, palette.deep, 1.5, 0.72))
    parts.append(fill(holes, palette.line, 0.72))
    gutter = curve([at(-2.4, base + 6, 10), at(-2.6, base + 11, 8)])
    gutter += curve([at(2.4, base + 6, 10), at(2.6, base + 11, 8)])
    parts.append(stroke(gutter, palette.shade, 1.6, 0.38 * (1 - muscles.mean(24))))
    return "".join(parts)


def _wrinkles(sitter: Sitter, side: int, wrinkle: float) -> str:
    """Unit 9: creases across the root and along the sides of the nose."""
    eye, palette = sitter.eye_y, sitter.palette
    across = ""
    for step in range(3):
        y = eye - 3.5 + 4.4 * step
        across += curve([
            sitter.face(side * 0.3, y, 11), sitter.face(side * 4.2, y + 0.5, 8),
            sitter.face(side * 7.6, y + 2.4, 4),
        ])  # fmt: skip
    down = ""
    for step in range(2):
        y = eye + 4 + 7.0 * step
        down += curve([
            sitter.face(side * 6.2, y, 8), sitter.face(side * (9.5 + step), y + 3.4, 5),
            sitter.face(side * (12.6 + 1.6 * step), y + 8.0, 3),
        ])  # fmt: skip
    return (
        stroke(across + down, palette.fold, 3.2, 0.6 * wrinkle)
        + stroke(across, palette.deep, 1.3, 0.75 * wrinkle)
        + stroke(down, palette.deep, 1.3, 0.6 * wrinkle)
    )
