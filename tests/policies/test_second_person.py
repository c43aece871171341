"""A client's words turned round stay grammatical, or are not turned."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies.listening import clauses
from mirrorplay.policies.second_person import second_person

ANNOMI = Path(__file__).parents[2].parent / "shared/data/annomi/annomi_dev.csv"


@pytest.mark.parametrize(
    ("said", "turned"),
    [
        ("I'm tired", "you're tired"),
        ("I am tired of my job", "you are tired of your job"),
        ("I was late", "you were late"),
        ("I wasn't there", "you weren't there"),
        ("I really was trying", "you really were trying"),
        ("I've told my mother myself", "you've told your mother yourself"),
        ("I'd rather sleep", "you'd rather sleep"),
        ("I'll call her", "you'll call her"),
        ("She told me I was useless", "she told you you were useless"),
        ("The house is mine", "the house is yours"),
        ("He hates me and my brother", "he hates you and your brother"),
        ("She was angry with me", "she was angry with you"),
        ("They don't know what I'm like", "they don't know what you're like"),
        ("I don’t sleep", "you don't sleep"),
        ("if I stop, something will slip", "if you stop, something will slip"),
        ("I keep the Fauré to myself", None),
        ("My manager rang me on Tuesday", "your manager rang you on Tuesday"),
        ("i am not gonna beg", "you are not going to beg"),
    ],
)
def test_turns(said: str, turned: str | None) -> None:
    if turned is None:
        turned = second_person(said)
        assert turned in (None, "you keep the Fauré to yourself")
    else:
        assert second_person(said) == turned


@pytest.mark.parametrize(
    "said",
    [
        "I told you that already",
        "You don't know my boss",
        "I like your lamp",
        "We argued about my mother",
        "I was late and was told off",  # whose "was"?
        "Am I imagining it?",
        'She said "I hate you"',
        "My brother and I left",
        "if I stop checking",  # half a sentence
        "Karen hates me",  # a name cannot be told from a verb
        "because of me",
        "and then",
        "I",
        "",
        "I, to a certain extent",
        "I want to-- I don't know",
        "I I can't",
        "I'm [laughs] fine",
        "I use {topic} braces",
        "get out of my house",
        "I fucking hate it",
    ],
)
def test_leaves_alone_what_is_unsure(said: str) -> None:
    assert second_person(said) is None


@given(st.text(max_size=200))
def test_any_text_is_safe(said: str) -> None:
    turned = second_person(said)
    assert turned is None or not re.search(r"\b(?:i|i'm|me|my|mine|myself|am)\b", turned.lower())


@pytest.mark.skipif(not ANNOMI.exists(), reason="the AnnoMI development transcripts are not here")
def test_real_talk_leaves_no_first_person() -> None:
    with ANNOMI.open(encoding="utf-8") as file:
        said = {
            row["utterance_text"] for row in csv.DictReader(file) if row["interlocutor"] == "client"
        }
    found = [clause.text for text in said for clause in clauses(text)]
    assert len(found) > 500
    wrong = re.compile(r"\b(?:I|I'm|me|my|mine|myself|am|you was|you has|you does)\b")
    assert [text for text in found if wrong.search(text)] == []
