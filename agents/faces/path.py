"""SVG path data in whole numbers: smooth curves through given points.

A curve is a Catmull-Rom spline written as cubic Béziers, so features are described by the points
they pass through. Corners arise where two curves are joined. The spline's tangents are symmetric,
so every segment but the first is SVG's short form `S`. Coordinates are written in tenths of a unit:
whole numbers are shorter and quicker to write and to read, and most of a portrait's cost is text.
"""

from collections.abc import Sequence

Point = tuple[float, float]

TENTHS = 10
"""Written units in one unit of the drawing."""
_MOVE, _LINE = "M%d %d", "L%d %d"
_TEMPLATES: dict[int, str] = {}


def _spline(points: Sequence[Point]) -> str:
    """Segments between all points but the first and the last, which only steer."""
    (x0, y0), (x1, y1), (x2, y2) = points[:3]
    numbers = [10 * x1 + (x2 - x0) * 1.6666667, 10 * y1 + (y2 - y0) * 1.6666667]
    extend = numbers.extend
    for x3, y3 in points[3:]:
        extend((
            10 * x2 - (x3 - x1) * 1.6666667, 10 * y2 - (y3 - y1) * 1.6666667, 10 * x2, 10 * y2
        ))  # fmt: skip
        x1, y1, x2, y2 = x2, y2, x3, y3
    # One printf-style call for a whole curve costs a third of formatting number by number.
    segments = len(points) - 3
    template = _TEMPLATES.get(segments)
    if template is None:
        template = "C%d %d %d %d %d %d" + "S%d %d %d %d" * (segments - 1)
        _TEMPLATES[segments] = template
    return template % tuple(numbers)


def _segments(points: Sequence[Point]) -> str:
    return _spline((points[0], *points, points[-1]))


def curve(points: Sequence[Point]) -> str:
    """An open smooth curve."""
    x, y = points[0]
    return _MOVE % (10 * x, 10 * y) + _segments(points)


def line(*points: Point) -> str:
    """Straight lines from point to point."""
    return "M" + "L".join(f"{10 * x:.0f} {10 * y:.0f}" for x, y in points)


def shape(*sides: Sequence[Point]) -> str:
    """A closed shape of smooth sides that meet in corners. Each side starts where the one before
    ended, or is joined to it by a straight line."""
    first = sides[0]
    parts = [curve(first)]
    end = first[-1]
    for side in sides[1:]:
        if side[0] != end:
            parts.append(_LINE % (10 * side[0][0], 10 * side[0][1]))
        parts.append(_segments(side))
        end = side[-1]
    parts.append("Z")
    return "".join(parts)


def loop(points: Sequence[Point]) -> str:
    """A closed smooth curve without corners."""
    around = (points[-1], *points, points[0], points[1])
    return _MOVE % (10 * points[0][0], 10 * points[0][1]) + _spline(around) + "Z"


def fill(data: str, colour: str, opacity: float = 1.0) -> str:
    """A filled path; nothing when it would not be seen."""
    if opacity >= 0.995:
        return f'<path d="{data}" fill="{colour}"/>'
    if opacity < 0.02:
        return ""
    return f'<path d="{data}" fill="{colour}" fill-opacity="{opacity:.2f}"/>'


def stroke(data: str, colour: str, width: float, opacity: float = 1.0) -> str:
    """A drawn line; nothing when it would not be seen. Its ends follow the root of the drawing."""
    if opacity < 0.07 or not data:
        return ""
    return (
        f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{TENTHS * width:.0f}" '
        f'stroke-opacity="{min(1.0, opacity):.2f}"/>'
    )


def disc(centre: Point, radius_x: float, radius_y: float, colour: str, opacity: float = 1.0) -> str:
    """A filled ellipse; `colour` may be a gradient reference."""
    return (
        f'<ellipse cx="{10 * centre[0]:.0f}" cy="{10 * centre[1]:.0f}" rx="{10 * radius_x:.0f}" '
        f'ry="{10 * radius_y:.0f}" fill="{colour}" fill-opacity="{opacity:.2f}"/>'
    )


def oval(centre: Point, radius_x: float, radius_y: float) -> str:
    """An ellipse as path data, so that several can be one element."""
    wide, high = 10 * radius_x, 10 * radius_y
    arc = f"a{wide:.0f} {high:.0f} 0 1 0"
    start = f"M{10 * centre[0] - wide:.0f} {10 * centre[1]:.0f}"
    return f"{start}{arc} {2 * wide:.0f} 0{arc} {-2 * wide:.0f} 0z"


COARSE = 'shape-rendering="optimizeSpeed"'
"""For what has no visible edge: it is drawn without smoothing."""


class Inks:
    """Drawing that is collected by colour, width and opacity: what both halves of a face have in
    common becomes one element. An element costs the rasteriser as much as thirty of its points."""

    __slots__ = ("_fills", "_strokes")

    def __init__(self) -> None:
        self._fills: dict[tuple[str, float], str] = {}
        self._strokes: dict[tuple[str, float, float], str] = {}

    def fill(self, data: str, colour: str, opacity: float = 1.0) -> None:
        key = (colour, round(opacity, 2))
        self._fills[key] = self._fills.get(key, "") + data

    def stroke(self, data: str, colour: str, width: float, opacity: float = 1.0) -> None:
        key = (colour, round(width, 2), round(min(1.0, opacity), 2))
        self._strokes[key] = self._strokes.get(key, "") + data

    def drawn(self) -> str:
        """Fills below strokes, each kind in the order of its first use."""
        return "".join(
            [fill(data, colour, opacity) for (colour, opacity), data in self._fills.items()]
            + [stroke(data, *ink) for ink, data in self._strokes.items()]
        )


def lerp(low: float, high: float, share: float) -> float:
    """`low` at 0, `high` at 1."""
    return low + (high - low) * share
