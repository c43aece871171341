"""Hair: a layer behind the head and a layer over the forehead."""

from itertools import pairwise
from math import sin

from mirrorplay.agents.faces.curls import crown, hooks
from mirrorplay.agents.faces.hairline import (
    between,
    combed_back,
    dome,
    fringe,
    parted,
    rough,
    swept,
)
from mirrorplay.agents.faces.path import curve, disc, fill, lerp, loop, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_FRONTS = {
    "swept": swept, "parted": parted, "fringe": fringe, "cropped": combed_back,
    "brushed_up": combed_back,
}  # fmt: skip


_SIDEBURN = (
    (63.5, -14, -0.02), (63.0, 2, 0.0), (60.0, 9, 0.03), (57.5, -4, 0.1), (58.0, -22, 0.1)
)  # fmt: skip
"""Across, down and depth of five points, from the outer edge around its end to the inner one."""


_PUFF = (
    (-1.0, 0.3), (-0.95, -0.4), (-0.5, -0.85), (0.0, -1.0), (0.5, -0.85), (0.95, -0.4), (1.0, 0.3)
)  # fmt: skip


def _body(sitter: Sitter, outer: list[Point], inner: list[Point], strands: float) -> str:
    """Hair between its outer edge and the hairline: fill, shade at the roots, strands, shine."""
    palette, identity = sitter.palette, sitter.identity
    grain = identity.grain
    last = len(outer)
    shares = (0.24, 0.50, 0.76)
    dark = "".join(
        curve(between(outer, inner, share)[1 + n % 2 : last - 1 - (n + 1) % 2 : 2])
        for n, share in enumerate(shares)
    )
    shine = shape(
        between(outer, inner, 0.30 + 0.03 * grain[1])[2:6],
        between(outer, inner, 0.52)[5:2:-1],
    )
    root = shape(between(outer, inner, 0.84), inner[::-1])
    parts = [
        fill(shape(outer, inner[::-1]), palette.hair),
        fill(root, palette.hair_dark, 0.40),
        fill(shine, palette.hair_light, 0.34),
        stroke(dark, palette.hair_dark, 1.3, strands),
    ]
    if 0.05 < identity.grey < 1:
        # Grey begins at the temples.
        near = between(outer, inner, 0.55), between(outer, inner, 0.8), between(outer, inner, 0.32)
        temples = "".join(curve(line[:3]) + curve(line[-3:]) for line in near)
        parts.append(stroke(temples, "#b9b5b0", 2.4, 0.65 * identity.grey))
        top = curve(near[0][2:5]) + curve(near[2][6:9])
        parts.append(stroke(top, "#b9b5b0", 1.4, 0.5 * max(0.0, identity.grey - 0.3)))
    return "".join(parts)


def _coils(sitter: Sitter, outer: list[Point], inner: list[Point], radius: float) -> str:
    palette, identity = sitter.palette, sitter.identity
    dark, light = hooks(outer, inner, radius)
    grey = 0.3 * identity.grey if identity.grey < 1 else 0.0
    return (
        fill(shape(outer, inner[::-1]), palette.hair)
        + stroke(dark, palette.hair_dark, 1.8, 0.55)
        + stroke(light, palette.hair_light, 1.7, 0.50)
        + (stroke(light, "#c4c0bb", 1.2, grey) if grey else "")
    )


def _length(sitter: Sitter) -> float:
    """Where long or medium hair ends, as a height of the face frame."""
    identity = sitter.identity
    volume = identity.hair_volume - 1
    if identity.hair_style == "long":
        return 118 + 60 * volume
    return (52 if identity.femininity >= 0.5 else 26) + 60 * volume


def _wave(sitter: Sitter, share: float) -> float:
    """How far a lock leaves its line, by texture."""
    texture = sitter.identity.hair_texture
    if texture == "straight":
        return 0.0
    bend = 4.2 if texture == "wavy" else 3.2
    return bend * sin(share * (9 if texture == "wavy" else 17) + 3 * sitter.identity.grain[2])


