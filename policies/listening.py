"""What a listener hears in a client's words alone.

`hear` reads one utterance, with the therapist's words before it, for the signals that rolling with
resistance answers to, and for what may be said back: clauses turned to the second person, a topic,
a feeling. It is a listener's ear, not a measure: it shares no rule with the supervisor's coder, and
where it is unsure it hears nothing. The patterns stand in `listening_cues.yaml`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.second_person import second_person

Signal = Literal[
    "stop",
    "open_disagreement",
    "candour",
    "refusal",
    "topic_avoidance",
    "withdrawal",
    "partial_agreement",
    "subtle_disengagement",
    "distress",
    "commitment",
    "change_talk",
    "sustain_talk",
    "question",
    "effort",
    "says_fine",
    "sent_here",
    "minimizing",
    "others",
    "inattention",
    "sidetracking",
    "caution",
    "insight",
    "confides",
]
"""`confides` tells what few know; `others` lays it with others; `caution` is not being ready yet;
`candour` is about the talk; `says_fine` answers "I'm fine"; `sent_here` was not their idea."""
DISCORD: frozenset[str] = frozenset(
    (
        *("stop", "open_disagreement", "candour", "refusal", "topic_avoidance", "withdrawal"),
        *("subtle_disengagement", "inattention", "sidetracking"),
    )
)
"""Signals of strain with the therapist; sustain talk is not one of them."""
_HOLDS: frozenset[str] = frozenset(
    ("distress", "partial_agreement", "minimizing", "others", "caution", "sustain_talk")
)
ClauseKind = Literal["fact", "belief", "pressure", "change", "intention", "possibility"]
"""How a clause must be framed when it is said back. A belief or a rule is never said flat."""
Asks = Literal["advice", "process", "judgement", "trust", "what_if"]
"""What a client's question is after: what to do, how this works, whether they are odd, whether the
therapist believes them, what if it fails."""
Tells = Literal["event", "habit"]
"""Something that happened, or something that keeps happening."""

CUES_FILE = Path(__file__).parent / "listening_cues.yaml"
LISTENED_CHARACTERS = 2000
"""Words beyond this many characters of one utterance are not read."""
CLAUSE_WORDS = (3, 13)
"""Shortest and longest clause that is said back, in words (H)."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The client's own clause, second person, lower case, no final punctuation."""

    text: str
    kind: ClauseKind


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance as heard. What is not sure is None."""

    signals: frozenset[Signal]
    words: int
    clause: Clause | None = None
    """The clause that carries most."""
    topic: str | None = None
    """Noun phrase, second person: "the exam", "your job"."""
    person: str | None = None
    """Someone in the client's life: "your manager"."""
    feeling: str | None = None
    """A word the client used for their own feeling: "ashamed"."""
    asks: Asks | None = None
    """What the client's question is after, when there is one and it is clear."""
    tells: Tells | None = None

    def __contains__(self, signal: str) -> bool:
        return signal in self.signals

    @property
    def discord(self) -> bool:
        """Strain with the therapist is heard."""
        return bool(self.signals & DISCORD)

    @property
    def collaborating(self) -> bool:
        """Open to go on: no strain, distress, "yes, but" or sustain talk. "Yeah." is open."""
        return not self.discord and not self.signals & _HOLDS


