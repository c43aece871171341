"""How varied the talk of a run is: duplicates under a mask, distinct n-grams, self-BLEU.

Template language can look varied because names and topics differ. So a person's short phrases and
names are replaced by what they stand for before utterances are compared; whole sentences of a
person's (memories, answers, the reason for coming) stay, since they are facts.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mirrorplay.runs.store import iter_rows

COLUMNS = ("session_id", "persona", "turns.speaker", "turns.text")
SLOTS = ("topic", "person", "thought", "feeling", "avoidance", "step")
"""The short phrases of a persona's `talk`; the others are whole clauses or sentences."""
SPEAKERS = ("client", "therapist")
LONGER_THAN = 3
"""Utterances of more words than this are compared: "Yeah." is said in every session."""
BLEU_SAMPLE, BLEU_REFERENCES, _ORDER = 500, 100, 4
_NOT_WORDS = re.compile(r"[^\w' ]+")
_TURNED = {"my": "your", "i": "you", "i'm": "you're", "me": "you", "myself": "yourself"}


@dataclass(frozen=True, slots=True)
class Variety:
    """Figures of one speaker. Shares in [0, 1]; NaN where there was nothing to count.

    duplicates: 1 - unique / total of masked utterances of more than three words; duplicates_all:
    of all; distinct_1, distinct_2: different words and pairs over all of them (Li et al., 2016);
    self_bleu: mean BLEU-4 of sampled utterances against others (Zhu et al., 2018), lower is more
    varied; median_words: of the utterances as they were said.
    """

    utterances: int
    duplicates: float
    duplicates_all: float
    distinct_1: float
    distinct_2: float
    self_bleu: float
    median_words: float


def variety(run_dir: Path, *, limit: int | None = None) -> dict[str, Variety]:
    """The variety of both speakers' turns in a run, the first `limit` sessions of it, finished but
    uncommitted sessions included."""
    rows = iter_rows(run_dir, COLUMNS, include_spooled=True)
    return variety_of(row for number, row in enumerate(rows) if limit is None or number < limit)


def variety_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Variety]:
    """The same for rows that have the columns `persona` and `turns`."""
    said: dict[str, list[str]] = {speaker: [] for speaker in SPEAKERS}
    words: dict[str, list[int]] = {speaker: [] for speaker in SPEAKERS}
    for row in rows:
        hide = _mask(row["persona"])
        for turn in row["turns"]:
            words[turn["speaker"]].append(len(turn["text"].split()))
            said[turn["speaker"]].append(hide(turn["text"]))
    return {speaker: _figures(said[speaker], words[speaker]) for speaker in SPEAKERS}


def masked(text: str, persona: Mapping[str, Any]) -> str:
    """Lower case, without punctuation, the persona's short phrases and names replaced by what they
    are ("topic"), also where they are turned to the second person."""
    return _mask(persona)(text)


class _Mask:
    def __init__(self, phrases: Mapping[str, str]) -> None:
        self._phrases = phrases
        longest = sorted(phrases, key=len, reverse=True)
        anyof = "|".join(map(re.escape, longest))
        self._pattern = re.compile(rf"\b(?:{anyof})(?!\w)") if anyof else None

    def __call__(self, text: str) -> str:
        plain = _plain(text)
        if self._pattern is not None:
            plain = self._pattern.sub(lambda found: self._phrases[found[0]], plain)
        return plain


def _mask(persona: Any) -> _Mask:
    if isinstance(persona, str):
        import json

        persona = json.loads(persona)
    phrases: dict[str, str] = {}
    for slot in SLOTS:
        own = _plain((persona.get("talk") or {}).get(slot) or "")
        if own:
            phrases[own] = slot
            phrases[" ".join(_TURNED.get(word, word) for word in own.split())] = slot
    name = _plain(persona["intake"]["name"])
    phrases |= {part: "name" for part in (name, *name.split()) if len(part) > 2}
    return _Mask(phrases)


@lru_cache(maxsize=65536)
def _plain(text: str) -> str:
    return " ".join(_NOT_WORDS.sub(" ", text.lower().replace("’", "'")).split())


def _figures(said: Sequence[str], words: Sequence[int]) -> Variety:
    longer = [text for text in said if text.count(" ") >= LONGER_THAN]
    tokens = [text.split() for text in said]
    ordered = sorted(words)
    return Variety(
        utterances=len(said),
        duplicates=_duplicates(longer),
        duplicates_all=_duplicates(said),
        distinct_1=_distinct(tokens, 1),
        distinct_2=_distinct(tokens, 2),
        self_bleu=self_bleu(longer),
        median_words=float(ordered[len(ordered) // 2]) if ordered else math.nan,
    )


def _duplicates(said: Sequence[str]) -> float:
    return 1.0 - len(set(said)) / len(said) if said else math.nan


def _distinct(tokens: Sequence[Sequence[str]], size: int) -> float:
    grams = [gram for words in tokens for gram in _grams(words, size)]
    return len(set(grams)) / len(grams) if grams else math.nan


def _grams(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]


def self_bleu(said: Sequence[str], seed: int = 0) -> float:
    """Mean BLEU-4 of up to 500 sampled utterances against 100 others each; counts of pairs and
    longer smoothed by one (Lin & Och, 2004). NaN for fewer than two utterances."""
    if len(said) < 2:
        return math.nan
    rng = random.Random(seed)
    picked = rng.sample(range(len(said)), min(BLEU_SAMPLE, len(said)))
    total = 0.0
    for at in picked:
        others = rng.sample(range(len(said)), min(BLEU_REFERENCES + 1, len(said)))
        against = [said[other].split() for other in others if other != at][:BLEU_REFERENCES]
        total += _bleu(said[at].split(), against)
    return total / len(picked)


def _bleu(words: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    logs = 0.0
    for size in range(1, _ORDER + 1):
        mine = Counter(_grams(words, size))
        most: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            counts = Counter(gram for gram in _grams(reference, size) if gram in mine)
            most |= counts
        hits, all_of = sum((mine & most).values()), sum(mine.values())
        more = 0 if size == 1 else 1
        if hits + more == 0:
            return 0.0
        logs += math.log((hits + more) / (all_of + more))
    nearest = min((abs(len(r) - len(words)), len(r)) for r in references)[1]
    short = min(0.0, 1.0 - nearest / len(words))
    return math.exp(logs / _ORDER + short)
