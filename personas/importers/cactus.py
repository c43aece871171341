"""CACTUS (Lee et al., 2024) evaluation records: an intake form and an attitude each.

One persona for each distinct form, its attitudes as `variants`. A form is read line by line under
the headings it is known to have, with or without numbers, colons or line breaks between label and
value; a heading that is missing leaves its fields null. The whole form and everything else in its
records stand in `source.verbatim`, from which `cactus_records` gives the records back exactly.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mirrorplay.personas.importers import wording
from mirrorplay.personas.importers.report import (
    DEFAULT_RESISTANCE,
    MAX_PERSONA_CHARACTERS,
    Imported,
    RecordProblem,
    UnreadableRecord,
    absent_fields,
    assign_ids,
    check_record,
    fit,
    fit_line,
    kind_of,
    name_in,
    read_records,
    tidy,
)
from mirrorplay.personas.importers.risk import risk_sentences
from mirrorplay.personas.schema import (
    Health,
    Intake,
    Motivation,
    Persona,
    Problem,
    Source,
    Talk,
    Variant,
)

_TEXT: Final = 4000

_ABOUT: Final = {
    "name": r"(?:full |client(?:'s)? )?name",
    "age": r"age",
    "gender": r"gender|sex",
    "occupation": r"occupation|job|profession",
    "education": r"education(?:al (?:background|level))?",
    "marital": r"marital status|relationship status",
    "family": r"family(?: details| background| members?)?",
    "culture": r"culture|cultural background|ethnicity|nationality",
}
"""Labels of the client's particulars. They need a colon, and count before the first section."""
_SECTIONS: Final = {
    "presenting": r"presenting problems?",
    "reason": r"reasons? for (?:seeking|coming to)? ?counsell?ing",
    "history": r"(?:past )?(?:medical )?history(?: \(.*?\))?",
    "functioning": r"(?:academic ?/ ?)?(?:occupational|academic)(?: functioning)?(?: level)?",
    "relationships": r"interpersonal relationships?",
    "daily": r"daily life",
    "support": r"social support(?: system)?",
}
"""Headings. They need a number before them, a colon after them, or a line of their own."""
_ABOUT_LINE: Final = {
    key: re.compile(rf"[\s\-*•]*(?:\d+[.)]\s*)?(?:{label})\**\s*[:：]\**\s*(.*)", re.IGNORECASE)
    for key, label in _ABOUT.items()
}
_SECTION_LINE: Final = {
    key: re.compile(
        rf"[\s\-*•#]*(?:\d+[.)]\s*)?(?:{title})\**\s*"
        r"(?P<mark>[:：]|\s[–—-]\s)?\**\s*(?P<rest>.*)",
        re.IGNORECASE,
    )
    for key, title in _SECTIONS.items()
}
_NEXT_LABEL: Final = re.compile(
    r"[,;|]?\s+(?=(?:age|gender|sex|occupation|education|marital status|family details)\s*[:：])",
    re.IGNORECASE,
)
_OTHER_HEADING: Final = re.compile(r"(?:#+\s*|\d+[.)]\s+)[A-Z][^.!?]{0,60}")
_AGE: Final = re.compile(r"(\d{1,3})(?:\s*(?:-?\s*years?|yrs?|y/?o)\b.*)?", re.IGNORECASE)
_ONSET: Final = re.compile(
    r"\b(?:started|began|begun|(?:first|initially) (?:occurred|appeared|noticed)"
    r"|since|dates? back)\b"
)
_CAUSE: Final = re.compile(
    r"\b(?:the cause|triggered|causes? of|cause (?:may|might|is|was)|attribute|caused by"
    r"|when (?:the|this) problem (?:first )?(?:occurred|started))\b"
)
_THERAPY: Final = re.compile(
    r"\b(?:treatment|counsell?ing|therap\w+|psychiatr\w+|professional help)\b"
)
_MEDICATION: Final = re.compile(r"\b(?:medications?|medicines?|medicated|antidepressants?)\b")
_SLEEP: Final = re.compile(r"\b(?:sleep|sleeping|sleepless|insomnia|nightmares?)\b")
_SUBSTANCES: Final = re.compile(
    r"\b(?:alcohol|drinking (?:heavily|too much|problem)|drugs?|smoking|cannabis|marijuana"
    r"|substance)\b"
)
_PAIN: Final = re.compile(r"\b(?:chronic pain|pain|headaches?|migraines?)\b")
_NO_SUPPORT: Final = re.compile(
    r"\b(?:do not|don['’]t|does not|without|lack)\b.{0,20}\b(?:have|support)|^no\b", re.IGNORECASE
)