def _drape(sitter: Sitter, length: float, flare: float) -> str:
    """Hair behind the head that falls to `length`."""
    rim = sitter.rim
    half = 68 * sitter.width + 10 * (sitter.identity.hair_volume - 1)

    def side(s: int) -> list[Point]:
        falling = [
            rim(
                s * (half + flare * share + _wave(sitter, share)), lerp(-20, length - 8, share),
                -0.33 + 0.15 * share,
            )
            for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
        ]  # fmt: skip
        return [
            rim(0, -107, -0.2), rim(s * half * 0.55, -98, -0.25), rim(s * half * 0.92, -66, -0.3),
            *falling, rim(s * (half + flare - 14), length, -0.1),
        ]  # fmt: skip

    left, right = side(-1), side(1)
    return shape(left[::-1] + right[1:], [right[-1], rim(0, length - 8, 0), left[-1]])


def behind(sitter: Sitter) -> str:
    """What lies behind neck and face."""
    palette, identity = sitter.palette, sitter.identity
    style = identity.hair_style
    woman = identity.femininity >= 0.5
    if style == "long":
        return fill(_drape(sitter, _length(sitter) + 8, 5), palette.hair_dark)
    if style == "medium":
        return fill(_drape(sitter, _length(sitter) + 4, 1), palette.hair_dark)
    if style == "curly":
        outer = crown(sitter, 8 if woman else 2, 15 if woman else 5)
        if woman:
            low = [sitter.rim(s * 60, 58, -0.3) for s in (1, -1)]
            ends = [sitter.rim(79, 32, -0.3), *low, sitter.rim(-79, 32, -0.3)]
            return fill(loop([*outer, *ends]), palette.hair_dark)
        return fill(shape(outer), palette.hair_dark)
    if style == "bun":
        return _knot(sitter)
    return ""


def _knot(sitter: Sitter) -> str:
    palette, identity = sitter.palette, sitter.identity
    x, y = sitter.rim(10 * identity.grain[3], -104, -0.5)
    size = 22 + 12 * (identity.hair_volume - 1)
    if identity.hair_texture == "coily":
        ring = [(x + dx * size * 1.25, y + dy * size * 1.05) for dx, dy in _PUFF]
        dark, light = hooks(ring, [(x, y + 8)] * 7, 4.0)
        return (
            disc((x, y), size * 1.3, size * 1.08, palette.hair)
            + stroke(dark, palette.hair_dark, 1.7, 0.5)
            + stroke(light, palette.hair_light, 1.6, 0.5)
        )  # fmt: skip

    def wisp(a: float, ay: float, b: float, by: float, c: float, cy: float) -> str:
        return curve([(x + a * size, y + ay), (x + b * size, y + by), (x + c * size, y + cy)])

    return disc((x, y), size, size * 0.86, palette.hair) + stroke(
        wisp(-0.8, 4, -0.3, -0.55 * size, 0.7, -6)
        + wisp(-0.5, 9, 0.0, -3, 0.8, 3)
        + wisp(-0.9, -4, -0.2, -0.72 * size, 0.4, -13),
        palette.hair_dark, 1.5, 0.5,
    )  # fmt: skip


def over(sitter: Sitter) -> str:
    """What lies over the forehead and the temples."""
    identity = sitter.identity
    style, cut = identity.hair_style, identity.hair_cut
    coily = identity.hair_texture == "coily"
    woman = identity.femininity >= 0.5
    if style == "covered":
        return ""
    if style == "bald":
        return _bald(sitter)
    if style == "curly":
        inner = combed_back(sitter, 8)
        outer = crown(sitter, 8 if woman else 2, 15 if woman else 5)
        return _coils(sitter, outer, inner, 3.2 if coily else 5.0)
    if style == "bun":
        return _body(sitter, dome(sitter, -2, -1.0), combed_back(sitter, -2), 0.40)
    if style == "short":
        low = 4 if woman else -2
        if coily and cut != "swept":
            inner = combed_back(sitter, low)
            return _coils(sitter, _small_coils(sitter, low), inner, 2.3)
        grow, lift = {"cropped": (-1.0, -2.0), "brushed_up": (1.0, 8.0)}.get(cut, (2.0, 1.5))
        outer = rough(dome(sitter, low, grow, lift), identity.grain, 0.9)
        front = _FRONTS[cut](sitter, low)
        sideburns = "" if woman else _sideburns(sitter)
        return sideburns + _body(sitter, outer, front, 0.24 if cut == "cropped" else 0.42)
    return _locks(sitter, _length(sitter))


