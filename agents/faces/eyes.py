"""Eyes: lids, iris and gaze. Units 5, 6, 7 and 43 open and close them."""

from mirrorplay.agents.faces.path import curve, disc, fill, lerp, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_OPENING = {"almond": (9.4, 5.6), "round": (10.6, 6.2), "hooded": (8.4, 5.6), "narrow": (7.6, 4.9)}
"""Rise of the upper and fall of the lower lid at rest, by shape."""
_CREASE = {"almond": 4.6, "round": 4.4, "hooded": 2.6, "narrow": 3.8}
_HALF_WIDTH = 16.2


class _Lids:
    """Where the lids of one eye stand, in units of the face frame."""

    def __init__(self, sitter: Sitter, side: int) -> None:
        identity, muscles = sitter.identity, sitter.muscles
        rest_up, rest_low = _OPENING[identity.eye_shape]
        size = identity.eye_size * (1 - identity.eye_asymmetry * side)
        up, low = rest_up * size, rest_low * size
        down = max(0.0, -sitter.expression.gaze_y)
        raised = max(0.0, sitter.expression.gaze_y)
        up += 4.6 * muscles.on(5, side) + 1.2 * raised - 3.6 * down
        up -= 2.8 * muscles.on(7, side) + 0.9 * muscles.on(6, side) + 0.8 * muscles.on(9, side)
        up -= 0.9 * muscles.on(4, side)
        low += 0.6 * muscles.on(5, side) + 0.8 * down - 0.8 * raised
        low -= 2.7 * muscles.on(7, side) + 2.6 * muscles.on(6, side) + 0.7 * muscles.on(12, side)
        self.low = low = max(1.2, low)
        closure = muscles.on(43, side)
        # The shut lids meet a little below the middle, where the lower lid stands.
        self.up = lerp(max(1.6, up), -low + 0.4, closure)
        self.closure = closure
        self.fold = rest_up * size + _CREASE[identity.eye_shape] + 0.8 * muscles.on(5, side)
        self.x = side * sitter.eye_x
        self.y = sitter.eye_y
        self.side = side
        self.half = _HALF_WIDTH * identity.eye_size
        self.tilt = identity.eye_tilt

    def upper(self, sitter: Sitter, raise_by: float = 0.0, reach: float = 1.0) -> list[Point]:
        """The edge of the upper lid, from the inner to the outer corner."""
        rise, s, half = self.up + raise_by, self.side, self.half * reach
        at = sitter.face
        return [
            at(self.x - s * half, self.y + 2.2 - raise_by * 0.45, -5),
            at(self.x - s * half * 0.58, self.y - rise * 0.70 + 0.4),
            at(self.x - s * half * 0.05, self.y - rise),
            at(self.x + s * half * 0.55, self.y - rise * 0.80 - self.tilt * 0.4),
            at(self.x + s * half, self.y + 0.4 - self.tilt - raise_by * 0.45, -3),
        ]

    def lower(self, sitter: Sitter, lower_by: float = 0.0) -> list[Point]:
        """The edge of the lower lid, from the outer to the inner corner."""
        fall, s, half = self.low + lower_by, self.side, self.half
        at = sitter.face
        return [
            at(self.x + s * half, self.y + 0.4 - self.tilt, -3),
            at(self.x + s * half * 0.55, self.y + fall * 0.82 - self.tilt * 0.3),
            at(self.x, self.y + fall),
            at(self.x - s * half * 0.6, self.y + fall * 0.72),
            at(self.x - s * half, self.y + 2.2, -5),
        ]


