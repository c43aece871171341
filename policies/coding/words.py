"""Utterances as words and sentences, and the word lists of `rules.yaml` that the coder reads by."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.lexicon import Lexicon

READ_LIMIT = 1_500
"""Characters read at each end of an utterance; the median spoken turn has 16 words."""
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[.,;:?!]")
_CURLY = str.maketrans({"’": "'", "‘": "'", "\u02bc": "'", "…": ".", "—": ",", "–": ","})
_SENTENCE_ENDS = frozenset(".?!;")
_PIECE = re.compile(r"[^.?!;…]+[.?!;…]?")


@dataclass(frozen=True, slots=True)
class Rules:
    client: Lexicon
    talk: Lexicon
    therapist: Lexicon
    spellings: dict[str, str]
    contraction: re.Pattern[str]
    fillers: frozenset[str]
    stopwords: frozenset[str]
    feelings: frozenset[str]
    lead_ins: frozenset[str]
    question_follows: frozenset[str]
    openers: frozenset[str]
    closers: frozenset[str]
    short: dict[str, str]


@lru_cache(maxsize=1)
def rulebook() -> Rules:
    data: dict[str, Any] = read_yaml(Path(__file__).with_name("rules.yaml")).value
    spellings: dict[str, str] = data["spellings"]
    return Rules(
        client=Lexicon(data["client"]),
        talk=Lexicon(data["talk"]),
        therapist=Lexicon(data["therapist"]),
        spellings=spellings,
        contraction=re.compile(r"\b(" + "|".join(map(re.escape, spellings)) + r")\b"),
        fillers=frozenset(data["fillers"]),
        stopwords=frozenset(data["stopwords"]),
        feelings=frozenset(data["feelings"]),
        lead_ins=frozenset(data["lead_ins"]),
        question_follows=frozenset(data["question_follows"]),
        openers=frozenset(data["open_question_words"]),
        closers=frozenset(data["closed_question_words"]),
        short={word: label for label, words in data["short"].items() for word in words},
    )


def words_of(text: str) -> list[str]:
    """Lower-case words and marks of an utterance, contractions in one spelling, fillers dropped."""
    if len(text) > 2 * READ_LIMIT:
        text = f"{text[:READ_LIMIT]} . {text[-READ_LIMIT:]}"
    return list(_words(text))


@lru_cache(maxsize=32)
def _words(text: str) -> tuple[str, ...]:
    """Kept for a moment: coding one utterance asks for the same words several times."""
    rules = rulebook()
    plain = text.translate(_CURLY).lower()
    plain = rules.contraction.sub(lambda match: rules.spellings[match[0]], plain)
    return tuple(word for word in _TOKEN.findall(plain) if word not in rules.fillers)


def content_words(words: Iterable[str]) -> frozenset[str]:
    """Words that carry content, cut to six letters so that forms of a word meet."""
    stop = rulebook().stopwords
    return frozenset(word[:6] for word in words if len(word) > 2 and word not in stop)


def reply_kind(text: str) -> str:
    """ "yes", "no" or "flat" for a reply of at most six words by its first word, "silent" for none,
    "more" for anything else."""
    spoken = [word for word in words_of(text) if word[0].isalnum()]
    if not spoken:
        return "silent"
    return (rulebook().short.get(spoken[0]) or "more") if len(spoken) <= 6 else "more"


def is_question(words: list[str]) -> bool:
    return bool(words) and "?" in words[-3:]


def places(text: str) -> Iterable[tuple[int, int]]:
    """(start, end) of each sentence, its end mark included; of a very long text its two ends."""
    parts = [(0, len(text))]
    if len(text) > 2 * READ_LIMIT:
        parts = [(0, READ_LIMIT), (len(text) - READ_LIMIT, len(text))]
    for start, end in parts:
        for match in _PIECE.finditer(text, start, end):
            piece = match[0]
            lead = len(piece) - len(piece.lstrip())
            if lead < len(piece):
                yield match.start() + lead, match.start() + len(piece.rstrip())


def sentences(words: list[str]) -> Iterable[list[str]]:
    sentence: list[str] = []
    for word in words:
        sentence.append(word)
        if word in _SENTENCE_ENDS:
            if any(mark[0].isalnum() for mark in sentence):
                yield sentence
            sentence = []
    if sentence:
        yield sentence


def last_question(words: list[str]) -> list[str]:
    last: list[str] = []
    for sentence in sentences(words):
        if sentence[-1] == "?":
            last = sentence
    return last