@dataclass(slots=True)
class _Group:
    """The records of one form and their numbers."""

    form: str
    name: str
    records: list[dict[str, Any]]
    numbers: list[int]
    characters: int = 0


def import_cactus(path: Path) -> Imported:
    """Personas of a CACTUS evaluation file. Raises UserError for a file that is no list of records;
    a record that is no object or has no form or no name is reported by its number."""
    groups: dict[str, _Group] = {}
    problems: list[RecordProblem] = []
    for number, raw in enumerate(read_records(path), start=1):
        try:
            record = check_record(raw)
            form = _form_of(record)
            name = name_in(read_form(form).get("name"), "the intake form")
        except UnreadableRecord as unreadable:
            problems.append(RecordProblem(number, str(unreadable)))
            continue
        group = groups.setdefault(" ".join(form.split()), _Group(form, name, [], []))
        group.characters += len(json.dumps(record))
        if group.characters > MAX_PERSONA_CHARACTERS:
            reason = (
                f"its form already has {len(group.records)} records, as much as a persona holds"
            )
            problems.append(RecordProblem(number, reason))
            continue
        group.records.append(record)
        group.numbers.append(number)
    identifiers = assign_ids("cactus", ((group.name, key) for key, group in groups.items()))
    personas = tuple(
        _persona(identifier, group)
        for identifier, group in zip(identifiers, groups.values(), strict=True)
    )
    return Imported(
        tuple(sorted(personas, key=lambda persona: persona.id)),
        tuple(problems),
        {persona.id: persona.source.absent for persona in personas},
    )


def cactus_records(persona: Persona) -> tuple[dict[str, Any], ...]:
    """The records a persona was imported from, exactly as they stood in the file."""
    verbatim = persona.source.verbatim
    return tuple(_merged(verbatim["shared"], own) for own in verbatim["records"])


def read_form(form: str) -> dict[str, str]:
    """The parts of an intake form by key ("name", "presenting", …), as they stand; a part without
    text is left out."""
    parts: dict[str, list[str]] = {}
    here: list[str] | None = None
    about = True
    for line in _lines(form):
        section = _section(line)
        label = _label(line) if about and section is None else None
        if section is None and label is None and _OTHER_HEADING.fullmatch(line):
            here = None  # what stands under an unknown heading belongs to no part
            continue
        opened = section or label
        if opened is not None:
            about = about and section is None
            here = parts.setdefault(opened[0], [])
        if here is not None:
            here.append(opened[1] if opened else line)
    joined = {key: "\n".join(filter(None, lines)).strip() for key, lines in parts.items()}
    return {key: text for key, text in joined.items() if text}