def _small_coils(sitter: Sitter, low: float) -> list[Point]:
    """The edge of short coily hair: twice as many points as a smooth one, every second outside."""
    smooth = dome(sitter, low, 0.5)
    points: list[Point] = [smooth[0]]
    for (ax, ay), (bx, by) in pairwise(smooth):
        for share, out in ((0.34, 1.8), (0.67, 0.6)):
            x, y = lerp(ax, bx, share), lerp(ay, by, share)
            away = (x - 168) / 70
            points.append((x + away * (out + 1.5), y - (1 - abs(away)) * (out + 3.5)))
        points.append((bx, by))
    return points


def _sideburns(sitter: Sitter) -> str:
    rim, wide = sitter.rim, sitter.width
    return "".join(
        fill(
            shape(
                [rim(s * x * wide, y, z) for x, y, z in _SIDEBURN[:3]],
                [rim(s * x * wide, y, z) for x, y, z in _SIDEBURN[2:]],
            ),
            sitter.palette.hair,
            0.82,
        )
        for s in (-1, 1)
    )  # fmt: skip


def _locks(sitter: Sitter, length: float) -> str:
    """A front, and locks that frame the face down to `length`."""
    palette, identity = sitter.palette, sitter.identity
    rim, wide = sitter.rim, sitter.width
    span = length + 40
    parts: list[str] = []
    steps = (0.0, 0.16, 0.34, 0.50, 0.66, 0.82, 1.0)
    full = 4 * (identity.hair_volume - 1) + 2
    for side in (-1, 1):
        outer, inner = [], []
        for share in steps:
            y = -40 + share * span
            wave = _wave(sitter, share)
            thin = 1 - 0.75 * max(0.0, share - 0.72) / 0.28
            middle = lerp(62, 66, share) + wave * share * 1.6
            half = (5.5 + full + 3.0 * sin(share * 3.1)) * thin
            outer.append(rim(side * ((middle + half) * wide), y, -0.15 + 0.1 * share))
            inner.append(rim(side * ((middle - half) * wide), y, 0.08 - 0.1 * share))
        parts.append(fill(shape(outer, inner[::-1]), palette.hair))
        lines = "".join(curve(between(outer, inner, share)[::2]) for share in (0.5,))
        parts.append(stroke(lines, palette.hair_dark, 1.3, 0.42))
        if side < 0:
            light = curve(between(outer, inner, 0.42)[1:5])
            parts.append(stroke(light, palette.hair_light, 3.0, 0.35))
        if identity.grey > 0.05:
            grey = curve(between(outer, inner, 0.65)[:5])
            parts.append(stroke(grey, "#c4c0bb", 2.0, 0.5 * identity.grey * (identity.grey < 1)))
    cut = identity.hair_cut if identity.hair_cut in {"parted", "fringe"} else "swept"
    outer = rough(dome(sitter, -4, 3.5, 1.0), identity.grain, 0.8)
    parts.append(_body(sitter, outer, _FRONTS[cut](sitter, -4), 0.42))
    return "".join(parts)


def _bald(sitter: Sitter) -> str:
    """A bare scalp with light on it, and a thin ring of hair at the sides in later years."""
    palette, identity = sitter.palette, sitter.identity
    rim, wide = sitter.rim, sitter.width
    parts = [disc(sitter.face(-16, -74), 26, 12, "url(#glow)", 0.8)]
    shown = 0.70 if identity.age >= 45 else 0.16
    grain = identity.grain
    for side in (-1, 1):
        tuft = loop([
            rim(side * x * wide, y, forward)
            for x, y, forward in (
                (61.5, 3, 0.0), (59.5, -12, 0.04), (58.5 + grain[0], -30, 0.05),
                (59.5, -44 - 3 * grain[1], 0.0), (63.5, -42, -0.08), (65.0, -18, -0.1),
            )
        ])  # fmt: skip
        parts.append(fill(tuft, palette.hair, shown))
    return "".join(parts)
