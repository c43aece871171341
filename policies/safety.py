"""Crisis and harm screening of client and therapist words.

Recall comes first: a missed crisis costs more than a session ended too early. The rules are data:
phrases (`cue_phrases.py`) in `safety_cues.yaml` for the client and `safety_harms.yaml` for the
therapist, over the word classes of `safety_words.yaml`. A `direct` phrase counts unless it is
denied in its own clause ("I'd never hurt myself") or, said by the therapist, only repeats a thought
("you think it's your fault"); an `indirect` one counts as it stands, for it may hold a negation of
its own ("they'd be better off without me"). Idioms ("this commute is killing me") are taken out
before either counts, and what is told of a film, of work or of long ago counts only with the
speaker in it.

Words alone, English alone; a screen, not a risk assessment. How much it finds and how much it finds
wrongly is measured (`docs/design/006-safety.md`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import Frozen
from mirrorplay.policies.cue_phrases import Index, Phrase, Words, read_classes

SafetyCategory = Literal[
    "suicidal_intent",
    "passive_ideation",
    "self_harm",
    "harm_to_others",
    "abuse",
    "minor_at_risk",
    "psychosis",
    "intoxication",
]
TherapistHarm = Literal[
    "threat",
    "blame",
    "secrecy_promise",
    "no_suicide_contract",
    "method_detail",
    "dismissed_risk",
]
"""What a therapist must not say."""

READ_LIMIT = 100_000
"""Characters screened at each end of an utterance; what lies between is not read."""
WINDOW = 96
"""Tokens screened together; a longer utterance is read in halves that overlap."""
KEPT = 2_000
"""Characters of an utterance from which on its findings are not remembered."""
QUOTED = 120
"""Longest cue quoted, in characters."""


class SafetyFinding(Frozen):
    """One cue in one utterance: category and the words that raised it."""

    category: SafetyCategory | TherapistHarm
    cue: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """The phrases for one speaker, with what each stands for."""

    index: Index
    category: tuple[Any, ...]
    direct: tuple[bool, ...]
    order: tuple[Any, ...]
    reported: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Screen:
    words: Words
    client: _Rules
    therapist: _Rules
    idioms: Index
    denial: re.Pattern[str]
    denial_undone: re.Pattern[str]
    denied_after: re.Pattern[str]
    undone_after: re.Pattern[str]
    elsewhere: re.Pattern[str]
    first_person: re.Pattern[str]
    clause: re.Pattern[str]
    question: re.Pattern[str]
    yes: re.Pattern[str]


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _rules(
    table: Mapping[str, Any],
    classes: Mapping[str, tuple[str, ...]],
    reported: re.Pattern[str] | None = None,
) -> _Rules:
    rows = [
        (Phrase(source, classes), category, kind == "direct")
        for category, kinds in table.items()
        for kind, sources in kinds.items()
        for source in sources
    ]
    return _Rules(
        Index(phrase for phrase, _, _ in rows),
        tuple(category for _, category, _ in rows),
        tuple(direct for _, _, direct in rows),
        tuple(table),
        reported,
    )


@lru_cache(maxsize=1)
def _screen() -> _Screen:
    words, cues, harms = (
        read_yaml(Path(__file__).with_name(f"safety_{name}.yaml")).value
        for name in ("words", "cues", "harms")
    )
    classes = read_classes(words["classes"])
    scope = {name: _any_of(patterns) for name, patterns in words["scope"].items()}
    return _Screen(
        words=Words(words["spellings"]),
        client=_rules(cues, classes),
        therapist=_rules(harms, classes, scope.pop("reported")),
        idioms=Index(Phrase(source, classes) for source in words["idioms"]),
        **scope,
    )


def _windows(text: str) -> Iterator[tuple[str, list[str], list[tuple[int, int]]]]:
    """Joined tokens, tokens, and their spans."""
    tokens, spans = _screen().words.tokens(text)
    start = 0
    while True:
        part = tokens[start : start + WINDOW]
        yield f"{' '.join(part)} ", part, spans[start : start + WINDOW]
        if start + WINDOW >= len(tokens):
            return
        start += WINDOW // 2


def _spared(
    text: str, hit: re.Match[str], screening: _Screen, reported: re.Pattern[str] | None
) -> bool:
    """Whether the cue is denied in its own clause, or only reported as what somebody thinks."""
    start, end = hit.span()
    if screening.denied_after.match(text, end - 1):
        return True
    before = text[max(0, start - 90) : start + 1]
    clause_start = max((found.end() - 1 for found in screening.clause.finditer(before)), default=0)
    before = before[clause_start:]
    if reported is not None:
        return bool(reported.search(before) or screening.denial.search(before))
    if screening.undone_after.match(text, end - 1):
        return False
    return bool(screening.denial.search(before)) and not screening.denial_undone.search(before)


def _counts(text: str, phrase: Phrase, direct: bool, rules: _Rules) -> re.Match[str] | None:
    """The first place where the phrase stands and means what it says."""
    screening = _screen()
    for hit in phrase.pattern.finditer(text):
        if direct and _spared(text, hit, screening, rules.reported):
            continue
        told = rules.reported is None and not screening.first_person.search(hit[0])
        if told and screening.elsewhere.search(text):
            continue
        return hit
    return None


def _cleared(text: str, tokens: list[str]) -> str:
    """The text without its idioms, at the same length in tokens."""
    index = _screen().idioms
    for number in index.candidates(tokens):
        text = index.phrases[number].pattern.sub(
            lambda hit: f" {'_ ' * (hit[0].count(' ') - 1)}", text
        )
    return text


def _find(text: str, rules: _Rules) -> tuple[SafetyFinding, ...]:
    found: dict[Any, str] = {}
    for joined, tokens, spans in _windows(text):
        index, cleared = rules.index, None
        for number in index.candidates(tokens):
            category, phrase = rules.category[number], index.phrases[number]
            if category in found or not phrase.pattern.search(joined):
                continue
            if cleared is None:
                cleared = _cleared(joined, tokens)
            hit = _counts(cleared, phrase, rules.direct[number], rules)
            if hit is not None:
                first = joined.count(" ", 0, hit.start()) + 1
                last = joined.count(" ", 0, hit.end()) - 1
                # Not what another form was dropped in between: the words as they were said.
                cue = text[spans[first][0] : max(spans[last][1], spans[first][1])]
                found[category] = " ".join(cue.split()).strip(" .!?,")[:QUOTED]
    return tuple(
        SafetyFinding(category=category, cue=found[category])
        for category in rules.order
        if category in found
    )


def _readable(text: str) -> str:
    if len(text) > 2 * READ_LIMIT:
        text = f"{text[:READ_LIMIT]} . {text[-READ_LIMIT:]}"
    return text


# The therapist and the supervisor of a session screen the same words.
@lru_cache(maxsize=2048)
def _in_client(text: str) -> tuple[SafetyFinding, ...]:
    return _find(text, _screen().client)


@lru_cache(maxsize=2048)
def _in_therapist(text: str) -> tuple[SafetyFinding, ...]:
    return _find(text, _screen().therapist)


def screen(text: str, previous_therapist: str | None = None) -> tuple[SafetyFinding, ...]:
    """Crisis cues in a client's words, at most one finding a category, in a fixed order.

    With the therapist's preceding turn given, a bare yes to a direct question about suicide or
    self-harm is a finding too.
    """
    text = _readable(text)
    found = _in_client(text) if len(text) < KEPT else _find(text, _screen().client)
    if found or not previous_therapist:
        return found
    screening = _screen()
    before, _ = screening.words.tokens(_readable(previous_therapist))
    asked = screening.question.search(f"{' '.join(before)} ")
    if asked is None:
        return ()
    said = screening.yes.match(text[:QUOTED].lower().replace("’", "'"))
    if said is None:
        return ()
    cue = f"{said['yes']} (asked: {asked['about']})"
    return (SafetyFinding(category="suicidal_intent", cue=cue[:QUOTED]),)


def screen_therapist(text: str) -> tuple[SafetyFinding, ...]:
    """Harmful words of a therapist: threat, blame, a promise of secrecy, a no-suicide contract,
    method detail, risk waved away. Asking directly about suicide is none of these."""
    text = _readable(text)
    return _in_therapist(text) if len(text) < KEPT else _find(text, _screen().therapist)
