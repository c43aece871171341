"""Words for a therapist's move, and the manner that can be read off them.

A move names acts and where their words are looked for; the bank holds the words. Slots carry only
what anyone in the room heard. Manner (hedging, permission, length) is counted on the finished
words, so that what is logged is what was said.
"""

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mirrorplay.policies.acts import THERAPIST_ACTS
from mirrorplay.policies.phrasing.bank import Bank
from mirrorplay.policies.rolling import Move

_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|might|may|could|would|possibly|i think|i wonder|i feel|seems?|part of you"
    r"|some of you|something in you|a bit|a little|half|almost|if i follow|not sure|i'd be guessing"
    r"|as you see it|from where you|sort of|just about|any of|in a way)\b"
)
_PERMISSION = re.compile(
    r"\b(?:would it be (?:all right|okay|ok)|is it (?:all right|okay|ok)|may i|could we|can we"
    r"|would you like|do you mind|would you mind|if you want|shall (?:we|i)|are you up for"
    r"|would you be willing|if you're willing|only if you)\b"
)
HEDGE_WEIGHT = 0.25
"""Hedging of one marker; four or more make 1 (H)."""
_OWN = frozenset((*THERAPIST_ACTS, "plan"))
_CLIENTS_WORDS = frozenset(("you_clause", "feeling", "topic", "person", "belief", "change_clause"))


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said, the phrase ids in it, and whether words of the client's are in it."""

    text: str
    phrases: tuple[str, ...]
    echoes: bool


def word(
    move: Move,
    slots: Mapping[str, str | None],
    used: Collection[str],
    bank: Bank,
    rng: random.Random,
) -> Wording:
    """The move's beats in words, one after the other. Raises LookupError for a bank that has no
    words for one of them."""
    texts: list[str] = []
    phrases: list[str] = []
    echoes = False
    for beat in move.beats:
        phrase = bank.realise(beat.keys, slots, used, rng)
        texts.append(phrase.text)
        phrases += phrase.ids
        echoes = echoes or any(
            value and name in _CLIENTS_WORDS and value.lower() in phrase.text.lower()
            for name, value in slots.items()
        )
    return Wording(" ".join(texts), tuple(phrases), echoes)


def own_keys(phrases: Collection[str]) -> list[str]:
    """Keys of the therapist's own phrases, oldest first; a client's phrase ids are passed over."""
    return [key for key in map(_key, phrases) if _is_own(key)]


def last_reply_keys(phrases: Collection[str]) -> frozenset[str]:
    """Keys of the therapist's latest reply: its newest unbroken run of phrases, three at most."""
    keys: list[str] = []
    for identifier in reversed(list(phrases)):
        key = _key(identifier)
        if _is_own(key):
            keys.append(key)
        elif keys:
            break
        if len(keys) == 3:
            break
    return frozenset(keys)


def hedging(text: str) -> float:
    """Tentativeness of a wording in [0, 1]."""
    return min(1.0, HEDGE_WEIGHT * len(_HEDGE.findall(text.lower())))


def permission_asked(text: str) -> bool:
    """Whether the words ask leave."""
    return bool(_PERMISSION.search(text.lower()))


def _key(identifier: str) -> str:
    return identifier.split("/", 1)[0]


def _is_own(key: str) -> bool:
    return key.split(".", 1)[0] in _OWN
