"""Sheets of many portraits."""

from importlib.resources import files

import pytest
import pyvips

from mirrorplay.agents.faces.identity import identity_of
from mirrorplay.agents.faces.prototypes import NEUTRAL, OVERLAYS, PROTOTYPES
from mirrorplay.agents.faces.sheet import (
    LABEL,
    MARGIN,
    Cell,
    Labels,
    display_cells,
    expression_sheet,
    people,
    sheet,
    unit_cells,
)
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance
from mirrorplay.policies.expression import ACTION_UNITS

PEOPLE = [identity_of(name, 40, None, Appearance()) for name in ("a", "b")]


def test_rows_are_people_and_columns_are_expressions() -> None:
    data = expression_sheet(PEOPLE, [NEUTRAL, *PROTOTYPES.values()], size=64)
    image = pyvips.Image.new_from_buffer(data, "")
    assert image.width == 9 * 64 + 8 * MARGIN
    assert image.height == 2 * 64 + MARGIN


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(UserError, match="at least one"):
        expression_sheet([], [NEUTRAL])
    with pytest.raises(UserError, match="at least one"):
        expression_sheet(PEOPLE, [])


def test_prototypes_are_the_emfacs_ones_and_can_be_drawn() -> None:
    units = {name: {unit.au for unit in shown.action_units} for name, shown in PROTOTYPES.items()}
    assert units["happiness"] >= {6, 12}
    assert units["sadness"] == {1, 4, 15}
    assert units["surprise"] >= {1, 2, 5, 26}
    assert units["fear"] >= {1, 2, 4, 5, 7, 20, 26}
    assert units["anger"] >= {4, 5, 7, 23}
    assert units["disgust"] >= {9, 15, 16}
    assert units["contempt"] == {12, 14}
    assert {unit.side for unit in PROTOTYPES["contempt"].action_units} == {"right"}
    assert set().union(*units.values()) <= set(ACTION_UNITS)
    assert all(shown.caption for shown in PROTOTYPES.values())


def test_people_are_of_all_ages_and_skin_tones() -> None:
    crowd = people(40, 1)
    assert {who.skin_tone for who in crowd} == set(range(1, 11))
    assert min(who.age for who in crowd) == 16
    assert max(who.age for who in crowd) == 75
    assert {who.hair_style for who in crowd} >= {"short", "long", "curly", "bun", "covered", "bald"}
    assert crowd == people(40, 1)
    assert crowd[0] != people(40, 2)[0]


def test_sheets_hold_every_unit_pose_and_display() -> None:
    who = PEOPLE[0]
    assert len(unit_cells(who)) == 3 * len(ACTION_UNITS) + 12
    assert len(display_cells(PEOPLE)) == 2 * (len(PROTOTYPES) + 1)
    assert len(display_cells(PEOPLE, overlays=True)) == 2 * len(OVERLAYS)


def test_a_label_is_set_under_its_portrait() -> None:
    font = files("mirrorplay.runs") / "fonts" / "OpenSans-Regular.ttf"
    cells = [Cell(PEOPLE[0], NEUTRAL, "<b>at & rest"), Cell(PEOPLE[0], NEUTRAL)]
    data = sheet(cells, 2, 64, Labels("Open Sans 13", str(font)))
    picture = pyvips.Image.new_from_buffer(data, "").numpy()
    assert picture.shape[:2] == (64 + LABEL, 2 * 64 + MARGIN)
    assert picture[66:, :64].min() < 120
    assert picture[66:, 64 + MARGIN :].min() > 240
