"""Reading written sessions: nothing is lost silently, nothing makes it fall over."""

from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies.screenplay import parse_screenplay


def test_turns_alternate_and_start_with_the_client() -> None:
    page = "Client: a\nClient: b\nTherapist: c\nTherapist: d\nClient: e\nTherapist: f"
    lines = parse_screenplay(page, "Robin Vale").lines
    assert [(line.speaker, line.text) for line in lines] == [
        ("client", "a b"), ("therapist", "c d"), ("client", "e"), ("therapist", "f"),
    ]  # fmt: skip


def test_directions_stand_anywhere_and_are_kept_in_order() -> None:
    line = parse_screenplay("Client: [sighs] No. [looks away] Not him.\nTherapist: Mm.", "R").lines[
        0
    ]
    assert (line.text, line.direction) == ("No. Not him.", "sighs; looks away")


def test_a_name_of_two_words_and_a_time_are_not_confused_with_speakers() -> None:
    page = "Robin: I got up at 7: too early.\nTherapist: Seven.\nDr. Lee: Who are you?"
    parsed = parse_screenplay(page, "Robin Vale")
    assert parsed.lines[0].text == "I got up at 7: too early."
    assert parsed.unread == ("Dr. Lee: Who are you?",)


def test_an_ending_without_a_reply_is_reported() -> None:
    parsed = parse_screenplay("Client: a\nTherapist: b\nClient: c", "R")
    assert len(parsed.lines) == 2
    assert parsed.unread == ("c",)


@given(st.text(max_size=400))
def test_any_text_gives_whole_exchanges(page: str) -> None:
    lines = parse_screenplay(page, "Robin").lines
    assert len(lines) % 2 == 0
    assert all(line.speaker == "client" for line in lines[::2])
    assert all(line.speaker == "therapist" for line in lines[1::2])


@given(st.lists(st.sampled_from(["Client:", "Therapist:", "[", "]", "**", "x", "\n", " "])))
def test_any_mixture_of_marks_gives_whole_exchanges(parts: list[str]) -> None:
    assert len(parse_screenplay("".join(parts), "").lines) % 2 == 0