_PATTERNS = (
    *("stop", "asks_leave", "says_no", "negated", "open_disagreement", "candour", "refusal"),
    *("suggestion", "topic_avoidance", "withdrawal", "open_question", "partial_agreement"),
    *("disengaged_whole", "defers", "distress", "change_talk", "sustain_talk", "commitment"),
    *("never", "effort", "says_fine", "sent_here", "question", "yes_after_all", "consent_whole"),
    *("no_answer_whole", "filler", "clause_break", "empty_clause", "self_blame", "prediction"),
    *("pressure", "possibility", "intention", "aside", "wish", "asks_advice", "asks_process"),
    *("asks_judgement", "asks_trust", "asks_what_if", "minimizing", "others", "inattention"),
    *("sidetracking", "caution", "insight", "confides", "event", "habit"),
)
_CUT = ("filler", "clause_break", "aside")
"""Cues whose match is cut out, so that the order of their alternatives matters."""
_LISTS = ("people", "things", "feelings")
_SENTENCE = re.compile(r"[^.!?\u2026\u2014]+[.!?\u2026\u2014]*")
_OPINION = re.compile(
    r"^(?:you (?:just |still |keep )?(?:think|thinking|know|believe|feel like|feel)"
    r"|you're (?:just |fairly |pretty |quite |so )?sure)(?: that)? "
    r"(?=(?:you|you'd|they|he|she|it|nobody|everyone|no one|your)\b)"
)
_THINKING = re.compile(
    r"^i(?:'m| am)? (?:just |still |keep |fairly |pretty |quite |so )?"
    r"(?:think|thinking|know|believe|feel like|feel|sure) (?:that )?"
)
_OWN_OPINION = re.compile(r"^you (?:just )?think (?=you\b)")
_FELT = re.compile(r"i (?:\w+ )?(?:feel|felt) (?!like\b|that\b|as\b|i\b|i'm\b)")
_NEW_VIEW = re.compile(r"(?:so|maybe|perhaps|i suppose i|i think i|oh|huh)\b")
_OPEN_KINDS = frozenset(("belief", "change", "possibility", "intention"))
_WOULD = re.compile(
    r"^if\b.*, i(?:'d|'ll| would| will| could| can| might)\b(?! (?:not|never|only))"
)
_SHORT_FORMS = {
    **{f"{verb} not": f"{verb}n't" for verb in ("do", "does", "did", "would", "could", "should")},
    **{f"{verb} not": f"{verb}n't" for verb in ("have", "has", "had", "was", "were")},
    **{
        "i will not": "i won't",
        "i will": "i'll",
        "i would not": "i wouldn't",
        "i would": "i'd",
        "gonna": "going to",
    },
    **{"will not": "won't", "cannot": "can't", "i am": "i'm"},
    **{"it is": "it's", "that is": "that's", "there is": "there's", "you are": "you're"},
}
_LONG_FORM = re.compile(rf"\b(?:{'|'.join(_SHORT_FORMS)})\b")
_LETTERS = re.compile(r"[a-z]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def _grouped(patterns: Sequence[str]) -> str:
    """The alternatives as one pattern that is tried at word starts only where each begins with
    `\\b`: the same matches at a third of the time."""
    groups: dict[str, list[str]] = {"^": [], r"\b": [], "": []}
    for pattern in patterns:
        for one in _alternatives(pattern):
            start = next(start for start in groups if one.startswith(start))
            groups[start].append(one[len(start) :])
    starts = {"^": "^", r"\b": r"\b(?=\w)", "": ""}
    return "|".join(
        f"{starts[start]}(?:{'|'.join(found)})" for start, found in groups.items() if found
    )


def _alternatives(pattern: str) -> list[str]:
    """A pattern cut at its outermost bars."""
    found, depth, start, at, in_set = [], 0, 0, 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            found.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*found, pattern[start:]]


@dataclass(frozen=True, slots=True)
class _Ear:
    """The compiled patterns."""

    cues: Mapping[str, re.Pattern[str]]
    person: re.Pattern[str]
    topic: re.Pattern[str]
    feeling: re.Pattern[str]
    felt: re.Pattern[str]

    def hears(self, name: str, low: str) -> bool:
        return self.cues[name].search(low) is not None


