"""Eyebrows and forehead: units 1, 2 and 4."""

from math import hypot

from mirrorplay.agents.faces.path import curve, fill, loop, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_RISE = {
    "soft": (0.0, -3.4, -5.2, -3.2, 2.4),
    "arched": (0.6, -4.0, -7.4, -5.4, 2.2),
    "straight": (-0.6, -2.6, -3.4, -2.2, 1.6),
}
"""Height of five stations from the inner end to the tail, by shape."""
_STATIONS = (-15.5, -9.0, 1.0, 10.5, 20.0)
"""Places of the stations along the brow, outwards from above the pupil."""
_THICKNESS = (2.0, 2.9, 2.7, 1.9, 0.4)
_INNER = (-9.5, -6.0, -2.2, -0.4, 0.0)
_OUTER = (-0.6, -4.2, -8.4, -8.2, -5.0)
_LOWER = (7.2, 6.2, 4.4, 2.2, 0.6)
"""Pull of units 1, 2 and 4 on the stations at maximum; negative is up (facial anatomy: medial and
lateral frontalis, corrugator)."""


def _stations(sitter: Sitter, side: int) -> list[Point]:
    identity, muscles = sitter.identity, sitter.muscles
    inner, outer, lower = muscles.on(1, side), muscles.on(2, side), muscles.on(4, side)
    height = (
        sitter.brow_y
        + 4.0
        + (identity.brow_asymmetry if side > 0 else -identity.brow_asymmetry) * 0.5
    )
    # The corrugator still draws the brows together when the frontalis lifts their inner ends.
    down = lower * (1 - 0.75 * inner)
    together = 4.6 * lower + 1.0 * inner
    points: list[Point] = []
    for index in range(5):
        shift = together * (1.0, 0.75, 0.4, 0.15, 0.0)[index]
        y = height + _RISE[identity.brow_shape][index]
        y += _INNER[index] * inner + _OUTER[index] * outer + _LOWER[index] * down
        y += 2.4 * muscles.on(9, side) * (1.0, 0.8, 0.4, 0.1, 0.0)[index]
        y += 0.9 * muscles.on(6, side) * (0.0, 0.1, 0.4, 0.8, 1.0)[index]
        points.append((side * (sitter.eye_x + _STATIONS[index] - shift), y))
    return points


def brows(sitter: Sitter) -> str:
    """Both brows as tapered shapes with a few hairs."""
    palette, identity = sitter.palette, sitter.identity
    shapes, hairs = "", ""
    for side in (-1, 1):
        line = _stations(sitter, side)
        upper: list[Point] = []
        lower: list[Point] = []
        for index, (x, y) in enumerate(line):
            before, after = line[max(0, index - 1)], line[min(4, index + 1)]
            dx, dy = after[0] - before[0], after[1] - before[1]
            length = hypot(dx, dy)
            half = _THICKNESS[index] * identity.brow_thickness
            nx, ny = -dy / length * half * side, dx / length * half * side
            upper.append(sitter.face(x - nx, y - ny, 2))
            lower.append(sitter.face(x + nx, y + ny, 2))
        shapes += loop(upper + lower[::-1])
        hairs += "".join(
            curve(
                [
                    lower[i],
                    (
                        (lower[i][0] + upper[i + 1][0]) / 2,
                        (lower[i][1] + upper[i + 1][1]) / 2 - 0.4,
                    ),
                    upper[i + 1],
                ]
            )
            for i in range(3)
        )
    return fill(shapes, palette.brow) + stroke(hairs, palette.hair_dark, 0.8, 0.45)


def forehead(sitter: Sitter) -> str:
    """Horizontal lines of raised brows and the frown between them, over the lines of age."""
    palette, muscles, age = sitter.palette, sitter.muscles, sitter.identity.age_lines
    inner, outer, lower = muscles.mean(1), muscles.mean(2), muscles.mean(4)
    raised = max(inner * 0.8, outer)
    reach = 16 + 20 * outer
    parts: list[str] = []
    weight = 0.62 * raised + 0.22 * age
    if weight > 0.02:
        lines = ""
        for row in range(3):
            y = sitter.brow_y - 13 - 7.5 * row - 4 * raised
            arch = -2.2 * outer + 3.0 * inner * (1 - outer)
            span = (reach if weight > 0.3 else 30) * (1 - 0.10 * row)
            lines += curve([
                sitter.face(-span, y + 1.0 - arch * 0.6), sitter.face(-span * 0.45, y + arch * 0.3),
                sitter.face(0, y + 0.8 - arch * 0.2), sitter.face(span * 0.45, y + arch * 0.3),
                sitter.face(span, y + 1.0 - arch * 0.6),
            ])  # fmt: skip
        parts.append(stroke(lines, palette.deep, 1.4, weight))
    frown = 0.85 * lower + 0.14 * age
    if frown > 0.02:
        top, base = sitter.brow_y - 9 + 3 * lower, sitter.brow_y + 6 + 2 * lower
        lines = "".join(
            curve([
                sitter.face(side * 4.6 + 1.5 * side * (1 - lower), top, 3),
                sitter.face(side * 3.9, (top + base) / 2, 4),
                sitter.face(side * 5.4, base, 4),
            ])
            for side in (-1, 1)
        )  # fmt: skip
        parts.append(stroke(lines, palette.line, 1.6, frown * 0.8))
    return "".join(parts)
