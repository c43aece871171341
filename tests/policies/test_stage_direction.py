"""Stage directions: varied, in the manner of notes from a tape, never against the face."""

import random
import re

import pytest

from mirrorplay.personas.schema import RESISTANCE_TYPES, ResistanceProfile
from mirrorplay.policies.acts import CLIENT_ACTS, ClientAct
from mirrorplay.policies.expression import Expression, express
from mirrorplay.policies.stage_direction import stage_direction
from mirrorplay.policies.state import ClientState


def drawn(count: int) -> list[tuple[ClientAct, Expression, str]]:
    """Directions of many random states, acts and faces."""
    rng = random.Random(5)
    made = []
    for number in range(count):
        state = ClientState(
            **{name: round(rng.random(), 3) for name in ClientState.model_fields},
        )
        act: ClientAct = CLIENT_ACTS[number % len(CLIENT_ACTS)]  # type: ignore[assignment]
        profile = ResistanceProfile(type=rng.choice(RESISTANCE_TYPES), masking=rng.random())
        face = express(state, act, profile, rng.random(), random.Random(number))
        made.append((act, face, stage_direction(face, state, act, random.Random(-number))))
    return made


MANY = drawn(4000)


def units(face: Expression) -> dict[int, float]:
    return {unit.au: unit.intensity for unit in face.action_units}


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (r"smil", {12}),
        (r"frown|brow furrowed", {4}),
        (r"mouth turned down|chin", {15, 17}),
        (r"tear|eyes wet|sad", {1, 15}),
        (r"lips? (?:pressed|together)|presses lips", {23, 24}),
        (r"eyebrow", {1, 2}),
        (r"jaw", {23, 24, 7, 17}),
        (r"heavy-lidded|half closed", {43}),
    ],
)
def test_a_direction_about_the_face_has_it_there(words: str, needed: set[int]) -> None:
    told = [(face, text) for _, face, text in MANY if re.search(words, text)]
    for face, text in told:
        assert needed & units(face).keys(), (text, face)


def test_directions_about_the_eyes_follow_the_gaze() -> None:
    for _, face, text in MANY:
        if re.search(r"looks (?:at the floor|down)|head (?:lowered|down)|eyes down", text):
            assert face.gaze_y < 0 or face.head_pitch < 0, text
        if re.search(r"looks? (?:straight|at the counsel|across)|holds? the look", text):
            assert abs(face.gaze_x) < 0.3, text
            assert face.gaze_y > -0.3, text
        if "to the left" in text:
            assert face.gaze_x > 0
        if "to the right" in text:
            assert face.gaze_x < 0


def test_a_smile_and_a_downturned_face_are_never_told_together() -> None:
    for _, _, text in MANY:
        assert not (re.search("smil", text) and re.search("frown|turned down|brow", text)), text
        if re.search("frown|turned down|lips pressed|presses", text):
            assert not re.search("brighter|light$|voice light|shoulders ease", text), text


def test_a_thousand_turns_have_many_directions_in_one_to_three_parts() -> None:
    texts = [text for _, _, text in MANY[:1000]]
    assert len(set(texts)) >= 150
    assert all(1 <= len(text.split(", ")) <= 3 for text in texts)
    assert not any(
        re.search(r"[\[\]().]|\b(?:he|she|his|her|they|their)\b", text) for text in texts
    )
    assert max(texts.count(text) for text in set(texts)) < 60


def test_a_direction_never_says_what_is_meant() -> None:
    meaning = re.compile(r"\b(?:angrily|sadly|defensive\w*|sarcastic\w*|hides|pretends|annoyed)\b")
    assert not any(meaning.search(text) for _, _, text in MANY)


def test_leaving_is_seen() -> None:
    _, face, _ = MANY[0]
    state = ClientState(
        trust=0.1, ambivalence=0.5, confrontation=0.9, withdrawal=0.5, distress=0.5, conviction=0.5
    )
    for seed in range(10):
        told = stage_direction(face, state, "challenging", random.Random(seed), leaving=True)
        assert told.startswith(("gets up", "stands up"))
