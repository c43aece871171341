"""Eyebrows and forehead: units 1, 2 and 4, and the brow's share in 9."""

from math import hypot

from mirrorplay.agents.faces.path import Inks, curve, fill, line, loop, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_RISE = {
    "soft": (0.6, -2.2, -3.8, -2.6, 2.6),
    "arched": (1.4, -2.4, -5.6, -4.6, 2.2),
    "straight": (-0.2, -1.8, -2.4, -1.8, 1.4),
}
"""Height of five stations from the inner end to the tail, by shape."""
_STATIONS = (-15.5, -9.0, 1.0, 10.5, 19.5)
"""Places of the stations along the brow, outwards from above the pupil."""
_THICKNESS = (2.1, 2.8, 2.6, 1.8, 0.3)
_INNER = (-9.0, -6.8, -2.8, -0.4, 0.6)
_OUTER = (-3.0, -5.6, -8.8, -8.6, -6.0)
_LOWER = (10.4, 8.8, 5.2, 0.8, -2.0)
"""Pull of units 1, 2 and 4 on the stations at maximum; negative is up (facial anatomy: medial and
lateral frontalis, corrugator)."""
_WRINKLE = (4.2, 3.4, 1.8, 0.4, 0.0)
"""Procerus: unit 9 draws the inner brow down."""


def _stations(sitter: Sitter, side: int) -> list[Point]:
    identity, muscles = sitter.identity, sitter.muscles
    inner, outer, lower = muscles.on(1, side), muscles.on(2, side), muscles.on(4, side)
    height = sitter.brow_y + 0.5 * side * identity.brow_asymmetry
    # The corrugator still draws the brows together when the frontalis lifts their inner ends.
    down = lower * (1 - 0.85 * inner)
    together = 5.6 * lower + 0.6 * inner + 1.6 * muscles.on(9, side)
    wrinkle, cheek = muscles.on(9, side), muscles.on(6, side)
    points: list[Point] = []
    for index in range(5):
        shift = together * (1.0, 0.75, 0.4, 0.15, 0.0)[index]
        y = height + _RISE[identity.brow_shape][index]
        y += _INNER[index] * inner + _OUTER[index] * outer + _LOWER[index] * down
        y += _WRINKLE[index] * wrinkle
        y += 1.2 * cheek * (0.0, 0.1, 0.4, 0.8, 1.0)[index]
        y += 1.6 * identity.age_lines * (0.0, 0.0, 0.2, 0.6, 1.0)[index]
        points.append((side * (sitter.eye_x + _STATIONS[index] - shift), y))
    return points


def brows(sitter: Sitter) -> str:
    """Both brows as tapered shapes with a few hairs."""
    palette, identity = sitter.palette, sitter.identity
    shapes, hairs = "", ""
    thick = identity.brow_thickness * (1 - 0.12 * identity.age_lines)
    for side in (-1, 1):
        along = _stations(sitter, side)
        upper: list[Point] = []
        lower: list[Point] = []
        for index, (x, y) in enumerate(along):
            before, after = along[max(0, index - 1)], along[min(4, index + 1)]
            dx, dy = after[0] - before[0], after[1] - before[1]
            length = hypot(dx, dy)
            half = _THICKNESS[index] * thick
            nx, ny = -dy / length * half * side, dx / length * half * side
            upper.append(sitter.face(x - nx, y - ny, 2))
            lower.append(sitter.face(x + nx, y + ny, 2))
        shapes += loop(upper + lower[::-1])
        for i in (0, 1, 3):
            (lx, ly), (ux, uy) = lower[i], upper[i + 1]
            mx, my = (lower[i][0] + lower[i + 1][0]) / 2, (lower[i][1] + lower[i + 1][1]) / 2
            vx, vy = (upper[i][0] + upper[i + 1][0]) / 2, (upper[i][1] + upper[i + 1][1]) / 2
            hairs += line((mx, my), (ux, uy - 0.5)) + (line((lx, ly), (vx, vy - 0.7)) if i else "")
    return fill(shapes, palette.brow, 0.93) + stroke(hairs, palette.brow_dark, 0.75, 0.5)


def _half_line(
    sitter: Sitter, side: int, span: float, y: float, arch: float, bend: float, grain: float
) -> str:
    """Half a wrinkle, from the middle of the forehead to the side."""
    at = sitter.face
    return curve([
        at(side * 0.4, y + bend + 0.4 * grain),
        at(side * span * 0.5, y - bend * 0.6 + 0.3 * side * grain),
        at(side * span, y + 1.2 - arch + side * grain),
    ])  # fmt: skip


def _lift_lines(sitter: Sitter, side: int) -> list[tuple[str, float]]:
    """Wrinkles on one side with their weights: the lateral frontalis folds the whole forehead, the
    medial one its middle alone."""
    identity, muscles = sitter.identity, sitter.muscles
    grain = identity.grain
    inner, outer = muscles.on(1, side), muscles.on(2, side)
    rest = 0.34 * max(0.0, identity.age_lines - 0.12)
    found: list[tuple[str, float]] = []
    for weight, span, arch, lift in (
        (max(0.85 * outer, rest), 34.0, -2.0 - 2.0 * outer, 5.0 * outer),
        (0.9 * inner * (1 - 0.75 * outer), 15.0, -3.0 * inner, 3.0 * inner),
    ):
        if weight < 0.09:
            continue
        lines = ""
        for row in range(3):
            y = sitter.brow_y - 11 - lift - 7.2 * row
            reach = span * (1 - 0.10 * row) + grain[row]
            lines += _half_line(sitter, side, reach, y, arch, -0.9 * inner, 0.8 * grain[row + 3])
        found.append((lines, weight))
    return found


def forehead(sitter: Sitter) -> str:
    """Horizontal lines of raised brows and the frown between them, over the lines of age."""
    palette, muscles, identity = sitter.palette, sitter.muscles, sitter.identity
    age, grain = identity.age_lines, identity.grain
    inner, lower = muscles.mean(1), muscles.mean(4)
    inks = Inks()
    for side in (-1, 1):
        for lines, weight in _lift_lines(sitter, side):
            if weight > 0.3:
                inks.stroke(lines, palette.light, 2.6, 0.30 * weight)
            inks.stroke(lines, palette.deep, 1.35, min(0.8, 0.78 * weight))
    parts = [inks.drawn()]
    frown = 0.95 * lower + 0.3 * muscles.mean(9)
    if frown > 0.02 or age > 0.3:
        dip = 4.0 * lower * (1 - inner)
        high, base = sitter.brow_y - 5 + dip, sitter.brow_y + 8 + dip
        lines = "".join(
            curve([
                sitter.face(side * (4.4 + 0.5 * grain[2]), high + 1.5 * side * grain[0], 3),
                sitter.face(side * 4.3, (high + base) / 2, 4),
                sitter.face(side * 5.6, base - side * grain[1], 4),
            ])
            for side in (-1, 1)
        )  # fmt: skip
        if lower > 0.05:
            at, x = sitter.face, 11.0 - 3.0 * lower
            ridge = shape(
                [at(-x, base + 1, 3), at(-4, base - 9, 4), at(4, base - 9, 4), at(x, base + 1, 3)],
                [at(x, base + 1, 3), at(0, base + 4, 5), at(-x, base + 1, 3)],
            )
            parts.append(fill(ridge, palette.deep, 0.30 * lower * (1 - 0.5 * inner)))
        parts.append(
            stroke(lines, palette.deep, 1.3 + 0.5 * lower, min(0.85, 0.9 * frown + 0.14 * age))
        )
    return "".join(parts)
