"""The coder's acts against a phrase bank, whose phrases are keyed by the act they are meant for.

Shows whether the coder finds, in words it was not written from, what a writer meant: each phrase is
said once and coded without what came before it. It does not show how people resist, or how often,
or that a trained rater would agree with the writer; a phrase may well do what its neighbour's key
says.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from mirrorplay.policies.acts import CLIENT_ACTS, RESISTANT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.coding.coder import code_afresh
from mirrorplay.policies.phrasing.bank import bank_directory, load_bank, sentence
from mirrorplay.policies.phrasing.template import fill

SEED = 20_240_501
_RESISTANT = frozenset(RESISTANT_ACTS)
_SLOTS: Mapping[str, str] = {
    "topic": "the review at work",
    "person": "my manager",
    "thought": "they are going to let me go",
    "belief": "they are going to let you go",
    "feeling": "tense",
    "avoidance": "calling in sick",
    "step": "send the draft on Friday",
    "good_point": "The last report went well.",
    "reason_for": "I want my evenings back",
    "reason_against": "somebody has to check it all",
    "counter_evidence": "nobody complained about the last one",
    "aside": "The lift in this building is slow.",
    "reason": "My sister said I should come.",
    "said": "I read every mail four times.",
    "memory": "When I was twelve I lost the school money.",
    "echo": "the checking",
    "you_clause": "you read every mail four times",
    "change_clause": "you want your evenings back",
    "name": "Ada",
    "crisis_line": "the crisis line",
}


def score_bank(name: str) -> dict[str, Any]:
    """Precision, recall and number of phrases of every act in a bank (`a`, `b` or a directory), of
    resistance against the rest, and macro means. Raises UserError for what is no bank."""
    bank = load_bank(bank_directory(name))
    client: list[tuple[str, str]] = []
    therapist: list[tuple[str, tuple[str, ...]]] = []
    draws = random.Random(SEED)
    present = frozenset(_SLOTS)
    for key in sorted(bank.keys):
        act = key.split(".")[0]
        speaker = _speaker(act)
        if speaker is None:
            continue
        for template in bank.parts(key).cores.templates:
            if not template.fits(present):
                continue
            text = sentence(fill(template.choose(present, draws)[0], _SLOTS))
            names = code_afresh(text, speaker).names
            if speaker == "client":
                client.append((act, names[0]))
            else:
                therapist.append((act, names))
    return {
        "bank": name,
        "client": _one_each(client),
        "resistance": _resistance(client),
        "therapist": _several(therapist),
    }


def _speaker(act: str) -> Any:
    if act in CLIENT_ACTS:
        return "client"
    return "therapist" if act in THERAPIST_ACTS else None


def _rates(hit: int, meant: int, coded: int) -> dict[str, float]:
    return {
        "n": float(meant),
        "recall": hit / meant if meant else 0.0,
        "precision": hit / coded if coded else 0.0,
    }


def _one_each(pairs: list[tuple[str, str]]) -> dict[str, dict[str, float]]:
    meant, coded = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    hits = Counter(a for a, b in pairs if a == b)
    return {act: _rates(hits[act], meant[act], coded[act]) for act in CLIENT_ACTS if meant[act]}


def _resistance(pairs: list[tuple[str, str]]) -> dict[str, float]:
    meant = [a in _RESISTANT for a, _ in pairs]
    coded = [b in _RESISTANT for _, b in pairs]
    hit = sum(a and b for a, b in zip(meant, coded, strict=True))
    return _rates(hit, sum(meant), sum(coded))


def _several(pairs: list[tuple[str, tuple[str, ...]]]) -> dict[str, dict[str, float]]:
    """A phrase is meant for one act and may show others: precision is a lower bound."""
    hits: Counter[str] = Counter()
    coded: Counter[str] = Counter()
    meant: dict[str, int] = defaultdict(int)
    for act, names in pairs:
        meant[act] += 1
        coded.update(names)
        hits[act] += act in names
    return {act: _rates(hits[act], meant[act], coded[act]) for act in THERAPIST_ACTS if meant[act]}


def lines(found: Mapping[str, Any]) -> list[str]:
    """The figures as text."""
    said = [f"bank {found['bank']}", f"{'act':28}{'n':>6}{'recall':>8}{'precision':>11}"]
    said.append(_line("resistance (any)", found["resistance"]))
    for speaker in ("client", "therapist"):
        said += [_line(act, rates) for act, rates in found[speaker].items()]
    return said


def _line(name: str, rates: Mapping[str, float]) -> str:
    return f"{name:28}{rates['n']:6.0f}{rates['recall']:8.2f}{rates['precision']:11.2f}"
