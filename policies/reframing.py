"""CBT plans: a technique and its steps (MIRROR's planning)."""

from pydantic import Field

from mirrorplay.personas.schema import Frozen, Line, Technique


class Plan(Frozen):
    """`stage` is the index of the step being worked on, up to len(steps) when all are done."""

    technique: Technique
    steps: tuple[Line, ...]
    stage: int = Field(default=0, ge=0)
