"""Phrase banks: reading, filling, not repeating."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.phrasing.bank import Bank, load_bank, sentence
from mirrorplay.policies.phrasing.template import fill

BANK = """
asking:
  openers: ["So,"]
  cores: ["what is {topic}?", "is it me?"]
  tails: ["Tell me."]
  opener_rate: 1.0
  tail_rate: 1.0
asking.after_advice:
  cores: ["does {thought} count?"]
"""


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    (tmp_path / "client.yaml").write_text(BANK)
    return Bank(tmp_path)


def test_a_phrase_is_put_together_and_says_what_it_used(bank: Bank) -> None:
    said = bank.realise(["asking"], {"topic": "the review"}, (), random.Random(3))
    assert said.text in ("So, what is the review? Tell me.", "So, is it me? Tell me.")
    assert len(said.ids) == 3
    assert said.slots == (frozenset({"topic"}) if "review" in said.text else frozenset())
    terse = bank.realise(["asking"], {}, (), random.Random(3), terse=True)
    assert terse.text == "Is it me?"


def test_templates_without_their_slots_are_passed_over(bank: Bank) -> None:
    said = bank.realise(["asking.after_advice", "asking"], {}, (), random.Random(1))
    assert "is it me?" in said.text


def test_nothing_repeats_until_all_was_said_then_the_oldest_comes_back(bank: Bank) -> None:
    used: tuple[str, ...] = ()
    slots = {"topic": "work"}
    for _ in range(2):
        said = bank.realise(["asking"], slots, used, random.Random(1), terse=True)
        assert not set(said.ids) & set(used)
        used += said.ids
    again = bank.realise(["asking"], slots, used, random.Random(1), terse=True)
    assert again.ids == used[:1]


def test_a_bank_without_words_for_an_act_says_so(bank: Bank) -> None:
    with pytest.raises(LookupError, match="blaming"):
        bank.realise(["blaming"], {}, (), random.Random(1))


@given(st.text(max_size=40))
def test_values_are_never_read_as_templates(value: str) -> None:
    assert fill("a {topic} b", {"topic": value or "x", "person": "LEAK"}) == f"a {value or 'x'} b"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("so,  it is.", "So, it is."),
        ("it ended.. and then", "It ended. And then"),
        ("why?. because", "Why? Because"),
    ],
)
def test_sentences_are_tidied(raw: str, clean: str) -> None:
    assert sentence(raw) == clean


@pytest.mark.parametrize(
    "text",
    [
        "- asking\n",
        "asking: [one]\n",
        "asking: {cores: []}\nasking.more: {core: [a]}\n",
        "asking: {cores: [1]}\n",
        "asking: {cores: [a]}\nasking: {cores: [b]}\n",
    ],
)
def test_what_is_not_a_bank_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(UserError, match="broken"):
        Bank(tmp_path)


def test_an_empty_directory_and_a_key_in_two_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no phrase files"):
        Bank(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("asking: {cores: [hm]}\n")
    with pytest.raises(UserError, match="two files"):
        Bank(tmp_path)


def test_a_bank_is_read_once() -> None:
    assert load_bank() is load_bank()
