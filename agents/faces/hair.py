"""Hair: a layer behind the head and a layer over the forehead."""

from math import cos, pi, sin

from mirrorplay.agents.faces.path import curve, disc, fill, lerp, loop, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_BACK = -0.55
"""Depth of the back of the head for `rim`: it moves against the turn."""


def between(outer: list[Point], inner: list[Point], share: float) -> list[Point]:
    """A line from 0, the outer edge, to 1, the inner one."""
    return [
        (lerp(a[0], b[0], share), lerp(a[1], b[1], share))
        for a, b in zip(outer, inner, strict=True)
    ]


def _strands(outer: list[Point], inner: list[Point], shares: tuple[float, ...], trim: int) -> str:
    """Lines that run with the hair, between its outer edge and the hairline."""
    return "".join(
        curve(between(outer, inner, share)[trim : len(outer) - trim : 2]) for share in shares
    )


def _hairline(sitter: Sitter, low: float) -> list[Point]:
    """From the picture-left to the picture-right temple; `low` is where the sides end."""
    wide, recede = sitter.width, sitter.identity.hairline
    top = -59 - 12 * recede
    at, rim = sitter.face, sitter.rim

    def side(s: int) -> list[Point]:
        return [
            rim(s * 62.5 * wide, low, 0.0),
            rim(s * 57.5 * wide, -22, 0.12),
            at(s * 53 * wide, -42 - 5 * recede),
            at(s * 39 * wide, -54 - 14 * recede),
            at(s * 18 * wide, top + 3 - 3 * recede),
        ]

    middle = at(sitter.identity.hair_parting * 6.4, top - 1 + 3 * recede)
    return [*side(-1), middle, *side(1)[::-1]]


def _swept(sitter: Sitter, low: float) -> list[Point]:
    """A fringe combed from the parting to both sides."""
    identity = sitter.identity
    wide = sitter.width
    part = 24 * (1 if identity.hair_parting >= 0 else -1)
    top = -68 - 4 * identity.hairline
    at, rim = sitter.face, sitter.rim
    deep = -1 if part > 0 else 1

    def side(s: int) -> list[Point]:
        reach = 1.0 if s == deep else 0.55
        return [
            at(part + s * 12 * (1.1 if s == deep else 0.6), top + 4 * reach),
            at(lerp(part, s * 46 * wide, 0.62), -62 + 9 * reach),
            at(s * 51 * wide, -44 + 5 * reach),
            rim(s * 58.5 * wide, -20, 0.08),
            rim(s * 63 * wide, low, 0.0),
        ]

    return [*side(-1)[::-1], at(part, top - 3), *side(1)]


def _dome(sitter: Sitter, low: float, volume: float, grow: float) -> list[Point]:
    """The outer edge of hair from the picture-left to the picture-right side."""
    wide = sitter.width
    rows = (
        (64.5, low, -0.10, 0.4),
        (67.5, -24, -0.15, 0.8),
        (67.0, -52, -0.20, 1.0),
        (57.0, -80, -0.20, 1.0),
        (33.0, -101, -0.20, 1.0),
        (0.0, -108, -0.20, 1.0),
    )
    return sitter.across([
        (
            x * (wide + (0.045 * (volume - 1) + 0.012 * grow) * weight),
            y - (6 * (volume - 1) + grow) * weight * max(0.0, -y - 20) / 80,
            forward,
        )
        for x, y, forward, weight in rows
    ])  # fmt: skip


def _cap(sitter: Sitter, hairline: list[Point], low: float, grow: float, strands: float) -> str:
    """Hair between its outer edge and the hairline."""
    palette = sitter.palette
    outer = _dome(sitter, low, sitter.identity.hair_volume, grow)
    body = fill(shape(outer, hairline[::-1]), "url(#hair)")
    lines = _strands(outer, hairline, (0.25, 0.50, 0.74, 0.96), 1)
    shine = _strands(outer, hairline, (0.36, 0.43), 3)
    return (
        body
        + stroke(lines, palette.hair_dark, 1.5, strands)
        + stroke(shine, palette.hair_light, 2.2, strands * 1.1)
    )


