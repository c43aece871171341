"""Words and face that disagree."""

import pytest

from mirrorplay.policies.expression import ActionUnit, Perception
from mirrorplay.policies.listening import hear
from mirrorplay.policies.mismatch import disagreement

ASKED = "How have you been?"


def face(*units: int, valence: float = 0.0, side: str = "both") -> Perception:
    found = tuple(
        ActionUnit(au=au, intensity=2.0, side=side)  # type: ignore[arg-type]  # one of three words
        for au in units
    )
    return Perception(action_units=found, valence=valence)


@pytest.mark.parametrize(
    ("said", "seen", "expected"),
    [
        ("I'm fine.", face(1, 4, 15), "light"),
        ("I'm fine.", face(valence=-0.6), "light"),
        ("It's nothing, really.", face(12, 24), "light"),
        ("Sure, but my boss isn't like that.", face(14, side="left"), "light"),
        ("I feel so ashamed of it.", face(6, 12), "heavy"),
        ("I'm fine.", face(6, 12, valence=0.5), None),
        ("I feel so ashamed of it.", face(1, 4, 15, valence=-0.5), None),
        ("We went to the shop on Monday.", face(1, 4, 15), None),
        ("No. That's wrong.", face(4, 5, 7), None),
    ],
)
def test_disagreement(said: str, seen: Perception, expected: str | None) -> None:
    assert disagreement(hear(said, ASKED), seen) == expected


def test_without_a_face_nothing_is_seen() -> None:
    assert disagreement(hear("I'm fine.", ASKED), None) is None


def test_a_trace_is_not_enough() -> None:
    weak = Perception(action_units=(ActionUnit(au=1, intensity=1.0), ActionUnit(au=4, intensity=1)))
    assert disagreement(hear("I'm fine.", ASKED), weak) is None
