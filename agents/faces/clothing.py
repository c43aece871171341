"""Shoulders and neckline. No expression moves them, so they are drawn once for an identity."""

from collections.abc import Sequence
from functools import lru_cache

from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.palette import mix, palette_of
from mirrorplay.agents.faces.path import curve, fill, line, shape, stroke
from mirrorplay.agents.faces.pose import Point

_BUTTONS = line((171.5, 317), (171.5, 317.2)) + line((171.5, 331), (171.5, 331.2))


def _mirrored(points: Sequence[Point]) -> list[Point]:
    return [(336 - x, y) for x, y in points]


def _body(reach: float, rim: Sequence[Point]) -> str:
    """The garment around a neckline; `rim` is its left half, from the shoulder to the middle."""
    left = [(168 - reach, 336), (168 - reach + 5, 308), (168 - reach * 0.66, 281), rim[0]]
    right = _mirrored(left)[::-1]
    return shape(left, rim, _mirrored(rim)[::-1], right)


def _collarbones(identity: Identity) -> str:
    lines = curve([(164, 291), (140, 283), (104, 283)]) + curve(
        [(172, 291), (196, 283), (232, 283)]
    )
    return stroke(lines, palette_of(identity).deep, 1.8, 0.22)


@lru_cache(maxsize=256)
def clothing(identity: Identity) -> str:
    """The garment from shoulder to shoulder, over the neck."""
    palette = palette_of(identity)
    collar = identity.collar
    reach, half = 134 * identity.shoulders, 33 * identity.neck
    left = 168 - half
    rims: dict[str, list[Point]] = {
        "crew": [(left - 14, 261), (left + 3, 277), (152, 285), (168, 286)],
        "scoop": [(left - 26, 268), (left - 8, 290), (146, 305), (168, 307)],
        "v": [(left - 14, 261), (left + 8, 282), (168, 316)],
        "shirt": [(left - 14, 261), (left + 10, 280), (168, 304)],
        "roll": [(left - 10, 262), (left, 262), (168, 262)],
        "hood": [(left - 16, 263), (left + 2, 280), (152, 290), (168, 292)],
        "jacket": [(left - 14, 261), (left + 6, 286), (150, 322), (160, 336)],
    }
    rim = rims[collar]
    parts: list[str] = []
    if collar in {"scoop", "v"}:
        parts.append(_collarbones(identity))
    if collar == "jacket":
        under = [(left - 14, 261), (left + 3, 278), (152, 287), (168, 288)]
        shirt = mix(palette.cloth, "#f4f1ea", 0.82)
        parts.append(fill(_body(reach * 0.9, under), shirt))
        edge = curve([*under, *_mirrored(under)[-2::-1]])
        parts.append(stroke(edge, palette.cloth_dark, 2.0, 0.30))
    parts.append(fill(_body(reach, rim), palette.cloth))
    parts.append(_shade(identity, reach, 336 - rim[0][0]))
    whole = curve([*rim, *_mirrored(rim)[-2::-1]]) if collar in {"crew", "scoop", "hood"} else ""
    if collar in {"crew", "scoop"}:
        parts.append(stroke(whole, palette.cloth_dark, 5.0, 0.5))
    elif collar == "v":
        both = curve(rim) + curve(_mirrored(rim))
        parts.append(stroke(both, palette.cloth_dark, 4.4, 0.5))
    elif collar == "shirt":
        parts.append(_flaps(identity, left))
    elif collar == "roll":
        parts.append(_roll(identity, left))
    elif collar == "hood":
        cowl = [(left - 30, 274), (left - 14, 252), (left - 4, 262), (150, 290), (168, 296)]
        low = [(168, 303), (140, 300), (left - 12, 286), (left - 30, 274)]
        halves = shape(cowl, low) + shape(_mirrored(cowl), _mirrored(low))
        parts.append(fill(halves, palette.cloth_light))
        cords = curve([(152, 298), (151, 314), (150, 336)]) + curve(
            [(184, 298), (185, 314), (186, 336)]
        )
        parts.append(stroke(cords, mix(palette.cloth, "#ffffff", 0.55), 2.0, 0.9))
        parts.append(
            stroke(curve([*low[::-1], *_mirrored(low)[1:]]), palette.cloth_dark, 1.5, 0.45)
        )
    else:
        lapel = [(left - 14, 258), (left + 8, 284), (150, 322), (160, 336)]
        back = [(140, 336), (120, 306), (132, 300), (left - 16, 272), (left - 14, 258)]
        for side in (lapel, back), (_mirrored(lapel), _mirrored(back)):
            parts.append(fill(shape(*side), palette.cloth_light))
            parts.append(stroke(curve(side[0]), palette.cloth_dark, 1.6, 0.6))
    return "".join(parts)


def _shade(identity: Identity, reach: float, neck: float) -> str:
    """The shoulder away from the light, and a few folds."""
    palette, grain = palette_of(identity), identity.grain
    outer = [(neck, 261), (168 + reach * 0.66, 281), (168 + reach - 5, 308), (168 + reach, 336)]

    def crease(across: float, y: float) -> str:
        x = 168 + reach * across
        return curve([(x, 336), (x - reach * across * 0.1, y), (x - reach * across * 0.03, 301)])

    shoulder = shape(outer, [(168 + reach * 0.58, 336), (168 + reach * 0.44, 300), (neck, 261)])
    folds = (
        crease(-0.62, 316 + 3 * grain[0]) + crease(0.62, 318 + 3 * grain[1])
        + curve([(112, 336), (118, 318), (116, 306 + 3 * grain[2])])
    )  # fmt: skip
    return fill(shoulder, palette.cloth_dark, 0.42) + stroke(folds, palette.cloth_dark, 2.2, 0.38)


def _flaps(identity: Identity, left: float) -> str:
    palette = palette_of(identity)
    flap = [(left - 13, 254), (left - 21, 275), (left + 3, 297), (154, 318), (165, 297)]
    back = [(165, 297), (150, 288), (left + 6, 270), (left - 13, 254)]
    parts: list[str] = []
    for side in (flap, back), (_mirrored(flap), _mirrored(back)):
        parts.append(fill(shape(*side), palette.cloth_light))
        parts.append(stroke(curve(side[0][1:]), palette.cloth_dark, 1.5, 0.45))
    parts.append(stroke(line((168, 300), (168, 336)), palette.cloth_dark, 1.6, 0.6))
    parts.append(stroke(_BUTTONS, palette.cloth_light, 3.0, 0.9))
    return "".join(parts)


def _roll(identity: Identity, left: float) -> str:
    palette, right = palette_of(identity), 336 - left
    tube = shape(
        [(left - 16, 272), (left - 6, 252), (left - 2, 236)],
        [(left - 2, 236), (168, 247), (right + 2, 236)],
        [(right + 2, 236), (right + 6, 252), (right + 16, 272)],
        [(right + 16, 272), (168, 289), (left - 16, 272)],
    )
    shade = shape(
        [(right + 2, 236), (right + 6, 252), (right + 16, 272)],
        [(right + 16, 272), (188, 286)],
        [(188, 286), (193, 264), (186, 244), (right + 2, 236)],
    )
    seams = curve([(left - 7, 256), (168, 270), (right + 7, 256)]) + curve(
        [(left - 14, 272), (168, 288), (right + 14, 272)]
    )
    return (
        fill(tube, palette.cloth_light)
        + fill(shade, palette.cloth, 0.7)
        + stroke(seams, palette.cloth_dark, 1.8, 0.5)
    )
