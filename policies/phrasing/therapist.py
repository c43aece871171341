"""Words for a therapist's move, and the manner that can be read off them.

A move names acts and where their words are looked for; the bank holds the words. Slots carry only
what anyone in the room heard. Manner (hedging, permission, length) is counted on the finished
words, so that what is logged is what was said.
"""

import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from mirrorplay.policies.acts import THERAPIST_ACTS, TherapistAct
from mirrorplay.policies.listening import Heard
from mirrorplay.policies.moves import ACKNOWLEDGE, Beat, Move
from mirrorplay.policies.phrasing.bank import Bank

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
_NOT_SAID = re.compile(r"\bproud of you\b", re.I)
"""What is not said back, though a client may have said it: read alone it would be the therapist's
own praise."""
_CLIENTS_WORDS = ("you_clause", "feeling", "topic", "person", "belief", "change_clause")
_ACTS: dict[str, TherapistAct] = {act: act for act in get_args(TherapistAct)}
_OWN = frozenset((*THERAPIST_ACTS, "plan", "eliza", ACKNOWLEDGE))
NEEDED_KEYS: frozenset[str] = frozenset(
    (*THERAPIST_ACTS, *(f"{act}.poor" for act in THERAPIST_ACTS if act != "safety_inquiry"))
)
"""What a bank must have words for, each with a core that needs no slot (but `crisis_line`). Safety
is spoken the same way in every manner."""
HURRY = "plan.poor"
"""What is put before a plan step that is hurried into."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said, the acts and phrase ids in it, and whether words of the client's are in it."""

    text: str
    acts: tuple[TherapistAct, ...]
    phrases: tuple[str, ...]
    echoes: bool


def client_slots(heard: Sequence[Heard]) -> dict[str, str | None]:
    """What may be said back, from the client's turns as heard, oldest first: the last turn's own
    words, and the newest theme, feeling, belief and wish of the session."""
    now = heard[-1] if heard else None
    return {
        "you_clause": now.clause.text if now and now.clause else None,
        "person": now.person if now else None,
        "feeling": _newest(one.feeling for one in heard),
        "topic": _theme([one.topic for one in heard]),
        "belief": _newest(_clause(one, "belief") for one in heard),
        "change_clause": _newest(_clause(one, "change", "possibility") for one in heard),
    }


def _clause(heard: Heard, *kinds: str) -> str | None:
    clause = heard.clause
    return clause.text if clause is not None and clause.kind in kinds else None


def _theme(topics: Sequence[str | None]) -> str | None:
    """The newest topic that is more than an aside: there from the beginning, or named twice."""
    lasting = {one for one in topics if one in topics[:2] or topics.count(one) > 1}
    return _newest(one for one in topics if one in lasting)


def _newest(values: Iterable[str | None]) -> str | None:
    return next((value for value in reversed(list(values)) if value), None)


def word(
    move: Move,
    slots: Mapping[str, str | None],
    used: Collection[str],
    bank: Bank,
    rng: random.Random,
) -> Wording:
    """The move's beats in words, one after the other. A beat that had to fall back on another key
    is logged as the act whose words were used. Raises LookupError for a bank without words."""
    texts: list[str] = []
    acts: list[TherapistAct] = []
    phrases: list[str] = []
    rng = _told_apart(rng, used)
    slots = {name: value for name, value in slots.items() if value and not _NOT_SAID.search(value)}
    for beat in move.beats:
        if beat.keys == (ACKNOWLEDGE,):
            if ACKNOWLEDGE in bank.keys and len(move.beats) > 1:
                taken_in = bank.realise((ACKNOWLEDGE,), slots, used, rng)
                texts.append(taken_in.text)
                phrases += taken_in.ids
            continue
        phrase = bank.realise((*beat.keys, beat.act), slots, used, rng)
        if _hurried(beat, phrase.ids[0]) and HURRY in bank.keys:
            before = bank.realise((HURRY,), slots, used, rng)
            texts.append(before.text)
            phrases += before.ids
        if "?" in phrase.text and any("?" in text for text in texts):
            # One question a reply: what a bank asks too early is left out.
            texts, acts, phrases = [], [], []
        if "you_clause" in phrase.slots:
            slots = {**slots, "belief": None, "change_clause": None}
        texts.append(phrase.text)
        acts.append(_ACTS.get(_head(phrase.ids[0]), beat.act))
        phrases += phrase.ids
        if _head(beat.keys[0]) == "plan" and _head(phrase.ids[0]) != "plan":
            # Other words for a plan step: it is marked as put all the same.
            phrases.append(f"{beat.keys[0]}/other/0")
    text = " ".join(texts)
    low = text.lower()
    echoes = any(value and name in _CLIENTS_WORDS and value in low for name, value in slots.items())
    return Wording(text, tuple(acts), tuple(phrases), echoes)


def _told_apart(rng: random.Random, used: Collection[str]) -> random.Random:
    """The generator with what the therapist has said so far: the same short answer ("Yeah.") after
    a different conversation is met in different words."""
    return random.Random(f"{rng.random()}/{'/'.join(sorted(used))}")


def _hurried(beat: Beat, identifier: str) -> bool:
    """A plan step in poor manner that is put in its own words."""
    key = _key(identifier)
    own = key.startswith("plan.") and not key.endswith(".poor")
    return own and beat.keys[0].endswith(".poor")


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
    return _head(key) in _OWN


def _head(key: str) -> str:
    return key.split("/", 1)[0].split(".", 1)[0]
