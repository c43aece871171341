"""One expression on one identity, as SVG text: a pure function.

A portrait is drawn in layers from back to front on a square of 336 units. Every number is written
with fixed decimals and every colour comes from the palette, so the text depends on the two inputs
alone and nothing that a persona says in words can enter it.
"""

from mirrorplay.agents.faces.beard import beard
from mirrorplay.agents.faces.brow import brows, forehead
from mirrorplay.agents.faces.clothing import clothing
from mirrorplay.agents.faces.eyes import eyes
from mirrorplay.agents.faces.glasses import glasses
from mirrorplay.agents.faces.hair import behind, over
from mirrorplay.agents.faces.head import ears, face, modelling, neck, nose
from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.mouth import folds, mouth
from mirrorplay.agents.faces.palette import mix
from mirrorplay.agents.faces.scarf import scarf_behind, scarf_over
from mirrorplay.agents.faces.sitter import Sitter
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Expression

SMALLEST, LARGEST = 64, 1024
"""Sizes that can be drawn, in pixels."""


def _glow(name: str, colour: str, middle: float, edge: float = 0.0) -> str:
    return (
        f'<radialGradient id="{name}"><stop offset="0" stop-color="{colour}" '
        f'stop-opacity="{middle:.2f}"/><stop offset="1" stop-color="{colour}" '
        f'stop-opacity="{edge:.2f}"/></radialGradient>'
    )


def _slope(name: str, top: str, bottom: str) -> str:
    return (
        f'<linearGradient id="{name}" x1="0.2" y1="0" x2="0.7" y2="1">'
        f'<stop offset="0" stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/>'
        "</linearGradient>"
    )


def _paints(sitter: Sitter) -> str:
    palette = sitter.palette
    return (
        "<defs>"
        f'<radialGradient id="skin" cx="0.38" cy="0.36" r="0.75"><stop offset="0" '
        f'stop-color="{palette.light}"/><stop offset="0.55" stop-color="{palette.skin}"/>'
        f'<stop offset="1" stop-color="{palette.shade}"/></radialGradient>'
        + _glow("blush", palette.blush, 0.55)
        + _glow("socket", palette.deep, 0.45)
        + _glow("glow", palette.light, 0.75)
        + _slope("hair", palette.hair_light, palette.hair)
        + f'<linearGradient id="iris" x1="0" y1="0" x2="0" y2="1"><stop offset="0" '
        f'stop-color="{palette.iris_dark}"/><stop offset="0.9" stop-color="{palette.iris}"/>'
        "</linearGradient></defs>"
    )


def _backdrop(sitter: Sitter) -> str:
    """A pool of light behind the head. Opaque rings cost a tenth of a gradient of that size."""
    ground, light = sitter.palette.background, sitter.palette.halo
    return "".join(
        f'<circle cx="152" cy="132" r="{radius}" fill="{mix(ground, light, share)}"/>'
        for radius, share in ((170, 0.20), (148, 0.36), (124, 0.52))
    )


def portrait_svg(identity: Identity, expression: Expression, size: int) -> str:
    """A square portrait of `size` pixels. Action units that cannot be drawn are left out. Raises
    UserError for a size outside 64–1024."""
    if not SMALLEST <= size <= LARGEST:
        raise UserError(
            f"face size {size!r} is out of range", allowed=f"{SMALLEST} to {LARGEST} pixels"
        )
    sitter = Sitter(identity, expression)
    tip = f'<g transform="rotate({sitter.pose.roll:.2f} 168 232)">'
    return "".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        'viewBox="0 0 336 336" stroke-linecap="round" stroke-linejoin="round">',
        _paints(sitter),
        f'<rect width="336" height="336" fill="{sitter.palette.background}"/>',
        _backdrop(sitter),
        tip, behind(sitter), scarf_behind(sitter), "</g>",
        neck(sitter),
        clothing(sitter),
        tip,
        ears(sitter), face(sitter), modelling(sitter), forehead(sitter), folds(sitter),
        beard(sitter), nose(sitter), mouth(sitter), eyes(sitter), brows(sitter), over(sitter),
        scarf_over(sitter), glasses(sitter),
        "</g></svg>",
    ))  # fmt: skip
