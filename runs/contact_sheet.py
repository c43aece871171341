"""One session on one sheet: each face with its caption, the client's words and the reply.

The sheet is a PNG for a person to read at 100%. Text is set by Pango inside libvips in a font that
ships with the package, because libvips draws black boxes where it finds no font. Every text of the
record is untrusted: markup is escaped, control characters are dropped, length is bounded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.resources import files
from math import ceil

import pyvips

from mirrorplay.graphs.record import RecordedImage, SessionRecord, Turn

FACE = 336
"""Width of a cell and of the face in it, in pixels."""
COLUMNS = 3
GUTTER = 36
MARGIN = 40
MOST_CELLS = 60
"""Cells that are drawn; a longer session ends with a line that counts the rest."""
LONGEST = 420
"""Characters of an utterance that are shown."""
LONGEST_CAPTION = 140

_PAPER = (251, 250, 247)
_PANEL = (236, 234, 229)
_CLIENT = (33, 38, 43)
_THERAPIST = (20, 104, 112)
_QUIET = (122, 124, 128)
_RULE = (216, 213, 206)
_REGULAR, _ITALIC, _STRONG = "OpenSans-Regular.ttf", "OpenSans-Italic.ttf", "OpenSans-Semibold.ttf"
_FAMILY = {_REGULAR: "Open Sans", _ITALIC: "Open Sans Italic", _STRONG: "Open Sans Semibold"}
_TALLEST = 700
"""Pixels after which a block of text is cropped: stacked diacritics obey no count of characters."""
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One client turn and the reply to it; either may be missing."""

    client: Turn | None
    reply: Turn | None


@dataclass(frozen=True, slots=True)
class _Block:
    """Something to be put on the sheet, relative to its cell."""

    image: pyvips.Image
    x: int
    y: int


@lru_cache(maxsize=8)
def _font(name: str) -> str:
    return str(files("mirrorplay.runs") / "fonts" / name)


