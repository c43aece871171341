"""One expression on one identity, as SVG text: a pure function.

A portrait is drawn in layers from back to front on a square of 336 units. Every number is written
with fixed decimals and every colour comes from the palette, so the text depends on the two inputs
alone and nothing that a persona says in words can enter it.
"""

from mirrorplay.agents.faces.beard import beard
from mirrorplay.agents.faces.brow import brows, forehead
from mirrorplay.agents.faces.clothing import clothing
from mirrorplay.agents.faces.eyes import eyes
from mirrorplay.agents.faces.folds import folds
from mirrorplay.agents.faces.glasses import glasses
from mirrorplay.agents.faces.hair import behind, over
from mirrorplay.agents.faces.head import ears, face, modelling, neck
from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.lips import Lips
from mirrorplay.agents.faces.mouth import mouth
from mirrorplay.agents.faces.nose import nose
from mirrorplay.agents.faces.palette import mix
from mirrorplay.agents.faces.path import COARSE
from mirrorplay.agents.faces.scarf import scarf_behind, scarf_over
from mirrorplay.agents.faces.sitter import Sitter
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Expression

_LEFT, _TOP, _SIDE = 200, 160, 2960
"""The part of the drawing that the picture shows, in tenths."""
SMALLEST, LARGEST = 64, 1024
"""Sizes that can be drawn, in pixels."""


def _glow(name: str, colour: str, middle: float, edge: float = 0.0) -> str:
    return (
        f'<radialGradient id="{name}"><stop offset="0" stop-color="{colour}" '
        f'stop-opacity="{middle:.2f}"/><stop offset="1" stop-color="{colour}" '
        f'stop-opacity="{edge:.2f}"/></radialGradient>'
    )


def _paints(sitter: Sitter) -> str:
    palette = sitter.palette
    return (
        '<defs><radialGradient id="skin" cx="0.40" cy="0.36" r="0.72"><stop offset="0" '
        f'stop-color="{palette.light}"/><stop offset="0.5" stop-color="{palette.skin}"/>'
        f'<stop offset="1" stop-color="{palette.shade}"/></radialGradient>'
        + _glow("blush", palette.blush, 0.55)
        + _glow("socket", palette.deep, 0.45)
        + _glow("glow", palette.light, 0.75)
        + "</defs>"
    )


def _backdrop(sitter: Sitter) -> str:
    """A pool of light behind the head. Opaque rings cost a tenth of a gradient of that size, and
    between colours so near each other a smooth edge would not be seen."""
    ground, light = sitter.palette.background, sitter.palette.halo
    return "".join(
        f'<circle cx="1520" cy="1320" r="{radius}" fill="{mix(ground, light, share)}" {COARSE}/>'
        for radius, share in ((1500, 0.26), (1180, 0.50))
    )


def portrait_svg(identity: Identity, expression: Expression, size: int) -> str:
    """A square portrait of `size` pixels. Action units that cannot be drawn are left out. Raises
    UserError for a size outside 64–1024."""
    if not SMALLEST <= size <= LARGEST:
        raise UserError(
            f"face size {size!r} is out of range", allowed=f"{SMALLEST} to {LARGEST} pixels"
        )
    sitter = Sitter(identity, expression)
    lips = Lips(sitter)
    tip = f'<g transform="rotate({sitter.pose.roll:.2f} 1680 2320)">'
    return "".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        f'viewBox="{_LEFT} {_TOP} {_SIDE} {_SIDE}" stroke-linecap="round" stroke-linejoin="round">',
        _paints(sitter),
        f'<rect width="3360" height="3360" fill="{sitter.palette.background}"/>',
        _backdrop(sitter),
        tip, behind(sitter), scarf_behind(sitter), "</g>",
        neck(sitter),
        clothing(identity),
        tip,
        ears(sitter), face(sitter), modelling(sitter), forehead(sitter), folds(sitter, lips),
        beard(sitter, lips), nose(sitter), mouth(sitter, lips), eyes(sitter), brows(sitter),
        over(sitter), scarf_over(sitter), glasses(sitter),
        "</g></svg>",
    ))  # fmt: skip
