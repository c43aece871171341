"""The state of one session as it moves through its graph.

Payloads are frozen; reducers return new lists, since LangGraph hands states on without copying.
"""

from operator import add
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from mirrorplay.agents.roles import Mode
from mirrorplay.graphs.record import ImageRef, Turn, UsageRecord
from mirrorplay.personas.schema import Frozen, Persona, ResistanceProfile
from mirrorplay.policies.acts import Manner, TherapistAct
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.seeds import Draws
from mirrorplay.policies.state import ClientState
from mirrorplay.policies.stopping import EndedBy, Outcome


class SessionSpec(Frozen):
    """What a session is asked to be. Its draws depend on seed, persona and replicate alone."""

    session_id: str
    persona: Persona
    profile: ResistanceProfile
    mode: Mode = "text"
    seed: int = 0
    replicate: int = 0
    max_exchanges: int = Field(default=10, ge=1)
    face_size: int = 336

    @property
    def draws(self) -> Draws:
        return Draws(self.seed, self.persona.root, self.replicate)


class Reply(Frozen):
    """What the therapist meant by the last reply; null where a model cannot say."""

    acts: tuple[TherapistAct, ...] | None
    manner: Manner | None


def put_turns(turns: list[Turn], changed: list[Turn]) -> list[Turn]:
    """Turns by index: a changed one takes its old place, a new one goes to the end."""
    merged = list(turns)
    for turn in changed:
        if turn.index < len(merged):
            merged[turn.index] = turn
        else:
            merged.append(turn)
    return merged


def add_usage(total: UsageRecord, more: UsageRecord) -> UsageRecord:
    return UsageRecord(
        calls=total.calls + more.calls,
        prompt_tokens=total.prompt_tokens + more.prompt_tokens,
        completion_tokens=total.completion_tokens + more.completion_tokens,
    )


class SessionState(TypedDict, total=False):
    """`exchange` counts from 1; `client` is the hidden state; phrases and `disclosed` are the
    session's memory, since agents hold none. The ids of a client's phrases name its acts, so each
    side has a list of its own. `ending` is what a supervisor has seen the session come to while one
    exchange is left to say goodbye."""

    spec: SessionSpec
    exchange: int
    turns: Annotated[list[Turn], put_turns]
    client: ClientState | None
    leaving: bool
    reply: Reply | None
    plan: Plan | None
    faces: Annotated[list[ImageRef], add]
    client_phrases: Annotated[list[str], add]
    therapist_phrases: Annotated[list[str], add]
    disclosed: Annotated[list[str], add]
    ending: tuple[Outcome, EndedBy] | None
    outcome: Outcome | None
    ended_by: EndedBy | None
    scores: list[Score]
    usage: Annotated[UsageRecord, add_usage]
    script: str | None


def opening(spec: SessionSpec) -> SessionState:
    """The state a session starts from."""
    return {
        "spec": spec,
        "exchange": 0,
        "turns": [],
        "client": None,
        "leaving": False,
        "reply": None,
        "plan": None,
        "faces": [],
        "client_phrases": [],
        "therapist_phrases": [],
        "disclosed": [],
        "ending": None,
        "outcome": None,
        "ended_by": None,
        "scores": [],
        "usage": UsageRecord(),
        "script": None,
    }