def _plain(text: str, longest: int) -> str:
    """One line of visible characters, cut with an ellipsis after `longest`."""
    line = " ".join(_UNSEEN.sub(" ", text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _set(text: str, font: str, size: int, colour: Colour, width: int) -> pyvips.Image | None:
    """Text as an RGBA image, wrapped to `width` pixels; None where nothing can be seen."""
    if not text:
        return None
    mask = pyvips.Image.text(
        escape(text, quote=False),
        font=f"{_FAMILY[font]} {size}",
        fontfile=_font(font),
        width=width,
        dpi=72,
        spacing=round(size * 0.28),
        wrap="word-char",
    )
    if mask.height > _TALLEST or mask.width > width + 40:
        mask = mask.crop(0, 0, min(mask.width, width + 40), min(mask.height, _TALLEST))
    ink = mask.new_from_image(list(colour)).copy(interpretation="srgb")
    return ink.bandjoin(mask)


def _depth(image: pyvips.Image, size: int) -> int:
    """Height of set text in whole lines: libvips crops to the ink, which would let blocks dance."""
    pitch = size * 1.36 + round(size * 0.28)
    lines = ceil(int(image.height) / pitch)
    return round(lines * pitch)


def _panel(width: int, height: int, colour: Colour) -> pyvips.Image:
    flat = pyvips.Image.black(width, height).new_from_image([*colour, 255])
    return flat.cast("uchar").copy(interpretation="srgb")


def _picture(face: RecordedImage) -> pyvips.Image | None:
    """The recorded face at cell width, or None when its bytes cannot be read."""
    try:
        image = pyvips.Image.thumbnail_buffer(face.data, FACE, height=FACE, size="both")
        image = image.colourspace("srgb")
        if image.hasalpha():
            image = image.flatten(background=list(_PANEL))
        return image.copy_memory().bandjoin(255)
    except pyvips.Error:
        return None


def _cells(turns: Iterable[Turn]) -> list[_Cell]:
    cells: list[_Cell] = []
    for turn in turns:
        if turn.speaker == "client":
            cells.append(_Cell(turn, None))
        elif cells and cells[-1].reply is None:
            cells[-1] = _Cell(cells[-1].client, turn)
        else:
            cells.append(_Cell(None, turn))
    return cells


def _face_of(record: SessionRecord, turn: Turn | None) -> RecordedImage | None:
    if turn is None or turn.face is None or not 0 <= turn.face < len(record.faces):
        return None
    return record.faces[turn.face]


def _laid_out(record: SessionRecord, cell: _Cell) -> tuple[list[_Block], int]:
    """The blocks of one cell from top to bottom, and its height in pixels."""
    blocks: list[_Block] = []
    y = 0
    if record.faces:
        face = _face_of(record, cell.client)
        picture = _picture(face) if face else None
        blocks.append(_Block(_panel(FACE, FACE, _PANEL), 0, 0))
        if picture is not None:
            left, top = (FACE - picture.width) // 2, (FACE - picture.height) // 2
            blocks.append(_Block(picture, left, top))
        elif face is not None:
            note = _set("this face cannot be read", _ITALIC, 14, _QUIET, FACE - 40)
            if note is not None:
                blocks.append(_Block(note, 20, 20))
        y = FACE + 14

    def put(image: pyvips.Image | None, x: int, size: int, gap: int) -> None:
        nonlocal y
        if image is not None:
            blocks.append(_Block(image, x, y))
            y += _depth(image, size) + gap

    client, reply = cell.client, cell.reply
    if client is not None:
        if client.expression is not None:
            caption = _plain(client.expression.caption, LONGEST_CAPTION)
            put(_set(caption, _ITALIC, 14, _QUIET, FACE), 0, 14, 6)
        put(_set(_plain(client.text, LONGEST), _REGULAR, 17, _CLIENT, FACE), 0, 17, 12)
    if reply is not None:
        words = _set(_plain(reply.text, LONGEST), _REGULAR, 17, _THERAPIST, FACE - 16)
        if words is not None:
            blocks.append(_Block(_panel(3, words.height + 4, _THERAPIST), 0, y - 1))
            put(words, 16, 17, 14)
    return blocks, y


def _heading(record: SessionRecord, width: int) -> tuple[list[_Block], int]:
    name = _plain(record.persona.intake.name, 60)
    facts = " · ".join((
        f"resistance: {record.resistance.type}",
        f"mode: {record.mode}",
        f"outcome: {record.outcome.replace('_', ' ')}",
    ))  # fmt: skip
    blocks: list[_Block] = []
    title = _set(name, _STRONG, 30, _CLIENT, width)
    y = 0
    if title is not None:
        blocks.append(_Block(title, 0, 0))
        y = title.height + 12
    for text, colour in ((facts, _CLIENT), (_plain(record.session_id, 120), _QUIET)):
        line = _set(text, _REGULAR, 16, colour, width)
        if line is not None:
            blocks.append(_Block(line, 0, y))
            y += line.height + 8
    legend_x = width - 168
    for label, colour, x in (("client", _CLIENT, 0), ("therapist", _THERAPIST, 78)):
        word = _set(label, _STRONG, 16, colour, 120)
        if word is not None:
            blocks.append(_Block(word, legend_x + x, 10))
    return blocks, y


def contact_sheet(record: SessionRecord) -> bytes:
    """A PNG of the session: a heading, then one cell per client turn in reading order. A session
    without faces gets cells of text alone."""
    width = COLUMNS * FACE + (COLUMNS - 1) * GUTTER
    placed, y = _heading(record, width)
    y += 14
    placed.append(_Block(_panel(width, 1, _RULE), 0, y))
    y += 28
    cells = _cells(record.turns)
    shown = cells[:MOST_CELLS]
    for start in range(0, len(shown), COLUMNS):
        tallest = 0
        for column, cell in enumerate(shown[start : start + COLUMNS]):
            blocks, height = _laid_out(record, cell)
            x = column * (FACE + GUTTER)
            placed += [_Block(block.image, block.x + x, block.y + y) for block in blocks]
            tallest = max(tallest, height)
        y += tallest + 30
    if len(cells) > len(shown):
        rest = _set(f"and {len(cells) - len(shown)} more", _ITALIC, 16, _QUIET, width)
        if rest is not None:
            placed.append(_Block(rest, 0, y))
            y += rest.height + 20
    paper = _panel(width + 2 * MARGIN, y + 2 * MARGIN - 20, _PAPER)
    sheet = paper.composite(
        [block.image for block in placed],
        ["over"] * len(placed),
        x=[block.x + MARGIN for block in placed],
        y=[block.y + MARGIN for block in placed],
    ).flatten(background=list(_PAPER))
    data: bytes = sheet.pngsave_buffer(compression=6, keep="none")
    return data
