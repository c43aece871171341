"""Grids of portraits for a person to look at: identities down, expressions across."""

from collections.abc import Sequence

import pyvips

from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import render
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Expression

MARGIN = 6
"""Pixels between two portraits."""


def expression_sheet(
    identities: Sequence[Identity], expressions: Sequence[Expression], size: int = 336
) -> bytes:
    """PNG: one row an identity, one column an expression. Raises UserError when either is empty."""
    if not identities or not expressions:
        raise UserError("an expression sheet needs at least one identity and one expression")
    cells = [
        render(portrait_svg(identity, expression, size))
        for identity in identities
        for expression in expressions
    ]
    sheet = pyvips.Image.arrayjoin(
        cells, across=len(expressions), shim=MARGIN, background=[255, 255, 255]
    )
    data: bytes = sheet.pngsave_buffer(compression=6, keep="none")
    return data
