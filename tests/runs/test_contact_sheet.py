"""Contact sheets: what is on them, what cannot break them, and letters drawn as letters."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import pyvips

from mirrorplay.agents.faces.identity import identity_of
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.prototypes import PROTOTYPES
from mirrorplay.agents.faces.raster import jpeg
from mirrorplay.graphs.record import (
    RecordedImage,
    ResistanceRecord,
    SessionRecord,
    Turn,
    UsageRecord,
)
from mirrorplay.personas.schema import Appearance, Intake, Persona, ResistanceProfile
from mirrorplay.runs.contact_sheet import COLUMNS, FACE, MARGIN, MOST_CELLS, contact_sheet

MAYA = identity_of("maya", 34, "female", Appearance(skin_tone=4))
FACES = tuple(
    RecordedImage(data=jpeg(portrait_svg(MAYA, shown, 336)).data) for shown in PROTOTYPES.values()
)


def record(
    words: list[str],
    *,
    reply: str | None = "What would it cost you?",
    faces: tuple[RecordedImage, ...] = FACES,
    name: str = "Maya",
) -> SessionRecord:
    expressions = list(PROTOTYPES.values())
    turns: list[Turn] = []
    for index, text in enumerate(words):
        turns.append(
            Turn(
                index=len(turns),
                exchange=index,
                speaker="client",
                text=text,
                expression=expressions[index % len(expressions)],
                face=index % len(faces) if faces else None,
            )
        )
        if reply is not None:
            turns.append(Turn(index=len(turns), exchange=index, speaker="therapist", text=reply))
    return SessionRecord(
        session_id="s-1",
        run="quickstart",
        cell="base",
        factors={},
        replicate=0,
        seed=7,
        attempt=1,
        persona_id="maya",
        persona=Persona(
            id="maya",
            intake=Intake(name=name),
            resistance=ResistanceProfile(type="cognitive"),
        ),
        resistance=ResistanceRecord(
            type="cognitive", intensity=0.6, reactivity=0.5, masking=0.3, dynamics="full"
        ),
        therapist="scripted",
        mode="p",
        turns=tuple(turns),
        faces=faces,
        outcome="client_left",
        ended_by="client",
        scores=(),
        usage=UsageRecord(),
        provenance={},
    )


def pixels(data: bytes) -> npt.NDArray[np.uint8]:
    image = pyvips.Image.new_from_buffer(data, "")
    assert image.bands == 3
    return np.asarray(image.numpy())


def test_cells_stand_in_reading_order_with_their_faces() -> None:
    sheet = pixels(contact_sheet(record(["one", "two", "three", "four"])))
    assert sheet.shape[1] == 2 * MARGIN + COLUMNS * FACE + (COLUMNS - 1) * 36
    first_row = next(
        y for y in range(sheet.shape[0]) if (sheet[y, MARGIN : MARGIN + FACE] != sheet[0, 0]).all()
        and (sheet[y + 100, MARGIN : MARGIN + FACE] != sheet[0, 0]).any()
    )  # fmt: skip
    for column in range(COLUMNS):
        x = MARGIN + column * (FACE + 36)
        shown = sheet[first_row : first_row + FACE, x : x + FACE].astype(int)
        recorded = pixels(FACES[column].data).astype(int)
        best = min(
            np.abs(sheet[y : y + FACE, x : x + FACE].astype(int) - recorded).mean()
            for y in range(first_row - 2, first_row + 40)
        )
        assert shown.shape == recorded.shape
        assert best < 1


def test_the_same_record_gives_the_same_sheet() -> None:
    assert contact_sheet(record(["one"])) == contact_sheet(record(["one"]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (record(["yes"]), record(["yeb"])),
        (record(["yes"]), record(["yes"], reply="Why?")),
        (record(["yes"]), record(["yes"], name="Noor")),
        (record(["yes"]), record(["yes"], faces=())),
        (record(["yes"]), record(["yes"]).model_copy(update={"outcome": "impasse"})),
        (record(["yes"]), record(["yes"]).model_copy(update={"mode": "text"})),
    ],
)
def test_everything_that_is_said_shows(one: SessionRecord, other: SessionRecord) -> None:
    assert contact_sheet(one) != contact_sheet(other)


def test_a_session_without_faces_has_cells_of_text() -> None:
    with_faces = pixels(contact_sheet(record(["one", "two"])))
    without = pixels(contact_sheet(record(["one", "two"], faces=())))
    assert without.shape[0] < with_faces.shape[0] - FACE + 40
    assert without.std() > 5


def test_markup_is_shown_as_it_was_said() -> None:
    plain = pixels(contact_sheet(record(["b"], faces=())))
    tagged = pixels(contact_sheet(record(["<b>b</b>"], faces=())))
    assert (tagged < 128).sum() > (plain < 128).sum() + 100


@pytest.mark.parametrize(
    "text",
    [
        "<span",
        "</markup>&nosuch; & <b>",
        "%s {0} {text} %(x)d",
        "日本語の返事です",
        "no 😀👩‍👩‍👧‍👦🏽 words",
        "a\x00b\x07c\x1b[31m",
        "\u202eright to left\u202c עברית",
        "\ud800 lone",
        "a" + "\u0301" * 3000,
        "\u200b\u200b",
        "x" * 100_000,
        "word " * 20_000,
        "line\n\n\nline\r\n\tline",
    ],
)
def test_no_text_breaks_the_sheet(text: str) -> None:
    spoken = Turn.model_construct(**{**record(["x"]).turns[0].model_dump(), "text": text})
    spoken = spoken.model_copy(update={"expression": PROTOTYPES["anger"]})
    broken = record(["x"], faces=()).model_copy(update={"turns": (spoken,)})
    sheet = pixels(contact_sheet(broken))
    assert sheet.shape[0] < 1400
    assert sheet.shape[1] == 1160


def test_long_text_is_cut() -> None:
    long, longer = (contact_sheet(record(["word " * n], faces=())) for n in (500, 900))
    assert long == longer


def test_a_face_that_cannot_be_read_leaves_a_note() -> None:
    damaged = record(["one"], faces=(RecordedImage(data=b"not an image"),))
    empty = record(["one"], faces=(RecordedImage(data=FACES[0].data[:200]),))
    for bad in (damaged, empty):
        assert pixels(contact_sheet(bad)).shape[0] > FACE


@pytest.mark.parametrize("size", [64, 512])
def test_faces_of_any_size_fill_their_cell(size: int) -> None:
    face = RecordedImage(data=jpeg(portrait_svg(MAYA, PROTOTYPES["fear"], size)).data)
    sheet = pixels(contact_sheet(record(["one"], faces=(face,))))
    assert sheet.shape == pixels(contact_sheet(record(["one"], faces=FACES[:1]))).shape


def test_a_face_index_out_of_range_and_a_lone_therapist_are_survived() -> None:
    turns = (
        Turn(index=0, exchange=0, speaker="therapist", text="Good morning."),
        Turn(index=1, exchange=0, speaker="client", text="Hi.", face=99),
        Turn(index=2, exchange=0, speaker="therapist", text="So."),
        Turn(index=3, exchange=0, speaker="therapist", text="Where shall we start?"),
    )
    assert pixels(contact_sheet(record([]).model_copy(update={"turns": turns}))).std() > 0


def test_no_turns_at_all_still_gives_a_heading() -> None:
    assert pixels(contact_sheet(record([]))).shape[0] > 100


def test_a_very_long_session_ends_with_a_count() -> None:
    few = pixels(contact_sheet(record(["x"] * MOST_CELLS, reply=None, faces=())))
    many = pixels(contact_sheet(record(["x"] * (MOST_CELLS + 200), reply=None, faces=())))
    assert 0 < many.shape[0] - few.shape[0] < 60


_PROGRAM = """
import sys
from mirrorplay.graphs.record import SessionRecord
from mirrorplay.runs.contact_sheet import contact_sheet
record = SessionRecord.model_validate_json(sys.stdin.buffer.read())
sys.stdout.buffer.write(contact_sheet(record))
"""


def _drawn_without_fonts(spoken: SessionRecord, folder: Path) -> npt.NDArray[np.uint8]:
    """The sheet as a process draws it that can find no system font."""
    config = folder / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{folder}/none</dir><cachedir>{folder}/cache</cachedir></fontconfig>"
    )
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=spoken.model_dump_json().encode(),
        capture_output=True,
        check=True,
        env={**os.environ, "FONTCONFIG_FILE": str(config), "HOME": str(folder)},
    )
    return pixels(ran.stdout)


def _ink(sheet: npt.NDArray[np.uint8], column: int) -> npt.NDArray[np.bool_]:
    """Dark pixels of one cell, cropped to where there are any."""
    left = MARGIN + column * (FACE + 36) - 4
    dark = sheet[150:, left : left + FACE].max(axis=2) < 150
    rows, columns = np.nonzero(dark)
    return dark[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def test_letters_are_letters_where_no_font_is_installed(tmp_path: Path) -> None:
    plain = [
        turn.model_copy(update={"expression": None})
        for turn in record(["iiiiii", "MMMMMM", "abcdef"], reply=None, faces=()).turns
    ]
    spoken = record([], faces=()).model_copy(update={"turns": tuple(plain)})
    bare, usual = _drawn_without_fonts(spoken, tmp_path), pixels(contact_sheet(spoken))
    narrow, wide, mixed = (_ink(bare, column) for column in range(3))
    # Boxes would all be equally wide, and filled or hollow alike.
    assert narrow.shape[1] < 0.5 * mixed.shape[1] < 0.5 * wide.shape[1]
    for drawn in (narrow, wide, mixed):
        assert 9 < drawn.shape[0] < 24
        assert 0.12 < drawn.mean() < 0.6
    # Hinting follows the system; the shipped font does not.
    for column in range(3):
        assert abs(_ink(bare, column).shape[1] - _ink(usual, column).shape[1]) <= 2


def test_the_licence_travels_with_the_font() -> None:
    from mirrorplay import runs

    folder = Path(runs.__path__[0]) / "fonts"
    assert "Apache License" in (folder / "LICENSE.txt").read_text()
    fonts = list(folder.glob("*.ttf"))
    assert fonts
    assert all(font.stat().st_size < 500_000 for font in fonts)
