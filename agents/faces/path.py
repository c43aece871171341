"""SVG path data with fixed decimals: smooth curves through given points.

A curve is a Catmull-Rom spline written as cubic Béziers, so features are described by the points
they pass through. Corners arise where two curves are joined.
"""

from collections.abc import Sequence

Point = tuple[float, float]


_TEMPLATES: dict[int, str] = {}


def _written(numbers: list[float], segments: int) -> str:
    # One printf-style call for a whole curve costs a third of formatting number by number.
    template = _TEMPLATES.setdefault(segments, "C%.1f %.1f %.1f %.1f %.1f %.1f" * segments)
    return template % tuple(numbers)


def _segments(points: Sequence[Point]) -> str:
    padded = (points[0], *points, points[-1])
    return _spline(padded)


def _spline(points: Sequence[Point]) -> str:
    """Segments between all points but the first and the last, which only steer."""
    numbers: list[float] = []
    extend = numbers.extend
    (x0, y0), (x1, y1), (x2, y2) = points[:3]
    for x3, y3 in points[3:]:
        extend((
            x1 + (x2 - x0) / 6, y1 + (y2 - y0) / 6, x2 - (x3 - x1) / 6, y2 - (y3 - y1) / 6, x2, y2
        ))  # fmt: skip
        x0, y0, x1, y1, x2, y2 = x1, y1, x2, y2, x3, y3
    return _written(numbers, len(points) - 3)


def curve(points: Sequence[Point]) -> str:
    """An open smooth curve."""
    return f"M{points[0][0]:.1f} {points[0][1]:.1f}{_segments(points)}"


def shape(*sides: Sequence[Point]) -> str:
    """A closed shape of smooth sides that meet in corners. Each side starts where the one before
    ended, or is joined to it by a straight line."""
    first = sides[0]
    parts = [curve(first)]
    end = first[-1]
    for side in sides[1:]:
        if side[0] != end:
            parts.append(f"L{side[0][0]:.1f} {side[0][1]:.1f}")
        parts.append(_segments(side))
        end = side[-1]
    parts.append("Z")
    return "".join(parts)


def loop(points: Sequence[Point]) -> str:
    """A closed smooth curve without corners."""
    around = (points[-1], *points, points[0], points[1])
    return f"M{points[0][0]:.1f} {points[0][1]:.1f}{_spline(around)}Z"


def fill(data: str, colour: str, opacity: float = 1.0) -> str:
    """A filled path; nothing when it would not be seen."""
    if opacity >= 0.995:
        return f'<path d="{data}" fill="{colour}"/>'
    if opacity < 0.02:
        return ""
    return f'<path d="{data}" fill="{colour}" fill-opacity="{opacity:.2f}"/>'


def stroke(data: str, colour: str, width: float, opacity: float = 1.0) -> str:
    """A drawn line; nothing when it would not be seen. Its ends follow the root of the drawing."""
    if opacity < 0.02:
        return ""
    return (
        f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" '
        f'stroke-opacity="{min(1.0, opacity):.2f}"/>'
    )


def disc(centre: Point, radius_x: float, radius_y: float, colour: str, opacity: float = 1.0) -> str:
    """A filled ellipse; `colour` may be a gradient reference."""
    return (
        f'<ellipse cx="{centre[0]:.2f}" cy="{centre[1]:.2f}" rx="{radius_x:.2f}" '
        f'ry="{radius_y:.2f}" fill="{colour}" fill-opacity="{opacity:.2f}"/>'
    )


def lerp(low: float, high: float, share: float) -> float:
    """`low` at 0, `high` at 1."""
    return low + (high - low) * share
