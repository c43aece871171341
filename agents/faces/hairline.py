"""The two edges of a head of hair: where it meets the face, and where it ends in the air.

Each line runs from the picture-left to the picture-right side in eleven points, so that strands can
be laid between any two of them.
"""

from math import sin

from mirrorplay.agents.faces.path import lerp
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def between(outer: list[Point], inner: list[Point], share: float) -> list[Point]:
    """A line from 0, the outer edge, to 1, the inner one."""
    return [
        (lerp(a[0], b[0], share), lerp(a[1], b[1], share))
        for a, b in zip(outer, inner, strict=True)
    ]


def combed_back(sitter: Sitter, low: float) -> list[Point]:
    """The bare hairline from temple to temple; `low` is where the sides end."""
    wide, identity = sitter.width, sitter.identity
    recede, high = identity.hairline, identity.forehead
    at, rim = sitter.face, sitter.rim
    top = (-60 - 13 * recede) * high

    def side(s: int) -> list[Point]:
        return [
            rim(s * 62.5 * wide, low, 0.0),
            rim(s * 58.0 * wide, -22, 0.12),
            at(s * 52.5 * wide, -41 - 6 * recede),
            at(s * 39 * wide, -53 * high - 17 * recede),
            at(s * 19 * wide, top + 2.5 - 4 * recede),
        ]

    middle = at(identity.hair_parting * 6.4, top - 0.5 + 4 * recede)
    return [*side(-1), middle, *side(1)[::-1]]


def swept(sitter: Sitter, low: float) -> list[Point]:
    """A fringe combed from a parting at the side."""
    identity, wide = sitter.identity, sitter.width
    part = (17 + 9 * abs(identity.hair_parting)) * (1 if identity.hair_parting >= 0 else -1)
    top = (-69 - 4 * identity.hairline) * identity.forehead
    at, rim = sitter.face, sitter.rim
    deep = -1 if part > 0 else 1

    def side(s: int) -> list[Point]:
        reach = 1.0 if s == deep else 0.5
        return [
            at(part + s * 12 * (1.1 if s == deep else 0.6), top + 4.5 * reach),
            at(lerp(part, s * 46 * wide, 0.62), -63 + 10 * reach),
            at(s * 51 * wide, -45 + 6 * reach),
            rim(s * 58.5 * wide, -20, 0.08),
            rim(s * 63 * wide, low, 0.0),
        ]

    return [*side(-1)[::-1], at(part, top - 3), *side(1)]


def parted(sitter: Sitter, low: float) -> list[Point]:
    """Two curtains from a parting near the middle."""
    identity, wide = sitter.identity, sitter.width
    part = 7 * identity.hair_parting
    top = (-71 - 5 * identity.hairline) * identity.forehead
    at, rim = sitter.face, sitter.rim

    def side(s: int) -> list[Point]:
        return [
            at(part + s * 9, top + 8), at(s * 34 * wide, -56), at(s * 51 * wide, -36),
            rim(s * 59 * wide, -14, 0.08), rim(s * 63 * wide, low, 0.0),
        ]  # fmt: skip

    return [*side(-1)[::-1], at(part, top - 2), *side(1)]


def fringe(sitter: Sitter, low: float) -> list[Point]:
    """Hair cut across the forehead, above the brows even when these are raised."""
    wide, grain = sitter.width, sitter.identity.grain
    at, rim = sitter.face, sitter.rim
    y = -47.0

    def side(s: int) -> list[Point]:
        return [
            at(s * 15, y - 1.0 + 0.9 * grain[2 + s]), at(s * 31 * wide, y + 0.6 * grain[5 + s]),
            at(s * 47 * wide, y + 4), rim(s * 58 * wide, -20, 0.1), rim(s * 63 * wide, low, 0.0),
        ]  # fmt: skip

    return [*side(-1)[::-1], at(2 * grain[0], y - 1.6), *side(1)]


def dome(sitter: Sitter, low: float, grow: float, lift: float = 0.0) -> list[Point]:
    """The outer edge of hair: `grow` units thicker all around, `lift` higher on top."""
    wide, volume = sitter.width, sitter.identity.hair_volume
    rows = (
        (64.5, low, -0.10, 0.3, 0.0),
        (67.5, -24, -0.15, 0.7, 0.0),
        (67.0, -52, -0.20, 1.0, 0.1),
        (57.0, -80, -0.20, 1.0, 0.6),
        (33.0, -101, -0.20, 1.0, 0.95),
        (0.0, -107.5, -0.20, 1.0, 1.0),
    )
    return sitter.across([
        (
            x * (wide + (0.06 * (volume - 1) + 0.013 * grow) * weight),
            y - (7 * (volume - 1) + grow) * weight * max(0.0, -y - 20) / 80 - lift * top,
            forward,
        )
        for x, y, forward, weight, top in rows
    ])  # fmt: skip


def rough(points: list[Point], grain: tuple[float, ...], amount: float) -> list[Point]:
    """The same line with its inner points moved a little, as hair is never a compass line."""
    return [
        (x + amount * grain[i % 8], y + amount * sin(i * 2.3 + 4 * grain[0]))
        if 0 < i < len(points) - 1
        else (x, y)
        for i, (x, y) in enumerate(points)
    ]
