"""Facial hair: it moves with the jaw and the corners of the mouth."""

from mirrorplay.agents.faces.mouth import Lips
from mirrorplay.agents.faces.path import curve, fill, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def beard(sitter: Sitter) -> str:
    """Stubble, moustache or a full beard, below the lips in drawing order."""
    kind = sitter.identity.beard
    if kind == "none":
        return ""
    palette = sitter.palette
    if kind == "moustache":
        return _moustache(sitter, 0.95)
    edges = sitter.outline(2.4 if kind == "full" else -0.6)
    at = sitter.face
    lips = Lips(sitter)
    cheek = sitter.nose_y + (1 if kind == "full" else 6)
    jaw = edges[-1][2:] + edges[1][-2:1:-1]

    def side(s: int) -> list[Point]:
        x, y = lips.corner[s]
        return [
            edges[s][2],
            at(s * 46, cheek + 4),
            at(x + s * 12, (cheek + y) / 2 + 4),
            at(s * 17, lips.top[s] - lips.upper_thickness - 6),
        ]

    middle = at(0, lips.top[0] - lips.upper_thickness - 5.0)
    top = [*side(1), middle, *side(-1)[::-1]]
    area = shape(jaw, top)
    if kind == "stubble":
        # Two thin coats, the second set in from the cheeks, leave no hard edge.
        core = [(x, y + 6) for x, y in top[1:-1]]
        return fill(area, palette.hair_dark, 0.09) + fill(
            shape(jaw[1:-1], core), palette.hair_dark, 0.10
        )
    lines = "".join(
        curve([at(x, sitter.fallen(y)), at(x * 0.97, sitter.fallen(y + 9))])
        for x, y in (
            (-44, 44), (-37, 56), (-27, 66), (-15, 72), (-4, 74), (8, 73), (19, 69), (30, 62),
            (39, 52), (46, 40), (-32, 46), (31, 46), (-21, 60), (22, 60), (-9, 63), (10, 63),
        )
    )  # fmt: skip
    return (
        fill(area, palette.hair, 0.94)
        + stroke(lines, palette.hair_dark, 1.6, 0.55)
        + _moustache(sitter, 0.9)
    )


def _moustache(sitter: Sitter, opacity: float) -> str:
    at = sitter.face
    lips = Lips(sitter)
    thick = lips.upper_thickness

    def side(s: int) -> tuple[list[Point], list[Point]]:
        x, y = lips.corner[s]
        end = at(x + s * 2, y + 1)
        return (
            [end, at(x * 0.6, lips.top[s] - thick - 4.5), at(s * 3, lips.top[0] - thick - 6)],
            [end, at(x * 0.6, lips.top[s] - thick * 0.4), at(s * 4, lips.top[0] - thick * 0.75)],
        )

    (top_left, low_left), (top_right, low_right) = side(-1), side(1)
    area = shape(top_left + top_right[::-1], low_right + low_left[::-1])
    return fill(area, sitter.palette.hair, opacity)
