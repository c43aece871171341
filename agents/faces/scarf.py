"""Head coverings: a scarf around head, neck and shoulders, or cloth wound around the head."""

from mirrorplay.agents.faces.hairline import between
from mirrorplay.agents.faces.palette import mix, multiply
from mirrorplay.agents.faces.path import curve, fill, lerp, shape, stroke
from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter


def _dark(sitter: Sitter) -> str:
    return multiply(sitter.identity.scarf, 0.68, 0.68, 0.70)


def scarf_behind(sitter: Sitter) -> str:
    """The cloth that hangs behind head and neck; nothing on an uncovered head."""
    if not sitter.scarf:
        return ""
    rows = ((74, 66, -0.1), (75, 0, -0.25), (67, -66, -0.25), (36, -102, -0.25), (0, -111, -0.25))
    return fill(shape([(96, 300), *sitter.across(rows), (240, 300)]), _dark(sitter))


def scarf_over(sitter: Sitter) -> str:
    """The hood with the opening for the face, and the throat."""
    identity = sitter.identity
    if sitter.wrap:
        return _wound(sitter)
    if not sitter.scarf:
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
        curve(between(outer, inner, 0.5))
        + curve([inner[-1], (chin_x + 20, chin_y + 20), (150, 286), (112, 306)])
        + curve([outer[-1], (220, 266), (176, 300), (140, 322)])
        + curve([inner[0], (chin_x - 24, chin_y + 16), (146, 272)])
    )
    return (
        fill(throat, colour)
        + fill(shape(outer, inner[::-1]), colour)
        + stroke(folds, dark, 2.4, 0.45)
        + stroke(curve(between(outer, inner, 0.2)[1:4]), mix(colour, "#ffffff", 0.22), 5.0, 0.35)
        + stroke(curve(between(outer, inner, 0.95)), dark, 3.0, 0.45)
        + stroke(curve(between(outer, inner, 1.05)), sitter.palette.deep, 4.0, 0.30)
    )


def _wound(sitter: Sitter) -> str:
    """Layers of cloth around the crown; ears and neck stay free."""
    identity = sitter.identity
    colour, dark, wide = identity.scarf, _dark(sitter), sitter.width
    volume = 6 * identity.hair_volume
    outer = sitter.across([
        (63.5 * wide, -20, -0.05), (70 * wide, -48, -0.2), (68 * wide, -82 - volume, -0.2),
        (42 * wide, -110 - volume, -0.2), (0, -117 - volume, -0.2),
    ])  # fmt: skip
    brow = ((-56, -37), (-42, -48), (-21, -54), (0, -56), (21, -54), (42, -48), (56, -37))
    inner = [
        sitter.rim(-63 * wide, -18, 0.0),
        *(sitter.face(x * wide, y) for x, y in brow),
        sitter.rim(63 * wide, -18, 0.0),
    ]
    lean = 1 if identity.hair_parting >= 0 else -1
    x, y = sitter.face(lean * 15, -62)
    layers = ""
    for share in (0.18, 0.36, 0.54, 0.72, 0.88):
        line = between(outer, inner, share)
        half = line[4:] if lean > 0 else line[4::-1]
        other = line[:5] if lean > 0 else line[:3:-1]
        layers += curve(half)
        layers += curve([*other[:4], (lerp(other[3][0], x, 0.7), lerp(other[3][1], y, 0.55))])
    return (
        fill(shape(outer, inner[::-1]), colour)
        + fill(shape(between(outer, inner, 0.80), inner[::-1]), dark, 0.45)
        + fill(shape(between(outer, inner, 0.28)[1:4], between(outer, inner, 0.5)[3:0:-1]),
               mix(colour, "#ffffff", 0.3), 0.35)
        + stroke(layers, dark, 2.0, 0.6)
        + stroke(curve(between(outer, inner, 1.04)), sitter.palette.deep, 3.6, 0.28)
    )  # fmt: skip