@lru_cache(maxsize=2)
def load_ear(file: Path = CUES_FILE) -> _Ear:
    """The cues file, read and compiled once. Raises UserError for one that cannot be used."""
    document = read_yaml(file)
    raw = document.value
    if not isinstance(raw, dict):
        raise UserError("not a mapping of cues", where=str(file))
    for name in (*_PATTERNS, *_LISTS):
        value = raw.get(name)
        if not (isinstance(value, list) and value and all(isinstance(one, str) for one in value)):
            raise UserError(f"{name!r} is not a list of texts", where=document.where((name,)))
    cues = {}
    for name in _PATTERNS:
        try:
            together = "|".join(f"(?:{one})" for one in raw[name])
            cues[name] = re.compile(together if name in _CUT else _grouped(raw[name]))
        except re.error as error:
            raise UserError(f"{name}: {error}", where=document.where((name,))) from None
    people, things, feelings = (
        "|".join(sorted(map(re.escape, raw[name]), key=len, reverse=True)) for name in _LISTS
    )
    return _Ear(
        cues,
        re.compile(
            rf"\b(my|our) ((?:older |younger |little |big |new |old |late )?(?:{people}))\b(?!['-])"
        ),
        re.compile(
            rf"\b(my|our|the|this) ((?:new |last |next |whole |old |first |final )?(?:{things}))\b"
            r"(?!['-]| (?:\w+ing|list|room|time|book|day|bag|office|desk)\b)"
        ),
        re.compile(
            r"\bi(?:'m| am| was|'ve been| have been| (?:\w+ )?(?:feel|felt|get|got))"
            r" (?:(?:just|so|really|pretty|quite|a bit|a little|kind of|sort of|very|completely"
            rf"|always|still|too|feeling|getting) )*({feelings})\b"
            r"(?! (?:of you|at you|with you|by you|to see|to hear|for you))"
            r"|\b(?:makes?|made|leaves?|left) me (?:feel |feeling )?"
            rf"(?:so |really |just |a bit )?({feelings})\b"
        ),
        re.compile(rf"\b(?:{feelings})\b"),
    )


def hear(text: str, previous_therapist_text: str | None = None) -> Heard:
    """Signals and content of one client utterance. Pure; repeated calls are nearly free."""
    return _hear(text[:LISTENED_CHARACTERS], (previous_therapist_text or "")[-LISTENED_CHARACTERS:])


@lru_cache(maxsize=2048)
def _hear(text: str, before: str) -> Heard:
    ear = load_ear()
    plain = " ".join(text.replace("\u2019", "'").split())
    low = plain.lower()
    person, topic, feeling = (one.search(low) for one in (ear.person, ear.topic, ear.feeling))
    signals = _signals(_contracted(low), before, ear)
    return Heard(
        signals,
        len(low.split()),
        _weightiest(clauses(plain), ear),
        _yours(topic),
        _yours(person),
        (feeling[1] or feeling[2]) if feeling else None,
        _asks(low, ear) if "question" in signals else None,
        "habit" if ear.hears("habit", low) else "event" if ear.hears("event", low) else None,
    )


def _contracted(low: str) -> str:
    """ "I do not" heard as "I don't"."""
    return _LONG_FORM.sub(lambda found: _SHORT_FORMS[found[0]], low)


def _signals(low: str, before: str, ear: _Ear) -> frozenset[Signal]:
    words = len(low.split())
    before = before.replace("\u2019", "'").lower().strip()
    asked_last = _SENTENCE_END.split(before)[-1]
    asked = ear.hears("open_question", asked_last)
    yes_or_no = asked_last.endswith("?") and not asked
    suggested = ear.hears("suggestion", before)
    says_no = words <= 8 and ear.hears("says_no", low) and not ear.cues["yes_after_all"].search(low)
    signals: set[Signal] = set()
    simple: tuple[Signal, ...] = (
        *("stop", "open_disagreement", "candour", "topic_avoidance", "withdrawal"),
        *("partial_agreement", "distress", "change_talk", "sustain_talk", "question", "effort"),
        *("sent_here", "minimizing", "others", "inattention", "sidetracking", "caution"),
        *("insight", "confides"),
    )
    signals.update(name for name in simple if ear.hears(name, low))
    # "No." after "It isn't easy." agrees; after a yes-or-no question it answers.
    answers = yes_or_no or (not asked and ear.hears("negated", asked_last))
    if words > 1 and not answers and ear.hears("says_no", low):
        signals.add("open_disagreement")
    if says_no and ear.hears("asks_leave", asked_last):
        signals.add("refusal")
    if suggested and (says_no or ear.hears("refusal", low)):
        signals.add("refusal")
        signals.discard("open_disagreement")
    unanswered = asked and words <= 3 and ear.hears("no_answer_whole", low)
    if unanswered or not _LETTERS.search(low):
        signals.add("withdrawal")
    if "insight" in signals and _NEW_VIEW.match(low):
        signals.discard("open_disagreement")
    whole = ear.hears("disengaged_whole", low)
    consents = yes_or_no and ear.hears("consent_whole", low)
    if ear.hears("defers", low) or (whole and (asked or suggested or words > 1) and not consents):
        signals.add("subtle_disengagement")
        signals.discard("withdrawal")
    if not whole and ear.hears("commitment", low) and not ear.hears("never", low):
        signals.add("commitment")
    if words <= 9 and ear.hears("says_fine", low):
        signals.add("says_fine")
        signals -= {"subtle_disengagement", "withdrawal"}
    # Longer turns begin with "It's silly" or "I don't usually say this" and then say it.
    if words > 14:
        signals -= {"minimizing", "caution", "withdrawal"}
    return frozenset(signals)


