"""Words for a client's act: the act, the person and what was just said decide the sentence.

Keys (`keys.py`) run from the most fitting to the most general. A question about something the
person has an answer of their own to is mostly answered with it (`own.py`). Whatever comes from the
bank is said in the person's voice (`voice.py`), and no sentence is said twice in a session.
"""

import random
import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from mirrorplay.personas.schema import Matter, Persona, ResistanceProfile
from mirrorplay.policies.acts import ClientAct
from mirrorplay.policies.phrasing.bank import Bank, Phrase, sentence
from mirrorplay.policies.phrasing.keys import NEEDED_KEYS, Band, keys_for, opening_keys
from mirrorplay.policies.phrasing.own import (
    RATIONS,
    Answer,
    answer_about,
    answer_to,
    own_slots,
    reason_in_part,
    spent,
    unasked,
)
from mirrorplay.policies.phrasing.template import fill
from mirrorplay.policies.phrasing.voice import speak
from mirrorplay.policies.situation import Heard

__all__ = ["NEEDED_KEYS", "phrase"]

_OWN_ANSWER = 0.87
"""How often a question is answered in the person's own words, where there are any (H)."""
_TAKES_UP = 0.35
"""How often a client who was heard takes up the words that came back (H)."""
_ANSWERS_FIRST = 0.35
"""How often talk of change begins with an answer to what was asked (H)."""
_SHORT_FIRST = 0.75
"""How often such an answer has three words at most (H)."""
_TRIES = 4
"""How often words are looked for anew when a sentence of theirs was said before."""
_TERSE = 1.15
"""How likely the least talkative are to leave opener and tail out, above 1 always; talkativeness
is taken off it (H)."""
_BLUNT = 0.6
"""How often a strongly resisting client leaves out what makes a reply polite (H)."""
_BETWEEN_US = frozenset({"us", "direction", "suits", "schedule"})
"""Matters that talk of change answers by itself."""
_GOES_ON = frozenset({"", "other", "story", "feeling", "behavior", "thought", "fear", "correction"})
"""Matters of a question after which a second sentence fits an answer."""
_SUPPORTED = _GOES_ON | {"view", "evidence_against", "exception"}
"""Matters of a question on which a ground of the person's own may be given."""
_EXPLAINS = frozenset(
    {"disagreeing", "excusing", "blaming", "answering", "disclosing", "pessimism"}
)
_ANSWERS: Mapping[str, frozenset[str] | None] = {
    "answering": None,
    "disclosing": None,
    "change_talk": frozenset({"want", "direction"}),
    "insight": frozenset({"evidence_against", "exception"}),
}
"""Acts that a person's own answer can be; None: after a question about any matter."""
_VOLUNTEERED = 0.3
"""How often something of the person's own comes where no question asked for it (H)."""
_STANDING: Mapping[str, frozenset[str]] = {
    "answering": frozenset({"reflection", "question", "affirm", "advice", "reframe"}),
    "disclosing": frozenset({"reflection", "question", "affirm", "reframe", "closed"}),
    "agreeing": frozenset({"reflection"}),
}
"""Acts, by what they reply to, that a standing answer can be."""
_SUPPORTS: Mapping[str, tuple[frozenset[str], tuple[Matter, ...]]] = {
    "disagreeing": (frozenset({"advice", "reframe", "reflection", "question"}), ("evidence_for",)),
    "pessimism": (frozenset({"advice", "reframe", "question", "homework"}), ("evidence_for",)),
    "discounting": (frozenset({"affirm", "reframe", "question"}), ("exception",)),
    "minimizing": (frozenset({"reflection", "question"}), ("exception",)),
    "unwillingness": (frozenset({"advice", "question", "reframe"}), ("function",)),
    "insight": (frozenset({"reframe", "question"}), ("evidence_against", "exception")),
}
"""Acts that an answer to another question than the one asked gives a ground for, what they reply
to, and those answers."""
_BRIEF: Mapping[str, Mapping[str, float]] = {
    "agreeing": {"": 0.6, "reflection": 0.95, "permission": 0.75, "closed": 0.95, "closing": 0.3},
    "answering": {"": 0.12, "closed": 0.9, "reflection": 0.25, "question": 0.35},
    "change_talk": {"": 0.05, "reflection": 0.2, "autonomy": 0.35, "closed": 0.4, "affirm": 0.3},
    "committing": {"": 0.15, "homework": 0.25, "autonomy": 0.3},
    "disagreeing": {"": 0.22, "reflection": 0.5, "closed": 0.75},
    "minimizing": {"": 0.3, "reflection": 0.5, "closed": 0.65},
    "unwillingness": {"": 0.2, "question": 0.35, "permission": 0.35},
    "discounting": {"": 0.16, "affirm": 0.25, "question": 0.3},
    "limit_setting": {"": 0.2},
    "asking": {"": 0.15},
    "inattention": {"": 0.3},
    "pessimism": {"": 0.2, "question": 0.35},
    "reluctance": {"": 0.2, "question": 0.35},
    "excusing": {"": 0.1, "question": 0.25},
    "blaming": {"": 0.15, "question": 0.3},
}
"""How often a reply has three words or fewer, by act and what it replies to; set so that simulated
sessions come near the shares of short replies in people's sessions [A]."""


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
    band: Band = "mild",
    echo: str | None = None,
    earlier: Collection[str] = (),
) -> Phrase:
    """One utterance of an act.

    `memory` is told in it; `leaving` names the rupture (confrontation or withdrawal) that ends the
    session; `echo` is what the therapist has just taken up of the client's words; `earlier` are
    the client's turns so far, of which no sentence is said again. The ids of what was used, slots
    included, must come back as `used` next time.
    """
    avoid = dict.fromkeys(used)
    before = frozenset[str]().union(*map(_sentences, earlier))
    found = _compose(bank, act, persona, profile, heard, avoid, rng, memory, leaving, band, echo)
    for _ in range(_TRIES):
        if not before or before.isdisjoint(_sentences(found.text)):
            break
        avoid.update((name, None) for name in found.ids if not name.startswith("slot/"))
        found = _compose(
            bank, act, persona, profile, heard, avoid, rng, memory, leaving, band, echo
        )
    return found


