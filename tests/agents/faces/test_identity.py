"""Identities: pure, seeded by the persona alone, fixed by the appearance."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.agents.faces.identity import EYE_COLOURS, HAIR_COLOURS, MONK_SCALE, identity_of
from mirrorplay.personas.schema import Appearance


def test_the_same_persona_has_the_same_face() -> None:
    identity_of.cache_clear()
    first = identity_of("maya-lind", 34, "female", Appearance())
    identity_of.cache_clear()
    assert identity_of("maya-lind", 34, "female", Appearance()) == first


def test_two_personas_differ_in_most_traits() -> None:
    one = dataclasses.astuple(identity_of("one", 34, "female", Appearance()))
    two = dataclasses.astuple(identity_of("two", 34, "female", Appearance()))
    assert sum(a != b for a, b in zip(one, two, strict=True)) > 20


def test_a_given_trait_moves_no_other() -> None:
    drawn = identity_of("maya-lind", 34, "female", Appearance(skin_tone=3, glasses=False))
    given_ = identity_of(
        "maya-lind", 34, "female", Appearance(skin_tone=3, glasses=True, hair_style="bun")
    )
    changed = {
        field.name
        for field in dataclasses.fields(drawn)
        if getattr(drawn, field.name) != getattr(given_, field.name)
    }
    assert changed <= {"glasses", "hair_style"}
    assert "glasses" in changed


def test_the_appearance_is_obeyed() -> None:
    appearance = Appearance(
        skin_tone=8,
        face_shape="heart",
        hair_style="covered",
        hair_color="auburn",
        eye_color="grey",
        beard="full",
        glasses=True,
        clothing="#ABCDEF",
    )
    identity = identity_of("p", 40, None, appearance)
    assert identity.skin == MONK_SCALE[7]
    assert identity.face_shape == "heart"
    assert identity.hair_style == "covered"
    assert identity.hair_colour == HAIR_COLOURS["auburn"]
    assert identity.eye_colour == EYE_COLOURS["grey"]
    assert identity.beard == "full"
    assert identity.glasses != "none"
    assert identity.clothing == "#abcdef"


def test_what_does_not_belong_to_a_face_is_ignored() -> None:
    plain = identity_of("p", 40, "male", Appearance())
    told = identity_of("p", 40, "male", Appearance(description="<svg>", expressivity=0.9))
    assert plain == told


@pytest.mark.parametrize("gender", ["female", "Woman ", "male", "nonbinary", None, "<b>", ""])
def test_any_word_for_gender_gives_a_face(gender: str | None) -> None:
    assert 0 <= identity_of("p", 30, gender, Appearance()).femininity <= 1


def test_age_shows_in_lines_and_hair() -> None:
    young = identity_of("p", 20, "male", Appearance())
    old = identity_of("p", 85, "male", Appearance())
    assert young.age_lines == 0
    assert old.age_lines == 1
    assert old.hair_colour in {HAIR_COLOURS["grey"], HAIR_COLOURS["white"]}


def test_no_covering_is_drawn_by_chance() -> None:
    styles = {identity_of(f"p{n}", 30, "female", Appearance()).hair_style for n in range(300)}
    assert "covered" not in styles
    assert len(styles) >= 4


@given(
    persona=st.text(min_size=1, max_size=64),
    age=st.none() | st.integers(16, 100),
    gender=st.none() | st.text(max_size=20),
)
def test_every_trait_stays_in_its_range(persona: str, age: int | None, gender: str | None) -> None:
    identity = identity_of(persona, age, gender, Appearance())
    assert 16 <= identity.age <= 100
    assert 1 <= identity.skin_tone <= 10
    assert -1.2 <= identity.brow_asymmetry <= 1.2
    assert 0 <= identity.hairline <= 1
    for factor in (identity.face_width, identity.jaw, identity.eye_size, identity.mouth_width):
        assert 0.8 < factor < 1.25


def test_two_thousand_seeds_are_two_thousand_people() -> None:
    people = [identity_of(f"seed-{n}", None, None, Appearance()) for n in range(2000)]
    fields = [f.name for f in dataclasses.fields(people[0])]
    assert len(fields) >= 45
    assert len({dataclasses.astuple(person) for person in people}) == 2000
    for name in fields:
        values = [getattr(person, name) for person in people]
        if isinstance(values[0], float) and name != "age_lines":
            spread = sorted(values)
            assert spread[1900] - spread[100] > 0.3 * (spread[-1] - spread[0]), name
            assert len(set(values)) > 500 or name in {"grey", "hairline"}, name
        elif name not in {"hair_style", "freckles"}:
            assert len(set(values)) > 1, name
    assert {person.skin_tone for person in people} == set(range(1, 11))


def test_age_and_skin_say_nothing_about_each_other() -> None:
    """Of what is not pigment, nothing depends on the skin: the same draws with another tone."""
    pale = identity_of("p", 40, None, Appearance(skin_tone=2, hair_color="black"))
    dark = identity_of("p", 40, None, Appearance(skin_tone=9, hair_color="black"))
    changed = {
        field.name
        for field in dataclasses.fields(pale)
        if getattr(pale, field.name) != getattr(dark, field.name)
    }
    assert changed <= {"skin_tone", "eye_colour", "freckles"}