def _asks(low: str, ear: _Ear) -> Asks | None:
    kinds: tuple[Asks, ...] = ("advice", "process", "judgement", "trust", "what_if")
    return next((kind for kind in kinds if ear.hears(f"asks_{kind}", low)), None)


def _yours(found: re.Match[str] | None) -> str | None:
    if found is None:
        return None
    return f"{'your' if found[1] in ('my', 'our') else 'the'} {found[2]}"


def clauses(text: str) -> tuple[Clause, ...]:
    """Every clause that can be said back, in order."""
    ear = load_ear()
    shortest, longest = CLAUSE_WORDS
    found = []
    for sentence in _SENTENCE.findall(text.replace("\u2019", "'")):
        if sentence.rstrip().endswith("?"):
            continue
        for piece in ear.cues["clause_break"].split(sentence):
            bare = piece.strip(" ,.!\u2026\u2014-")
            begun = ear.cues["filler"].match(bare.lower() + " ")
            bare = bare[begun.end() :].strip(" ,") if begun else bare
            ended = ear.cues["aside"].search(bare.lower())
            bare = bare[: ended.start()].strip(" ,") if ended else bare
            low = bare.lower()
            if not shortest <= len(bare.split()) <= longest or ear.hears("empty_clause", low):
                continue
            turned = second_person(bare)
            if turned:
                kind = _kind(_contracted(low), ear)
                found.append(
                    Clause(
                        (_OPINION if kind in _OPEN_KINDS else _OWN_OPINION).sub("", turned), kind
                    )
                )
    return tuple(found)


def _kind(low: str, ear: _Ear) -> ClauseKind:
    if _FELT.match(low):
        return "fact"
    if _WOULD.search(low):
        return "possibility"
    thought = _THINKING.sub("", low)
    if ear.hears("self_blame", low) or ear.hears("prediction", thought) or low.startswith("if "):
        return "belief"
    if ear.hears("wish", low):
        return "change"
    if ear.hears("pressure", low):
        return "pressure"
    if ear.hears("intention", low):
        return "intention"
    return "possibility" if ear.hears("possibility", low) else "fact"


def _weightiest(found: tuple[Clause, ...], ear: _Ear) -> Clause | None:
    """The clause worth saying back: about the client, of some weight, rather late than early."""
    best, best_weight = None, 0.0
    for at, clause in enumerate(found):
        tokens = clause.text.split()
        about_client = any(token.startswith("you") for token in tokens)
        if not about_client and (clause.kind != "belief" or len(tokens) < 5):
            continue
        weight = 2.0 * about_client + 0.15 * at + 0.1 * min(len(tokens), 10)
        weight -= 0.4 * bool({"it", "that", "this", "them"}.intersection(tokens))
        weight += 0.5 * (clause.kind != "fact") + 0.5 * bool(ear.felt.search(clause.text))
        if weight > best_weight:
            best, best_weight = clause, weight
    return best
