"""What a read face amounts to: valence, arousal, words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies.display import parse_display
from mirrorplay.policies.expression import ACTION_UNITS, ActionUnit, Expression, Side
from mirrorplay.policies.percept import (
    MEANINGS_FILE,
    own_meanings,
    percept,
    read_meanings,
    reading,
)


def face(*units: tuple[int, float] | tuple[int, float, Side], **pose: float) -> Expression:
    return Expression(
        action_units=tuple(
            ActionUnit(au=unit[0], intensity=unit[1], side=unit[2] if len(unit) > 2 else "both")
            for unit in units
        ),
        **pose,
    )


def meaning(caption: str) -> str:
    return caption.partition("; ")[2]


def test_a_face_at_rest_has_no_meaning() -> None:
    seen = percept(Expression())
    assert seen.caption == "face at rest, looking straight ahead"
    assert (seen.valence, seen.arousal) == (0.0, 0.0)


def test_the_display_comes_first_then_a_cautious_reading() -> None:
    seen = percept(face((1, 1.2), (15, 1.2), (24, 2.4), gaze_x=0.5))
    assert seen.caption == (
        "inner brows slightly raised, mouth corners slightly turned down, lips pressed together, "
        "looking away to the left; guarded, perhaps a little sad"
    )


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        (face((6, 2), (12, 3)), "pleased"),
        (face((12, 1.6)), "politely smiling"),
        (face((12, 1.6), (24, 1.6)), "holding a smile"),
        (face((12, 2), (14, 2)), "holding a smile"),
        (face((1, 2), (4, 2), (15, 2)), "sad"),
        (face((4, 2.4), (5, 1.5), (7, 2), (23, 2)), "irritated"),
        (face((17, 2), (24, 2)), "holding something back"),
        (face((12, 1.5, "right"), (14, 2, "right")), "dismissive"),
        (face((2, 2, "left"), (4, 1.2)), "doubtful"),
        (face((1, 2), (2, 2), (4, 2)), "worried"),
        (face((1, 3), (2, 3), (4, 3), (5, 3), (20, 3)), "frightened"),
        (face((1, 3), (2, 3), (5, 2), (26, 3)), "surprised"),
        (face((9, 3), (15, 2), (16, 2)), "put off"),
        (face((43, 1.6)), "far away"),
        (face(gaze_x=-0.6), "avoiding contact"),
        (face(gaze_y=-0.6, head_pitch=-0.5), "downcast"),
        (face(gaze_y=0.5, gaze_x=0.2), "thinking"),
    ],
)
def test_displays_are_read_as_they_commonly_are(shown: Expression, word: str) -> None:
    assert meaning(percept(shown).caption).split(", ")[0].endswith(word)


def test_weak_displays_are_hedged_and_strong_ones_less() -> None:
    assert reading(face((24, 1.2)), own_meanings()) == "perhaps a little guarded"
    assert reading(face((24, 3)), own_meanings()) == "guarded"


@pytest.mark.parametrize("unit", [22, 27, 28])
def test_a_display_that_the_table_does_not_know_is_not_read(unit: int) -> None:
    assert ";" not in percept(face((unit, 3))).caption


def test_prototypes_have_the_signs_that_raters_give_them() -> None:
    pleased = percept(face((6, 3), (12, 3)))
    sad = percept(face((1, 2), (4, 2), (15, 2)))
    angry = percept(face((4, 3), (5, 3), (7, 3), (23, 3)))
    tired = percept(face((43, 2)))
    assert pleased.valence > 0.5
    assert sad.valence <= -0.3
    assert angry.valence < -0.4
    assert angry.arousal > sad.arousal > tired.arousal
    assert tired.arousal < 0


def test_half_a_face_says_half_as_much() -> None:
    assert 0 < percept(face((12, 3, "left"))).valence < percept(face((12, 3))).valence


units = st.lists(
    st.builds(
        ActionUnit,
        au=st.sampled_from(ACTION_UNITS),
        intensity=st.floats(0.8, 5).map(lambda value: round(value, 1)),
        side=st.sampled_from(["both", "left", "right"]),
    ),
    max_size=6,
    unique_by=lambda unit: unit.au,
)
signed = st.floats(-1, 1).map(lambda value: round(value, 2))


@given(units, signed, signed, signed, signed, signed)
def test_any_face_can_be_put_into_words(
    shown: list[ActionUnit], gaze_x: float, gaze_y: float, yaw: float, pitch: float, roll: float
) -> None:
    shown.sort(key=lambda unit: unit.au)
    seen = percept(
        Expression(action_units=tuple(shown), gaze_x=gaze_x, gaze_y=gaze_y, head_yaw=yaw,
                   head_pitch=pitch, head_roll=roll)
    )  # fmt: skip
    assert -1 <= seen.valence <= 1
    assert -1 <= seen.arousal <= 1
    told = parse_display(seen.caption.partition("; ")[0])
    assert {unit.au for unit in told.action_units} == {unit.au for unit in shown}


def test_another_table_gives_another_reading(tmp_path: Path) -> None:
    text = MEANINGS_FILE.read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("word: guarded", "word: chilly"), encoding="utf-8")
    assert meaning(percept(face((24, 2)), read_meanings(other)).caption) == "chilly"


def test_a_direction_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = MEANINGS_FILE.read_text(encoding="utf-8").replace(
        "towards: [aside]", "towards: [a_side]"
    )
    other.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="a_side"):
        read_meanings(other)