def _compose(
    bank: Bank,
    act: ClientAct,
    persona: Persona,
    profile: ResistanceProfile,
    heard: Heard,
    used: Mapping[str, None],
    rng: random.Random,
    memory: str | None,
    leaving: str | None,
    band: Band,
    echo: str | None,
) -> Phrase:
    idiolect = persona.idiolect
    slots = own_slots(persona, used)
    slots["memory"], slots["echo"] = memory, echo
    keys, own, brief = [""], None, None
    if leaving:
        keys = [f"leaving.{leaving}", "leaving"]
    elif heard.kind == "opening":
        slots["reason"] = reason_in_part(persona.intake.reason, rng.random())
        keys = opening_keys(bank.keys, act, profile.type, slots, rng)
        own = _not_in(slots["reason"], unasked(persona, used, rng.random()))
    elif memory:
        keys = ["disclosing.memory"]
    else:
        keys = keys_for(bank.keys, act, profile.type, band, heard, rng)
        keys, own, brief = _fitted(keys, bank, act, persona, heard, used, rng, echo)
    answers = bool(own) and keys[0].endswith(".own")
    slots["said"] = own.text if own else None
    asked = f"answering.about_{heard.about}"
    answers_first = (
        act == "change_talk"
        and not answers
        and heard.about not in _BETWEEN_US
        and keys[0] != f"{act}.about_{heard.about}"
        and asked in bank.keys
        and rng.random() < _ANSWERS_FIRST
    )
    terse = (
        (not answers and rng.random() < _TERSE - idiolect.verbosity)
        or (band == "strong" and rng.random() < _BLUNT)
        or act == "minimum_talk"
        or answers_first
    )
    found = bank.draw(keys, slots, used, rng, terse=terse, brief=brief)
    texts, ids, in_it = [found.text], list(found.ids), set(found.slots)

    def add(more: Phrase, at: int) -> None:
        texts.insert(at, more.text)
        ids.extend(more.ids)
        in_it.update(more.slots)

    def left() -> dict[str, str | None]:
        return {name: value for name, value in slots.items() if name not in in_it}

    if answers_first:
        told = _own_answer("answering", persona, heard, used, rng)
        if told and "said" not in in_it:
            slots["said"], own = told.text, told
            add(Phrase("{said}", (), frozenset({"said"})), 0)
        else:
            seen = dict.fromkeys((*used, *ids))
            short = True if rng.random() < _SHORT_FIRST else None
            first = bank.draw((asked, "answering"), left(), seen, rng, terse=True, brief=short)
            add(first, 0)
    fits = (
        act in _EXPLAINS
        and heard.kind != "opening"
        and not leaving
        and not answers
        and "more" in bank.keys
        and (act != "answering" or heard.about in _GOES_ON)
    )
    goes_on = rng.random() < 0.4 * (idiolect.verbosity - 0.3)
    if fits and goes_on and len(" ".join(texts).split()) < 16:
        seen = dict.fromkeys((*used, *ids))
        more = bank.draw((f"more.{act}", "more"), left(), seen, rng, terse=True)
        if more.ids[0] not in used:
            add(more, len(texts))
    counts = spent(used)
    ids += [f"slot/{name}/{counts.get(name, 0) + 1}" for name in sorted(in_it & RATIONS.keys())]
    if own and "said" in in_it:
        ids.append(own.id)
    text = " ".join(texts)
    if not memory:
        text = speak(text, idiolect, bank.speech(persona.intake.age, idiolect.formality), rng)
    return Phrase(sentence(fill(text, slots)), tuple(ids), frozenset(in_it))


