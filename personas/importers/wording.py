"""Talk slots out of a source's own sentences, only where the grammar is sure.

A slot that cannot be filled safely stays null: template language then does without it.
"""

import re
from typing import Final

_FEELINGS: Final = {
    adjective: adjective
    for adjective in (
        "afraid", "angry", "anxious", "ashamed", "defeated", "depressed", "disappointed",
        "discouraged", "dissatisfied", "distressed", "embarrassed", "fearful", "frustrated",
        "guilty", "helpless", "hopeless", "inadequate", "insecure", "irritated", "isolated",
        "jealous", "lonely", "nervous", "overwhelmed", "sad", "scared", "stressed",
        "unhappy", "upset", "useless", "worried", "worthless",
    )
} | {
    "anger": "angry", "anxiety": "anxious", "disappointment": "disappointed",
    "dissatisfaction": "dissatisfied", "distress": "distressed", "embarrassment": "embarrassed",
    "fear": "afraid", "frustration": "frustrated", "guilt": "guilty",
    "helplessness": "helpless", "hopelessness": "hopeless", "inadequacy": "inadequate",
    "insecurity": "insecure", "isolation": "isolated", "loneliness": "lonely", "sadness": "sad",
    "shame": "ashamed", "stress": "stressed", "worry": "worried", "worthlessness": "worthless",
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_NEGATION: Final = re.compile(r"\b(?:not|never|no|without|less|nor|hardly)\b|n['’]t\b", re.I)
_LONGEST: Final = 130
"""Characters of a clause that still sounds like something said."""

_SUBJECT: Final = (
    r"(?:I(?:['’](?:m|ll|ve|d))?|my|nobody|no one|people|others|no \w+|everyone|everybody|they|it"
    r"|he|she|anyone|something|nothing|things|this|these|those|we|the)\b"
)
_THINKS: Final = re.compile(
    r"\bI (?:also |often |constantly |always |just |sometimes |really |immediately )?"
    r"(?:have (?:a |the )?(?:\w+ ){0,2}(?:belief|worry|fear|thought) that "
    r"|(?:feel|think|believe|worry|fear) (?:that |like (?=" + _SUBJECT + r"))"
    r"|(?:believe|think) (?=" + _SUBJECT + r"))"
    rf"(?P<clause>{_SUBJECT}.*)",
)
_AFTER: Final = re.compile(
    r",?(?: and)? (?:leading|prompting|causing|resulting|preventing|making|assuming|despite"
    r"|particularly|especially|and (?:that|wanted|this))\b"
    r"|, (?:which|and (?:this|it|that)|but|so|as|particularly|even|attributing)\b|; "
)
_BECAUSE: Final = re.compile(
    r".*\b(?:because|realized that|recognized that|noticed that|realizing that|noticing that) "
    rf"(?P<clause>{_SUBJECT}.*)"
)
_POINTING: Final = frozenset(("he", "she", "it", "they", "this", "these", "those"))
_WELL_BEING: Final = re.compile(
    r",? and (?:(?:my|affecting|overall|mental|emotional) )*"
    r"(?:well-being|happiness|mental health)\b.*"
)
_UNSPEAKABLE: Final = re.compile(
    r"\b(?:die|dies|dying|death|dead|funeral|kill\w*|suicid\w*|harm\w*)\b", re.I
)
"""Words that a safety screen must be able to trust: no template repeats them."""
_CLINICAL: Final = re.compile(
    r"\b(?:negative|self-\w+|patterns?|beliefs?|perceptions?|intrusive|perfectionism|distort\w+"
    r"|catastroph\w+|mental|emotional|well-being)\b",
    re.IGNORECASE,
)
"""Words of a report: nobody names a distortion of their own across a table."""
_STATEMENT: Final = re.compile(rf"(?:{_SUBJECT}|I|nobody).*", re.I)


def feeling(text: str | None) -> str | None:
    """The first feeling a text names, as an adjective; None when it is negated or none is named."""
    for found in _WORD.finditer(text or ""):
        adjective = _FEELINGS.get(found[0].lower())
        if adjective:
            before = (text or "")[max(0, found.start() - 25) : found.start()]
            return None if _NEGATION.search(before) else adjective
    return None


def thought(text: str | None) -> str | None:
    """What follows "I believe that …" in the first sentence, as a clause in the first person; None
    when it is about somebody whom only the sentences before have named."""
    found = _THINKS.search(_first_sentence(text))
    if found is None or re.match(r"(?i:he|she|it|they|this|these)\b", found["clause"]):
        return None
    return _clause(found["clause"])


def spoken_thought(text: str | None) -> str | None:
    """An automatic thought that is one plain statement, as a clause: no question, no command."""
    sentence = (text or "").strip()
    if not sentence or sentence.endswith("?") or not _STATEMENT.fullmatch(sentence):
        return None
    return _clause(sentence) if len(_sentences(sentence)) == 1 else None


def reason(text: str | None) -> str | None:
    """What follows "because" or "realized that" in the first sentence, as a clause; "and overall
    well-being" at its end goes."""
    found = _BECAUSE.match(_first_sentence(text))
    return _clause(_WELL_BEING.sub("", found["clause"])) if found else None


def _clause(text: str) -> str | None:
    end = _AFTER.search(text)
    clause = (text[: end.start()] if end else text).strip().rstrip(".!,;")
    if len(clause) > _LONGEST or len(clause.split()) < 3 or re.search(r"[,;:()\"\n]", clause):
        return None
    if _UNSPEAKABLE.search(clause) or _CLINICAL.search(clause):
        return None
    return clause if re.match(r"I\b", clause) else clause[0].lower() + clause[1:]


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def _first_sentence(text: str | None) -> str:
    sentences = _sentences(text or "")
    return sentences[0] if sentences else ""
