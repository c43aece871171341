"""What a reply calls for, as the client hears it.

The acts say most of it; the wording says whether it asks, whether a yes would do, and what about.
A reflection with a question after it calls for an answer to the question.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from mirrorplay.personas.document import read_yaml

_MATTERS_FILE = Path(__file__).parent / "situation.yaml"

SituationKind = Literal[
    "opening",
    "greeting",
    "question",
    "closed",
    "reflection",
    "affirm",
    "autonomy",
    "advice",
    "reframe",
    "homework",
    "permission",
    "naming",
    "impasse",
    "agenda",
    "safety",
    "closing",
]
SITUATIONS: tuple[SituationKind, ...] = get_args(SituationKind)

_DEMANDS: tuple[tuple[str, SituationKind], ...] = (
    ("safety_inquiry", "safety"),
    ("closing", "closing"),
    ("homework_prescribed", "homework"),
    ("homework_cocreated", "homework"),
    ("checking_impasse", "impasse"),
    ("naming_mismatch", "naming"),
    ("impact_disclosure", "impasse"),
    ("reframe_offer", "reframe"),
    ("socratic_question", "question"),
    ("open_question", "question"),
    ("closed_question", "closed"),
    ("seek_collaboration", "permission"),
    ("agenda", "agenda"),
    ("confront", "advice"),
    ("persuade", "advice"),
    ("persuade_with_permission", "advice"),
    ("giving_information", "advice"),
    ("affirm", "affirm"),
    ("emphasize_autonomy", "autonomy"),
    ("summary", "reflection"),
    ("complex_reflection", "reflection"),
    ("simple_reflection", "reflection"),
    ("greeting", "greeting"),
)
"""Strongest demand first."""
_REWORDED: frozenset[str] = frozenset(
    {"question", "closed", "permission", "agenda", "affirm", "autonomy", "reflection", "greeting"}
)
"""Kinds that give way to the form of a question in the same reply."""
_URGES = frozenset({"confront", "persuade", "persuade_with_permission"})
"""Advice stays advice when a question follows; plain information with a question asks."""

_QUESTION = re.compile(r"[^.!?;]*\?")
_INVITES = re.compile(
    r"(?:^|[.!?]\s+)(?:please )?"
    r"(?:tell me|say (?:more|some more|a bit)|walk me|take me|put me right)",
    re.I,
)
_ASKS_LEAVE = re.compile(
    r"\b(?:would|is|will) it be (?:ok|okay|all right|alright|fine)|\bmay i\b|\bcould we\b"
    r"|\bcan we\b|\bshall we\b|\bcould i\b|\bwould you (?:mind|be willing|like to)"
    r"|\bis it (?:ok|okay|all right)",
    re.I,
)
_OPEN = re.compile(r"\b(?:what|what's|how|who|whose|where|when|why|which)\b(?!ever)", re.I)
_YES_NO = re.compile(
    r"^\W*(?:(?:and|so|or|but|then|perhaps)\W+)?(?:is|are|was|were|do|does|did|have|has|had|would|will"
    r"|could|can|should|shall|may|might|am|isn't|don't|doesn't|didn't)\b",
    re.I,
)
_EITHER = re.compile(
    r"\w,? or (?!not\b|no\b|is it\b|am i\b|anything\b|something\b|so\b|two\b|is there)"
)
"""A question between two things, which a yes does not answer."""


class Heard(NamedTuple):
    """What a reply calls for. `about` is the matter of a question, `other` when it has none that is
    known, empty when nothing was asked."""

    kind: SituationKind
    about: str = ""


OPENING = Heard("opening")


def hear(acts: Sequence[str] | None, text: str = "") -> Heard:
    """What a reply calls for; `acts` is None when there was no reply yet."""
    if acts is None:
        return OPENING
    kind: SituationKind = "reflection"
    kind = next((found for act, found in _DEMANDS if act in acts), kind)
    asked = _QUESTION.findall(text)
    last = asked[-1].strip() if asked else ""
    invited = _INVITES.search(text)
    if not last and not invited:
        return Heard(kind, "other" if kind == "question" else "")
    about = _matter(last or text[invited.start() if invited else 0 :])
    informs = "giving_information" in acts and not _URGES.intersection(acts)
    if kind not in _REWORDED and not (kind == "advice" and informs and last):
        return Heard(kind, about)
    if _ASKS_LEAVE.search(last) and not _OPEN.match(last):
        return Heard("permission", about)
    if about in ("understanding", "suits") and kind != "agenda":
        return Heard("closed", about)
    if _YES_NO.match(last) and _EITHER.search(last):
        return Heard("question", "either")
    if _YES_NO.match(last) or (last and not _OPEN.search(last)):
        return Heard("closed", about)
    return Heard("agenda" if kind == "agenda" else "question", about)


@lru_cache(maxsize=1)
def _matters() -> tuple[tuple[str, re.Pattern[str]], ...]:
    kinds = read_yaml(_MATTERS_FILE).value
    return tuple(
        (kind, re.compile(rf"\b(?:{'|'.join(words)})", re.I)) for kind, words in kinds.items()
    )


MATTERS: tuple[str, ...] = (*read_yaml(_MATTERS_FILE).value, "either", "other")
"""What a question can be about, as far as it is known."""


def _matter(question: str) -> str:
    return next((kind for kind, pattern in _matters() if pattern.search(question)), "other")


def echoed(text: str, mine: str | None) -> str | None:
    """What a reply takes up of the client's last words, as the client would say it ("the waiting",
    "my sister"), or None. The longest such phrase; vague ones do not count."""
    if not mine:
        return None
    said, low = f" {_WORDS.sub(' ', mine.lower())} ", text.lower()
    best: list[str] = []
    for found in _NOUN_PHRASE.finditer(low):
        words = [_MINE.get(found[1], found[1]), *found[2].split()]
        for length in range(min(len(words), 4), 1, -1):
            part = words[:length]
            if f" {' '.join(part)} " not in said:
                continue
            if length > len(best) and not any(map(_VAGUE.fullmatch, part)) and len(part[-1]) > 2:
                best = part
            break
    return " ".join(best) or None


_WORDS = re.compile(r"[^\w'-]+")
_NOUN_PHRASE = re.compile(r"\b(the|your|that|those)((?: [a-z][a-z'-]+){1,3})")
_MINE = {"your": "my"}
_VAGUE = re.compile(
    r"(?:"
    r"thing|things|way|ways|time|times|day|days|bit|bits|rest|moment|one|ones|same|other|"
    r"others|whole|point|end|start|first|last|next|lot|kind|sort|part|most|best|worst|only|"
    r"very|fact|case|idea|question|answer|word|words|truth|trouble|problem|reason|side|"
    r"sides|be|is|was|are|were|in|on|at|to|of|for|and|or|but|that|when|you|your|i|me|my|it|"
    r"its|as|if|with|not|than|then|so|because|don't|can't|isn't|won't|just|really|like|"
    r"keep|keeps|get|gets|got|go|goes|going|come|comes|have|has|had|do|does|did|would|"
    r"could|should|will|makes|make|made|who|where|what|how"
    r")"
)
