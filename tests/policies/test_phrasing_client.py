"""The client's words: continuity, variety, and what a clinician would not laugh at."""

import random
import re
import statistics
from typing import Any

import pytest

from mirrorplay.personas.schema import (
    Idiolect,
    Intake,
    Persona,
    Problem,
    ResistanceProfile,
    Talk,
)
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS, ClientAct
from mirrorplay.policies.phrasing.bank import load_bank
from mirrorplay.policies.phrasing.client import phrase
from mirrorplay.policies.phrasing.keys import Band, band_of
from mirrorplay.policies.situation import OPENING, Heard, hear
from mirrorplay.policies.state import ClientState

BANK = load_bank()
PROFILE = ResistanceProfile(type="cognitive", intensity=0.7)
BARE = Persona(id="bare", intake=Intake(name="Ada"), resistance=PROFILE)
TALKS = Persona(
    id="talks",
    intake=Intake(name="Ada", reason="I was moved to the night desk and I stopped sleeping."),
    resistance=PROFILE,
    talk=Talk(
        topic="the night desk",
        person="my editor",
        thought="they're going to find me out",
        feeling="on edge",
        avoidance="leaving the emails unread",
        step="open one email before lunch",
        good_point="Two people were let go in March.",
        reason_for="I can't keep snapping at the kids",
        reason_against="if I stop checking, something will slip",
        counter_evidence="my last review was fine",
        aside="The parking here is a joke, by the way.",
    ),
)
STORY = "I cleaned the fridge on Tuesday."
FEELS = "Hot, and I don't know where to look."
BODY = "My hands go cold and I can't feel the pen."
ANSWERS = BARE.model_copy(
    update={
        "talk": Talk.model_validate(
            {"answers": {"feeling": [FEELS], "body": [BODY], "story": [STORY]}}
        )
    }
)


def say(
    act: ClientAct,
    heard: Heard,
    persona: Persona = TALKS,
    used: tuple[str, ...] = (),
    seed: int = 1,
    **extra: Any,
) -> str:
    rng = random.Random(seed)
    return phrase(BANK, act, persona, PROFILE, heard, used, rng, **extra).text


@pytest.mark.parametrize("act", CLIENT_ACTS)
def test_every_act_has_words_of_its_own_and_enough_without_slots(act: str) -> None:
    cores = [template for template in BANK.templates(act) if "/core/" in template.id]
    assert len(cores) >= 14
    assert sum(not template.slots for template in cores) >= 8


@pytest.mark.parametrize("act", CLIENT_ACTS)
@pytest.mark.parametrize("persona", [BARE, TALKS], ids=["bare", "talks"])
def test_every_act_can_be_said_after_everything(act: ClientAct, persona: Persona) -> None:
    for therapist in THERAPIST_ACTS:
        for text in ("", "What would you like?", "Would that be all right?"):
            for seed in range(3):
                said = say(act, hear([therapist], text), persona, seed=seed)
                assert said
                assert "{" not in said
                assert said[0].isupper() or not said[0].isalpha()
    assert say(act, OPENING, persona)


def test_a_session_never_repeats_itself() -> None:
    used: tuple[str, ...] = ()
    said: list[str] = []
    heard = Heard("question", "other")
    for turn in range(20):
        act: ClientAct = ("answering", "disagreeing", "minimum_talk")[turn % 3]  # type: ignore[assignment]
        spoken = phrase(BANK, act, BARE, PROFILE, heard, used, random.Random(turn))
        assert not set(spoken.ids) & set(used)
        used += spoken.ids
        said.append(spoken.text)
    assert len(set(said)) == len(said)


def test_a_persons_phrases_are_rationed() -> None:
    used: tuple[str, ...] = ()
    texts: list[str] = []
    for turn in range(30):
        spoken = phrase(
            BANK, "answering", TALKS, PROFILE, Heard("question"), used, random.Random(turn)
        )
        used += spoken.ids
        texts.append(spoken.text.lower())
    assert sum("leaving the emails unread" in text for text in texts) <= 2
    assert sum("two people were let go" in text for text in texts) <= 1


def test_replies_answer_what_was_asked() -> None:
    feeling = Heard("question", "feeling")
    assert any("on edge" in say("answering", feeling, seed=seed).lower() for seed in range(12))
    scale = [say("answering", Heard("question", "scale"), seed=seed) for seed in range(12)]
    assert all(
        re.search(r"\b(?:three|four|five|six|seven|eight\w*|half|percent)\b", t.lower())
        for t in scale
    )
    leave = [say("agreeing", Heard("permission"), seed=seed) for seed in range(12)]
    assert not any("that's right" in text.lower() for text in leave)


