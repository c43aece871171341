"""One score: what was measured, by whom, and where it can be seen."""

from pydantic import Field

from mirrorplay.personas.schema import Frozen


class Score(Frozen):
    """A missing measurement is an absent score, never zero.

    rater: coder or model with its variant, such as "scripted-v1:words" (+stage, +face).
    evidence: indices of the turns the value rests on.
    """

    instrument: str
    item: str
    value: float
    rater: str
    evidence: tuple[int, ...] = Field(default=())
