"""Eyes: lids, iris and gaze. Units 5, 6, 7 and 43 open and close them."""

from mirrorplay.agents.faces.path import Inks, curve, fill, lerp, oval, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_OPENING = {"almond": (5.9, 5.0), "round": (6.6, 5.4), "hooded": (5.3, 4.9), "narrow": (4.8, 4.3)}
"""Rise of the upper and fall of the lower lid at rest, by shape."""
_CREASE = {"almond": 3.9, "round": 3.6, "hooded": 2.0, "narrow": 3.0}
_HALF_WIDTH = 15.0
_IRIS = 6.7


class _Lids:
    """Where the lids of one eye stand, in units of the face frame."""

    def __init__(self, sitter: Sitter, side: int) -> None:
        identity, muscles = sitter.identity, sitter.muscles
        rest_up, rest_low = _OPENING[identity.eye_shape]
        size = identity.eye_size * (1 - identity.eye_asymmetry * side) * (1 + 0.05 * identity.youth)
        up, low = rest_up * size, rest_low * size
        down = max(0.0, -sitter.expression.gaze_y)
        raised = max(0.0, sitter.expression.gaze_y)
        wide, tight, cheek = (muscles.on(au, side) for au in (5, 7, 6))
        wrinkle, frown = muscles.on(9, side), muscles.on(4, side)
        up += 5.0 * wide + 1.6 * raised - 3.4 * down - 0.8 * identity.age_lines
        # The levator holds the lid against the sphincter: a stare stays open.
        up -= (2.6 * tight + 1.0 * cheek + 2.0 * wrinkle + 1.5 * frown) * (1 - 0.45 * wide)
        # Oblique brows pull the skin of the lid down at its outer end.
        oblique = muscles.on(1, side) * frown * (1 - muscles.on(2, side)) * (1 - wide)
        up -= 1.0 * oblique
        low += 0.5 * wide + 0.9 * down - 0.5 * raised
        low -= 3.0 * tight + 3.3 * cheek + 1.9 * wrinkle + 0.4 * muscles.on(12, side)
        self.low = low = max(0.6, low)
        closure = muscles.on(43, side)
        # The shut lids meet a little below the middle, where the lower lid stands.
        self.up = lerp(max(1.4, up), -low + 0.3, closure)
        self.closure = closure
        fold = rest_up * size + _CREASE[identity.eye_shape] * (0.55 + 0.6 * identity.eye_fold)
        self.fold = fold + 1.6 * wide - 0.9 * frown - 0.6 * wrinkle
        self.cheek = cheek
        self.tight = tight
        self.wrinkle = wrinkle
        self.x = side * sitter.eye_x
        self.y = sitter.eye_y + 0.5 * side * identity.eye_level
        self.side = side
        self.half = _HALF_WIDTH * (0.4 + 0.6 * identity.eye_size)
        self.tilt = identity.eye_tilt * 0.9
        self.size = size
        self.hood = 0.5 * identity.age_lines + 1.1 * oblique

    def upper(self, sitter: Sitter, raise_by: float = 0.0, reach: float = 1.0) -> list[Point]:
        """The edge of the upper lid, from the inner to the outer corner."""
        rise, s, half = self.up + raise_by, self.side, self.half * reach
        at, x, y, tilt = sitter.face, self.x, self.y, self.tilt
        return [
            at(x - s * half, y + 2.4 - raise_by * 0.3, -5),
            at(x - s * half * 0.60, y - rise * 0.66 + 0.6),
            at(x - s * half * 0.06, y - rise),
            at(x + s * half * 0.55, y - rise * 0.80 - tilt * 0.4 + self.hood),
            at(x + s * half, y + 0.2 - tilt - raise_by * 0.42 + self.hood, -3),
        ]

    def lower(self, sitter: Sitter, lower_by: float = 0.0) -> list[Point]:
        """The edge of the lower lid, from the outer to the inner corner."""
        fall, s, half = self.low + lower_by, self.side, self.half
        at, x, y, tilt = sitter.face, self.x, self.y, self.tilt
        return [
            at(x + s * half, y + 0.2 - tilt + self.hood, -3),
            at(x + s * half * 0.56, y + fall * 0.84 - tilt * 0.3),
            at(x, y + fall),
            at(x - s * half * 0.6, y + fall * 0.72 + 0.2),
            at(x - s * half, y + 2.4, -5),
        ]


