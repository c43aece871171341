"""Facial hair: it moves with the jaw and the corners of the mouth."""

from mirrorplay.agents.faces.lips import Lips
from mirrorplay.agents.faces.path import curve, fill, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def beard(sitter: Sitter, lips: Lips) -> str:
    """Stubble, moustache or a full beard, below the lips in drawing order."""
    kind = sitter.identity.beard
    if kind == "none":
        return ""
    if kind == "moustache":
        return _moustache(sitter, lips, 0.95)
    if kind == "stubble":
        return _stubble(sitter, lips)
    return _full(sitter, lips)


def _cheek_line(
    sitter: Sitter, lips: Lips, low: float, edges: dict[int, list[Point]]
) -> list[Point]:
    """From the picture-left ear over the lip to the picture-right ear; `low` lowers the cheeks."""
    at, cheek = sitter.face, sitter.nose_y + low

    def side(s: int) -> list[Point]:
        x, y = lips.corner[s]
        return [
            edges[s][2], at(s * 53 * sitter.width, cheek + 1), at(s * 42, cheek + 8),
            at(x + s * 10, (cheek + y) / 2 + 5), at(s * 16, lips.top[s] - lips.upper_thickness - 5),
        ]  # fmt: skip

    return [*side(-1), at(0, lips.top[0] - lips.upper_thickness - 4.0), *side(1)[::-1]]


def _stubble(sitter: Sitter, lips: Lips) -> str:
    palette = sitter.palette
    edges = sitter.outline(-0.4)
    parts: list[str] = []
    # Three thin coats, each set in from the cheeks, leave no hard edge.
    for low, opacity in ((7.0, 0.06), (11.0, 0.07), (15.0, 0.07)):
        top = _cheek_line(sitter, lips, low, edges)
        jaw = edges[-1][3:] + edges[1][-2:2:-1]
        area = shape(jaw, [jaw[-1], *top[1:-1][::-1], jaw[0]])
        parts.append(fill(area, palette.hair_dark, opacity))
    return "".join(parts)


def _full(sitter: Sitter, lips: Lips) -> str:
    palette, identity, at = sitter.palette, sitter.identity, sitter.face
    grain, long = identity.grain, identity.beard_length
    edges = sitter.outline(1.6 + 2.6 * long)
    top = _cheek_line(sitter, lips, 1.0 + 5 * (1 - long), edges)
    jaw: list[Point] = []
    for s in (-1, 1):
        half = edges[s][2:] if s < 0 else edges[s][-2:1:-1]
        jaw += half
    middle = len(jaw) // 2
    jaw = [
        (x + 0.8 * grain[i % 8], y + 7 * long * max(0.0, 1 - abs(i - middle) / 3.2))
        for i, (x, y) in enumerate(jaw)
    ]
    area = shape(jaw, [jaw[-1], *top[1:-1][::-1], jaw[0]])
    strands, shine = "", ""
    count = 23
    for index in range(count):
        share = index / (count - 1) * 2 - 1
        g = grain[index % 8]
        x, y = share * 46, 44 + 26 * (1 - share * share) + 3 * g
        fall = 9 + 4 * long
        line = curve([
            at(x, sitter.fallen(y - 8)), at(x * 0.99 + 0.6 * g, sitter.fallen(y)),
            at(x * 0.95, sitter.fallen(y + fall)),
        ])  # fmt: skip
        if index % 4 == 1 and share < 0.3:
            shine += line
        else:
            strands += line
    grey = 0.75 * identity.grey if identity.grey < 1 else 0.0
    patch = fill(
        shape(
            [at(-9, sitter.fallen(lips.bottom[0] + lips.lower_thickness + 8)),
             at(-13, sitter.fallen(sitter.chin_y - 6)), at(0, sitter.fallen(sitter.chin_y + 2))],
            [at(0, sitter.fallen(sitter.chin_y + 2)), at(13, sitter.fallen(sitter.chin_y - 6)),
             at(9, sitter.fallen(lips.bottom[0] + lips.lower_thickness + 8))],
        ), "#a9a5a0", 0.45 * grey,
    ) if grey else ""  # fmt: skip
    return (
        fill(area, palette.hair, 0.95)
        + patch
        + stroke(strands, palette.hair_dark, 1.3, 0.5)
        + stroke(shine, palette.hair_light, 1.2, 0.22 + 0.6 * grey)
        + _moustache(sitter, lips, 0.95)
    )


def _moustache(sitter: Sitter, lips: Lips, opacity: float) -> str:
    at, palette = sitter.face, sitter.palette
    thick = lips.upper_thickness

    def side(s: int) -> tuple[list[Point], list[Point]]:
        x, y = lips.corner[s]
        end = at(x + s * 2.5, y + 1.5)
        return (
            [end, at(x * 0.62, lips.top[s] - thick - 4.0), at(s * 3, lips.top[0] - thick - 6)],
            [end, at(x * 0.6, lips.top[s] - thick * 0.55), at(s * 4, lips.top[0] - thick * 0.85)],
        )

    (top_left, low_left), (top_right, low_right) = side(-1), side(1)
    area = shape(top_left + top_right[::-1], low_right + low_left[::-1])
    strands = "".join(
        curve([
            at(s * 2.5 + x * share * 0.72, lips.top[0] - thick - 4.6 + 1.0 * share),
            at(x * (0.18 + 0.8 * share), lips.top[s] - thick * 0.8 + 1.0 * share),
        ])
        for s in (-1, 1)
        for x in (lips.corner[s][0],)
        for share in (0.05, 0.3, 0.55, 0.8)
    )  # fmt: skip
    return fill(area, palette.hair, opacity) + stroke(strands, palette.hair_dark, 1.1, 0.5)
