"""Words for a client's act: the act, the person and what was just said decide the sentence.

Keys run from the most fitting to the most general: what the question was about, what the reply
called for, the type of resistance, the act alone. A person's phrases are rationed, so that a
session does not quote the same clause over and over; what a bank says is in the bank's files.
"""

import random
import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from mirrorplay.personas.schema import Idiolect, Persona, ResistanceProfile
from mirrorplay.policies.acts import CLIENT_ACTS, ClientAct
from mirrorplay.policies.phrasing.bank import Bank, Phrase, sentence
from mirrorplay.policies.situation import Heard

NEEDED_KEYS: frozenset[str] = frozenset({*CLIENT_ACTS, "opening", "leaving", "disclosing.memory"})
"""What a bank must have words for; every other key only makes them fit better."""
_RATIONS: Mapping[str, int] = {
    "topic": 4,
    "person": 3,
    "thought": 2,
    "feeling": 2,
    "avoidance": 2,
    "step": 2,
    "good_point": 1,
    "reason_for": 1,
    "reason_against": 1,
    "counter_evidence": 1,
    "aside": 1,
}
"""How often a session may use each of a person's phrases."""
_BINDING = frozenset({"homework", "permission", "closing", "safety", "naming", "impasse", "agenda"})
"""What calls for a reply of its own: the general words of an act would not answer it."""
_BETWEEN_US = frozenset({"us", "direction", "suits", "schedule"})
"""Matters that talk of change answers by itself."""
_GOES_ON = frozenset({"", "other", "story", "feeling", "behavior", "thought", "fear", "correction"})
"""Matters of a question after which a second sentence fits an answer."""
_EXPLAINS = frozenset(
    {"disagreeing", "excusing", "blaming", "answering", "disclosing", "pessimism"}
)


def phrase(
    bank: Bank,
    act: ClientAct,
    persona: Persona,
    profile: ResistanceProfile,
    heard: Heard,
    used: Collection[str],
    rng: random.Random,
    *,
    memory: str | None = None,
    leaving: str | None = None,
) -> Phrase:
    """One utterance of an act, not used before in the session.

    `memory` is told in it; `leaving` names the rupture (confrontation or withdrawal) that ends the
    session. The ids of what was used, slots included, must come back as `used` next time.
    """
    idiolect = persona.idiolect
    slots = _slots(persona, used)
    own = _own_sentence(persona, used)
    slots["memory"], slots["said"] = memory, own[1] if own else None
    keys = _keys(bank, act, profile, heard, rng, bool(memory), leaving, slots)
    terse = rng.random() < 1.25 * (1.0 - idiolect.verbosity) or act == "minimum_talk"
    spoken = bank.realise(keys, slots, used, rng, terse=terse)
    text, ids, in_it = spoken.text, list(spoken.ids), set(spoken.slots)
    answer = f"answering.about_{heard.about}"
    about_change = keys[0] == f"{act}.about_{heard.about}" or heard.about in _BETWEEN_US
    if act == "change_talk" and not about_change and answer in bank.keys:
        left = {name: value for name, value in slots.items() if name not in in_it}
        before = bank.realise((answer, "answering"), left, (*used, *ids), rng, terse=True)
        text = f"{before.text} {text}"
        ids += before.ids
        in_it |= before.slots
    fits = (
        heard.kind != "opening"
        and "more" in bank.keys
        and (act != "answering" or heard.about in _GOES_ON)
    )
    goes_on = fits and rng.random() < 0.5 * (idiolect.verbosity - 0.3)
    if act in _EXPLAINS and goes_on and not leaving and len(text.split()) < 16:
        left = {name: value for name, value in slots.items() if name not in in_it}
        more = bank.realise((f"more.{act}", "more"), left, (*used, *ids), rng, terse=True)
        if more.ids[0] not in used:
            text = f"{text} {more.text}"
            ids += more.ids
            in_it |= more.slots
    spent = _spent(used)
    ids += [f"slot/{name}/{spent.get(name, 0) + 1}" for name in sorted(in_it & _RATIONS.keys())]
    if own and "said" in in_it:
        ids.append(own[0])
    return Phrase(_voice(text, idiolect, rng, plain=bool(memory)), tuple(ids), frozenset(in_it))


