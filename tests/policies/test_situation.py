"""What a reply calls for."""

import pytest

from mirrorplay.policies.acts import THERAPIST_ACTS
from mirrorplay.policies.situation import OPENING, hear


@pytest.mark.parametrize(
    ("acts", "text", "kind", "about"),
    [
        (("open_question",), "What went through your mind?", "question", "thought"),
        (("simple_reflection", "open_question"), "Ah. How long has it been?", "question", "time"),
        (("seek_collaboration",), "Would it be all right to look at that?", "permission", "other"),
        (("seek_collaboration",), "How shall we go on?", "question", "us"),
        (("closed_question",), "Do you sleep?", "closed", "other"),
        (("reframe_offer",), "It may be both. Does that fit?", "reframe", "understanding"),
        (("complex_reflection",), "It wears on you.", "reflection", ""),
        (("simple_reflection", "homework_cocreated"), "What could you try?", "homework", "doing"),
        (("affirm",), "That took some doing.", "affirm", ""),
        (("open_question",), "Tell me what happened.", "question", "story"),
        ((), "Mm.", "reflection", ""),
    ],
)  # fmt: skip
def test_the_strongest_demand_and_the_form_of_the_question_decide(
    acts: tuple[str, ...], text: str, kind: str, about: str
) -> None:
    assert hear(acts, text) == (kind, about)


def test_without_a_reply_it_is_the_opening() -> None:
    assert hear(None) == OPENING


@pytest.mark.parametrize("act", THERAPIST_ACTS)
def test_every_act_is_heard_as_something(act: str) -> None:
    assert hear([act]).kind != "opening"
