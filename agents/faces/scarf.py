"""A head covering: a scarf around head, neck and shoulders."""

from mirrorplay.agents.faces.hair import between
from mirrorplay.agents.faces.palette import mix, multiply
from mirrorplay.agents.faces.path import curve, fill, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def _dark(sitter: Sitter) -> str:
    return multiply(sitter.identity.scarf, 0.68, 0.68, 0.70)


def scarf_behind(sitter: Sitter) -> str:
    """The cloth that hangs behind head and neck; nothing on an uncovered head."""
    if sitter.identity.hair_style != "covered":
        return ""
    rows = ((74, 66, -0.1), (75, 0, -0.25), (67, -66, -0.25), (36, -102, -0.25), (0, -111, -0.25))
    return fill(shape([(96, 300), *sitter.across(rows), (240, 300)]), _dark(sitter))


def scarf_over(sitter: Sitter) -> str:
    """The hood with the opening for the face, and the throat."""
    identity = sitter.identity
    if identity.hair_style != "covered":
        return ""
    colour, dark = identity.scarf, _dark(sitter)
    wide = sitter.width
    outer = sitter.across([
        (67 * wide, 60, -0.1), (72 * wide, 10, -0.2), (69 * wide, -48, -0.2),
        (46 * wide, -92, -0.2), (0, -110, -0.2),
    ])  # fmt: skip
    inner = sitter.across([
        (48 * wide * sitter.jaw, 52, 0.1), (57.5 * wide, 8, 0.05), (54 * wide, -36, 0.2),
        (34 * wide, -62, 0.55), (0, -70, 0.65),
    ])  # fmt: skip
    # The cloth lies just inside the edge of the jaw and so moves with it.
    edges = sitter.outline(-1.5)
    jaw: list[Point] = [(x, y - 2.5) for x, y in edges[1][4:] + edges[-1][-2:3:-1]]
    throat = shape(
        [outer[0], (98, 258), (66, 296), (46, 336)],
        [(46, 336), (290, 336)],
        [(290, 336), (270, 296), (238, 258), outer[-1]],
        [outer[-1], inner[-1]],
        [inner[-1], *jaw, inner[0]],
        [inner[0], outer[0]],
    )
    chin_x, chin_y = jaw[len(jaw) // 2]
    folds = (
        curve(between(outer, inner, 0.35))
        + curve(between(outer, inner, 0.68))
        + curve([inner[-1], (chin_x + 20, chin_y + 20), (150, 286), (112, 306)])
        + curve([outer[-1], (220, 266), (176, 300), (140, 322)])
        + curve([inner[0], (chin_x - 24, chin_y + 16), (146, 272)])
    )
    return (
        fill(throat, colour)
        + fill(shape(outer, inner[::-1]), colour)
        + stroke(folds, dark, 2.4, 0.45)
        + stroke(curve(between(outer, inner, 0.2)[1:4]), mix(colour, "#ffffff", 0.18), 4.0, 0.35)
        + stroke(curve(between(outer, inner, 0.94)), dark, 2.6, 0.40)
    )