def _lines(form: str) -> list[str]:
    """Stripped lines; several particulars on one line are taken apart."""
    lines: list[str] = []
    about = True
    for line in map(str.strip, form.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        about = about and _section(line) is None
        lines += _NEXT_LABEL.split(" ".join(line.split())) if about else [line]
    return lines


def _label(line: str) -> tuple[str, str] | None:
    """The particular that a line opens and what follows on the same line."""
    for key, at in _ABOUT_LINE.items():
        found = at.fullmatch(line)
        if found:
            return key, found[1]
    return None


def _section(line: str) -> tuple[str, str] | None:
    """The section that a line opens and what follows on the same line."""
    for key, at in _SECTION_LINE.items():
        found = at.fullmatch(line)
        if found and (found["mark"] or not found["rest"]):
            return key, found["rest"]
    return None


def _form_of(record: Mapping[str, Any]) -> str:
    client = record.get("AI_client")
    if not isinstance(client, dict):
        raise UnreadableRecord("has no AI_client block")
    form = client.get("intake_form")
    if not isinstance(form, str):
        what = "is missing" if form is None else f"is {kind_of(form)}, not text"
        raise UnreadableRecord(f"its intake form (AI_client.intake_form) {what}")
    if not form.strip():
        raise UnreadableRecord("its intake form (AI_client.intake_form) is empty")
    return form


def _persona(identifier: str, group: _Group) -> Persona:
    parts = read_form(group.form)
    presenting, reason = fit(parts.get("presenting"), _TEXT), fit(parts.get("reason"), _TEXT)
    history, daily = _sentences(parts.get("history")), _sentences(parts.get("daily"))
    told = _sentences(parts.get("presenting"))
    support = fit(parts.get("support"), _TEXT)
    first = told[0] if told else None
    persona = Persona(
        id=identifier,
        intake=Intake(
            name=group.name,
            age=_age(parts.get("age")),
            gender=fit_line(parts.get("gender")),
            occupation=fit_line(parts.get("occupation")),
            education=fit_line(parts.get("education")),
            family=_family(parts),
            culture=fit_line(parts.get("culture")),
            reason=reason,
        ),
        problem=Problem(
            presenting=presenting,
            onset=_first(told[1:], _ONSET),
            precipitating=_first(told[1:], _CAUSE),
            protective=(support,) if support and not _NO_SUPPORT.search(support) else (),
        ),
        motivation=Motivation(earlier_therapy=_first(history, _THERAPY)),
        health=Health(
            sleep=_first((*daily, *told, *history), _SLEEP),
            substances=_first((*daily, *history), _SUBSTANCES),
            medication=_first(history, _MEDICATION),
            pain=_first((*daily, *history), _PAIN),
            risk=risk_sentences(tidy(group.form) or ""),
        ),
        talk=Talk(
            thought=wording.thought(first),
            feeling=wording.feeling(first),
            reason_for=wording.reason(reason),
        ),
        resistance=DEFAULT_RESISTANCE,
        variants=_variants(group.records),
    )
    source = Source(
        kind="cactus",
        record=_numbers(group.numbers),
        verbatim=_verbatim(group.records),
        absent=absent_fields(persona),
    )
    return persona.model_copy(update={"source": source})


def _numbers(numbers: list[int]) -> str:
    """Record numbers, as many as fit a line."""
    shown = ", ".join(map(str, numbers[:30]))
    return shown if len(numbers) <= 30 else f"{shown} and {len(numbers) - 30} more"


def _age(text: str | None) -> int | None:
    """Whole years from 16 to 100; anything else stays in the verbatim form alone."""
    found = _AGE.fullmatch((text or "").strip().rstrip("."))
    return int(found[1]) if found and 16 <= int(found[1]) <= 100 else None


def _family(parts: Mapping[str, str]) -> str | None:
    marital, family = tidy(parts.get("marital")), tidy(parts.get("family"))
    told = [f"Marital status: {marital}."] if marital else []
    told += [family.lstrip("-•* ")] if family else []
    return fit(" ".join(told), _TEXT)


def _sentences(text: str | None) -> tuple[str, ...]:
    told = tidy(text)
    return tuple(re.split(r"\n|(?<=[.!?])\s+", told)) if told else ()


def _first(sentences: tuple[str, ...], pattern: re.Pattern[str]) -> str | None:
    return next((s for s in sentences if pattern.search(s) and len(s) <= _TEXT), None)


def _variants(records: list[dict[str, Any]]) -> tuple[Variant, ...]:
    variants: list[Variant] = []
    for record in records:
        client = record["AI_client"]
        name = fit_line(client.get("attitude"))
        variant = name and Variant(
            name=name,
            instruction=fit(client.get("attitude_instruction"), _TEXT),
            opening=fit(client.get("dialogue_history_init"), _TEXT),
        )
        if variant and variant not in variants:
            variants.append(variant)
    return tuple(variants)


def _verbatim(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What the records share, once, and what each has of its own."""
    shared = records[0]
    for record in records[1:]:
        shared = _common(shared, record)
    return {"shared": shared, "records": [_rest(record, shared) for record in records]}


def _common(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    common: dict[str, Any] = {}
    for key, value in one.items():
        if isinstance(value, dict) and isinstance(other.get(key), dict):
            common[key] = _common(value, other[key])
        elif key in other and _same(value, other[key]):
            common[key] = value
    return common


def _rest(record: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    rest: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and isinstance(shared.get(key), dict):
            own = _rest(value, shared[key])
            rest |= {key: own} if own else {}
        elif key not in shared:
            rest[key] = value
    return rest


def _merged(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(shared)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _same(one: object, other: object) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values."""
    return json.dumps(one) == json.dumps(other)
