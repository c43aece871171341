"""What an instrument reads in the words of one utterance: tokens, content words, cues.

Cues are phrases kept as data (`cues.yaml`). They serve the instruments alone: the measuring coder
and the client's own appraisal have tables of their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.lexicon import Lexicon

READ_LIMIT = 1_500
"""Characters read at each end of an utterance; the median spoken turn has 16 words."""
Source = Literal["client", "therapist", "stage"]

_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[.,;:?!]")
_CURLY = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "…": ".", "—": ",", "–": ","})
_SHORT = {
    "n't": " not",
    "'re": " are",
    "'ve": " have",
    "'ll": " will",
    "'m": " am",
    "'d": " would",
    "'s": " is",
}
_CONTRACTION = re.compile(r"\b(ca|wo|sha)(?=n't\b)|(n't|'re|'ve|'ll|'m|'d|'s)\b")
_WHOLE = {"ca": "can", "wo": "will", "sha": "shall"}
_MARKS = frozenset(".,;:?!")
_NEGATIONS = frozenset(("not", "no", "never", "nothing", "without", "hardly", "neither", "less"))
_NEGATION_REACH = 3
"""Words before a feeling in which a "not" takes it back."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`tokens`: lower-case words and marks, contractions written out. `content`: words that carry
    content, cut to six letters. `words`: how many words. `cues`: names of the cues found.
    `questions`: question marks."""

    tokens: tuple[str, ...]
    content: frozenset[str]
    words: int
    cues: frozenset[str]
    questions: int


@dataclass(frozen=True, slots=True)
class _Tables:
    cues: Mapping[str, Lexicon]
    stopwords: frozenset[str]
    feelings: frozenset[str]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    data: dict[str, Any] = read_yaml(Path(__file__).with_name("cues.yaml")).value
    cues = {
        source: Lexicon({label: {"plain": found} for label, found in data[source].items()})
        for source in ("client", "therapist", "stage")
    }
    return _Tables(cues, frozenset(data["stopwords"]), frozenset(data["taken_back_by_not"]))


def _written_out(match: re.Match[str]) -> str:
    return _WHOLE[match[1]] if match[1] else _SHORT[match[2]]


@lru_cache(maxsize=4096)
def _read(text: str, source: Source) -> Wording:
    tables = _tables()
    plain = (text if text.isascii() else text.translate(_CURLY)).lower()
    if "'" in plain:
        plain = _CONTRACTION.sub(_written_out, plain)
    tokens = tuple(_TOKEN.findall(plain))
    found = tables.cues[source].scores(("^", *tokens, "$"))
    cues = [
        label.rstrip("+")
        for label, (_, at) in found.items()
        if not (label in tables.feelings and _negated(tokens, at - 1))
    ]
    return Wording(
        tokens=tokens,
        content=frozenset(
            [word[:6] for word in tokens if len(word) > 2 and word not in tables.stopwords]
        ),
        words=len(tokens) - sum(map(tokens.count, _MARKS)),
        cues=frozenset(cues),
        questions=tokens.count("?"),
    )


def _negated(tokens: tuple[str, ...], at: int) -> bool:
    """Whether a word shortly before position `at`, in the same clause, says "not"."""
    for token in reversed(tokens[max(0, at - _NEGATION_REACH) : at]):
        if token in _MARKS:
            return False
        if token in _NEGATIONS:
            return True
    return False


def read_words(text: str, source: Source) -> Wording:
    """The wording of an utterance, or of a stage direction. Of a giant text both ends are read."""
    if len(text) > 2 * READ_LIMIT:
        text = f"{text[:READ_LIMIT]} . {text[-READ_LIMIT:]}"
    return _read(text, source)