def _globes(sitter: Sitter, both: list[_Lids]) -> str:
    """Both eyeballs in the openings of their lids; layer by layer, as both share every colour."""
    palette, gaze = sitter.palette, sitter.expression
    narrow = 1 - 0.16 * abs(gaze.gaze_x + 0.8 * sitter.pose.sin_yaw)
    openings, caruncle, rims, discs, lights, pupils, shadows = "", "", "", "", "", "", ""
    glints, glimmers = "", ""
    for lids in both:
        upper, lower = lids.upper(sitter), lids.lower(sitter)
        x, y = sitter.face(lids.x + 7.2 * gaze.gaze_x, lids.y - 0.7 - 4.6 * gaze.gaze_y, 1)
        radius = _IRIS * (0.55 + 0.45 * lids.size)
        openings += shape(upper, lower)
        caruncle += oval((upper[0][0] + 1.2 * lids.side, upper[0][1]), 3.0, 2.6)
        rims += oval((x, y), radius * narrow, radius)
        discs += oval((x, y + 0.4), (radius - 1.1) * narrow, radius - 1.1)
        lights += oval((x, y + 2.4), (radius - 2.4) * narrow, radius - 3.6)
        pupils += oval((x, y), 2.75 * narrow, 2.75)
        shadows += shape(upper, [(px, py + 2.8) for px, py in reversed(upper)])
        glints += oval((x - 2.2, y - 2.5), 1.75, 1.75)
        glimmers += oval((x + 2.4, y + 2.3), 0.8, 0.8)
    return (
        f'<clipPath id="eyes"><path d="{openings}"/></clipPath>'
        + fill(openings, palette.sclera)
        + '<g clip-path="url(#eyes)">'
        + fill(caruncle, palette.caruncle)
        + fill(rims, palette.iris_dark)
        + fill(discs, palette.iris)
        + fill(lights, palette.iris_light, 0.55)
        + fill(pupils, "#120d0c")
        + fill(shadows, "#2b1d1d", 0.34)
        + fill(glints, "#ffffff", 0.95)
        + fill(glimmers, "#ffffff", 0.5)
        + "</g>"
    )


def _lashes(sitter: Sitter, lids: _Lids, upper: list[Point]) -> str:
    """A band along the upper lid, thicker towards the outer corner."""
    grown = sitter.identity.femininity
    thick = 1.2 + 0.9 * grown
    s = lids.side
    flick = sitter.face(
        lids.x + s * (lids.half + 0.9 + 1.9 * grown),
        lids.y - lids.tilt + lids.hood - 0.6 - 1.1 * grown + 2.4 * lids.closure,
        -3,
    )
    x0, y0 = upper[0]
    edge = zip(upper[3:0:-1], (1.15, 1.0, 0.65), strict=True)
    rim = [flick, *((x, y - thick * w) for (x, y), w in edge), (x0, y0 - 0.3)]
    return shape([*upper, flick], rim)


def _below(sitter: Sitter, lids: _Lids, inks: Inks) -> None:
    """Pouch, furrow and crow's feet around one eye."""
    palette, age = sitter.palette, sitter.identity.age_lines
    s, grain = lids.side, sitter.identity.grain
    raised = max(lids.cheek, 0.6 * lids.tight, 0.7 * lids.wrinkle)
    weight = 0.07 + 0.45 * raised + 0.30 * age
    furrow = lids.lower(sitter, 4.4 + 1.2 * age - 0.4 * raised)
    if age > 0.25 or raised > 0.3:
        bag = lids.lower(sitter, 4.8 + 1.2 * age)
        share = max(0.22 * age, 0.16 * raised)
        inks.fill(shape(bag[1:], lids.lower(sitter, 0.6)[:0:-1]), palette.shade, share)
    inks.stroke(curve(furrow[1:]), palette.deep, 1.1 + 0.9 * raised, min(0.7, weight))
    feet = 0.80 * lids.cheek + 0.22 * lids.tight + 0.42 * max(0.0, age - 0.15)
    if feet > 0.05:
        x, y = lids.x + s * (lids.half + 4.0), lids.y - lids.tilt
        fan = ""
        for n, dy in enumerate((-4.2, 0.4, 4.8)):
            long = 6.0 + 2.5 * lids.cheek + 1.4 * grain[n]
            fan += curve([
                sitter.face(x + s * 0.6, y + dy * 0.55),
                sitter.face(x + s * long * 0.5, y + dy * 0.85 + 0.5),
                sitter.face(x + s * long, y + dy * 1.35 + 0.4 * grain[n + 4]),
            ])  # fmt: skip
        inks.stroke(fan, palette.deep, 1.1, min(0.55, 0.62 * feet))


def eyes(sitter: Sitter) -> str:
    """Both eyes with lids, lashes and creases."""
    palette, identity = sitter.palette, sitter.identity
    lashes, lower_lines, creases, skin = "", "", "", ""
    around = Inks()
    opened: list[_Lids] = []
    for side in (-1, 1):
        lids = _Lids(sitter, side)
        upper = lids.upper(sitter)
        crease = lids.upper(sitter, max(1.2, lids.fold - lids.up), 1.03)
        skin += shape(crease, upper[::-1])
        _below(sitter, lids, around)
        if lids.up + lids.low > 0.9:
            opened.append(lids)
        lashes += _lashes(sitter, lids, upper)
        lower_lines += curve(lids.lower(sitter)[:4])
        creases += curve(crease[1:])
    shade = 0.20 + 0.22 * identity.eye_depth + 0.2 * sitter.muscles.mean(43)
    return "".join((
        fill(skin, palette.shade, shade),
        around.drawn(),
        _globes(sitter, opened) if opened else "",
        fill(lashes, palette.lash),
        stroke(lower_lines + creases, palette.line, 1.0, 0.24 + 0.26 * identity.eye_fold),
    ))  # fmt: skip
