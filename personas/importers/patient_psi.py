"""PATIENT-Ψ (Wang et al., 2024): cognitive conceptualization diagrams, in two shapes.

Flat records hold one situation each (`id`, `name`, `history`, `helpless_belief`, …,
`auto_thought`); nested ones hold an `internal_cognitive_diagram` and `external_experiences`. One
persona a record, named by the record's own id. The conversational styles under `type` become
variants. The record stands whole in `source.verbatim`; what it does not say stays null and is
listed in `source.absent`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from mirrorplay.personas.importers import wording
from mirrorplay.personas.importers.report import (
    DEFAULT_RESISTANCE,
    Imported,
    RecordProblem,
    UnreadableRecord,
    absent_fields,
    assign_ids,
    check_record,
    fit,
    fit_line,
    name_in,
    read_records,
    tidy,
)
from mirrorplay.personas.importers.risk import risk_sentences
from mirrorplay.personas.schema import (
    Beliefs,
    CoreBelief,
    Episode,
    Health,
    Intake,
    Persona,
    Problem,
    Source,
    Talk,
    Variant,
)

_TEXT: Final = 4000
BeliefKind = Literal["helpless", "unlovable", "worthless"]
_KINDS: Final[tuple[BeliefKind, ...]] = ("helpless", "unlovable", "worthless")
_PRECIPITANTS: Final = re.compile(
    r"\bprecipitants?(?: to (?:the )?current disorder)?\s*[:：]\s*", re.IGNORECASE
)
_NUMBERED: Final = re.compile(r"(?:^|(?<=\s))\(\d+\)\s*")
_REACTION: Final = re.compile(
    r"(automatic thoughts?|emotions?|behaviou?rs?)\s*[:：]\s*", re.IGNORECASE
)
_LEADING: Final = re.compile(r"^patient[-_ ]?(?:psi|ψ)[-_ ]*", re.IGNORECASE)


def import_patient_psi(path: Path) -> Imported:
    """Personas of a PATIENT-Ψ file. Raises UserError for a file that is no list of records; a
    record that is no object, has no name or repeats another is reported by its number."""
    read: list[tuple[int, dict[str, Any], str]] = []
    problems: list[RecordProblem] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(read_records(path), start=1):
        try:
            record = check_record(raw)
            name = name_in(record.get("name"), "the record")
            text = json.dumps(record, sort_keys=True)
            if text in seen:
                raise UnreadableRecord(f"repeats record {seen[text]}")
        except UnreadableRecord as unreadable:
            problems.append(RecordProblem(number, str(unreadable)))
            continue
        seen[text] = number
        read.append((number, record, name))
    identifiers = assign_ids(
        "patient-psi", ((_own_id(r) or name, json.dumps(r, sort_keys=True)) for _, r, name in read)
    )
    personas = sorted(
        (_persona(i, *entry) for i, entry in zip(identifiers, read, strict=True)),
        key=lambda persona: persona.id,
    )
    return Imported(
        tuple(personas),
        tuple(problems),
        {persona.id: persona.source.absent for persona in personas},
    )


def _own_id(record: Mapping[str, Any]) -> str | None:
    """The record's id, or what the nested shape says under `source`."""
    for key in ("id", "source"):
        value = record.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        text = tidy(value)
        if text:
            return _LEADING.sub("", text) or text
    return None


def _persona(identifier: str, number: int, record: dict[str, Any], name: str) -> Persona:
    nested = record.get("internal_cognitive_diagram")
    diagram: Mapping[str, Any] = nested if isinstance(nested, dict) else record
    episodes = _experiences(record) if isinstance(nested, dict) else _situation(record)
    history = tidy(diagram.get("relevant_history") or diagram.get("history"))
    before, _, after = _split_history(history)
    first = episodes[0] if episodes else None
    persona = Persona(
        id=identifier,
        intake=Intake(name=name),
        problem=Problem(predisposing=fit(before, _TEXT), precipitating=fit(after, _TEXT)),
        episodes=episodes,
        beliefs=Beliefs(
            core=_core(diagram),
            rules=_rules(diagram),
            strategies=_texts(diagram.get("coping_strategies")),
        ),
        health=Health(risk=risk_sentences(tidy("\n".join(_strings(record))) or "")),
        talk=Talk(
            thought=wording.spoken_thought(first.thought) if first else None,
            feeling=wording.feeling(first.emotion) if first else None,
        ),
        resistance=DEFAULT_RESISTANCE,
        variants=tuple(Variant(name=style) for style in _styles(record.get("type"))),
    )
    source = Source(
        kind="patient_psi",
        record=str(number),
        verbatim={"record": record},
        absent=absent_fields(persona),
    )
    return persona.model_copy(update={"source": source})


