"""How age and manner change the words."""

import random

import pytest

from mirrorplay.personas.schema import Idiolect
from mirrorplay.policies.phrasing.voice import Speech, Voice, speak

OLD = Voice(ages=(60, 100), words={"Yeah": ("yes",), "stuff": ("things",)}, tails=("There it is.",))
STIFF = Voice(formality=(0.7, 1.0), words={"stuff": ("matters",)})
PLAIN = Idiolect(formality=0.5)


def said(text: str, speech: Speech, idiolect: Idiolect = PLAIN, draws: int = 60) -> set[str]:
    return {speak(text, idiolect, speech, random.Random(seed)) for seed in range(draws)}


@pytest.mark.parametrize(
    ("age", "formality", "speaks"), [(70, 0.5, True), (59, 0.5, False), (None, 0.5, False)]
)
def test_a_voice_is_for_its_ages(age: int | None, formality: float, speaks: bool) -> None:
    assert OLD.speaks(age, formality) is speaks


def test_a_voice_without_ages_is_for_everybody_of_its_formality() -> None:
    assert STIFF.speaks(None, 0.8)
    assert not STIFF.speaks(30, 0.6)


def test_words_keep_their_capital_and_slots_are_left_alone() -> None:
    speech = Speech.of([OLD], 70, 0.5)
    assert said("Yeah. Stuff like {stuff}, yeah", speech) == {"Yes. Things like {stuff}, yes"}
    assert said("overstuffed", speech) == {"overstuffed"}


def test_of_two_voices_the_later_one_counts() -> None:
    speech = Speech.of([OLD, STIFF], 70, 0.8)
    assert said("stuff", speech, Idiolect(formality=0.8)) == {"matters"}


def test_openers_and_tails_are_modest() -> None:
    speech = Speech.of([OLD, Voice(openers=("Well now,",))], 70, 0.5)
    texts = [
        speak("It was a long winter for us.", PLAIN, speech, random.Random(seed))
        for seed in range(400)
    ]
    opened = sum(text.startswith("Well now, it was") for text in texts)
    ended = sum(text.endswith("There it is.") for text in texts)
    assert 15 < opened < 100
    assert 5 < ended < 60
    assert said("Fine.", speech) == {"Fine."}


def test_formal_people_do_not_contract_and_tags_stay_whole() -> None:
    formal = Idiolect(formality=0.9)
    assert said("I don't know, it's late.", Speech(), formal) == {"I do not know, it is late."}
    assert said("I do that, don't I?", Speech(), formal) == {"I do that, don't I?"}
    assert said("It's been long.", Speech(), formal) == {"It's been long."}


def test_loose_people_run_words_together_sometimes() -> None:
    texts = said("I'm going to try because I can.", Speech(), Idiolect(formality=0.1))
    assert texts == {"I'm going to try because I can.", "I'm gonna try 'cause I can."}
