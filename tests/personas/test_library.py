"""The eight personas that come with the package are complete, spread and fit to be spoken."""

import re
from collections import Counter

import pytest

from mirrorplay.personas.collection import LIBRARY, load_personas
from mirrorplay.personas.schema import RESISTANCE_TYPES, Persona, Talk

PEOPLE = load_personas("library")
EACH = pytest.mark.parametrize("persona", PEOPLE, ids=lambda persona: persona.id)
NAMING = re.compile(
    r"catastroph|distort|mind.?read|overgeneral|personaliz|black.and.white|all.or.nothing"
    r"|attachment|resistan|negative thought|self.esteem|cognitive",
    re.IGNORECASE,
)
RISK = re.compile(r"suicid|self.harm|kill|hurt (?:my|him|her)|end it|abuse|overdos", re.IGNORECASE)


def spoken(persona: Persona) -> list[str]:
    """Whatever the client may say aloud."""
    talk = [text for text in persona.talk.model_dump().values() if text]
    return [*talk, *(memory.text for memory in persona.memories), persona.intake.reason or ""]


def test_there_are_eight_in_files_named_after_them() -> None:
    assert len(PEOPLE) == 8
    assert {file.stem for file in LIBRARY.glob("*.yaml")} == {persona.id for persona in PEOPLE}


@EACH
def test_every_field_is_filled(persona: Persona) -> None:
    for group in ("intake", "problem", "beliefs", "evidence", "motivation", "appearance", "talk"):
        for key, value in getattr(persona, group).model_dump().items():
            assert value not in (None, ()), f"{group}.{key}"
    for key, value in persona.health.model_dump().items():
        assert value or key == "risk", f"health.{key}"
    for episode in persona.episodes:
        assert all(value is not None for value in episode.model_dump().values())
    assert 2 <= len(persona.episodes) <= 3
    assert persona.cbt is not None
    assert 3 <= len(persona.cbt.steps) <= 5
    assert persona.idiolect.fillers
    assert persona.source.kind == "mirrorplay"
    assert not persona.variants


@EACH
def test_memories_open_one_after_another(persona: Persona) -> None:
    thresholds = [memory.threshold for memory in persona.memories]
    assert 4 <= len(thresholds) <= 6
    assert len(set(thresholds)) == len(thresholds)
    assert 0.1 <= min(thresholds) <= 0.2
    assert 0.7 <= max(thresholds) <= 0.9
    assert len({memory.id for memory in persona.memories}) == len(persona.memories)
    for memory in persona.memories:
        assert re.search(r"\b(?:I|me|my|we|us|our)\b", memory.text, re.IGNORECASE), memory.text
        assert memory.text[-1] in ".?!"


@EACH
def test_talk_has_the_form_its_slots_promise(persona: Persona) -> None:
    talk = persona.talk
    gerund, step = talk.avoidance or "", talk.step or ""
    assert re.match(r"[a-z]+ing\b", gerund)
    assert re.match(r"[a-z]+\b", step)
    assert not re.match(r"(?:to|I|just|[a-z]+ing)\b", step)
    for name in ("topic", "person", "thought", "feeling", "avoidance", "step", "counter_evidence"):
        assert (getattr(talk, name) or "")[-1] not in ".!?,;", name
    for name in ("reason_for", "reason_against"):
        assert (getattr(talk, name) or "")[-1] not in ".!?,;", name
    for name in ("good_point", "aside"):
        sentence = getattr(talk, name) or ""
        assert sentence[-1] in ".?!", name
        assert sentence[0].isupper(), name
    for name in Talk.model_fields:
        words = (getattr(talk, name) or "").split()
        assert 1 <= len(words) <= 14, name


@EACH
def test_nobody_names_a_distortion_or_speaks_of_risk(persona: Persona) -> None:
    for text in spoken(persona):
        assert not NAMING.search(text), text
        assert not RISK.search(text), text
    assert persona.health.risk == ()


def test_they_are_spread() -> None:
    ages = [persona.intake.age or 0 for persona in PEOPLE]
    assert min(ages) >= 18
    assert max(ages) <= 75
    assert max(ages) - min(ages) > 50
    assert Counter(p.resistance.type for p in PEOPLE) == dict.fromkeys(RESISTANCE_TYPES, 2)
    assert len({p.intake.gender for p in PEOPLE}) >= 3
    assert len({p.intake.occupation for p in PEOPLE}) == 8
    assert len({p.intake.culture for p in PEOPLE}) == 8
    assert len({p.appearance.skin_tone for p in PEOPLE}) == 8
    assert len({p.problem.thinking_trap for p in PEOPLE}) == 8
    assert len({p.cbt and p.cbt.technique for p in PEOPLE}) == 8
    assert len({p.motivation.referral for p in PEOPLE}) >= 6
    formality = [p.idiolect.formality for p in PEOPLE]
    assert min(formality) < 0.2
    assert max(formality) > 0.8


def test_resistance_is_not_tied_to_gender() -> None:
    for kind in RESISTANCE_TYPES:
        assert len({p.intake.gender for p in PEOPLE if p.resistance.type == kind}) == 2


def test_the_same_words_are_in_no_two_mouths() -> None:
    for name in Talk.model_fields:
        if name not in ("feeling",):
            assert len({getattr(p.talk, name) for p in PEOPLE}) == 8, name
