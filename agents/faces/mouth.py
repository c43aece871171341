"""The mouth: lips, teeth and tongue."""

from mirrorplay.agents.faces.lips import Lips
from mirrorplay.agents.faces.path import curve, disc, fill, line, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def _opening(sitter: Sitter, lips: Lips, upper: list[Point], lower: list[Point]) -> str:
    """What shows between parted lips."""
    muscles, at = sitter.muscles, sitter.face
    opening = shape(upper, lower[::-1])
    bare = max(muscles.mean(12), muscles.mean(10), 0.7 * muscles.mean(20), 0.6 * muscles.mean(9))
    show = min(lips.gap * 0.80, 1.6 + 7.4 * bare + 1.8 * muscles.mean(25) + 2.0 * muscles.mean(27))
    parts = [
        f'<clipPath id="mouth"><path d="{opening}"/></clipPath>',
        fill(opening, sitter.palette.mouth),
        '<g clip-path="url(#mouth)">',
    ]
    if lips.gap > 9:
        tongue = at(0, lips.bottom[0] + 2, 0)
        parts.append(disc(tongue, 13, 0.44 * lips.gap, "#a4525a", 0.9))
    edge = [(x, y + show * (1.0 if i not in (0, 4) else 0.5)) for i, (x, y) in enumerate(upper)]
    parts.append(fill(shape([(x, y - 3) for x, y in upper], edge[::-1]), sitter.palette.teeth))
    if show > 3.4:
        middle_x, middle_y = upper[2]
        between = "".join(
            line((middle_x + dx, middle_y - 1), (middle_x + dx, middle_y + show * 0.86))
            for dx in (-13.5, -7, 0, 7, 13.5)
        )
        parts.append(stroke(between, "#8d7d70", 0.6, 0.30))
    low = 0.6 + 4.0 * max(muscles.mean(16), 0.8 * muscles.mean(20))
    if low > 1.2:
        rim = [(x, y - low) for x, y in lower]
        parts.append(fill(shape(rim, [(x, y + 3) for x, y in reversed(lower)]), "#e2d8cb"))
    shadow = shape(upper, [(x, y + 1.8) for x, y in reversed(upper)])
    parts.append(fill(shadow, "#2a1414", 0.35) + "</g>")
    return "".join(parts)


def mouth(sitter: Sitter, lips: Lips) -> str:
    """Lips, and what shows between them."""
    palette, at, identity = sitter.palette, sitter.face, sitter.identity
    (left_x, left_y), (right_x, right_y) = lips.corner[-1], lips.corner[1]
    left, right = at(left_x, left_y, -3), at(right_x, right_y, -3)

    def across(heights: dict[int, float]) -> list[Point]:
        return [
            left, at(left_x * 0.52, heights[-1], 2), at(0, heights[0], 3),
            at(right_x * 0.52, heights[1], 2), right,
        ]  # fmt: skip

    upper_edge, lower_edge = across(lips.top), across(lips.bottom)
    thick, full = lips.upper_thickness, lips.lower_thickness
    notch = 0.98 - 0.26 * identity.lip_bow

    def crest(side: int, x: float) -> Point:
        return at(x * 0.20, lips.top[side] * 0.3 + lips.top[0] * 0.7 - thick * 1.14, 4)

    bow = [
        left, at(left_x * 0.58, lips.top[-1] - thick * 0.72, 2), crest(-1, left_x),
        at(0, lips.top[0] - thick * notch, 4),
        crest(1, right_x), at(right_x * 0.58, lips.top[1] - thick * 0.72, 2), right,
    ]  # fmt: skip

    def hang(side: int, x: float) -> Point:
        return at(x * 0.25, lips.bottom[0] * 0.8 + lips.bottom[side] * 0.2 + full, 3)

    belly = [
        left, at(left_x * 0.60, lips.bottom[-1] + full * 0.68, 2), hang(-1, left_x),
        hang(1, right_x), at(right_x * 0.60, lips.bottom[1] + full * 0.68, 2), right,
    ]  # fmt: skip
    parts = [disc(at(0, lips.bottom[0] + full + 3.2), 13, 3.6, "url(#socket)", 0.95)]
    if lips.gap > 1.0:
        parts.append(_opening(sitter, lips, upper_edge, lower_edge))
    parts.append(fill(shape(bow, upper_edge[::-1]), palette.lip_dark))
    parts.append(fill(shape(lower_edge, belly[::-1]), palette.lip))
    if full > 2.5:
        shine = at(-2.5, lips.bottom[0] + full * 0.42, 4)
        parts.append(disc(shine, 8.5, full * 0.20, palette.lip_light, 0.5))
    dark = 0.85 if lips.gap <= 1.0 else 0.5
    parts.append(stroke(curve(upper_edge), palette.line, 1.2 + 1.0 * lips.press, dark))
    return "".join(parts)
