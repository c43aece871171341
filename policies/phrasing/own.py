"""What a client says in words of their own: phrases, answers, and the reason for coming.

A person's phrases are rationed, so that a session does not quote the same clause over and over;
an answer is given once, and of the reason for coming not every session hears the whole. Texts are
the persona's and are never changed here, save that the set phrases of forms are left out of a
spoken reason.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from mirrorplay.personas.schema import Matter, Persona

RATIONS: Mapping[str, int] = {
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
CLIENT_SLOTS: frozenset[str] = frozenset({*RATIONS, "reason", "said", "memory", "echo"})
"""Every slot a client's template may have. `echo` is what the therapist has just taken up of the
client's last words."""
_ANSWERED_BY: Mapping[str, tuple[Matter, ...]] = {
    "story": ("story",),
    "last_time": ("story",),
    "thought": ("thought",),
    "feeling": ("feeling", "body"),
    "body": ("body",),
    "behavior": ("behavior",),
    "trigger": ("trigger",),
    "moment": ("trigger",),
    "cost": ("cost",),
    "part": ("cost", "feeling"),
    "why_now": ("cost",),
    "function": ("function",),
    "want": ("want",),
    "direction": ("want",),
    "exception": ("exception",),
    "strength": ("exception",),
    "evidence_for": ("evidence_for",),
    "evidence_against": ("evidence_against",),
    "view": ("evidence_for", "function"),
    "correction": ("cost", "behavior"),
    "problem": ("behavior", "thought"),
    "fear": ("fear",),
    "obstacle": ("fear",),
    "who": ("who",),
    "coping": ("coping",),
    "tried": ("coping",),
    "time": ("time",),
}
"""Which answers fit a question about a matter of `policies/situation.yaml`."""
_ANYWHERE: tuple[Matter, ...] = ("story", "behavior", "cost", "who")
"""Answers that stand without a question."""
MOST_ANSWERS = 8
"""Most of a person's answers that one session hears (H)."""


class Answer(NamedTuple):
    """A whole answer of the persona's and the id under which it is used up."""

    id: str
    text: str


def own_slots(persona: Persona, used: Collection[str]) -> dict[str, str | None]:
    """The person's phrases that the session has not had too often, and the spoken reason."""
    talk, counts = persona.talk, spent(used)
    slots: dict[str, str | None] = {
        name: getattr(talk, name) if counts.get(name, 0) < most else None
        for name, most in RATIONS.items()
    }
    slots["reason"] = spoken_reason(persona.intake.reason)
    return slots


def spent(used: Collection[str]) -> dict[str, int]:
    """How often each slot was filled so far, from ids such as `slot/topic/2`."""
    counts: dict[str, int] = {}
    for identifier in used:
        if identifier.startswith("slot/"):
            name = identifier.split("/")[1]
            counts[name] = counts.get(name, 0) + 1
    return counts


def answer_to(persona: Persona, about: str, used: Collection[str], drawn: float) -> Answer | None:
    """An answer of the person's to a question about a matter, one not yet given; `drawn` in [0, 1)
    picks among several."""
    return _pick(persona, _ANSWERED_BY.get(about, ()), used, drawn)


def answer_about(
    persona: Persona, matters: tuple[Matter, ...], used: Collection[str], drawn: float
) -> Answer | None:
    """An answer to one of the matters, whether or not it was asked."""
    return _pick(persona, matters, used, drawn)


def unasked(persona: Persona, used: Collection[str], drawn: float) -> Answer | None:
    """Something of their own that stands without a question: an answer that does, or a sentence of
    the intake form in the first person."""
    for number, text in enumerate(_own_sentences(persona)):
        if (identifier := f"own/{number}") not in used:
            return Answer(identifier, text)
    return _pick(persona, _ANYWHERE, used, drawn, whole=True)


def _pick(
    persona: Persona,
    matters: tuple[Matter, ...],
    used: Collection[str],
    drawn: float,
    *,
    whole: bool = False,
) -> Answer | None:
    answers = persona.talk.answers
    if not answers or sum(given.startswith("answer/") for given in used) >= MOST_ANSWERS:
        return None
    left = [
        Answer(identifier, text)
        for matter in matters
        for number, text in enumerate(answers.get(matter, ()))
        if (identifier := f"answer/{matter}/{number}") not in used
        and (not whole or _STANDS.match(text))
    ]
    return left[int(drawn * len(left))] if left else None


_STANDS = re.compile(
    r"^(?:I|I've|I'd|My|We|She|He|They|It|On|Last|Every)\b(?! (?:don't know|think))"
)
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
def spoken_reason(reason: str | None) -> str | None:
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


def reason_in_part(reason: str | None, drawn: float) -> str | None:
    """As much of the spoken reason as one session hears: it begins at the beginning and may stop
    after any sentence that leaves at least five words said; `drawn` in [0, 1) picks where."""
    ends = _reason_parts(reason)
    return ends[int(drawn * len(ends))] if ends else None


@lru_cache(maxsize=4096)
def _reason_parts(reason: str | None) -> tuple[str, ...]:
    whole = spoken_reason(reason)
    if whole is None:
        return ()
    sentences = [found.strip() for found in _SENTENCE.findall(whole)]
    parts = [" ".join(sentences[:count]) for count in range(1, len(sentences))]
    return (*(part for part in parts if part.count(" ") >= _LEAST_REASON - 1), whole)


_LEAST_REASON = 5
"""Words of a reason below which it says too little."""


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
