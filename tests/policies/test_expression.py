"""Faces from states, and words for faces."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.acts import CLIENT_ACTS, ClientAct
from mirrorplay.policies.display import SEEN, caption, contrast, described
from mirrorplay.policies.expression import (
    ACTION_UNITS,
    ActionUnit,
    Expression,
    express,
    parse_display,
)
from mirrorplay.policies.stage_direction import stage_direction
from mirrorplay.policies.state import ClientState

SAD = ClientState(
    trust=0.4, ambivalence=0.5, confrontation=0.05, withdrawal=0.5, distress=0.9, conviction=0.7
)
ANGRY = SAD.model_copy(update={"confrontation": 0.9, "withdrawal": 0.1, "distress": 0.6})
GLAD = ClientState(
    trust=0.8, ambivalence=0.2, confrontation=0.02, withdrawal=0.05, distress=0.2, conviction=0.3
)
INTENSITY = st.floats(1.0, 5.0).map(lambda value: round(value, 1))
UNITS = st.dictionaries(st.sampled_from(ACTION_UNITS), INTENSITY, max_size=6).map(
    lambda chosen: tuple(ActionUnit(au=au, intensity=i) for au, i in sorted(chosen.items()))
)
POSE = st.sampled_from([-0.6, 0.0, 0.6])


def faces(
    state: ClientState, act: ClientAct, masking: float, expressivity: float = 0.7, n: int = 300
) -> list[Expression]:
    who = ResistanceProfile(type="emotional", masking=masking)
    return [express(state, act, who, expressivity, random.Random(seed)) for seed in range(n)]


def share(shown: list[Expression], condition: Callable[[set[int]], bool]) -> float:
    return sum(condition({unit.au for unit in face.action_units}) for face in shown) / len(shown)


@given(UNITS, POSE, POSE, POSE, POSE)
def test_a_caption_reads_back_as_the_same_face(
    units: tuple[ActionUnit, ...], gaze_x: float, gaze_y: float, yaw: float, pitch: float
) -> None:
    face = Expression(
        action_units=units, gaze_x=gaze_x, gaze_y=gaze_y, head_yaw=yaw, head_pitch=pitch
    )
    read = parse_display(caption(face))
    assert {unit.au for unit in read.action_units} == {unit.au for unit in units}
    for name in ("gaze_x", "gaze_y", "head_yaw", "head_pitch"):
        before, after = getattr(face, name), getattr(read, name)
        assert (before > 0) == (after > 0)
        assert (before < 0) == (after < 0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_one_sided_units_keep_their_side(side: str) -> None:
    face = Expression(
        action_units=(
            ActionUnit.model_validate({"au": 12, "intensity": 2, "side": side}),
            ActionUnit.model_validate({"au": 14, "intensity": 2, "side": side}),
        )
    )
    assert {unit.side for unit in parse_display(caption(face)).action_units} == {side}


@pytest.mark.parametrize(
    ("words", "units"),
    [
        ("looks at the floor, speaks quietly", set()),
        ("smiles", {6, 12}),
        ("forces a smile, glances at the door", {12, 24}),
        ("scowls, arms crossed", {4, 5, 7, 23}),
        ("tears up", {1, 4, 15}),
        ("raises an eyebrow", {2}),
        ("eyes widen", {1, 2, 5}),
        ("a smirk", {12, 14}),
        ("does not smile", set()),
        ("without smiling", set()),
        ("rolls eyes", set()),
        ("crosses legs, taps the armrest", set()),
        ("", set()),
        ("{0} %s [x]", set()),
    ],
)
def test_stage_directions_are_read_as_displays(words: str, units: set[int]) -> None:
    assert {unit.au for unit in parse_display(words).action_units} == units


def test_gaze_and_head_are_read() -> None:
    down = parse_display("head bowed, looks at the floor")
    assert down.gaze_y < 0 > down.head_pitch
    away = parse_display("looks away to the left")
    assert away.gaze_x > 0
    assert parse_display("avoids eye contact").gaze_x < 0
    assert parse_display("looking up at you").gaze_y == 0


@given(st.text(max_size=300))
def test_any_text_gives_some_face(text: str) -> None:
    face = parse_display(text)
    assert face.caption
    assert face.contrast


def test_contrast_is_not_what_is_shown() -> None:
    smile = described(Expression(action_units=(ActionUnit(au=12, intensity=2),)))
    assert "broad open smile" in smile.contrast
    for face in faces(SAD, "disclosing", 0.0):
        assert not set(face.caption.split(", ")) & set(contrast(face).split(", "))


def test_captions_name_displays_and_never_intents() -> None:
    words = " ".join(face.caption for act in CLIENT_ACTS for face in faces(SAD, act, 0.8, n=40))
    for intent in ("sad", "angry", "resist", "hiding", "contempt", "fear", "avoid"):
        assert intent not in words


def test_masking_lets_the_face_tell_what_the_words_hide() -> None:
    def leaks(seen: set[int]) -> bool:
        return (12 in seen and 6 not in seen) or {1, 4, 15} <= seen

    assert share(faces(SAD, "minimizing", 0.9), leaks) > 0.3
    assert share(faces(SAD, "minimizing", 0.9), leaks) > 1.5 * share(
        faces(SAD, "agreeing", 0.0), leaks
    )


def test_states_show_in_their_own_way() -> None:
    angry = share(faces(ANGRY, "challenging", 0.0), lambda seen: {4, 7, 23} <= seen or 14 in seen)
    assert angry > 0.3
    assert share(faces(SAD, "disclosing", 0.0), lambda seen: {1, 4, 15} <= seen) > 0.25
    assert share(faces(GLAD, "committing", 0.0), lambda seen: {6, 12} <= seen) > 0.1


def test_display_is_mostly_slight_and_often_absent() -> None:
    shown = [face for act in CLIENT_ACTS for face in faces(SAD, act, 0.3, 0.5, 60)]
    intensities = [unit.intensity for face in shown for unit in face.action_units]
    assert sum(value < 3.0 for value in intensities) > 0.8 * len(intensities)
    assert max(intensities) > 2.5
    quiet = sum(not face.action_units and abs(face.gaze_x) < SEEN for face in shown)
    assert 0.25 < quiet / len(shown) < 0.75


def test_a_still_face_shows_less() -> None:
    lively = share(faces(SAD, "disclosing", 0.0, 1.0), bool)
    still = share(faces(SAD, "disclosing", 0.0, 0.0), bool)
    assert still < lively


@pytest.mark.parametrize("act", CLIENT_ACTS)
def test_stage_directions_never_contradict_the_face(act: ClientAct) -> None:
    for state in (SAD, ANGRY, GLAD):
        for seed, face in enumerate(faces(state, act, 0.6, n=60)):
            direction = stage_direction(face, state, act, random.Random(seed))
            assert direction
            assert "[" not in direction
            read = parse_display(direction)
            # What a few words cannot carry: a widened eye within a raised brow, a trace of a frown.
            told = {unit.au for unit in read.action_units} - {1, 2, 4, 5, 7, 14, 23, 24}
            assert told <= {unit.au for unit in face.action_units}
            for name in ("gaze_x", "gaze_y"):
                seen, said = getattr(face, name), getattr(read, name)
                assert said == 0 or seen * said > 0


def test_leaving_is_seen_and_staying_is_not_taken_for_it() -> None:
    face = Expression()
    gone = stage_direction(face, SAD, "limit_setting", random.Random(1), leaving=True)
    assert gone.startswith(("gets up", "stands up"))
    for act in CLIENT_ACTS:
        for seed in range(40):
            stays = stage_direction(face, SAD, act, random.Random(seed))
            assert not any(word in stays for word in ("gets up", "stands", "leaves", "door"))
