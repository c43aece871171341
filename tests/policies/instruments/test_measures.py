"""Slopes, depth of disclosure, stages of a session."""

import pytest

from mirrorplay.policies.instruments.measures import MEASURES, depth, slope
from mirrorplay.policies.instruments.tape import CodedLine, Tape


def client(*turns: tuple[str, ...], text: str = "Well.") -> Tape:
    return Tape([CodedLine(at, "client", text, codes) for at, codes in enumerate(turns)])


def test_a_slope_is_the_change_from_first_to_last() -> None:
    assert slope([0, 1, 2, 3]) == pytest.approx(3)
    assert slope([1, 1, 1]) == 0
    assert slope([1, 0]) == -1


def test_talk_moves() -> None:
    change, sustain = ("answering", "talk:change"), ("answering", "talk:sustain")
    tape = client(sustain, sustain, change, change)
    rising, falling = MEASURES["change_slope"](tape), MEASURES["sustain_slope"](tape)
    assert rising is not None
    assert falling is not None
    assert rising.value == pytest.approx(1.2)
    assert falling.value == pytest.approx(-1.2)
    assert (rising.evidence, falling.evidence) == ((2, 3), (0, 1))
    assert MEASURES["change_slope"](client(sustain, change, change)) is None


@pytest.mark.parametrize(
    ("text", "act", "level"),
    [
        ("No.", "disagreeing", 0),
        ("I'd rather not talk about that with you.", "limit_setting", 0),
        ("The bus was late again this morning.", "answering", 1),
        ("I went to work and then to the shop.", "answering", 1),
        ("I was so afraid of that call.", "answering", 2),
        ("I am not afraid of that call at all.", "answering", 1),
        ("I never told anyone at work.", "answering", 3),
        ("My father left when I was nine and I was so lonely.", "disclosing", 4),
    ],
)
def test_depth_of_a_turn(text: str, act: str, level: int) -> None:
    assert depth(client((act,), text=text).client[0]) == level


def test_depth_of_a_session_is_that_of_its_deepest_quarter() -> None:
    flat = CodedLine(0, "client", "The bus was late this morning.", ("answering",))
    deep = CodedLine(9, "client", "I never told anyone at work.", ("disclosing",))
    lines = [CodedLine(at, "client", flat.text, flat.codes) for at in range(7)]
    found = MEASURES["depth"](Tape([*lines, deep]))
    assert found is not None
    assert (found.value, found.evidence) == (2.0, (9,))
    assert MEASURES["depth"](Tape([flat, deep])) is None


def session(*replies: str) -> Tape:
    lines: list[CodedLine] = []
    for reply in replies:
        lines.append(CodedLine(len(lines), "client", "I see.", ("answering",)))
        lines.append(CodedLine(len(lines), "therapist", reply, ()))
    return Tape(lines)


STAGES = (
    "What would you like to use today for?",
    "What went through your mind?",
    "What is the evidence for that?",
    "Could it also be that she was tired?",
    "Does that fit, or did I miss something?",
)


def test_the_stages_of_a_session_and_their_order() -> None:
    covered, in_order = MEASURES["stages_covered"], MEASURES["stages_in_order"]
    forward, backward = session(*STAGES), session(*reversed(STAGES))
    for tape, order in ((forward, 1.0), (backward, 0.0)):
        both = covered(tape), in_order(tape)
        assert both[0] is not None
        assert both[1] is not None
        assert both[0].value == pytest.approx(5 / 6)
        assert both[1].value == order
        assert both[0].evidence == (1, 3, 5, 7, 9)
    nothing = covered(session("The bus was late today.", "It often is, in winter."))
    assert nothing is not None
    assert nothing.value == 0
    assert in_order(session(STAGES[0], "It often is, in winter.")) is None
