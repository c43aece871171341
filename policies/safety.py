"""Crisis and harm screening of client and therapist words.

Recall comes first: a missed crisis costs more than a session ended too early. The cues are data
(`safety_cues.yaml`). `direct` cues count unless they are denied in their own clause ("I'd never
hurt myself") or, said by the therapist, only repeat a thought ("you think it's your fault").
`indirect` cues count as they stand ("they'd be better off without me"). `idioms` ("this commute is
killing me") are taken out before either is looked for. Words alone, English alone; a screen, not a
risk assessment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import Frozen

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


class SafetyFinding(Frozen):
    """One cue in one utterance: category and the words that raised it."""

    category: SafetyCategory | TherapistHarm
    cue: str


@dataclass(frozen=True, slots=True)
class _Cues:
    category: Any
    direct: re.Pattern[str] | None
    indirect: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Screen:
    client: tuple[_Cues, ...]
    therapist: tuple[_Cues, ...]
    idioms: re.Pattern[str]
    denial: re.Pattern[str]
    denial_undone: re.Pattern[str]
    denied_after: re.Pattern[str]
    reported: re.Pattern[str]
    clause: re.Pattern[str]
    question: re.Pattern[str]
    yes: re.Pattern[str]


_CURLY = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u02bc": "'"})
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _cues(table: Mapping[str, Any]) -> tuple[_Cues, ...]:
    return tuple(
        _Cues(
            category,
            _any_of(entry["direct"]) if entry.get("direct") else None,
            _any_of(entry["indirect"]) if entry.get("indirect") else None,
        )
        for category, entry in table.items()
    )


@lru_cache(maxsize=1)
def _screen() -> _Screen:
    data = read_yaml(Path(__file__).with_name("safety_cues.yaml")).value
    return _Screen(
        client=_cues(data["client"]),
        therapist=_cues(data["therapist"]),
        **{
            name: _any_of(data[name])
            for name in (
                "idioms",
                "denial",
                "denial_undone",
                "denied_after",
                "reported",
                "clause",
                "question",
                "yes",
            )
        },
    )


def _plain(text: str) -> str:
    if len(text) > 2 * READ_LIMIT:
        text = f"{text[:READ_LIMIT]} . {text[-READ_LIMIT:]}"
    return _SPACE.sub(" ", text.translate(_CURLY).lower())


def _spared(
    text: str, hit: re.Match[str], screen: _Screen, reported: re.Pattern[str] | None
) -> bool:
    """Whether the cue is denied in its own clause, or only reported as what somebody thinks."""
    start, end = hit.span()
    if screen.denied_after.match(text, end):
        return True
    before = text[max(0, start - 80) : start]
    clause_start = max((found.end() for found in screen.clause.finditer(before)), default=0)
    before = before[clause_start:]
    if reported is not None and reported.search(before):
        return True
    return bool(screen.denial.search(before)) and not screen.denial_undone.search(before)


def _find(
    text: str,
    tables: tuple[_Cues, ...],
    screen: _Screen,
    reported: re.Pattern[str] | None = None,
) -> tuple[SafetyFinding, ...]:
    found: list[SafetyFinding] = []
    cleared = screen.idioms.sub(" _ ", text)
    for cues in tables:
        hit = cues.indirect.search(cleared) if cues.indirect else None
        if hit is None and cues.direct:
            for candidate in cues.direct.finditer(cleared):
                if not _spared(cleared, candidate, screen, reported):
                    hit = candidate
                    break
        if hit is not None:
            found.append(SafetyFinding(category=cues.category, cue=hit[0].strip(" .!?,")[:120]))
    return tuple(found)


# The therapist and the supervisor of a session screen the same words.
@lru_cache(maxsize=2048)
def _in_client(plain: str) -> tuple[SafetyFinding, ...]:
    return _find(plain, _screen().client, _screen())


@lru_cache(maxsize=2048)
def _in_therapist(plain: str) -> tuple[SafetyFinding, ...]:
    return _find(plain, _screen().therapist, _screen(), _screen().reported)


def screen(text: str, previous_therapist: str | None = None) -> tuple[SafetyFinding, ...]:
    """Crisis cues in a client's words, at most one finding a category, in a fixed order.

    With the therapist's preceding turn given, a bare yes to a direct question about suicide or
    self-harm is a finding too.
    """
    screening = _screen()
    plain = _plain(text)
    found = _in_client(plain)
    if found or not previous_therapist:
        return found
    asked = screening.question.search(_plain(previous_therapist))
    if asked and (said := screening.yes.match(plain)):
        cue = f"{said[0].strip()} (asked: {asked[0].strip()})"
        return (SafetyFinding(category="suicidal_intent", cue=cue[:120]),)
    return ()


def screen_therapist(text: str) -> tuple[SafetyFinding, ...]:
    """Harmful words of a therapist: threat, blame, a promise of secrecy, a no-suicide contract,
    method detail, risk waved away. Asking directly about suicide is none of these."""
    return _in_therapist(_plain(text))
