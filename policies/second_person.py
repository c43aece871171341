"""A client's own words turned round: "my manager rang me" becomes "your manager rang you".

Only what is sure to stay grammatical is turned. English verbs are the same after "I" and "you"
except for "be", so the swap is safe as soon as every "was" is known to have its subject. Words to
or about the therapist ("you"), shared subjects ("we"), quotations and questions give None.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mirrorplay.personas.document import read_yaml

_TOKEN = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*|[0-9]+(?:[.:,][0-9]+)*%?|[,\-]")
_STUTTER = re.compile(r"\bi know,? i know\b|\b([a-z']+)[ -]\1\b|[a-z]- |\bi mean\b")
_SWAP = {
    "i": "you",
    "i'm": "you're",
    "i've": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "am": "are",
    "gonna": "going to",
    "wanna": "want to",
    "'cause": "because",
}
_BEFORE_A_SHARED_SUBJECT = frozenset(("and", "or", "but", "then", ",", "so"))
_SHARED_SUBJECT = re.compile(r"(?:my|the) [a-z']+(?: [a-z']+)? and i\b")
WORDS_FILE = Path(__file__).parent / "second_person.yaml"


@dataclass(frozen=True, slots=True)
class _Words:
    """forbidden: words that give None. clause_start: what a whole statement may begin with.
    dangling: what it cannot end with. verbs: finite forms. adverbs: may stand before a verb."""

    forbidden: frozenset[str]
    adverbs: frozenset[str]
    clause_start: frozenset[str]
    verbs: frozenset[str]
    dangling: frozenset[str]


@lru_cache(maxsize=1)
def _words() -> _Words:
    raw = read_yaml(WORDS_FILE).value
    names = ("forbidden", "adverbs", "clause_start", "verbs", "dangling")
    return _Words(*(frozenset(map(str, raw[name])) for name in names))


def second_person(clause: str) -> str | None:
    """The clause from the therapist's side, or None where the swap could be wrong.

    The first word is in lower case; there is no final punctuation. The clause must be a statement
    that starts with its subject (or with a whole "when" or "if" part).
    """
    plain = clause.replace("\u2019", "'").strip().rstrip(".!,;:\u2026 ")
    if not plain or any(mark in plain for mark in '?"\u201c\u201d*[](){}<>/_=@#\u2026;:'):
        return None
    if _TOKEN.sub("", plain).strip():
        return None
    if "--" in plain or _STUTTER.search(plain.lower()):
        return None
    tokens = _TOKEN.findall(plain)
    lowered = [token.lower() for token in tokens]
    if _words().forbidden.intersection(lowered) or not _stands_alone(lowered):
        return None
    if sum(len(token) > 3 and token.isupper() for token in tokens):
        return None
    turned = []
    for at, (token, low) in enumerate(zip(tokens, lowered, strict=True)):
        if low in ("was", "wasn't"):
            form = _be(lowered, at)
            if form is None:
                return None
            turned.append(form)
        elif low in _SWAP:
            turned.append(_SWAP[low])
        else:
            turned.append(low if at == 0 else token)
    return " ".join(turned).replace(" ,", ",").replace(" - ", "-")


def _be(lowered: list[str], at: int) -> str | None:
    """The right form of a "was" at this place, or None when its subject is not certain."""
    before = at - 1
    while before >= 0 and lowered[before] in _words().adverbs:
        before -= 1
    subject = lowered[before] if before >= 0 else ""
    follows = lowered[at + 1] if at + 1 < len(lowered) else ""
    negated = lowered[at] == "wasn't"
    if subject == "i" or follows == "i":
        return "weren't" if negated else "were"
    if subject in _BEFORE_A_SHARED_SUBJECT or not subject:
        return None
    return lowered[at]


def _stands_alone(lowered: list[str]) -> bool:
    """Whether these words are a whole statement."""
    words = _words()
    first = lowered[0]
    if first not in words.clause_start or lowered[-1] in words.dangling or len(lowered) < 2:
        return False
    if _SHARED_SUBJECT.match(" ".join(lowered)):
        return False
    if first in ("when", "if"):
        if "," in lowered[2:-2]:
            main = lowered[lowered.index(",", 2) + 1 :]
            return bool(main) and main[0] in words.clause_start
        return False
    if "'" in first or first in ("i", "he", "she", "it", "they", "there"):
        if len(lowered) > 1 and lowered[1] in (",", "-"):
            return False
        return first == "i" or "'" in first or bool(words.verbs.intersection(lowered[1:4]))
    # "my boss sends": the third word of a longer statement with an s is taken for its verb.
    third = lowered[2] if len(lowered) > 3 else ""
    if len(third) > 3 and third.endswith("s") and not third.endswith("ss"):
        return True
    return any(word in words.verbs or word.endswith(("n't", "'s", "ed")) for word in lowered[1:6])
