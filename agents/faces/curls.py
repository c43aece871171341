"""Curly and coily hair: a lobed outline, and hooks of light and shade inside it."""

from math import cos, pi, sin

from mirrorplay.agents.faces.path import curve, lerp
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def crown(sitter: Sitter, low: float, reach: float) -> list[Point]:
    """A softly lobed outer edge around the head, `reach` units beyond it."""
    identity = sitter.identity
    wide, volume = sitter.width, identity.hair_volume
    lobes, bump = (19, 2.6) if identity.hair_texture == "coily" else (12, 4.6)
    points: list[Point] = []
    for index in range(lobes * 3 + 1):
        angle = lerp(pi * 1.10, -pi * 0.10, index / (lobes * 3))
        swell = (0.0, bump, bump)[index % 3] + 1.6 * identity.grain[index // 3 % 8]
        radius_x = (66 + reach * volume) * wide + swell
        radius_y = 80 + reach * volume + swell
        points.append(sitter.rim(cos(angle) * radius_x, -28 - sin(angle) * radius_y + low, -0.25))
    return points


def hooks(outer: list[Point], inner: list[Point], radius: float) -> tuple[str, str]:
    """Hooks over curly hair: dark ones, and light ones towards the light."""
    dark, light = "", ""
    count = len(outer)
    step = 3 if radius > 3.5 else 4
    for ring, share in enumerate((0.14, 0.40, 0.68, 0.90)):
        for index in range(2 + ring % 3, count - 2, step):
            x, y = outer[index]
            ix, iy = inner[round(index * (len(inner) - 1) / (count - 1))]
            px, py = lerp(x, ix, share), lerp(y, iy, share)
            turn = index * 0.8 + ring * 2.1
            mark = curve([
                (px + radius * r * cos(turn + angle), py + radius * r * sin(turn + angle))
                for r, angle in ((1.1, 0.0), (0.9, 1.3), (1.0, 2.6))
            ])  # fmt: skip
            if index < count * 0.6 and (index // step + ring) % 3 == 0:
                light += mark
            else:
                dark += mark
    return dark, light
