"""The vocabulary of acts: what a client does, what a therapist does, and how.

Client: PsyFIRE's thirteen resistance behaviours and seven collaborative ones.
Therapist: MITI 4.2 codes, with open and closed question split as in MITI 3.1, and CBT acts.
"""

from typing import Literal, get_args

from pydantic import Field

from mirrorplay.personas.schema import Frozen, Unit

Arguing = Literal["challenging", "discounting"]
Denying = Literal[
    "blaming", "disagreeing", "excusing", "minimizing", "pessimism", "reluctance", "unwillingness"
]
Avoiding = Literal["minimum_talk", "limit_setting"]
Ignoring = Literal["inattention", "sidetracking"]
ResistantAct = Literal[Arguing, Denying, Avoiding, Ignoring]
CollaborativeAct = Literal[
    "answering", "disclosing", "change_talk", "insight", "agreeing", "asking", "committing"
]
ClientAct = Literal[ResistantAct, CollaborativeAct]

RESISTANT_ACTS: tuple[str, ...] = get_args(ResistantAct)
COLLABORATIVE_ACTS: tuple[str, ...] = get_args(CollaborativeAct)
CLIENT_ACTS: tuple[str, ...] = (*RESISTANT_ACTS, *COLLABORATIVE_ACTS)

MitiCode = Literal[
    "giving_information",
    "persuade",
    "persuade_with_permission",
    "open_question",
    "closed_question",
    "simple_reflection",
    "complex_reflection",
    "affirm",
    "seek_collaboration",
    "emphasize_autonomy",
    "confront",
]
CbtAct = Literal[
    "socratic_question",
    "reframe_offer",
    "summary",
    "agenda",
    "homework_cocreated",
    "homework_prescribed",
    "naming_mismatch",
    "checking_impasse",
    "impact_disclosure",
]
SessionAct = Literal["greeting", "closing", "safety_inquiry"]
"""Openings, endings and asking about safety: neither MITI nor CBT."""
TherapistAct = Literal[MitiCode, CbtAct, SessionAct]
MITI_CODES: tuple[str, ...] = get_args(MitiCode)
CBT_ACTS: tuple[str, ...] = get_args(CbtAct)
THERAPIST_ACTS: tuple[str, ...] = (*MITI_CODES, *CBT_ACTS, *get_args(SessionAct))


class Manner(Frozen):
    """How a therapist's act is done. Manner moves a client more than the code does."""

    permission: bool = False
    """Permission was asked before advice or information."""
    hedging: Unit = 0.0
    """Tentativeness of the wording."""
    words: int = Field(default=16, ge=0)
    """Length of the reply in words."""
    fit: Unit = 0.5
    """How well the reply takes up the client's last turn."""
