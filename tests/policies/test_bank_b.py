"""Bank b: whole, within the rules, and rich enough; it says nothing twice in different files."""

import random
from itertools import islice, product
from typing import get_args

import pytest

from mirrorplay.personas.schema import RESISTANCE_TYPES, Technique
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.phrasing.bank import BANKS, Bank, load_bank, sentence
from mirrorplay.policies.phrasing.keys import BANDS, NEEDED_KEYS
from mirrorplay.policies.phrasing.own import CLIENT_SLOTS
from mirrorplay.policies.phrasing.template import Template, fill
from mirrorplay.policies.reframing import load_techniques
from mirrorplay.policies.safety import screen, screen_therapist

ENOUGH = 400
CLIENT_SAYS = {
    "topic": "the letter from the insurance",
    "person": "my depot manager",
    "thought": "they're going to take my licence",
    "feeling": "on edge",
    "avoidance": "swapping off the 49",
    "step": "take the 49 one night",
    "good_point": "Dave got moved to the yard.",
    "reason_for": "I can't keep coming home like this",
    "reason_against": "if I stop checking, that's when something happens",
    "counter_evidence": "the last review was fine",
    "aside": "Your car park is tight, by the way.",
    "reason": "My union rep said to come.",
    "said": "I walk round the bus three times.",
    "memory": "They had me wait in the yard once.",
    "echo": "the waiting",
}
THERAPIST_SAYS = {
    "you_clause": "you can't sleep before it",
    "topic": "the letter from the insurance",
    "person": "your depot manager",
    "feeling": "on edge",
    "belief": "they're going to take your licence",
    "change_clause": "you want to stop checking",
    "name": "Tomasz",
    "crisis_line": "the crisis line",
}
BANNED = (
    "i hear you",
    "completely valid",
    "how does that make you feel",
    "it sounds like",
    "proud of you",
)
_NOT_SECRET = (
    "between us",
    "to myself",
    "alone",
    "in this room",
    "with us two",
    "only be us",
    "be only us",
    "comes in",
)
"""Ways of saying that it cannot stay with the two of them."""
THERAPIST_HEADS = frozenset((*THERAPIST_ACTS, "plan", "eliza"))


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank(BANKS["b"])


def _ways(template: Template, limit: int = 300) -> list[str]:
    """The template's texts, choices taken in turn, slots left open."""
    pieces = ([p] if isinstance(p, str) else [o.text for o in p] for p in template.pieces)
    return ["".join(way) for way in islice(product(*pieces), limit)]


def _client_keys(bank: Bank) -> list[str]:
    return sorted(key for key in bank.keys if key.split(".")[0] not in THERAPIST_HEADS)


def _therapist_keys(bank: Bank) -> list[str]:
    return sorted(key for key in bank.keys if key.split(".")[0] in THERAPIST_HEADS)


def _utterances(bank: Bank, keys: list[str], slots: dict[str, str]) -> int:
    total = 0
    for key in keys:
        parts = bank.parts(key)
        before, cores, after = (
            sum(template.variants(slots) for template in pool.templates)
            for pool in (parts.openers, parts.cores, parts.tails)
        )
        total += cores * (1 + before) * (1 + after)
    return total


def test_every_needed_key_has_a_core_that_needs_no_slot(bank: Bank) -> None:
    needed = {*NEEDED_KEYS, *THERAPIST_ACTS, *(f"{act}.poor" for act in THERAPIST_ACTS)}
    assert needed <= bank.keys
    for key in needed:
        given = {"memory"} if key == "disclosing.memory" else frozenset[str]()
        assert any(core.fits(given) for core in bank.parts(key).cores.templates), key


def test_every_resistant_act_has_words_for_each_band_and_type(bank: Bank) -> None:
    for act in ("challenging", "discounting", "blaming", "disagreeing", "excusing", "minimizing",
                "pessimism", "reluctance", "unwillingness", "limit_setting"):  # fmt: skip
        assert {f"{act}.{band}" for band in BANDS} <= bank.keys
        assert {f"{act}.{kind}" for kind in RESISTANCE_TYPES if kind != "none"} <= bank.keys


