"""The grammar of phrase templates."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.policies.phrasing.template import fill, parse

FRAGMENTS = {"when": ("at night", "on Sundays", "with {person}"), "one": ("only",)}


def test_choices_and_fragments_go_every_way_they_can() -> None:
    made = parse("k/core/0", "[mostly|often|] <when>.", FRAGMENTS)
    rng = random.Random(1)
    said = {made.choose(frozenset(), rng)[0] for _ in range(200)}
    assert said == {
        f"{a} {b}." for a in ("mostly", "often", "") for b in ("at night", "on Sundays")
    }
    assert made.variants(()) == 6
    assert made.variants({"person"}) == 9
    assert made.may_need == {"person"}
    assert made.slots == frozenset()


def test_an_option_without_its_slot_is_left_out_and_a_chosen_one_is_told() -> None:
    made = parse("k/core/0", "it's [{topic}|late]", None)
    assert made.choose(frozenset(), random.Random(1)) == ("it's late", frozenset())
    told = {made.choose(frozenset({"topic"}), random.Random(seed)) for seed in range(20)}
    assert told == {("it's late", frozenset()), ("it's {topic}", frozenset({"topic"}))}


def test_a_template_fits_when_its_slots_and_each_choice_can_be_filled() -> None:
    made = parse("k/core/0", "{topic} [{person}|{feeling}]", None)
    assert not made.fits({"topic"})
    assert made.fits({"topic", "feeling"})
    assert not made.fits({"person", "feeling"})
    assert made.variants({"topic"}) == 0


@pytest.mark.parametrize(("text", "words"), [("Yeah.", 1), ("[a|b c] d", 3), ("{topic} now", 4)])
def test_length_is_that_of_the_longest_form(text: str, words: int) -> None:
    assert parse("k/core/0", text).words == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a [b|c", "stray"),
        ("a ]", "stray"),
        ("a [b]", "choice of one"),
        ("[a|[b|c]]", "stray"),
        ("<nothing>", "unknown fragment"),
        ("<one>", "choice of one"),
        ("[<when>|b]", "stray"),
        ("a | b", "stray"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse("k/core/0", text, FRAGMENTS)


@given(st.text(max_size=60))
def test_values_are_put_in_as_they_stand(value: str) -> None:
    assert fill("{topic}", {"topic": value or "x"}) == (value or "x")


@given(st.text(alphabet="ab[]|<>{} ", max_size=30), st.integers(0, 9))
def test_any_text_is_parsed_or_refused(text: str, seed: int) -> None:
    try:
        made = parse("k/core/0", text, FRAGMENTS)
    except ValueError:
        return
    words, slots = made.choose(frozenset(), random.Random(seed))
    assert "|" not in words
    assert slots <= made.may_need
