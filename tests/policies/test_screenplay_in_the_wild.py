"""Pages as models write them, and single turns: speech stays speech, what is lost is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies.screenplay import (
    ParsedScreenplay,
    parse_screenplay,
    parse_utterance,
    whole_sentences,
)
from mirrorplay.policies.stage_direction import split_directions

NAME = "Robin Vale"


def read(page: str) -> ParsedScreenplay:
    return parse_screenplay(page, NAME)


def told(page: str) -> list[tuple[str, str, str | None]]:
    return [(line.speaker, line.text, line.direction) for line in read(page).lines]


EXPECTED = [("client", "It was fine.", "sighs"), ("therapist", "Fine?", None)]


@pytest.mark.parametrize(
    "page",
    [
        "Client: [sighs] It was fine.\nTherapist: Fine?",
        "**Client:** [sighs] It was fine.\n**Therapist:** Fine?",
        "**Client**: *[sighs]* It was fine.\n\n**Therapist**: Fine?",
        "1. Client: [sighs] It was fine.\n2. Therapist: Fine?",
        "1) **Client:** [sighs] It was fine.\n2) **Therapist:** Fine?",
        "[1] Client: [sighs] It was fine.\n[2] Therapist: Fine?",
        "Turn 1 - Client: [sighs] It was fine.\nTurn 2 - Therapist: Fine?",
        "- Client: [sighs] It was fine.\n- Therapist: Fine?",
        "> CLIENT: [sighs] It was fine.\n> THERAPIST: Fine?",
        "### Client:\n[sighs] It was fine.\n### Therapist:\nFine?",
        "client: [sighs] It was fine.\ncounsellor: Fine?",
        "Robin: [sighs] It was fine.\nTherapist: Fine?",
        "Robin Vale: [sighs] It was fine.\nTherapist: Fine?",
        "Ms. Vale: [sighs] It was fine.\nTherapist: Fine?",
        "Client (sighs): It was fine.\nTherapist: Fine?",
        "Client [sighs]: It was fine.\nTherapist: Fine?",
        "Client: (sighs) It was fine.\nTherapist: Fine?",
        "Client: *sighs* It was fine.\nTherapist: Fine?",
        "Client: _sighs_ It was fine.\nTherapist: Fine?",
        "Client: It was [sighs] fine.\nTherapist: Fine?",
        "Client: [sighs] \"It was fine.\"\nTherapist: \u201cFine?\u201d",
        "Client: [sighs] It was fine. Therapist: Fine?",
        "<think>Client: no\nTherapist: no</think>\nClient: [sighs] It was fine.\nTherapist: Fine?",
    ],
)  # fmt: skip
def test_one_exchange_however_it_is_marked(page: str) -> None:
    assert told(page) == EXPECTED
    assert read(page).unread == ()


@pytest.mark.parametrize(
    ("around", "lost"),
    [
        ("Here is the session:\n\n{}", ("Here is the session:",)),
        ("# Session 1\n{}", ("# Session 1",)),
        ("```\n{}\n```", ("```", "```")),
        ("{}\n[End of session]", ("[End of session]",)),
        ("{}\n**End of Transcript**", ("**End of Transcript**",)),
        ("{}\n---", ("---",)),
        ("Therapist: Welcome.\n{}", ("Welcome.",)),
        ("{}\nClient: [nods] Well", ("[nods] Well",)),
    ],
)
def test_what_stands_around_a_session_is_reported(around: str, lost: tuple[str, ...]) -> None:
    page = around.replace("{}", "Client: [sighs] It was fine.\nTherapist: Fine?")
    assert told(page) == EXPECTED
    assert read(page).unread == lost


def test_a_missing_direction_is_none() -> None:
    assert told("Client: No.\nTherapist: No.")[0] == ("client", "No.", None)


def test_names_for_both_speakers() -> None:
    page = "Robin: No.\nDr. Lee: No?\nRobin: No.\nDr. Lee: All right."
    assert [speaker for speaker, _, _ in told(page)] == ["client", "therapist"] * 2
    assert read(page).unread == ()


def test_a_stranger_beside_both_speakers_is_not_taken_for_one() -> None:
    page = "Client: No.\nTherapist: No?\nNurse: Time!\nNurse: Please!"
    assert len(told(page)) == 2
    assert read(page).unread == ("Nurse: Time!", "Nurse: Please!")


@pytest.mark.parametrize(
    ("ending", "kept", "lost"),
    [
        ("You slept. And what would the", "You slept.", "And what would the"),
        ("You slept. What was it like", "You slept.", "What was it like"),
        ("You slept. [leans", "You slept.", "[leans"),
        ("You slept, and,", None, "You slept, and,"),
    ],
)
def test_an_ending_that_is_cut_off(ending: str, kept: str | None, lost: str) -> None:
    page = f"Client: No.\nTherapist: No?\nClient: I slept.\nTherapist: {ending}"
    parsed = read(page)
    assert lost in parsed.unread
    if kept:
        assert parsed.lines[-1].text == kept
    else:
        assert len(parsed.lines) == 2
        assert "I slept." in parsed.unread


def test_speech_in_brackets_and_between_asterisks_stays() -> None:
    line = "I told him (twice) that I *really* can't, and (I mean it) 3*4*5 is 60."
    assert told(f"Client: {line}\nTherapist: Mm.")[0][1:] == (
        line.replace("*really*", "really"),
        None,
    )


def test_a_bracket_that_never_closes_loses_no_speech() -> None:
    parsed = read("Client: [sighs It was fine.\nTherapist: Fine?")
    assert parsed.lines[0].text == "sighs It was fine."
    assert parsed.unread == ("[sighs It was fine.",)


@pytest.mark.parametrize(
    ("page", "text", "direction"),
    [
        ("[looks down] No.", "No.", "looks down"),
        ("Client: [looks down] No.\nTherapist: Why?", "No.", "looks down"),
        ("Therapist: Why?\nClient: [looks down] No.", "No.", "looks down"),
        ("Sure, here it is:\n\n**Robin:** [looks down] No.", "No.", "looks down"),
        ("<think>He is sad.</think>[looks down]\nNo.", "No.", "looks down"),
        ("[looks down] No.\n[END OF SESSION]", "No.", "looks down"),
        ("[looks down]\n\nTherapist: Why?", "", None),
        ("I said: no.", "I said: no.", None),
        ("...", "...", None),
        ("", "", None),
    ],
)
def test_one_turn_that_was_asked_for(page: str, text: str, direction: str | None) -> None:
    line = parse_utterance(page, "client", NAME)
    assert (line.text, line.direction) == (text, direction)


@given(st.text(max_size=300))
def test_any_text_is_a_turn(page: str) -> None:
    assert parse_utterance(page, "client", NAME).speaker == "client"
    assert "\n" not in parse_utterance(page, "therapist", NAME).text


@given(st.lists(st.sampled_from(["fine", "no", "I", "said", "(twice)", "3", "ok."]), min_size=1))
def test_plain_speech_is_never_shortened(words: list[str]) -> None:
    said = " ".join(words)
    assert split_directions(said).words == said


def test_a_run_on_ends_where_it_begins_to_repeat_itself() -> None:
    loop = "I went home. " + "And then I said no to him. " * 6
    assert parse_utterance(loop, "client", NAME).text == (
        "I went home. And then I said no to him. And then I said no to him."
    )
    refrain = "No. No. No. No. I said no. I said no."
    assert parse_utterance(refrain, "client", NAME).text == refrain


def test_whole_sentences() -> None:
    assert whole_sentences("It rained. And then I") == "It rained."
    assert whole_sentences("And then I") == "And then I"
