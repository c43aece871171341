"""The mouth: lips, teeth and jaw, and the lines that their movement cuts into the cheeks.

Units 10 to 28 pull on the two corners, on the four edges of the lips (each at the middle and half
way to either side) and on the jaw.
"""

from mirrorplay.agents.faces.path import curve, disc, fill, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_HALF_WIDTH = 23.5


class Lips:
    """Heights and places of the lips in the face frame. Lists run -1, 0, 1 over the sides."""

    def __init__(self, sitter: Sitter) -> None:
        identity, muscles = sitter.identity, sitter.muscles
        self.y = sitter.mouth_y
        m = muscles.mean
        pucker, funnel = m(18), m(22)
        squeeze = (
            (1 - 0.38 * pucker)
            * (1 - 0.22 * funnel)
            * (1 - 0.05 * m(23))
            * (1 - 0.20 * m(26))
            * (1 - 0.26 * m(27))
        )
        half = _HALF_WIDTH * identity.mouth_width * squeeze
        self.corner: dict[int, Point] = {}
        for side in (-1, 1):
            smile, dimple, sad, stretch = (muscles.on(au, side) for au in (12, 14, 15, 20))
            x = half + 9.0 * smile + 3.6 * dimple + 7.5 * stretch + 0.8 * sad
            y = -1.2 - 11.5 * smile - 2.4 * dimple + 8.6 * sad + 1.6 * stretch
            y += 0.5 * sitter.drop - 1.2 * m(17)
            y += -0.5 * side * -identity.mouth_asymmetry
            self.corner[side] = (side * x, self.y + y)
        thin = (
            (1 - 0.42 * m(23)) * (1 - 0.55 * m(24)) * (1 - 0.85 * m(28)) * (1 - 0.28 * m(20))
            * (1 - 0.22 * m(12)) * (1 + 0.30 * pucker) * (1 + 0.35 * funnel)
        )  # fmt: skip
        self.upper_thickness = 5.4 * identity.upper_lip * thin * (1 - 0.15 * m(10))
        self.lower_thickness = 7.6 * identity.lower_lip * thin * (1 + 0.12 * m(17))
        part = 4.6 * m(25) + 0.6 * funnel * 4
        # The line where the lips meet, at the middle and half-way to each corner.
        self.meet: dict[int, float] = {}
        self.top: dict[int, float] = {}
        self.bottom: dict[int, float] = {}
        for side in (-1, 0, 1):

            def pull(au: int, side: int = side) -> float:
                return muscles.on(au, side) if side else m(au)

            corner_y = self.corner[side][1] - self.y if side else 0.0
            follow = (
                0.27 * corner_y
                if side
                else 0.10 * sum(c[1] - self.y for c in self.corner.values()) / 2
            )
            meet = (
                self.y
                + follow
                + (0.9 - 1.6 * m(26) - 2.0 * m(27) if side == 0 else 0.0)
                - 2.8 * pull(17) * (1.0 if side == 0 else 0.6)
            )
            lifted = 6.2 * pull(10) + 2.6 * pull(9) + 2.4 * pull(12) * m(25)
            fallen = (
                4.8 * pull(16)
                + 0.8 * pull(15)
                + 3.4 * pull(12) * m(25) * (1 if side == 0 else 0.75)
            )
            self.meet[side] = meet
            self.top[side] = meet - lifted - 0.35 * part
            self.bottom[side] = (
                meet + fallen + 0.65 * part + 0.94 * sitter.drop * (1 if side == 0 else 0.86)
            )
        self.gap = self.bottom[0] - self.top[0]
        self.press = max(m(23) * 0.6, m(24), m(28))


