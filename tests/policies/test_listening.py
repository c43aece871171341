"""Signals from words alone, and what may be said back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.listening import clauses, hear, load_ear

OPEN = "That's a lot. What is that like for you?"
CLOSED = "Is today better than most days?"
TRY = "What would be small enough to try this week?"
LEAVE = "Would it be all right to look at it more closely?"


@pytest.mark.parametrize(
    ("signal", "said", "before"),
    [
        ("open_disagreement", "No. That's not how it works.", OPEN),
        ("open_disagreement", "You don't understand what it's like.", OPEN),
        ("open_disagreement", "How would you know, though?", OPEN),
        ("open_disagreement", "I would not go that far.", OPEN),
        ("sustain_talk", "I do not want to change it.", OPEN),
        ("candour", "You keep asking me the same thing.", OPEN),
        ("candour", "This isn't helping.", OPEN),
        ("partial_agreement", "I mean, sure, but my boss isn't like that.", OPEN),
        ("distress", "I can't do this, it's too much.", OPEN),
        ("distress", "I'm so ashamed.", OPEN),
        ("topic_avoidance", "Can we talk about something else?", OPEN),
        ("topic_avoidance", "I'd rather not go into that.", OPEN),
        ("withdrawal", "I don't know.", OPEN),
        ("withdrawal", "Yeah.", OPEN),
        ("withdrawal", "...", OPEN),
        ("subtle_disengagement", "Sure.", OPEN),
        ("subtle_disengagement", "Whatever you think.", OPEN),
        ("change_talk", "I want to be around for my kids.", OPEN),
        ("change_talk", "I guess I could look at it.", OPEN),
        ("sustain_talk", "There's no point, I've tried it.", OPEN),
        ("commitment", "I'll call her on Thursday.", OPEN),
        ("refusal", "No, I'm not doing that.", TRY),
        ("refusal", "No, let's not.", LEAVE),
        ("question", "What would you do?", OPEN),
        ("effort", "I tried talking to him twice.", OPEN),
        ("stop", "I want to stop here.", OPEN),
        ("says_fine", "I'm fine, really.", OPEN),
        ("sent_here", "My wife made me come.", None),
        ("minimizing", "It's nothing, really.", OPEN),
        ("others", "It was fine until they got involved.", OPEN),
        ("inattention", "Sorry, I zoned out. What did you say?", OPEN),
        ("sidetracking", "Is that clock right?", OPEN),
        ("caution", "It's hard to say it out loud.", OPEN),
        ("insight", "I'd never put those two together.", OPEN),
    ],
)
def test_signal_is_heard(signal: str, said: str, before: str | None) -> None:
    assert signal in hear(said, before)


@pytest.mark.parametrize(
    ("signal", "said", "before"),
    [
        ("open_disagreement", "No.", CLOSED),
        ("open_disagreement", "No, it isn't.", "It isn't easy."),
        ("withdrawal", "Yeah.", "You've had enough of it."),
        ("withdrawal", "Yeah.", CLOSED),
        ("withdrawal", "Shoulders. Jaw.", OPEN),
        ("subtle_disengagement", "Sure.", LEAVE),
        ("commitment", "I'll never get over it.", OPEN),
        ("stop", "I want to stop fighting with my wife.", OPEN),
        ("stop", "I'd rather leave it how it is.", OPEN),
        ("candour", "You'll think this is silly. I keep her letters.", OPEN),
        ("candour", "I'd like to stop telling Joan I have a cold.", OPEN),
        ("minimizing", "It's silly. " + "I keep the letters in a box and read them " * 2, OPEN),
        ("distress", "I'll do it before I think about it too much.", OPEN),
        ("refusal", "No, that sounds good.", TRY),
        ("change_talk", "I don't want to.", OPEN),
    ],
)
def test_signal_is_not_heard(signal: str, said: str, before: str) -> None:
    assert signal not in hear(said, before)


def test_a_bare_yes_after_a_reflection_is_with_us() -> None:
    heard = hear("Yeah.", "It wears on you.")
    assert heard.collaborating
    assert not heard.discord


def test_strain_and_sustain_talk_hold() -> None:
    assert not hear("No. That's not how it works.", OPEN).collaborating
    assert hear("No. That's not how it works.", OPEN).discord
    assert not hear("I can't see it changing.", OPEN).collaborating
    assert not hear("I can't see it changing.", OPEN).discord


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        ("Honestly, I'm a failure.", "belief", None),
        (
            "My boss sends emails at midnight to me.",
            "fact",
            "your boss sends emails at midnight to you",
        ),
        ("I think they're going to find me out.", "belief", "they're going to find you out"),
        ("I should call her.", "pressure", "you should call her"),
        ("I want my evenings back.", "change", "you want your evenings back"),
        ("I'll ring the school on Monday.", "intention", "you'll ring the school on Monday"),
        ("I could ask a colleague.", "possibility", "you could ask a colleague"),
        ("I can't sleep on Sundays.", "fact", "you can't sleep on Sundays"),
    ],
)
def test_clause_and_its_kind(said: str, kind: str, text: str | None) -> None:
    clause = hear(said, OPEN).clause
    assert clause is not None
    assert clause.kind == kind
    assert text is None or clause.text == text


@pytest.mark.parametrize(
    "said",
    ["I'm fine.", "I don't know.", "You never listen to me.", "Is it me?", "It is what it is."],
)
def test_nothing_to_say_back(said: str) -> None:
    assert hear(said, OPEN).clause is None


def test_topic_person_and_feeling() -> None:
    heard = hear("My manager moved the review and I felt sick about it.", OPEN)
    assert (heard.person, heard.topic, heard.feeling) == ("your manager", "the review", "sick")
    assert hear("I'm not angry with him.", OPEN).feeling is None
    assert hear("I'll listen from the back.", OPEN).topic is None


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("What should I do about it?", "advice"),
        ("So how does this work?", "process"),
        ("Is that normal?", "judgement"),
        ("What if I forget?", "what_if"),
        ("Who's that in the picture?", None),
    ],
)
def test_what_a_question_is_after(said: str, asks: str | None) -> None:
    assert hear(said, OPEN).asks == asks


@given(st.text(max_size=300), st.text(max_size=100))
def test_hearing_is_pure_and_total(said: str, before: str) -> None:
    assert hear(said, before) == hear(said, before)
    for clause in clauses(said):
        assert clause.text


def test_ten_megabytes_are_read_in_a_moment() -> None:
    assert hear("I hate it. " * 900_000, OPEN).words < 1000


@pytest.mark.parametrize("text", ["- a\n", "stop: x\n", "stop: ['(']\n"])
def test_a_file_that_holds_no_cues_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cues.yaml"
    file.write_text(text)
    with pytest.raises(UserError):
        load_ear(file)
