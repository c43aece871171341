"""The record of a session: every field of a data set row, in one place.

A row keeps what was said, shown, seen, planned and scored, and the hidden truth behind it in
columns of its own. `runs/dataset.py` writes these models to Arrow; both graphs fill them.
"""

from typing import Any

from pydantic import Field

from mirrorplay.agents.roles import Mode, Speaker
from mirrorplay.personas.schema import Frozen, Persona, ResistanceType
from mirrorplay.policies.expression import Expression, Perception
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.state import ClientState
from mirrorplay.policies.stopping import EndedBy, Outcome


class ImageRef(Frozen):
    """An image by the hash of its bytes; the bytes live in the session's album."""

    sha256: str
    mime: str
    width: int
    height: int


class FaceAttemptRecord(Frozen):
    """One try at a face. `seed` is kept modulo 2**63, to fit a signed 64-bit column."""

    seed: int
    scores: dict[str, float] = Field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    accepted: bool = True


class Turn(Frozen):
    """One utterance and everything that belongs to it. Null means: not in this arm or unknown."""

    index: int
    exchange: int
    speaker: Speaker
    text: str
    stage_direction: str | None = None
    intended_act: str | None = None
    codes: tuple[str, ...] = ()
    state: ClientState | None = None
    expression: Expression | None = None
    face: int | None = None
    face_attempts: tuple[FaceAttemptRecord, ...] = ()
    perception: Perception | None = None
    plan: Plan | None = None
    note: str | None = None
    agreement: bool | None = None
    """Whether the client's words came across as the act that was meant."""
    tries: int | None = None
    """How often the client's words were asked for."""
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_ms: float | None = None


class ResistanceRecord(Frozen):
    """The profile this session was run with, and the client's dynamics variant."""

    type: ResistanceType
    intensity: float
    reactivity: float
    masking: float
    dynamics: str


class UsageRecord(Frozen):
    """Model calls of a session, summed; zero on embedded agents."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class RecordedImage(Frozen):
    """Image bytes in a row."""

    data: bytes
    mime: str = "image/jpeg"


class SessionRecord(Frozen):
    """One row of the data set: one session."""

    session_id: str
    run: str
    cell: str
    factors: dict[str, Any]
    replicate: int
    seed: int
    attempt: int
    persona_id: str
    persona: Persona
    resistance: ResistanceRecord
    therapist: str
    mode: Mode
    turns: tuple[Turn, ...]
    faces: tuple[RecordedImage, ...]
    outcome: Outcome
    ended_by: EndedBy
    scores: tuple[Score, ...]
    usage: UsageRecord
    provenance: dict[str, Any]
