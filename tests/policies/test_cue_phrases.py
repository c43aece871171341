"""The language that screening rules are written in."""

import random
import time

import pytest

from mirrorplay.policies import safety
from mirrorplay.policies.cue_phrases import Index, Phrase, Words, read_classes

CLASSES = read_classes({"die": "die|be_dead", "end": "<die>|go"})
WORDS = Words({"just": "", "gonna": "going to", "dont": "do not", "mum": "mother"})


def found(source: str, text: str) -> str | None:
    """What the phrase finds, through the index as a screen does."""
    tokens, _ = WORDS.tokens(text)
    phrase = Phrase(source, CLASSES)
    if 0 not in Index([phrase]).candidates(tokens):
        return None
    hit = phrase.pattern.search(f"{' '.join(tokens)} ")
    return hit[0].strip() if hit else None


@pytest.mark.parametrize(
    ("source", "text", "hit"),
    [
        ("want to? <die>", "I want to be dead.", "want to be dead"),
        ("want to? <die>", "I just want die", "want die"),
        ("want to? <die>", "I want to live.", None),
        ("want *2 die", "want so badly die", "want so badly die"),
        ("want *2 die", "want one two three die", None),
        ("want *2 die", "want not die", None),
        ("want *2 die", "want, die", None),
        ("want ** die", "want, I said, die", "want , i said , die"),
        ("want ** die", "want it. die", None),
        ("want *** die", "want it. die", "want it . die"),
        ("die $", "they die.", "die"),
        ("die $|soon", "die soon", "die soon"),
        ("die $|soon", "die late", None),
        ("^ die", "Then. Die", "die"),
        ("^ die", "they die", None),
        ("die !laughing", "die laughing", None),
        ("-not die", "do not die", None),
        ("% pills", "20 pills", "20 pills"),
        ("knife & him", "him, with a knife", "him , with a knife"),
        ("knife & him", "knife for him", "knife for him"),
        ("going to go", "gonna go", "going to go"),
        ("not go", "I don't go", "not go"),
        ("i am gone", "I\u2019m gone", "i am gone"),
        ("mother 's", "my mum's", "mother 's"),
        ("<end> now", "go now", "go now"),
        ("self harm", "self-harm", "self harm"),
    ],
)
def test_a_phrase_finds_what_it_says(source: str, text: str, hit: str | None) -> None:
    assert found(source, text) == hit


@pytest.mark.parametrize("source", ["* **", "to?", "<nothing> here"])
def test_a_phrase_that_cannot_be_read_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="phrase"):
        Phrase(source, CLASSES)


def test_tokens_know_where_they_stood() -> None:
    text = "Just don't, mum."
    tokens, spans = WORDS.tokens(text)
    assert tokens == [".", "do", "not", ",", "mother", ".", "."]
    assert [text[slice(*span)] for span in spans[1:-1]] == ["don't", "don't", ",", "mum", "."]


def test_every_rule_can_be_read_and_no_words_make_it_slow() -> None:
    screening = safety._screen()
    indexes = (screening.client.index, screening.therapist.index, screening.idioms)
    known = sorted({word for index in indexes for one in index.phrases for word in one.anchors})
    assert sum(len(index.phrases) for index in indexes) > 500
    text = " ".join(random.Random(3).choices(known, k=20_000))
    began = time.process_time()
    safety.screen(text)
    safety.screen_therapist(text)
    assert time.process_time() - began < 20