def mouth(sitter: Sitter) -> str:
    """Lips, and what shows between them."""
    palette, at = sitter.palette, sitter.face
    lips = Lips(sitter)
    (left_x, left_y), (right_x, right_y) = lips.corner[-1], lips.corner[1]
    left, right = at(left_x, left_y, -3), at(right_x, right_y, -3)

    def across(heights: dict[int, float], share: float, lift: float) -> list[Point]:
        return [
            at(left_x * share, heights[-1], lift),
            at(0, heights[0], lift + 1),
            at(right_x * share, heights[1], lift),
        ]

    upper_edge = [left, *across(lips.top, 0.52, 2), right]
    lower_edge = [left, *across(lips.bottom, 0.52, 2), right]
    thick = lips.upper_thickness
    bow = [
        left,
        at(left_x * 0.56, lips.top[-1] - thick * 0.74, 2),
        at(left_x * 0.20, (lips.top[-1] * 0.3 + lips.top[0] * 0.7) - thick * 1.12, 4),
        at(0, lips.top[0] - thick * 0.82, 4),
        at(right_x * 0.20, (lips.top[1] * 0.3 + lips.top[0] * 0.7) - thick * 1.12, 4),
        at(right_x * 0.56, lips.top[1] - thick * 0.74, 2),
        right,
    ]
    full = lips.lower_thickness
    belly = [
        left,
        at(left_x * 0.58, lips.bottom[-1] + full * 0.66, 2),
        at(left_x * 0.25, lips.bottom[0] * 0.8 + lips.bottom[-1] * 0.2 + full * 1.0, 3),
        at(right_x * 0.25, lips.bottom[0] * 0.8 + lips.bottom[1] * 0.2 + full * 1.0, 3),
        at(right_x * 0.58, lips.bottom[1] + full * 0.66, 2),
        right,
    ]
    parts: list[str] = []
    under_y = lips.bottom[0] + full + 3.4
    parts.append(disc(at(0, under_y), 12, 3.0, "url(#socket)", 0.9))
    if lips.gap > 1.2:
        opening = shape(upper_edge, lower_edge[::-1])
        parts.append(f'<clipPath id="mouth"><path d="{opening}"/></clipPath>')
        parts.append(fill(opening, palette.mouth))
        parts.append('<g clip-path="url(#mouth)">')
        muscles = sitter.muscles
        show = min(
            lips.gap * 0.74,
            1.8 + 5.6 * max(muscles.mean(12), muscles.mean(10)) + 1.0 * muscles.mean(25),
        )
        parts.append(fill(shape(
            [(x, y - 3) for x, y in upper_edge], [(x, y + show) for x, y in reversed(upper_edge)]
        ), "#f3ece2"))  # fmt: skip
        if muscles.mean(16) > 0.05 or muscles.mean(20) > 0.3:
            low = 1.0 + 3.4 * max(muscles.mean(16), 0.6 * muscles.mean(20))
            parts.append(fill(shape(
                [(x, y - low) for x, y in lower_edge], [(x, y + 3) for x, y in reversed(lower_edge)]
            ), "#e4d9cd"))  # fmt: skip
        if lips.gap > 10:
            tongue = at(0, lips.bottom[0] + 1, 0)
            parts.append(disc(tongue, 12, 0.42 * lips.gap, "#9c4a4d", 0.9))
        parts.append("</g>")
    parts.append(fill(shape(bow, upper_edge[::-1]), palette.lip_dark))
    parts.append(fill(shape(lower_edge, belly[::-1]), palette.lip))
    shine = disc(
        at(-3, lips.bottom[0] + full * 0.45, 4), 8.5, max(0.6, full * 0.22), palette.lip_light, 0.5
    )
    parts.append(shine)
    seam = [left, *across(lips.top, 0.52, 2), right]
    dark = 0.85 if lips.gap <= 1.2 else 0.55
    parts.append(stroke(curve(seam), palette.line, 1.3 + 0.9 * lips.press, dark))
    return "".join(parts)


def folds(sitter: Sitter) -> str:
    """Furrows from nose to mouth, corner lines, dimples and the chin."""
    palette, muscles, at, age = (
        sitter.palette,
        sitter.muscles,
        sitter.face,
        sitter.identity.age_lines,
    )
    lips = Lips(sitter)
    wide = sitter.identity.nose_width
    base = sitter.nose_y
    parts: list[str] = []
    for side in (-1, 1):
        smile, upper, wrinkle = (muscles.on(au, side) for au in (12, 10, 9))
        dimple, sad, stretch = (muscles.on(au, side) for au in (14, 15, 20))
        x, y = lips.corner[side]
        weight = (
            0.06
            + 0.36 * age
            + 0.42 * smile
            + 0.55 * upper
            + 0.30 * wrinkle
            + 0.2 * sad
            + 0.2 * stretch
        )
        start = at(side * (14.5 * wide + 2), base - 5 - 2 * upper - 2 * wrinkle, 5)
        middle = at(
            side * (21.5 * wide + 2 * upper + 3.5 * smile) + (x - side * 24) * 0.85,
            (base + y) / 2 - 1.5 * smile,
            2,
        )
        end = at(x + side * (6.0 - 0.5 * smile), y - 1 + 2.0 * age + 4 * sad + 6.5 * smile, 0)
        parts.append(
            stroke(curve([start, middle, end]), palette.deep, 1.3 + 0.5 * smile, min(0.8, weight))
        )
        corner = at(x + side * 0.8, y + 0.3, 0)
        parts.append(
            disc(
                corner,
                2.4 + 1.2 * dimple,
                2.2 + 1.6 * dimple,
                "url(#socket)",
                min(1.0, 0.7 + dimple),
            )
        )
        if dimple > 0.05:
            pit = curve(
                [
                    at(x + side * 4.4, y - 6.5),
                    at(x + side * 6.8, y - 1),
                    at(x + side * 4.8, y + 4.6),
                ]
            )
            parts.append(stroke(pit, palette.line, 1.2 + 1.3 * dimple, 0.25 + 0.6 * dimple))
        drooped = 0.75 * sad + 0.22 * age
        if drooped > 0.03:
            line = curve(
                [at(x + side * 1.2, y + 2), at(x + side * 3.2, y + 7), at(x + side * 2.6, y + 12.5)]
            )
            parts.append(stroke(line, palette.deep, 1.5, drooped))
    chin = muscles.mean(17)
    if chin > 0.05:
        y = sitter.fallen(sitter.mouth_y + 25) - 3 * chin
        boss = curve([at(-11, y - 4), at(-5, y - 8.4), at(5, y - 8.4), at(11, y - 4)])
        parts.append(stroke(boss, palette.deep, 1.8, 0.55 * chin))
        pits = "".join(
            curve([at(dx - 1.4, y + dy), at(dx + 1.2, y + dy + 1.0)])
            for dx, dy in ((-6, 0), (0, -2), (6, 0), (-3, 4), (4, 4))
        )
        parts.append(stroke(pits, palette.deep, 1.5, 0.6 * chin))
    if lips.press > 0.1:
        y = lips.top[0] - lips.upper_thickness - 3.2
        bulge = curve([at(-14, y + 1.6), at(-6, y), at(6, y), at(14, y + 1.6)])
        low = lips.bottom[0] + lips.lower_thickness + 3.0
        bulge += curve([at(-12, low), at(0, low + 1.6), at(12, low)])
        parts.append(stroke(bulge, palette.deep, 1.5, 0.42 * lips.press))
    return "".join(parts)
