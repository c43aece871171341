"""Counterfactual twins: what was asked for changes, everything else is held."""

import re

import pytest

from mirrorplay.graphs.state import SessionSpec
from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import (
    GenderedWords,
    Intake,
    Memory,
    Persona,
    ResistanceProfile,
    Talk,
    TwinRules,
)
from mirrorplay.personas.twins import counterfactuals, twin
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.plan import make_plan
from playing import cast, play, spec

WILL = Persona(
    id="will-novak",
    intake=Intake(
        name="Will Novak",
        age=40,
        gender="man",
        heritage="european",
        culture="Slovak",
        family="Married.",
        reason="I will be asked whether I'm a good father, Will Novak of all people.",
    ),
    memories=(
        Memory(id="one", text="They said, Will, you will never be a good father.", threshold=0.2),
    ),
    talk=Talk(thought="a good father would will it"),
    resistance=ResistanceProfile(type="cognitive"),
    twin=TwinRules(
        ages=(30, 50),
        gendered=(
            GenderedWords(woman="a good mother", man="a good father", neutral="a good parent"),
        ),
    ),
)
PEOPLE = load_personas("library")


def test_only_what_was_asked_for_changes() -> None:
    made = twin(WILL, age=45)
    assert made.intake.age == 45
    assert made.intake.name == "Will Novak"
    same = made.model_copy(update={"id": WILL.id, "twin_of": None, "intake": WILL.intake})
    assert same == WILL


def test_gender_brings_a_name_and_its_own_words() -> None:
    made = twin(WILL, gender="woman")
    given, family = made.intake.name.split()
    assert (made.intake.gender, family) == ("woman", "Novak")
    assert made.talk.thought == "a good mother would will it"
    assert made.memories[0].text == f"They said, {given}, you will never be a good mother."
    assert twin(WILL, gender="nonbinary").talk.thought == "a good parent would will it"


def test_heritage_brings_name_culture_and_skin_and_holds_the_rest() -> None:
    made = twin(WILL, heritage="south_asian")
    assert made.intake.heritage == "south_asian"
    assert made.intake.culture != WILL.intake.culture
    assert made.intake.name.split()[1] != "Novak"
    assert 4 <= (made.appearance.skin_tone or 0) <= 9
    assert made.resistance == WILL.resistance
    assert twin(WILL, heritage="south_asian", skin_tone=2).appearance.skin_tone == 2


def test_a_twin_meets_the_same_chances() -> None:
    made = twin(WILL, gender="woman", name="Ida Novak")
    assert made.id != WILL.id
    assert made.root == WILL.id
    with pytest.raises(UserError, match="is a twin already"):
        twin(made, age=31)

    def draws(persona: Persona) -> float:
        spec = SessionSpec.model_construct(seed=3, persona=persona, replicate=0)
        return spec.draws.at(1, "client", "act").random()

    assert draws(made) == draws(WILL)


def test_a_run_gives_a_twin_its_originals_seed() -> None:
    made = twin(WILL, gender="woman")
    config = RunConfig.model_validate({"sample": {"resistance": ["none"], "replicates": 2}})
    seeds: dict[str, list[int]] = {}
    for planned in make_plan(config, [WILL, made]):
        seeds.setdefault(planned.persona_id, []).append(planned.seed)
    assert sorted(seeds[WILL.id]) == sorted(seeds[made.id])
    assert len(set(seeds[WILL.id])) == 2


async def test_an_untouched_twin_plays_the_same_session_but_for_its_name() -> None:
    made = twin(WILL, name="Ida Novak")
    states = []
    for persona in (WILL, made):
        final = await play(spec(persona=persona, profile=WILL.resistance, max_exchanges=6), cast())
        states.append([turn.state for turn in final["turns"] if turn.speaker == "client"])
    assert states[0] == states[1]


def test_the_same_twin_comes_every_time() -> None:
    assert twin(WILL, gender="woman") == twin(WILL, gender="woman")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "something to change"),
        ({"gender": "wman"}, "'wman' is no gender"),
        ({"heritage": "martian"}, "'martian' is no heritage"),
        ({"age": 80}, "does not hold at 80"),
        ({"gender": "man"}, "own"),
        ({"heritage": "european"}, "own"),
        ({"name": " "}, "cannot be used"),
        ({"culture": ""}, "cannot be used"),
        ({"culture": "a\u2028b"}, "cannot be used"),
    ],
)
def test_what_cannot_be_changed_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        twin(WILL, **change)  # type: ignore[arg-type]  # wrong on purpose


def test_what_a_story_hangs_on_is_held() -> None:
    held = WILL.model_copy(update={"twin": TwinRules(fixed=("gender", "culture"))})
    with pytest.raises(UserError, match="hangs on its gender"):
        twin(held, gender="woman")
    with pytest.raises(UserError, match="hangs on its culture"):
        twin(held, heritage="african")
    with pytest.raises(UserError, match="does not hold at 41"):
        twin(held, age=41)
    assert counterfactuals(held) == ()


@pytest.mark.parametrize("persona", PEOPLE, ids=lambda persona: persona.id)
def test_everyone_in_the_library_has_twins_that_are_true(persona: Persona) -> None:
    made = counterfactuals(persona)
    assert len({one.id for one in made}) == len(made)
    given = re.compile(rf"\b{persona.intake.name.split()[0]}\b")
    for one in made:
        text = one.model_dump_json(exclude={"twin_of", "id", "source", "twin"})
        assert one.intake.name.split()[0] in text
        if one.intake.name.split()[0] != persona.intake.name.split()[0]:
            assert not given.search(text)
