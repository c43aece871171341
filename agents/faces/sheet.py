"""Grids of portraits for a person to look at.

Every sheet is a list of cells, an identity with an expression and a label, laid out in rows. Labels
need a font file: libvips draws black boxes where it finds no font.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import pyvips

from mirrorplay.agents.faces.identity import Identity, identity_of
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.prototypes import NEUTRAL, OVERLAYS, PROTOTYPES
from mirrorplay.agents.faces.raster import render
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance, HairStyle
from mirrorplay.policies.display import caption
from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression

MARGIN = 6
"""Pixels between two portraits."""
LABEL = 22
"""Pixels under a portrait for its label."""
LONGEST_LABEL = 44
_TALL = frozenset("bdfhijklt0123456789(")
_PAPER = [251, 250, 247]
_INK = [62, 66, 71]
_STYLES: tuple[HairStyle | None, ...] = (
    None, "short", "long", "curly", None, "medium", "bun", None, "covered", "bald", None,
)  # fmt: skip


class Cell(NamedTuple):
    """One portrait of a sheet."""

    identity: Identity
    expression: Expression
    label: str = ""


class Labels(NamedTuple):
    """How labels are set."""

    font: str
    """Pango name of the font and its size, such as `Open Sans 13`."""
    fontfile: str


def sheet(
    cells: Sequence[Cell], across: int, size: int = 224, labels: Labels | None = None
) -> bytes:
    """PNG with `across` portraits of `size` pixels a row. Raises UserError for an empty sheet."""
    if not cells or across < 1:
        raise UserError("a sheet needs at least one portrait in a row")
    drawn = [
        _labelled(render(portrait_svg(cell.identity, cell.expression, size)), cell.label, labels)
        for cell in cells
    ]
    grid = pyvips.Image.arrayjoin(drawn, across=across, shim=MARGIN, background=_PAPER)
    data: bytes = grid.pngsave_buffer(compression=6, keep="none")
    return data


def _labelled(face: pyvips.Image, label: str, labels: Labels | None) -> pyvips.Image:
    if labels is None:
        # Taken out of the stream: a grid reads its cells in its own order.
        return face.copy_memory()
    cell = face.embed(0, 0, face.width, face.height + LABEL, extend="background", background=_PAPER)
    cell = cell.copy_memory()
    text = label.strip()[:LONGEST_LABEL]
    if not text:
        return cell
    mask = pyvips.Image.text(escape(text), font=labels.font, fontfile=labels.fontfile, dpi=72)
    mask = mask.crop(0, 0, min(mask.width, face.width - 4), min(mask.height, LABEL - 4))
    ink = mask.new_from_image(_INK).copy(interpretation="srgb").bandjoin(mask)
    # Set text is cropped to its ink: a label without tall letters begins lower.
    low = 0 if any(letter.isupper() or letter in _TALL for letter in text) else 3
    laid = cell.composite2(ink, "over", x=2, y=face.height + 4 + low)
    return laid.flatten(background=_PAPER).copy_memory()


def expression_sheet(
    identities: Sequence[Identity], expressions: Sequence[Expression], size: int = 336
) -> bytes:
    """PNG: one row an identity, one column an expression. Raises UserError when either is empty."""
    if not identities or not expressions:
        raise UserError("an expression sheet needs at least one identity and one expression")
    cells = [Cell(identity, shown) for identity in identities for shown in expressions]
    return sheet(cells, len(expressions), size)


def people(count: int, seed: int) -> list[Identity]:
    """`count` people of all ages and skin tones, the same for the same seed. Styles that chance
    brings rarely are asked for now and then."""
    steps = max(1, count - 1)
    return [
        identity_of(
            f"sheet-{seed}-{index}",
            16 + round(59 * ((index * 7) % count) / steps),
            ("woman", "man", "woman", "man", None)[index % 5],
            Appearance(
                skin_tone=1 + (index * 3 + index // 10) % 10, hair_style=_STYLES[index % 11]
            ),
        )
        for index in range(count)
    ]


def identity_cells(identities: Iterable[Identity]) -> list[Cell]:
    """Everyone at rest."""
    return [Cell(who, NEUTRAL, f"{who.age}, {who.hair_style}") for who in identities]


def unit_cells(identity: Identity) -> list[Cell]:
    """Every unit at A, C and E, then gaze 61–64 and head 51–58."""
    cells = [
        Cell(
            identity, Expression(action_units=(ActionUnit(au=au, intensity=level),)), f"{au}{name}"
        )
        for au in ACTION_UNITS
        for name, level in (("A", 1), ("C", 3), ("E", 5))
    ]
    poses: dict[str, Expression] = {
        "61 eyes left": Expression(gaze_x=1.0),
        "62 eyes right": Expression(gaze_x=-1.0),
        "63 eyes up": Expression(gaze_y=1.0),
        "64 eyes down": Expression(gaze_y=-1.0),
        "51 turned left": Expression(head_yaw=0.8),
        "52 turned right": Expression(head_yaw=-0.8),
        "53 head up": Expression(head_pitch=0.8),
        "54 head down": Expression(head_pitch=-0.8),
        "55 tilted left": Expression(head_roll=0.8),
        "56 tilted right": Expression(head_roll=-0.8),
        "12 on the left": Expression(action_units=(ActionUnit(au=12, intensity=4, side="left"),)),
        "2 on the right": Expression(action_units=(ActionUnit(au=2, intensity=4, side="right"),)),
    }
    return cells + [Cell(identity, shown, name) for name, shown in poses.items()]


def display_cells(identities: Iterable[Identity], *, overlays: bool = False) -> list[Cell]:
    """Every display on every identity: rest and the prototypes, or the overlays."""
    shown = OVERLAYS if overlays else {"at rest": NEUTRAL, **PROTOTYPES}
    return [Cell(who, expression, name) for who in identities for name, expression in shown.items()]


def frame_cells(identity: Identity, frames: Iterable[Expression]) -> list[Cell]:
    """The frames of a morph, labelled in display words."""
    return [Cell(identity, shown, caption(shown)) for shown in frames]
