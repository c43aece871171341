"""A caption is weighed against the words, never instead of them."""

import pytest

from mirrorplay.policies.listening import hear
from mirrorplay.policies.seeing import weigh


@pytest.mark.parametrize(
    ("said", "caption", "signal"),
    [
        (
            "Yeah, that's right, I suppose so.",
            "lips pressed together; guarded",
            "partial_agreement",
        ),
        ("Yeah.", "brows drawn together; perhaps a little sad", "distress"),
        ("It's the usual, work and the kids.", "looking down; downcast", "distress"),
        ("It's the usual, work and the kids.", "eyes away; far away", "subtle_disengagement"),
    ],
)
def test_a_face_adds_what_the_words_leave_open(said: str, caption: str, signal: str) -> None:
    heard = hear(said)
    assert signal not in heard
    assert weigh(heard, caption).signals == heard.signals | {signal}


@pytest.mark.parametrize(
    ("said", "caption"),
    [
        ("It's the usual, work and the kids.", "brows raised; perhaps a little sad"),
        ("No. I don't want to talk about that.", "lips pressed together; guarded"),
        ("What do you think?", "lips pressed together; guarded"),
        ("Yeah.", "face at rest, looking straight ahead"),
        ("Yeah.", "cheeks raised; pleased"),
        ("Yeah.", ""),
        ("Yeah.", "no face can be seen"),
    ],
)
def test_words_that_speak_for_themselves_stay_as_they_are(said: str, caption: str) -> None:
    heard = hear(said)
    assert weigh(heard, caption) == heard