def test_every_step_of_every_technique_has_words(bank: Bank) -> None:
    known = load_techniques()
    keys = {step.key for technique in get_args(Technique) for step in known[technique].steps}
    assert keys <= bank.keys


def test_slots_are_those_that_are_filled(bank: Bank) -> None:
    for key in bank.keys:
        allowed = THERAPIST_SAYS if key in _therapist_keys(bank) else CLIENT_SLOTS
        for template in bank.templates(key):
            assert template.may_need <= set(allowed), template.id


def test_a_therapist_asks_one_question_at_most_and_nothing_banned(bank: Bank) -> None:
    for key in _therapist_keys(bank):
        parts = bank.parts(key)
        most = [
            max((way.count("?") for t in pool.templates for way in _ways(t)), default=0)
            for pool in (parts.openers, parts.cores, parts.tails)
        ]
        assert sum(most) <= 1, (key, most)
        for template in bank.templates(key):
            for way in _ways(template):
                assert not any(phrase in way.lower() for phrase in BANNED), (key, way)


@pytest.mark.parametrize("act", THERAPIST_ACTS)
def test_good_manner_is_short_and_poor_manner_is_long(bank: Bank, act: str) -> None:
    if act == "safety_inquiry":
        return  # said in full in either manner

    def words(key: str) -> list[int]:
        cores = bank.parts(key).cores.templates
        return [len(fill(way, THERAPIST_SAYS).split()) for t in cores for way in _ways(t)]

    assert max(words(act)) <= 30
    assert min(words(f"{act}.poor")) >= 18
    assert max(words(f"{act}.poor")) <= 55


def test_no_word_of_crisis_or_harm_stands_in_the_bank(bank: Bank) -> None:
    for key in _client_keys(bank):
        for template in bank.templates(key):
            for way in _ways(template, 60):
                assert not screen(fill(way, CLIENT_SAYS)), (key, way)
    for key in _therapist_keys(bank):
        for template in bank.templates(key):
            for way in _ways(template, 60):
                assert not screen_therapist(fill(way, THERAPIST_SAYS)), (key, way)


def test_safety_asks_names_a_line_and_promises_no_secrecy(bank: Bank) -> None:
    for key in bank.keys:
        if not key.startswith("safety_inquiry.") or key.endswith((".poor", ".leaving")):
            continue
        for core in bank.parts(key).cores.templates:
            assert "{crisis_line}" in core.text, core.id
            assert core.text.count("?") == 1, core.id
            assert any(word in core.text for word in _NOT_SECRET), core.id


@pytest.mark.parametrize("act", [act for act in CLIENT_ACTS if act != "minimum_talk"])
def test_each_client_act_and_type_makes_enough(bank: Bank, act: str) -> None:
    for kind in RESISTANCE_TYPES:
        others = {other for other in RESISTANCE_TYPES if other != kind}
        keys = [
            key
            for key in bank.keys
            if key.split(".")[0] == act and not others.intersection(key.split("."))
        ]
        assert _utterances(bank, keys, CLIENT_SAYS) >= ENOUGH, (act, kind)


@pytest.mark.parametrize("act", THERAPIST_ACTS)
def test_each_therapist_act_makes_enough_in_either_manner(bank: Bank, act: str) -> None:
    for key in (act, f"{act}.poor"):
        assert _utterances(bank, [key], THERAPIST_SAYS) >= ENOUGH, key


def test_short_replies_are_short(bank: Bank) -> None:
    for key in bank.keys:
        if key.split(".")[0] == "minimum_talk":
            for core in bank.parts(key).cores.templates:
                assert core.words <= 3, core.id


@pytest.mark.parametrize("seed", range(5))
def test_utterances_come_out_whole(bank: Bank, seed: int) -> None:
    rng = random.Random(seed)
    for key in bank.keys:
        slots = THERAPIST_SAYS if key.split(".")[0] in THERAPIST_HEADS else CLIENT_SAYS
        said = bank.realise([key], slots, (), rng).text
        assert said == sentence(said)
        assert not set("{}[]<>|") & set(said), (key, said)
        assert said[-1] in '.?!":', (key, said)
