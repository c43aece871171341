"""Cues in words, and signs of the body."""

import time

import pytest

from mirrorplay.policies.facs import ActionUnit, Perception
from mirrorplay.policies.instruments.signs import SIGNS, signs_of_direction, signs_of_face
from mirrorplay.policies.instruments.wording import Source, read_words


@pytest.mark.parametrize(
    ("source", "text", "cue"),
    [
        ("therapist", "What would you like to use today for?", "agenda"),
        ("therapist", "Did I get that right?", "feedback"),
        ("therapist", "What went through your mind?", "thoughts"),
        ("therapist", "What’s the evidence for it?", "evidence"),
        ("therapist", "Is it all right if I say something?", "permission"),
        ("therapist", "What would be a small step?", "step"),
        ("therapist", "What would you like instead?", "change_question"),
        ("client", "I'm scared of him.", "afraid"),
        ("client", "I can't sleep.", "tense"),
        ("client", "I’m fed up with this.", "hostile"),
        ("client", "It's my fault.", "ashamed"),
        ("client", "I'll call her on Monday.", "concrete"),
        ("client", "I hope so.", "hopeful"),
    ],
)
def test_cues(source: Source, text: str, cue: str) -> None:
    assert cue in read_words(text, source).cues


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("I'm not scared of him.", "afraid"),
        ("I don't really feel upset.", "upset"),
        ("I'd like to find out.", "ashamed"),
        ("The bus was late.", "tense"),
    ],
)
def test_what_is_no_cue(text: str, cue: str) -> None:
    assert cue not in read_words(text, "client").cues


def test_a_not_of_another_clause_takes_nothing_back() -> None:
    assert "afraid" in read_words("I can't say no, I'm scared.", "client").cues
    assert "afraid" in read_words("No, I'm scared.", "client").cues


def test_words_questions_and_content() -> None:
    wording = read_words("Don't you trust your manager's reports? Reporting, I mean!", "client")
    assert wording.words == 11
    assert wording.questions == 1
    assert {"trust", "manage", "report"} <= wording.content
    assert read_words("", "client").words == 0
    assert read_words("?!…", "therapist").content == frozenset()


def test_a_giant_text_is_read_at_both_ends_and_quickly() -> None:
    started = time.process_time()
    wording = read_words("I'm scared. " + "can't " * 400_000 + "It's my fault.", "client")
    assert time.process_time() - started < 1
    assert {"afraid", "ashamed"} <= wording.cues


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("looks away to the left", "withdrawn"),
        ("arms folded, an even voice", "withdrawn"),
        ("frowns, jaw tight", "hostile"),
        ("a quick smile, nods", "warm"),
        ("mouth turned down", "sad"),
        ("fidgets with a sleeve", "tense"),
    ],
)
def test_signs_in_stage_directions(text: str, sign: str) -> None:
    assert sign in signs_of_direction(text)
    assert signs_of_direction(text) <= set(SIGNS)


def test_what_is_no_sign() -> None:
    assert signs_of_direction("looks up and away to the right, thinks") == frozenset()
    assert "warm" not in signs_of_direction("a small tight smile")


def face(*units: int, **turned: float) -> Perception:
    return Perception(action_units=tuple(ActionUnit(au=au, intensity=3) for au in units), **turned)


@pytest.mark.parametrize(
    ("seen", "sign"),
    [
        (face(gaze_y=-0.6), "withdrawn"),
        (face(gaze_x=0.6), "withdrawn"),
        (face(43), "withdrawn"),
        (face(4, 7, 23), "hostile"),
        (Perception(action_units=(ActionUnit(au=14, intensity=2, side="left"),)), "hostile"),
        (face(6, 12), "warm"),
        (face(1, 4, 15), "sad"),
        (face(1, 2, 4), "tense"),
    ],
)
def test_signs_in_faces(seen: Perception, sign: str) -> None:
    assert sign in signs_of_face(seen)


def test_a_face_at_rest_or_barely_moving_shows_nothing() -> None:
    assert signs_of_face(Perception()) == frozenset()
    faint = Perception(action_units=(ActionUnit(au=43, intensity=1.0),), gaze_x=0.4, gaze_y=0.5)
    assert signs_of_face(faint) == frozenset()