def test_the_opening_is_the_reason_in_the_clients_words() -> None:
    texts = [say("answering", OPENING, seed=seed) for seed in range(20)]
    assert any("I was moved to the night desk" in text for text in texts)
    written = BARE.model_copy(update={"intake": Intake(name="A", reason="She is sad about work.")})
    assert not any("She is sad" in say("answering", OPENING, written, seed=s) for s in range(20))


def test_an_intake_form_in_the_first_person_gives_words_to_a_client_without_phrases() -> None:
    form = Problem(presenting="I failed my exam in June. It is said to be common. My sister knows.")
    persona = BARE.model_copy(update={"problem": form})
    used: tuple[str, ...] = ()
    texts = []
    for seed in range(60):
        spoken = phrase(
            BANK, "answering", persona, PROFILE, Heard("reflection"), used, random.Random(seed)
        )
        used += tuple(i for i in spoken.ids if i.startswith("own/"))
        texts.append(spoken.text)
    assert sum("I failed my exam in June." in text for text in texts) == 1
    assert not any("It is said" in text for text in texts)


def test_braces_and_markup_in_a_persona_stay_text() -> None:
    odd = TALKS.model_copy(update={"talk": Talk(topic="{person} %s {0} <b>")})
    texts = [say("answering", Heard("question", "other"), odd, seed=seed) for seed in range(40)]
    assert any("{person} %s {0} <b>" in text for text in texts)


def test_a_memory_is_told_as_it_stands_and_leaving_is_said() -> None:
    told = say("disclosing", Heard("question"), memory="I washed the cup. I never said.")
    assert "I washed the cup. I never said." in told
    goes = say("limit_setting", Heard("question"), leaving="withdrawal")
    assert re.search(r"\b(?:go|going|home|off|stop|leave)\b", goes)


def test_an_idiolect_changes_the_words() -> None:
    def lines(**traits: object) -> list[str]:
        persona = TALKS.model_copy(update={"idiolect": Idiolect.model_validate(traits)})
        heard = Heard("question", "other")
        return [say("disagreeing", heard, persona, seed=seed) for seed in range(120)]

    stiff, loose = lines(formality=0.9), lines(formality=0.1, fillers=["to be fair"])
    own = ("they're going to find me out",)
    bank_words = [text for text in stiff if not any(phrase in text for phrase in own)]
    assert not any(re.search(r"\b(?:don't|I'm|can't|Yeah)\b", text) for text in bank_words)
    assert any(text.startswith("To be fair,") for text in loose)
    brief, long = lines(verbosity=0.0), lines(verbosity=1.0)
    assert statistics.mean(len(t.split()) for t in brief) + 1 < statistics.mean(
        len(t.split()) for t in long
    )


def test_the_same_person_speaks_differently_at_17_and_at_70() -> None:
    def lines(age: int | None) -> list[str]:
        intake = TALKS.intake.model_copy(update={"age": age})
        persona = TALKS.model_copy(update={"intake": intake})
        return [
            say(act, Heard("question", "other"), persona, seed=seed)
            for seed in range(100)
            for act in ("answering", "excusing", "agreeing", "reluctance")
        ]

    young, old, unknown = lines(17), lines(70), lines(None)
    differ = sum(a != b for a, b in zip(young, old, strict=True)) / len(young)
    assert 0.15 < differ < 0.9
    assert not any(re.search(r"\b(?:yeah|okay|dunno)\b", text, re.I) for text in old)
    assert any(re.search(r"\byeah\b", text, re.I) for text in unknown)
    assert sum("I guess" in text or "dunno" in text for text in young) > sum(
        "I guess" in text or "dunno" in text for text in unknown
    )


def test_formality_spells_contractions_out_and_leaves_the_persons_own_words() -> None:
    def lines(formality: float) -> list[str]:
        persona = ANSWERS.model_copy(update={"idiolect": Idiolect(formality=formality)})
        heard = Heard("question", "feeling")
        return [say("answering", heard, persona, seed=seed) for seed in range(200)]

    def contracted(texts: list[str]) -> int:
        own = re.compile("|".join(map(re.escape, (FEELS, BODY))))
        return sum(bool(re.search(r"\b\w+n't\b|\bI'm\b", own.sub("", text))) for text in texts)

    formal, plain = lines(0.9), lines(0.4)
    assert contracted(formal) == 0 < contracted(plain)
    assert sum(FEELS in text for text in formal) > 20


