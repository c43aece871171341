"""Shoulders and collar."""

from mirrorplay.agents.faces.path import curve, fill, shape, stroke
from mirrorplay.agents.faces.sitter import Sitter


def clothing(sitter: Sitter) -> str:
    """The garment from shoulder to shoulder, over the neck."""
    identity, palette = sitter.identity, sitter.palette
    reach, half = 132 * identity.shoulders, 33 * identity.neck
    left, right = 168 - half, 168 + half
    opening = {"crew": 22.0, "v": 62.0, "shirt": 44.0, "roll": 0.0}[identity.collar]
    body_left = [
        (168 - reach, 336),
        (168 - reach + 4, 312),
        (168 - reach * 0.68, 284),
        (left - 14, 262),
    ]
    body_right = [
        (right + 14, 262),
        (168 + reach * 0.68, 284),
        (168 + reach - 4, 312),
        (168 + reach, 336),
    ]
    if identity.collar == "crew":
        rim = [
            (left - 14, 262),
            (left + 4, 278),
            (168, 262 + opening),
            (right - 4, 278),
            (right + 14, 262),
        ]
    else:
        rim = [(left - 14, 262), (left + 10, 282), (168, 262 + opening)]
    if identity.collar == "crew":
        garment = shape(body_left, rim, body_right)
        band = stroke(curve(rim), palette.cloth_dark, 5.0, 0.55)
    elif identity.collar == "roll":
        garment = shape(body_left, body_right)
        band = fill(
            shape(
                [(left - 18, 270), (left - 3, 236)],
                [(left - 3, 236), (168, 246), (right + 3, 236)],
                [(right + 3, 236), (right + 18, 270)],
                [(right + 18, 270), (168, 287), (left - 18, 270)],
            ),
            palette.cloth_light,
        ) + stroke(
            curve([(left - 9, 258), (168, 272), (right + 9, 258)]), palette.cloth_dark, 1.6, 0.5
        )
    else:
        other = [(168, 262 + opening), (right - 10, 282), (right + 14, 262)]
        garment = shape(body_left, rim, other, body_right)
        band = stroke(curve(rim) + curve(other), palette.cloth_dark, 3.0, 0.6)
        if identity.collar == "shirt":
            flap_left = [
                (left - 12, 256),
                (left - 20, 276),
                (150, 318),
                (164, 296),
                (left + 6, 272),
            ]
            flap_right = [(336 - x, y) for x, y in flap_left]
            band = (
                fill(shape(flap_left), palette.cloth_light)
                + fill(shape(flap_right), palette.cloth_light)
                + stroke(curve([(168, 306), (168, 336)]), palette.cloth_dark, 1.8, 0.7)
            )
    shoulder = shape(
        [(right + 14, 262), (168 + reach * 0.68, 284), (168 + reach - 4, 312), (168 + reach, 336)],
        [(168 + reach * 0.55, 336), (168 + reach * 0.42, 300), (right + 14, 262)],
    )
    return fill(garment, palette.cloth) + fill(shoulder, palette.cloth_dark, 0.45) + band
