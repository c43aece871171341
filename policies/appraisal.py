"""How a client takes a reply whose intent nobody states.

The client's own ear: word rules over sentences, made apart from the coder that measures sessions,
so that changing one does not change the other. Manner counts as much as the act: whether leave was
asked, how tentative the words are, how long they run and whether they take up what was just said.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.acts import Manner, TherapistAct

_FILE = Path(__file__).parent / "appraisal.yaml"
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_WORD = re.compile(r"[a-z][a-z'-]*")
_HELLO = re.compile(r"^\W*(?:hello|hi|good (?:morning|afternoon|evening))\b")
_CLOSED = re.compile(
    r"^\W*(?:(?:and|so|or|but|then|well|okay)\W+)*(?:is|are|was|were|do|does|did|have|has|had|would"
    r"|will|could|can|should|shall|may|isn't|aren't|don't|doesn't|didn't|haven't)\b"
)
_INVITES = re.compile(r"^\W*(?:tell me|say more|walk me|take me|describe|go on)\b")
_ABOUT_YOU = re.compile(
    r"\b(?:you|your|you're|you've|yours|yourself)\b"
    r"|^\W*(?:so |and )?(?:it|that|there)(?:'s|'d| is| was| feels?| sounds?| seems?)\b"
)


class _Ear(NamedTuple):
    leave: re.Pattern[str]
    hedge: re.Pattern[str]
    advice: re.Pattern[str]
    informs: re.Pattern[str]
    socratic: re.Pattern[str]
    deeper: re.Pattern[str]
    acts: tuple[tuple[TherapistAct, re.Pattern[str]], ...]
    common: frozenset[str]


@lru_cache(maxsize=1)
def _ear() -> _Ear:
    rules = read_yaml(_FILE).value
    cues = {name: _any(words) for name, words in rules["cues"].items()}
    acts = tuple((act, _any(words)) for act, words in rules["acts"].items())
    return _Ear(**cues, acts=acts, common=frozenset(" ".join(rules["common"]).split()))


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})")


def appraise(
    text: str, last_client_text: str | None = None
) -> tuple[tuple[TherapistAct, ...], Manner]:
    """The acts a client hears in a reply, in the order heard, and its manner. Never empty: a reply
    that says nothing readable is taken as a simple reflection."""
    lowered = text.lower().replace("\u2019", "'")
    ear = _ear()
    leave = bool(ear.leave.search(lowered))
    acts: list[TherapistAct] = []
    for sentence in _SENTENCE.findall(lowered):
        for act in _acts_of(sentence.strip(), leave, ear):
            if act not in acts:
                acts.append(act)
    words = len(lowered.split())
    hedges = len(ear.hedge.findall(lowered))
    manner = Manner(
        permission=leave,
        hedging=min(1.0, round(hedges * 0.35, 2)),
        words=words,
        fit=_fit(lowered, last_client_text, acts),
    )
    return tuple(acts) or ("simple_reflection",), manner


def _acts_of(sentence: str, leave: bool, ear: _Ear) -> list[TherapistAct]:
    if not _WORD.search(sentence):
        return []
    found = [act for act, pattern in ear.acts if pattern.search(sentence)]
    if _HELLO.match(sentence) and "greeting" not in found:
        found.append("greeting")
    if "closing" in found and "greeting" in found:
        found.remove("greeting")
    if ear.advice.search(sentence) and not {"confront", "homework_prescribed"} & set(found):
        found.append("persuade_with_permission" if leave else "persuade")
    if found and found != ["greeting"]:
        return found
    if sentence.endswith("?") or _INVITES.search(sentence):
        if ear.socratic.search(sentence):
            return [*found, "socratic_question"]
        if leave and ear.leave.search(sentence):
            return [*found, "seek_collaboration"]
        return [*found, "closed_question" if _CLOSED.search(sentence) else "open_question"]
    if ear.informs.search(sentence):
        return [*found, "giving_information"]
    if _ABOUT_YOU.search(sentence):
        deep = ear.deeper.search(sentence) is not None
        return [*found, "complex_reflection" if deep else "simple_reflection"]
    return found


def _fit(text: str, last: str | None, acts: list[TherapistAct]) -> float:
    """How well a reply takes up what was just said, in [0, 1]: shared content words, and whether
    it attends to the person at all."""
    base = 0.5
    if last:
        mine = set(_WORD.findall(last.lower().replace("\u2019", "'"))) - _ear().common
        theirs = set(_WORD.findall(text)) - _ear().common
        if mine:
            base = 0.45 + 0.4 * min(1.0, len(mine & theirs) / min(3, len(mine)))
    if {"simple_reflection", "complex_reflection", "affirm", "emphasize_autonomy"} & set(acts):
        base += 0.1
    if {"confront", "homework_prescribed", "persuade"} & set(acts):
        base -= 0.25
    return round(min(1.0, max(0.0, base)), 2)
