"""A plan on paper and back: the form that the prompt shows is the form that is read.

Technique: continuum
1. Ask leave to look at the word failure together
2. …
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from mirrorplay.agents.models.mind import Unreadable
from mirrorplay.agents.prompts.catalogue import FOLDER
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Technique
from mirrorplay.policies.reframing import TECHNIQUES, Plan

FILE = FOLDER / "therapist" / "techniques.yaml"
MOST_STEPS = 8
STEP_LIMIT = 300
"""Characters of a step that are kept (`personas.schema.Line`)."""
_TECHNIQUE = re.compile(r"^[\s*_#>-]*technique[\s*_]*:[\s*_]*(.+?)[\s*_.]*$", re.I)
_STEP = re.compile(r"^[\s*_#>]*(?:step\s*)?(\d{1,2})\s*[.):][\s*_]*(.*?)\s*$", re.I)
_BULLET = re.compile(r"^\s*[-\u2022*]\s+(.*?)\s*$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
_NEAR = 0.75


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = read_yaml(FILE).value
    if set(table["techniques"]) != set(TECHNIQUES):
        raise UserError("not the twelve techniques", where=str(FILE), allowed=TECHNIQUES)
    return table


def techniques_text() -> str:
    """The techniques with what each is for, one a line."""
    return "\n".join(f"- {name}: {what}" for name, what in _table()["techniques"].items())


def example_plan() -> Plan:
    """The plan that shows the form."""
    return Plan.model_validate(_table()["example"])


def format_plan(plan: Plan) -> str:
    """The plan in the form that `parse_plan` reads."""
    steps = [f"{at}. {_clean(step)}" for at, step in enumerate(plan.steps, 1)]
    return "\n".join([f"Technique: {plan.technique}", *steps])


def parse_plan(text: str) -> Plan:
    """A plan as a model wrote it. Raises Unreadable when there is no known technique or no step."""
    technique: Technique | None = None
    named: str | None = None
    steps: list[str] = []
    for line in text.splitlines():
        found = _TECHNIQUE.match(line)
        if found and technique is None:
            named = found[1]
            technique = _technique(named)
            continue
        step = _STEP.match(line)
        bullet = _BULLET.match(line) if step is None else None
        written = _clean(step[2] if step else bullet[1] if bullet else "")
        if written and technique is not None:
            steps.append(written)
    if technique is None:
        told = (
            f"{named[:60]!r} is none of the techniques" if named else 'no line "Technique: <name>"'
        )
        raise Unreadable(f"{told}; choose one of {', '.join(TECHNIQUES)}")
    if not steps:
        raise Unreadable("no numbered steps below the technique")
    return Plan(technique=technique, steps=tuple(steps[:MOST_STEPS]))


def _technique(named: str) -> Technique | None:
    """ "Evidence-Based Questioning (looking at the facts)" is evidence_based_questioning."""
    key = re.sub(r"[^a-z]+", "_", named.split("(")[0].lower().replace("behaviour", "behavior"))
    key = key.strip("_")
    for name in TECHNIQUES:
        if key == name or name in key:
            return name
    near = get_close_matches(key, TECHNIQUES, n=1, cutoff=_NEAR)
    return next((name for name in TECHNIQUES if name in near), None)


def _clean(step: str) -> str:
    """One line without emphasis at its ends, as long as a step may be."""
    return " ".join(_CONTROL.sub(" ", step).split()).strip("*_ ")[:STEP_LIMIT].strip("*_ ")
