"""What is wrong with a phrase bank, all of it at once, and how much it can say.

Every mistake comes with its file and line. The phrasing rules are those a clinician would apply:
nothing on the banned list, one question at a time, clients who do not talk like textbooks, and no
words of crisis in a mouth that only rolls dice. Warnings are what makes a bank poorer, not wrong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, product
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from mirrorplay.personas.document import Marked, read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import RESISTANCE_TYPES, Technique
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.phrasing.bank import (
    FRAGMENTS_FILE,
    OTHER_FILES,
    VOICE_FILE,
    Entry,
    read_fragments,
    read_voices,
)
from mirrorplay.policies.phrasing.keys import BANDS, NEEDED_KEYS
from mirrorplay.policies.phrasing.own import CLIENT_SLOTS
from mirrorplay.policies.phrasing.template import Template, fill, parse
from mirrorplay.policies.safety import screen, screen_therapist
from mirrorplay.policies.situation import MATTERS, SITUATIONS

ENOUGH = 400
"""Utterances that each common act × type should be able to make."""
COMMON_ACTS = (
    "answering", "disclosing", "agreeing", "change_talk", "insight", "committing", "disagreeing",
    "excusing", "minimizing", "pessimism", "reluctance", "unwillingness", "discounting", "blaming",
    "challenging", "limit_setting", "sidetracking",
)  # fmt: skip
THERAPIST_SLOTS = frozenset(
    {"you_clause", "topic", "person", "feeling", "belief", "change_clause", "name", "crisis_line"}
)
MOST_WORDS, MOST_WORDS_POOR = 45, 80
"""Longest a therapist's core may be, in good and in poor manner; the median turn has 16 [A]."""
MOST_CLIENT_WORDS = 30
_NEVER_POOR = "safety_inquiry"
"""Asked in one manner only, and asked again where it must be."""
_NEEDED_THERAPIST = frozenset(
    (*THERAPIST_ACTS, *(f"{act}.poor" for act in THERAPIST_ACTS if act != _NEVER_POOR))
)
_SESSION_KEYS = ("opening", "leaving", "more")
_THERAPIST_HEADS = frozenset((*THERAPIST_ACTS, "plan", "eliza", "acknowledge"))
_TECHNIQUES = frozenset(get_args(Technique))
_EXPANDED = 48
"""Ways of one template that are read for forbidden words."""
_STAND_IN = {
    **dict.fromkeys((*CLIENT_SLOTS, *THERAPIST_SLOTS), "the meeting"),
    **dict.fromkeys(("memory", "said", "reason", "good_point", "aside"), "We had tea."),
    **dict.fromkeys(("thought", "reason_for", "reason_against", "counter_evidence"), "it's late"),
    **{"feeling": "tired", "step": "ask", "avoidance": "waiting"},
}
"""What slots are read as, so that only the bank's own words are judged."""
_ALWAYS_FILLED = frozenset({"crisis_line"})