def _keys(
    bank: Bank,
    act: ClientAct,
    profile: ResistanceProfile,
    heard: Heard,
    rng: random.Random,
    tells: bool,
    leaving: str | None,
    slots: Mapping[str, str | None],
) -> list[str]:
    drawn = rng.random()
    if leaving:
        return [f"leaving.{leaving}", "leaving"]
    if heard.kind == "opening":
        if f"opening.{act}" in bank.keys:
            return [f"opening.{act}", "opening"]
        if slots.get("reason") and (drawn < 0.6 or not slots.get("topic")):
            return ["opening.reason", "opening"]
        return [f"opening.{profile.type}", "opening"] if drawn < 0.8 else ["opening"]
    if tells:
        return ["disclosing.memory"]
    by_matter, by_reply = f"{act}.about_{heard.about}", f"{act}.after_{heard.kind}"
    general = [f"{act}.{profile.type}", act]
    if drawn < 0.45:
        general.reverse()
    asked = (by_reply,) if heard.kind == "permission" else (by_matter, by_reply)
    fitting = [key for key in asked if key in bank.keys]
    if not fitting or (heard.kind not in _BINDING and act != "answering" and drawn > 0.75):
        return [*general, *fitting]
    return [*fitting, *general]


def _slots(persona: Persona, used: Collection[str]) -> dict[str, str | None]:
    talk, spent = persona.talk, _spent(used)
    slots: dict[str, str | None] = {
        name: getattr(talk, name) if spent.get(name, 0) < most else None
        for name, most in _RATIONS.items()
    }
    slots["reason"] = _spoken_reason(persona.intake.reason)
    return slots


def _spent(used: Collection[str]) -> dict[str, int]:
    """How often each slot was filled so far, from ids such as `slot/topic/2`."""
    spent: dict[str, int] = {}
    for identifier in used:
        if identifier.startswith("slot/"):
            name = identifier.split("/")[1]
            spent[name] = spent.get(name, 0) + 1
    return spent


_FIRST_PERSON = re.compile(r"\b(?:I|I'm|I've|I'd|me|my|My)\b")
_OWN_START = re.compile(
    r"^(?:I|I'm|I've|My)\b(?! (?:believe|decided|have not|do not have|am (?:seeking|looking)))"
)
_SENTENCE = re.compile(r"[^.!?]+[.!?]+(?=\s|$)|[^.!?]+$")


_FORMAL_START = re.compile(
    r"^I (?:have )?(?:decided to (?:seek|start|come to|pursue|try)|sought(?: out)?|am seeking)"
    r" (?:professional )?(?:counsel+ing|therapy|help)(?: services)? (?=because|after|when|since)"
)
_FORMAL_END = re.compile(r", prompting me to (?:seek|start) (?:counsel+ing|therapy|help)\.?$")
_FORMAL_MIDDLE = re.compile(
    r"(?:have |has )?(?:led|drove|driven|prompted) me to (?:seek|start)"
    r" (?:counsel+ing|therapy|help)(?: immediately)?"
    r"(?: to address (?:this|these) \w+(?: \w+)?)?(?=[.,]|$)"
)
"""How forms begin, end and go on, and nobody speaks."""


@lru_cache(maxsize=4096)
def _spoken_reason(reason: str | None) -> str | None:
    """The first sentences of a reason given in the first person, up to about 40 words."""
    if not reason or not _FIRST_PERSON.search(reason):
        return None
    spoken: list[str] = []
    for found in _SENTENCE.findall(reason):
        if spoken and len(" ".join((*spoken, found)).split()) > 40:
            break
        spoken.append(found.strip())
    text = _FORMAL_START.sub("I came ", " ".join(spoken))
    text = _FORMAL_END.sub(". So I came.", text)
    text = _FORMAL_MIDDLE.sub("brought me here", text)
    return text if len(text.split()) <= 60 else None


