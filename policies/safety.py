"""Crisis and harm screening of client and therapist words."""

from typing import Literal

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


class SafetyFinding(Frozen):
    """One cue in one utterance: category and the words that raised it."""

    category: SafetyCategory
    cue: str