def _globe(sitter: Sitter, lids: _Lids, clip: str) -> str:
    palette, gaze = sitter.palette, sitter.expression
    upper, lower = lids.upper(sitter), lids.lower(sitter)
    opening = shape(upper, lower)
    size = sitter.identity.eye_size
    iris_x, iris_y = sitter.face(lids.x + 7.4 * gaze.gaze_x, lids.y - 0.6 - 5.2 * gaze.gaze_y, 1)
    narrow = 1 - 0.18 * abs(gaze.gaze_x + 0.8 * sitter.pose.sin_yaw)
    radius = 8.5 * size
    lash_shadow = shape(upper, [(x, y + 3.4) for x, y in reversed(upper)])
    return (
        f'<clipPath id="{clip}"><path d="{opening}"/></clipPath>'
        + fill(opening, palette.sclera)
        + f'<g clip-path="url(#{clip})">'
        + disc((iris_x, iris_y), radius * narrow, radius, palette.iris_dark)
        + disc((iris_x, iris_y + 0.7), (radius - 1.1) * narrow, radius - 1.3, "url(#iris)")
        + disc((iris_x, iris_y), 3.7 * size * narrow, 3.7 * size, "#120d0c")
        + fill(lash_shadow, "#3b2a2a", 0.30)
        + disc((iris_x - 2.7, iris_y - 3.2), 2.1, 2.1, "#ffffff", 0.95)
        + disc((iris_x + 2.6, iris_y + 2.8), 1.0, 1.0, "#ffffff", 0.45)
        + "</g>"
    )


def eyes(sitter: Sitter) -> str:
    """Both eyes with lids, lashes and creases."""
    palette, identity, muscles = sitter.palette, sitter.identity, sitter.muscles
    parts: list[str] = []
    lashes, lower_lines, creases = "", "", ""
    for side, clip in ((-1, "eye-a"), (1, "eye-b")):
        lids = _Lids(sitter, side)
        upper = lids.upper(sitter)
        crease = lids.upper(sitter, lids.fold - lids.up, 1.02)
        lid_skin = shape(crease, upper[::-1])
        parts.append(fill(lid_skin, palette.shade, 0.38 + 0.25 * lids.closure))
        if lids.up + lids.low > 1.4:
            parts.append(_globe(sitter, lids, clip))
        # Upper lashes: a band thicker towards the outer corner.
        thick = 1.5 + 0.9 * identity.femininity
        flick = sitter.face(
            lids.x + side * (lids.half + 1.2 + 1.8 * identity.femininity),
            lids.y - lids.tilt - 0.6 - 1.2 * identity.femininity + 2.4 * lids.closure,
            -3,
        )
        x0, y0 = upper[0]
        rim = [flick] + [
            (x, y - thick * w) for (x, y), w in zip(upper[3:0:-1], (1.15, 1.0, 0.65), strict=True)
        ] + [(x0, y0 - 0.2)]  # fmt: skip
        lashes += shape([*upper, flick], rim)
        lower = lids.lower(sitter)
        lower_lines += curve(lower[:4])
        creases += curve(crease[1:])
        raised = max(muscles.on(6, side), 0.55 * muscles.on(7, side))
        pouch = lids.lower(sitter, 4.6 - 0.6 * raised)
        weight = 0.10 + 0.42 * raised + 0.26 * identity.age_lines
        feet = 0.62 * muscles.on(6, side) + 0.22 * muscles.on(7, side) + 0.30 * identity.age_lines
        if feet > 0.06:
            x, y = lids.x + side * (lids.half + 4.5), lids.y - lids.tilt
            fan = "".join(
                curve([
                    sitter.face(x, y + dy * 0.45),
                    sitter.face(x + side * 4, y + dy * 0.8 + 0.4),
                    sitter.face(x + side * 7.5, y + dy * 1.2),
                ])
                for dy in (-6, 0, 6)
            )  # fmt: skip
            parts.append(stroke(fan, palette.deep, 1.2, feet))
        parts.append(stroke(curve(pouch[1:4]), palette.deep, 1.3 + 0.8 * raised, weight))
    parts.append(fill(lashes, palette.lash))
    parts.append(stroke(lower_lines + creases, palette.line, 1.05, 0.50))
    return "".join(parts)
