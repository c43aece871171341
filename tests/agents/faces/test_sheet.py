"""Sheets of many portraits."""

import pytest
import pyvips

from mirrorplay.agents.faces.identity import identity_of
from mirrorplay.agents.faces.prototypes import NEUTRAL, PROTOTYPES
from mirrorplay.agents.faces.sheet import MARGIN, expression_sheet
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