BANNED = re.compile(
    r"\bI hear you\b|\b(?:completely|totally|perfectly) valid\b|\bhow does that make you feel\b"
    r"|\bproud of you\b|\bI (?:completely |totally )?understand how you feel\b",
    re.I,
)
"""What no therapist should say (science of phrasing, rules 9 and 12)."""
SOUNDS_LIKE = re.compile(r"^it sounds (?:like|as if)\b", re.I)
CLINICAL = re.compile(
    r"\b(?:negative thoughts?|cognitive\w*|distort\w+|catastroph\w+|coping|trigger\w*|resist\w*"
    r"|attachment|avoidan(?:t|ce)|boundar\w+|process(?:ing)?|validat\w+|self-esteem|trauma\w*"
    r"|therap\w+|mindful\w*|core beliefs?|overgeneral\w+|personali[sz]ation|mind.?reading"
    r"|black.and.white|dysfunction\w*|symptom\w*|disorder\w*|ruminat\w+|ambivalen\w+|defensive"
    r"|safety behaviou?rs?|I hear you|struggle with)\b",
    re.I,
)
"""What clients do not call what they do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong and where it stands (`file:line`)."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(slots=True)
class Findings:
    """mistakes make a bank unusable or unfit; warnings make it poorer. `counts` are utterances by
    (act, type), for all acts of a client."""

    mistakes: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Placed:
    template: Template
    where: str


_Keys = dict[str, dict[str, list[_Placed]]]


def lint_bank(directory: Path) -> Findings:
    """Everything that is wrong with the bank in a directory. Raises UserError when there is none,
    or when a file in it is not YAML at all."""
    findings = Findings()
    files = [file for file in sorted(directory.glob("*.yaml")) if file.name not in OTHER_FILES]
    if not files:
        raise UserError(f"no phrase files (*.yaml) in {str(directory)!r}")
    fragments: Mapping[str, tuple[str, ...]] = {}
    try:
        fragments = read_fragments(directory / FRAGMENTS_FILE)
        read_voices(directory / VOICE_FILE)
    except UserError as error:
        findings.mistakes.append(Problem(error.where or str(directory), error.what))
    keys: _Keys = {}
    for file in files:
        _read(read_yaml(file), fragments, keys, findings)
    whole = Problem(str(directory), "")
    for key in sorted((NEEDED_KEYS | _NEEDED_THERAPIST) - keys.keys()):
        findings.mistakes.append(Problem(whole.where, f"no words for {key!r}, which is needed"))
    seen: dict[str, str] = {}
    for key, parts in keys.items():
        _check_key(key, parts, findings)
        _check_repeats(key, parts, seen, findings)
    findings.counts = {
        (act, kind): _utterances(keys, act, kind)
        for act in CLIENT_ACTS
        for kind in RESISTANCE_TYPES
    }
    for act in COMMON_ACTS:
        for kind in RESISTANCE_TYPES:
            made = findings.counts[act, kind]
            if made < ENOUGH:
                told = f"{act} × {kind} can make {made} utterances, fewer than {ENOUGH}"
                findings.warnings.append(Problem(whole.where, told))
    return findings


def _read(
    document: Marked, fragments: Mapping[str, Sequence[str]], keys: _Keys, findings: Findings
) -> None:
    mistakes = findings.mistakes
    if not isinstance(document.value, dict):
        mistakes.append(Problem(document.name, "not a mapping of acts to phrases"))
        return
    for key, raw in document.value.items():
        where = document.where((key,))
        wrong = _wrong_key(str(key))
        if wrong:
            mistakes.append(Problem(where, wrong))
        if key in keys:
            mistakes.append(Problem(where, f"{key!r} is in two files"))
            continue
        try:
            entry = Entry.model_validate(raw)
        except ValidationError as error:
            for one in error.errors():
                place = document.where((key, *one["loc"]))
                mistakes.append(Problem(place, f"{key}: {one['msg']}"))
            continue
        parts: dict[str, list[_Placed]] = {}
        texts = {"openers": entry.openers, "cores": entry.cores, "tails": entry.tails}
        for part, lines in texts.items():
            parts[part] = []
            for number, text in enumerate(lines):
                place = document.where((key, part, number))
                try:
                    made = parse(f"{key}/{part[:-1]}/{number}", text, fragments)
                except ValueError as error:
                    mistakes.append(Problem(place, f"{key}: {error}"))
                    continue
                parts[part].append(_Placed(made, place))
        keys[key] = parts


def _wrong_key(key: str) -> str | None:
    head, *rest = key.split(".")
    if head not in _SESSION_KEYS and head not in CLIENT_ACTS and head not in _THERAPIST_HEADS:
        known = (*CLIENT_ACTS, *_SESSION_KEYS, *sorted(_THERAPIST_HEADS))
        hint = nearest(head, known)
        return f"unknown key {key!r}" + (f": {hint}" if hint else "")
    if head == "plan" and rest and rest[0] not in (*_TECHNIQUES, "poor"):
        return f"unknown technique in {key!r}"
    if head in _THERAPIST_HEADS or not rest:
        return None
    if ".".join(rest) not in _qualifiers(head):
        hint = nearest(".".join(rest), _qualifiers(head))
        return f"{key!r} is never looked for" + (f": {hint}" if hint else "")
    return None


@lru_cache(maxsize=64)
def _qualifiers(head: str) -> frozenset[str]:
    if head == "opening":
        return frozenset((*RESISTANCE_TYPES, *CLIENT_ACTS, "reason"))
    if head == "leaving":
        return frozenset({"confrontation", "withdrawal"})
    if head == "more":
        return frozenset(CLIENT_ACTS)
    return frozenset(
        (
            *(f"about_{matter}" for matter in MATTERS),
            *(f"after_{kind}" for kind in SITUATIONS),
            *RESISTANCE_TYPES,
            *BANDS,
            *(f"{kind}.{band}" for kind in RESISTANCE_TYPES for band in BANDS),
            *(("memory",) if head == "disclosing" else ()),
            "own",
            "echo",
        )
    )


def _check_key(key: str, parts: Mapping[str, list[_Placed]], findings: Findings) -> None:
    head = key.split(".")[0]
    client = head not in _THERAPIST_HEADS
    slots = CLIENT_SLOTS if client else THERAPIST_SLOTS
    for part in parts.values():
        for one in part:
            for name in sorted(one.template.may_need - slots):
                told = f"{key}: unknown slot {{{name}}}; known: {', '.join(sorted(slots))}"
                findings.mistakes.append(Problem(one.where, told))
            for options in _closed_choices(one.template):
                told = f"{key}: every option of [{options}] needs a slot"
                findings.warnings.append(Problem(one.where, told))
            for problem in _forbidden(one.template, client):
                findings.mistakes.append(Problem(one.where, f"{key}: {problem}"))
    if not parts["cores"]:
        return
    here = parts["cores"][0].where
    needs = {"memory"} if key == "disclosing.memory" else _ALWAYS_FILLED
    if (key in NEEDED_KEYS or key in _NEEDED_THERAPIST) and not any(
        one.template.fits(needs) for one in parts["cores"]
    ):
        findings.mistakes.append(Problem(here, f"{key}: no core that needs no slot"))
    if client:
        return
    poor = key.endswith(".poor")
    asked = {part: max((_questions(o.template) for o in parts[part]), default=0) for part in parts}
    most = MOST_WORDS_POOR if poor else MOST_WORDS
    for one in parts["cores"]:
        together = _questions(one.template) + asked["tails"] + asked["openers"]
        if together > 1 and head != _NEVER_POOR:
            findings.mistakes.append(Problem(one.where, f"{key}: {together} questions in one turn"))
        if one.template.words > most:
            told = f"{key}: {one.template.words} words, more than {most}"
            findings.mistakes.append(Problem(one.where, told))


def _closed_choices(template: Template) -> Iterator[str]:
    """Choices that hide what a template needs."""
    for piece in template.pieces:
        if not isinstance(piece, str) and all(option.slots for option in piece):
            yield "|".join(option.text for option in piece)


def _forbidden(template: Template, client: bool) -> Iterator[str]:
    told: set[str] = set()
    for text in _ways(template):
        plain = fill(text, _STAND_IN)
        if client:
            clinical = CLINICAL.search(plain)
            if clinical:
                told.add(f"a client would not say {clinical[0]!r}")
            told |= {f"words of crisis: {found.cue!r}" for found in screen(plain)}
            if len(plain.split()) > MOST_CLIENT_WORDS:
                told.add(f"{len(plain.split())} words, more than {MOST_CLIENT_WORDS}")
        else:
            banned = BANNED.search(plain)
            if banned:
                told.add(f"banned: {banned[0]!r}")
            told |= {f"harmful words: {found.cue!r}" for found in screen_therapist(plain)}
    yield from sorted(told)


def _ways(template: Template) -> Iterator[str]:
    pieces = ([p] if isinstance(p, str) else [o.text for o in p] for p in template.pieces)
    return ("".join(way) for way in islice(product(*pieces), _EXPANDED))


def _questions(template: Template) -> int:
    return max(way.count("?") for way in _ways(template))


def _check_repeats(
    key: str, parts: Mapping[str, list[_Placed]], seen: dict[str, str], findings: Findings
) -> None:
    for part, placed in parts.items():
        here: set[str] = set()
        for one in placed:
            text = one.template.text.lower()
            if text in here:
                findings.mistakes.append(Problem(one.where, f"{key}: {text!r} twice"))
            elif part == "cores" and len(text.split()) > 3 and "{" not in text[:1]:
                if text in seen:
                    told = f"{key}: {text!r} is also in {seen[text]}"
                    findings.warnings.append(Problem(one.where, told))
                seen.setdefault(text, key)
            here.add(text)


def _utterances(keys: _Keys, act: str, kind: str) -> int:
    """Utterances of an act by a person of a type, whatever was asked, all slots filled; what a
    person says whole (memory, answer, reason) counts once."""
    present = CLIENT_SLOTS
    total = 0
    for key, parts in keys.items():
        head, _, rest = key.partition(".")
        others = (other for other in RESISTANCE_TYPES if other != kind)
        if head != act or any(rest.split(".")[0] == other for other in others):
            continue
        before, cores, after = (
            sum(one.template.variants(present) for one in parts[part])
            for part in ("openers", "cores", "tails")
        )
        total += cores * (1 + before) * (1 + after)
    return total