def _fitted(
    keys: list[str],
    bank: Bank,
    act: ClientAct,
    persona: Persona,
    heard: Heard,
    used: Collection[str],
    rng: random.Random,
    echo: str | None,
) -> tuple[list[str], Answer | None, bool | None]:
    """Keys, something of the person's own to say, and whether to be brief. What was taken up and
    what the person has an answer to comes before the bank's own words."""
    brief: bool | None = rng.random() < _briefness(act, heard, persona.idiolect.verbosity)
    takes_up = f"{act}.echo" in bank.keys and rng.random() < _TAKES_UP
    if echo and takes_up and heard.kind == "reflection":
        keys, brief = [f"{act}.echo", *keys], None
    own = None if brief else _own_answer(act, persona, heard, used, rng)
    if own is None and not brief:
        own = _volunteered(act, persona, heard, used, rng)
    if own is None:
        return keys, unasked(persona, used, rng.random()), brief
    spoken_as = (f"{act}.own", "answering.own") if act in _ANSWERS else (f"{act}.own",)
    answering = [key for key in spoken_as if key in bank.keys]
    return answering or keys, own, None if answering else brief


def _volunteered(
    act: ClientAct, persona: Persona, heard: Heard, used: Collection[str], rng: random.Random
) -> Answer | None:
    """Something of the person's own that nobody asked for and that makes the act."""
    wanted, which = rng.random(), rng.random()
    if wanted >= _VOLUNTEERED or heard.about in _BETWEEN_US:
        return None
    if heard.kind in _STANDING.get(act, ()) and heard.about in _GOES_ON:
        return unasked(persona, used, which)
    replies, matters = _SUPPORTS.get(act, (frozenset[str](), ()))
    if heard.kind not in replies or heard.about not in _SUPPORTED:
        return None
    return answer_about(persona, matters, used, which)


def _not_in(said: str | None, answer: Answer | None) -> Answer | None:
    return None if answer and said and answer.text in said else answer


def _own_answer(
    act: ClientAct, persona: Persona, heard: Heard, used: Collection[str], rng: random.Random
) -> Answer | None:
    """This person's answer to what was asked, mostly, where there is one and the act can be it."""
    matters = _ANSWERS.get(act, frozenset())
    if heard.kind != "question" or (matters is not None and heard.about not in matters):
        return None
    wanted, which = rng.random(), rng.random()
    return answer_to(persona, heard.about, used, which) if wanted < _OWN_ANSWER else None


def _briefness(act: ClientAct, heard: Heard, verbosity: float) -> float:
    by = _BRIEF.get(act)
    return by.get(heard.kind, by[""]) * (1.3 - 0.7 * verbosity) if by else 0.0


_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")
_NOT_WORDS = re.compile(r"[^\w' ]+")


@lru_cache(maxsize=4096)
def _sentences(text: str) -> frozenset[str]:
    """The sentences of a turn that would be noticed a second time: those of three words and more,
    and the turn as a whole."""
    parts = [_NOT_WORDS.sub("", part).strip() for part in _SENTENCE_END.split(text.lower())]
    longer = [part for part in parts if part.count(" ") >= 2]
    return frozenset((*longer, _NOT_WORDS.sub("", text.lower()).strip()))