def test_questions_are_mostly_answered_in_the_persons_own_words_and_each_once() -> None:
    heard = Heard("question", "feeling")
    own = sum(
        any(answer in say("answering", heard, ANSWERS, seed=seed) for answer in (FEELS, BODY))
        for seed in range(300)
    )
    assert 0.5 < own / 300 < 0.85
    used: tuple[str, ...] = ()
    texts = []
    for seed in range(12):
        spoken = phrase(BANK, "answering", ANSWERS, PROFILE, heard, used, random.Random(seed))
        used += spoken.ids
        texts.append(spoken.text)
    assert sum(FEELS in text for text in texts) == sum(BODY in text for text in texts) == 1
    other = Heard("question", "scale")
    assert not any(FEELS in say("answering", other, ANSWERS, seed=seed) for seed in range(60))
    closed = Heard("closed", "feeling")
    assert not any(FEELS in say("answering", closed, ANSWERS, seed=seed) for seed in range(60))


def test_an_answer_can_be_said_without_a_question() -> None:
    heard = Heard("reflection")
    texts = [say("answering", heard, ANSWERS, seed=seed) for seed in range(150)]
    assert any(STORY in text for text in texts)
    assert not any(FEELS in text for text in texts)


def test_no_sentence_is_said_twice_in_a_session() -> None:
    heard = Heard("permission")
    said: list[str] = []
    for seed in range(12):
        # Nothing is passed as used: only what was said before keeps the words apart.
        text = phrase(
            BANK, "agreeing", BARE, PROFILE, heard, (), random.Random(seed), earlier=said
        ).text
        said.append(text)
    assert len(set(said)) == len(said)


def test_a_client_takes_up_what_the_therapist_gave_back() -> None:
    reflection = Heard("reflection")
    texts = [say("agreeing", reflection, seed=seed, echo="the waiting") for seed in range(150)]
    assert any(re.search(r"\bthe waiting\b", text, re.I) for text in texts)
    assert not any("{" in text for text in texts)


def test_a_strongly_resisting_client_is_blunter() -> None:
    def lines(band: Band) -> list[str]:
        return [
            say(act, Heard("question", "other"), seed=seed, band=band)
            for act in ("disagreeing", "unwillingness", "limit_setting", "challenging")
            for seed in range(120)
        ]

    mild, strong = lines("mild"), lines("strong")
    assert sum("sure, but" in text.lower() for text in mild) > 2
    assert statistics.mean(len(t.split()) for t in strong) < statistics.mean(
        len(t.split()) for t in mild
    )


def test_the_first_exchanges_are_polite_and_strain_makes_blunt() -> None:
    calm = ClientState(
        trust=0.5, ambivalence=0.5, confrontation=0.1, withdrawal=0.1, distress=0.5, conviction=0.5
    )
    cross = calm.model_copy(update={"confrontation": 0.6})
    assert band_of(calm, 8) == band_of(cross, 1) == "mild"
    assert band_of(cross, 4) == "strong"
    assert band_of(calm.model_copy(update={"withdrawal": 0.9}), 1) == "strong"


def test_formal_speech_keeps_question_tags_whole() -> None:
    formal = TALKS.model_copy(update={"idiolect": Idiolect(formality=1.0)})
    texts = [say("insight", Heard("reflection"), formal, seed=seed) for seed in range(400)]
    assert any("don't I?" in text for text in texts)
    assert not any("do not I" in text for text in texts)


def test_one_person_does_not_tell_the_same_reason_every_session() -> None:
    reason = "I was moved to the night desk. I stopped sleeping in May. So I came."
    intake = Intake(name="Ada", reason=reason)
    persona = ANSWERS.model_copy(update={"intake": intake})
    texts = [say("answering", OPENING, persona, seed=seed) for seed in range(80)]
    told = [text for text in texts if "I was moved to the night desk." in text]
    assert len(told) > 30
    assert len(set(told)) > 0.7 * len(told)
    assert any("I stopped sleeping in May." in text for text in told)
    assert any("I stopped sleeping in May." not in text for text in told)


def test_a_ground_of_the_persons_own_is_given_where_it_fits_and_not_too_often() -> None:
    talk = Talk.model_validate({"answers": {"exception": ["Saturdays, with the kids."]}})
    persona = BARE.model_copy(update={"talk": talk})
    praised = [say("discounting", Heard("affirm"), persona, seed=seed) for seed in range(100)]
    assert 5 < sum("Saturdays, with the kids." in text for text in praised) < 60
    elsewhere = [say("discounting", Heard("closing"), persona, seed=seed) for seed in range(60)]
    assert not any("Saturdays" in text for text in elsewhere)
    heard_enough = tuple(f"answer/cost/{number}" for number in range(8))
    assert not any(
        "Saturdays" in say("discounting", Heard("affirm"), persona, heard_enough, seed=seed)
        for seed in range(60)
    )