def _split_history(history: str | None) -> tuple[str, str, str]:
    """What came before, and what set the present trouble off, where the history marks it."""
    found = _PRECIPITANTS.search(history or "")
    if history is None or found is None:
        return history or "", "", ""
    return history[: found.start()].strip(), found[0], history[found.end() :].strip()


def _core(diagram: Mapping[str, Any]) -> tuple[CoreBelief, ...]:
    core = [
        CoreBelief(kind=kind, text=text)
        for kind in _KINDS
        for text in _texts(diagram.get(f"{kind}_belief") or diagram.get(f"{kind}_beliefs"))
    ]
    listed = diagram.get("core_beliefs") or diagram.get("core_belief")
    if isinstance(listed, dict):
        for key, value in listed.items():
            kind = next((k for k in _KINDS if k in key.lower()), None)
            core += [CoreBelief(kind=kind, text=text) for text in _texts(value)]
    else:
        core += [CoreBelief(text=text) for text in _texts(listed)]
    return tuple(core)


def _rules(diagram: Mapping[str, Any]) -> tuple[str, ...]:
    """Intermediate beliefs one by one. A line in brackets says when those after it hold."""
    rules: list[str] = []
    for key, when in (
        ("intermediate_beliefs", ""),
        ("intermediate_belief", ""),
        ("intermediate_belief_depression", "During depression: "),
    ):
        value = diagram.get(key)
        for text in [value] if isinstance(value, str) else _texts(value):
            for line in (tidy(text) or "").split("\n"):
                heading = re.fullmatch(r"\[(.+?)\]:?", line)
                if heading:
                    when = f"{heading[1][0].upper()}{heading[1][1:]}: "
                    continue
                parts = (part.strip() for part in _NUMBERED.split(line))
                rules += [rule for part in parts if part and (rule := fit(when + part, _TEXT))]
    return tuple(rules)


def _situation(record: Mapping[str, Any]) -> tuple[Episode, ...]:
    situation = fit(record.get("situation"), _TEXT)
    if situation is None:
        return ()
    return (
        Episode(
            situation=situation,
            thought=fit(_joined(record.get("auto_thought"), "\n"), _TEXT),
            emotion=fit_line(_joined(record.get("emotion"), ", ")),
            behavior=fit(_joined(record.get("behavior"), "\n"), _TEXT),
        ),
    )


def _experiences(record: Mapping[str, Any]) -> tuple[Episode, ...]:
    listed = record.get("external_experiences")
    episodes = []
    for experience in listed if isinstance(listed, list) else []:
        situation = (
            fit(experience.get("situation"), _TEXT) if isinstance(experience, dict) else None
        )
        if situation is not None:
            parts = _reaction(experience.get("reaction"))
            episodes.append(
                Episode(
                    situation=situation,
                    thought=fit(parts.get("a"), _TEXT),
                    emotion=fit_line(parts.get("e")),
                    behavior=fit(parts.get("b"), _TEXT),
                )
            )
    return tuple(episodes)


def _reaction(value: object) -> dict[str, str]:
    """The labelled parts of a reaction by the first letter of their label: automatic thoughts,
    emotions, behavior. Text without a label has no field and stays in the verbatim record."""
    if not isinstance(value, str):
        return {}
    pieces = _REACTION.split(value)
    labels = (label[0].lower() for label in pieces[1::2])
    return {label: _unstop(text) for label, text in zip(labels, pieces[2::2], strict=True)}


def _unstop(text: str) -> str:
    """Without the full stop that only closed a list of feelings ("sad, lonely.")."""
    text = text.strip()
    return text[:-1] if re.fullmatch(r"[a-z]+(?:, [a-z]+)*\.", text) else text


def _texts(value: object) -> tuple[str, ...]:
    """A text or a list of texts; what is neither, or does not fit, stays verbatim only."""
    items = value if isinstance(value, list) else [value]
    return tuple(text for item in items if (text := fit(item, _TEXT)))


def _styles(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(style for item in items if (style := fit_line(item))))


def _joined(value: object, mark: str) -> str | None:
    return mark.join(_texts(value)) or None


def _strings(value: object) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _strings(item)]