def _own_sentence(persona: Persona, used: Collection[str]) -> tuple[str, str] | None:
    """A sentence of the intake form in the client's own words that was not yet said."""
    for number, text in enumerate(_own_sentences(persona)):
        identifier = f"own/{number}"
        if identifier not in used:
            return identifier, text
    return None


def _own_sentences(persona: Persona) -> tuple[str, ...]:
    problem = persona.problem
    parts = (problem.presenting, problem.onset, problem.precipitating, *problem.maintaining)
    return _first_person(tuple(part for part in parts if part))


@lru_cache(maxsize=4096)
def _first_person(parts: tuple[str, ...]) -> tuple[str, ...]:
    sentences = (found.strip() for part in parts for found in _SENTENCE.findall(part))
    return tuple(
        text if text[-1] in ".!?" else f"{text}."
        for text in sentences
        if _OWN_START.match(text) and 3 <= len(text.split()) <= 24
    )


_SPELLED_OUT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{short}\b(?!,? (?:I|you|it|he|she|we|they)\b)"), long)
    for short, long in (
        ("([Cc])an't", r"\1annot"), ("([Ww])on't", r"\1ill not"), ("I'm", "I am"),
        ("I've", "I have"), ("I'll", "I will"), ("([Dd])on't", r"\1o not"),
        ("([Dd])idn't", r"\1id not"), ("([Dd])oesn't", r"\1oes not"),
        ("([Ii])sn't", r"\1s not"), ("([Ww])asn't", r"\1as not"),
        ("([Ww])ouldn't", r"\1ould not"), ("([Cc])ouldn't", r"\1ould not"),
        ("([Hh])aven't", r"\1ave not"), ("([Tt])hat's(?= (?!been|got|had)[a-z])", r"\1hat is"),
        ("([Ii])t's(?= (?!been|got|had)[a-z])", r"\1t is"), ("([Ww])hat's", r"\1hat is"),
        ("([Tt])hey're", r"\1hey are"), ("([Yy])ou're", r"\1ou are"),
    )
)  # fmt: skip
_PLAINER = (("Dunno", "I don't know"), ("Yeah", "Yes"), ("yeah", "yes"), ("kind of", "rather"))
_LOOSER = (
    (re.compile(r"\bgoing to (?=[a-z])(?!work|bed|sleep|the|my|be the)"), "gonna "),
    (re.compile(r"\b([Kk])ind of\b"), r"\1inda"),
    (re.compile(r"\bbecause\b"), "'cause"),
    (re.compile(r"\bI don't know\b(?=[.,])"), "dunno"),
)


def _voice(text: str, idiolect: Idiolect, rng: random.Random, *, plain: bool) -> str:
    """The same words in this person's manner: formality and fillers. A memory is left as it is."""
    loosens, fills, which = rng.random(), rng.random(), rng.random()
    if plain:
        return text
    if idiolect.formality >= 0.7:
        for before, after in _PLAINER:
            text = re.sub(rf"\b{before}\b", after, text)
        for pattern, long in _SPELLED_OUT:
            text = pattern.sub(long, text)
    elif idiolect.formality <= 0.3 and loosens < 0.6:
        for pattern, loose in _LOOSER:
            text = pattern.sub(loose, text)
    chance = 0.25 * (1.0 - 0.6 * idiolect.formality)
    starts = _TAKES_FILLER.match(text)
    if idiolect.fillers and starts and fills < chance:
        filler = idiolect.fillers[int(which * len(idiolect.fillers))].strip(" ,.")
        rest = text if starts[1] else text[0].lower() + text[1:]
        text = f"{filler}, {rest}"
    return sentence(text)


_TAKES_FILLER = re.compile(
    r"(?:(I(?:'\w+)?)|It(?:'s)?|That(?:'s)?|There(?:'s)?|They(?:'re)?|You) (?=\w+ \w)"
)
