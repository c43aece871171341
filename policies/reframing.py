"""CBT plans: a technique and its steps (MIRROR's planning).

The technique is chosen from what anyone in the room knows: the reason on the intake card and the
client's own words. Techniques, cues and steps stand in `techniques.yaml`. A step is worked on when
the client is collaborating and held while strain or distress is heard: rolling comes first.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import get_args

from pydantic import Field, ValidationError

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Frozen, IntakeCard, Line, Technique
from mirrorplay.policies.acts import TherapistAct
from mirrorplay.policies.listening import Heard

TECHNIQUES: tuple[Technique, ...] = get_args(Technique)
TECHNIQUES_FILE = Path(__file__).parent / "techniques.yaml"
CUE_CHARACTERS = 8000
"""Words beyond this many characters are not searched for cues."""
_FALLBACKS: tuple[Technique, ...] = (
    "evidence_based_questioning",
    "alternative_perspective",
    "efficiency_evaluation",
)
"""For words without any cue: the three that need no particular kind of problem (H)."""


class Plan(Frozen):
    """`stage` is the index of the step being worked on, up to len(steps) when all are done."""

    technique: Technique
    steps: tuple[Line, ...]
    stage: int = Field(default=0, ge=0)


class _StepEntry(Frozen):
    line: Line
    act: TherapistAct


class _TechniqueEntry(Frozen):
    cues: tuple[Line, ...] = Field(min_length=1)
    steps: tuple[_StepEntry, ...] = Field(min_length=4, max_length=5)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it sets out to do, its act, and the phrase key of its words."""

    line: str
    act: TherapistAct
    key: str


@dataclass(frozen=True, slots=True)
class _Known:
    cues: re.Pattern[str]
    steps: tuple[Step, ...]


@lru_cache(maxsize=4)
def load_techniques(file: Path = TECHNIQUES_FILE) -> dict[Technique, _Known]:
    """The techniques file, read once. Raises UserError unless it holds exactly the twelve."""
    document = read_yaml(file)
    raw = document.value
    if not isinstance(raw, dict) or set(raw) != set(TECHNIQUES):
        raise UserError("not the twelve techniques", where=str(file), allowed=TECHNIQUES)
    known: dict[Technique, _Known] = {}
    for name in TECHNIQUES:
        try:
            entry = _TechniqueEntry.model_validate(raw[name])
        except ValidationError as error:
            first = error.errors()[0]
            where = document.where((name, *first["loc"]))
            raise UserError(f"{name}: {first['msg']}", where=where) from None
        cues = re.compile(r"\b(?:" + "|".join(re.escape(cue) for cue in entry.cues) + ")")
        known[name] = _Known(
            cues,
            tuple(
                Step(step.line, step.act, f"plan.{name}.{at}")
                for at, step in enumerate(entry.steps)
            ),
        )
    return known


def plan_for(card: IntakeCard, lines: Sequence[str], rng: random.Random) -> Plan:
    """A plan from the reason for coming and the client's spoken lines, oldest first.

    The technique with the most different cues wins; `rng` decides between equals.
    """
    words = " ".join((card.reason or "", *lines))[:CUE_CHARACTERS].lower().replace("\u2019", "'")
    known = load_techniques()
    counts = {name: len(set(known[name].cues.findall(words))) for name in TECHNIQUES}
    most = max(counts.values())
    best = [name for name in TECHNIQUES if counts[name] == most] if most else list(_FALLBACKS)
    technique = rng.choice(best)
    return Plan(technique=technique, steps=tuple(step.line for step in known[technique].steps))


def step_of(plan: Plan) -> Step | None:
    """The step being worked on; None when all are done, or when the plan is not one of ours."""
    steps = load_techniques()[plan.technique].steps
    ours = plan.steps == tuple(step.line for step in steps)
    return steps[plan.stage] if ours and plan.stage < len(steps) else None


@lru_cache(maxsize=1)
def homework_keys() -> frozenset[str]:
    """Phrase keys of the steps that are homework."""
    known = load_techniques().values()
    return frozenset(
        step.key for one in known for step in one.steps if step.act == "homework_cocreated"
    )


def should_advance(heard: Heard, plan: Plan) -> bool:
    """Whether the client's words let the plan move on: with us, not asking, and some of it left."""
    asking = "question" in heard and "insight" not in heard
    return heard.collaborating and not asking and plan.stage < len(plan.steps)