def _curls(sitter: Sitter, low: float, reach: float) -> list[Point]:
    """A softly lobed outer edge around the head."""
    wide, volume = sitter.width, sitter.identity.hair_volume
    lobes = 13
    points: list[Point] = []
    for index in range(lobes * 3 + 1):
        angle = lerp(pi * 1.10, -pi * 0.10, index / (lobes * 3))
        bump = (0.0, 4.2, 4.2)[index % 3] + 2.2 * sin(index * 1.7)
        radius_x = (66 + reach * volume) * wide + bump
        radius_y = 82 + reach * volume + bump
        points.append(sitter.rim(cos(angle) * radius_x, -28 - sin(angle) * radius_y + low, -0.25))
    return points


def _curl_marks(outer: list[Point], inner: list[Point]) -> tuple[str, str]:
    """Hooks over curly hair: dark ones, and light ones towards the light."""
    dark, light = "", ""
    count = len(outer)
    for ring, share in enumerate((0.16, 0.44, 0.74)):
        for index in range(2 + ring, count - 2, 3):
            x, y = outer[index]
            ix, iy = inner[round(index * (len(inner) - 1) / (count - 1))]
            px, py = lerp(x, ix, share), lerp(y, iy, share)
            turn = index * 0.8 + ring * 2.1
            mark = curve(
                [
                    (px + radius * cos(turn + angle), py + radius * sin(turn + angle))
                    for radius, angle in ((5.4, 0.0), (4.6, 1.2), (4.2, 2.4), (5.0, 3.4))
                ]
            )
            if index < count * 0.6 and (index // 3 + ring) % 3 == 0:
                light += mark
            else:
                dark += mark
    return dark, light


def _drape(sitter: Sitter, length: float, flare: float, grow: float) -> str:
    """Hair behind the head that falls to `length`."""
    wide = sitter.width
    rim = sitter.rim
    half = 69 * wide + grow

    def side(s: int) -> list[Point]:
        return [
            rim(0, -107 - grow, -0.2),
            rim(s * half * 0.55, -98 - grow, -0.25),
            rim(s * half * 0.92, -66, -0.3),
            rim(s * half, -20, _BACK * 0.6),
            rim(s * (half + flare * 0.5), lerp(-10, length, 0.45), _BACK * 0.6),
            rim(s * (half + flare), length - 12, -0.2),
            rim(s * (half + flare - 10), length, -0.1),
        ]

    left, right = side(-1), side(1)
    return shape(left[::-1] + right[1:], [right[-1], rim(0, length - 6, 0), left[-1]])


def _length(sitter: Sitter) -> float:
    """Where long or medium hair ends, as a height of the face frame."""
    volume = sitter.identity.hair_volume - 1
    if sitter.identity.hair_style == "long":
        return 112 + 30 * volume
    return (56 if sitter.identity.femininity >= 0.5 else 26) + 30 * volume


def behind(sitter: Sitter) -> str:
    """What lies behind neck and face."""
    palette, identity = sitter.palette, sitter.identity
    style = identity.hair_style
    if style == "long":
        return fill(_drape(sitter, _length(sitter) + 12, 4, 1), palette.hair_dark)
    if style == "medium":
        return fill(_drape(sitter, _length(sitter) + 6, 0, 0), palette.hair_dark)
    if style == "curly":
        woman = identity.femininity >= 0.5
        outer = _curls(sitter, 10 if woman else 0, 16 if woman else 5)
        if woman:
            low = [sitter.rim(s * 62, 62, -0.3) for s in (1, -1)]
            return fill(
                loop([*outer, sitter.rim(78, 34, -0.3), *low, sitter.rim(-78, 34, -0.3)]),
                palette.hair_dark,
            )
        return fill(shape(outer), palette.hair_dark)
    if style == "bun":
        x, y = sitter.rim(0, -112, -0.5)
        knot = disc((x, y), 27, 23, palette.hair) + stroke(
            curve([(x - 19, y + 4), (x - 6, y - 13), (x + 15, y - 6)])
            + curve([(x - 12, y + 10), (x, y - 3), (x + 18, y + 3)]),
            palette.hair_dark, 1.8, 0.5,
        )  # fmt: skip
        return knot + fill(_drape(sitter, 24, -10, -2), palette.hair_dark)
    return ""


def over(sitter: Sitter) -> str:
    """What lies over the forehead and the temples."""
    palette, identity = sitter.palette, sitter.identity
    style = identity.hair_style
    if style == "bald":
        return _bald(sitter)
    if style == "covered":
        return ""
    if style == "short":
        combed = identity.femininity >= 0.5 or abs(identity.hair_parting) > 0.35
        return _cap(sitter, (_swept if combed else _hairline)(sitter, 2), 2, 1.5, 0.34)
    if style == "bun":
        return _cap(sitter, _hairline(sitter, -2), -2, 0.0, 0.42)
    if style == "curly":
        woman = identity.femininity >= 0.5
        inner = _hairline(sitter, 8)
        outer = _curls(sitter, 10 if woman else 0, 16 if woman else 5)
        dark, light = _curl_marks(outer, inner)
        return (
            fill(shape(outer, inner[::-1]), "url(#hair)")
            + stroke(dark, palette.hair_dark, 2.0, 0.55)
            + stroke(light, palette.hair_light, 2.0, 0.55)
        )
    return _locks(sitter, _length(sitter))


def _locks(sitter: Sitter, length: float) -> str:
    """A swept fringe, and waving locks that frame the face down to `length`."""
    palette = sitter.palette
    rim, wide = sitter.rim, sitter.width
    span = length + 40
    parts: list[str] = []
    for side in (-1, 1):
        outer = [
            rim(side * x * wide, min(length + 3, -40 + share * span), forward)
            for x, share, forward in (
                (66.5, 0.0, -0.15), (72, 0.34, -0.15), (70, 0.62, -0.12), (74.5, 0.86, -0.1),
                (66, 1.1, 0.0),
            )
        ]  # fmt: skip
        inner = [
            rim(side * x * wide, min(length + 3, -40 + share * span), forward)
            for x, share, forward in (
                (57, 0.0, 0.08), (61, 0.34, 0.02), (54, 0.63, 0.0), (58, 0.88, 0.0), (66, 1.1, 0.0)
            )
        ]  # fmt: skip
        parts.append(fill(shape(outer, inner[::-1]), "url(#hair)"))
        lines = curve(between(outer, inner, 0.3)) + curve(between(outer, inner, 0.66))
        parts.append(stroke(lines, palette.hair_dark, 1.4, 0.4))
    parts.append(_cap(sitter, _swept(sitter, -4), -4, 3.0, 0.34))
    return "".join(parts)


def _bald(sitter: Sitter) -> str:
    """A bare scalp with light on it, and a thin ring of hair at the sides in later years."""
    palette, identity = sitter.palette, sitter.identity
    rim, wide = sitter.rim, sitter.width
    parts = [disc(sitter.face(-16, -76), 26, 13, "url(#glow)", 0.9)]
    shown = 0.72 if identity.age >= 45 else 0.22
    for side in (-1, 1):
        tuft = loop([
            rim(side * x * wide, y, forward)
            for x, y, forward in (
                (61.0, 4, 0.0), (58.0, -14, 0.06), (58.0, -32, 0.06),
                (60.5, -46, 0.0), (65.5, -40, -0.1), (66.5, -18, -0.1),
            )
        ])  # fmt: skip
        parts.append(fill(tuft, palette.hair, shown))
    return "".join(parts)
