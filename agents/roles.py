"""The contracts: six roles, what each is shown, and what each gives back.

What a scene does not hold, a role cannot see. The therapist's scene has the intake card, the
spoken words and the face image; the supervisor and the judge see words, stage directions and their
own codes. Agents hold no session memory: whatever must be remembered travels in the scene.
Image bytes never enter a graph's state; they are handed over here. Everywhere `exchange` counts
from 1 to `max_exchanges`, and `turn` is the index, from 0, of the turn about to be spoken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, Protocol, runtime_checkable

from mirrorplay.personas.schema import Appearance, IntakeCard, Persona, ResistanceProfile
from mirrorplay.policies.acts import ClientAct, Manner, TherapistAct
from mirrorplay.policies.expression import Expression, Perception
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.safety import SafetyFinding
from mirrorplay.policies.seeds import Draws
from mirrorplay.policies.state import ClientState
from mirrorplay.policies.stopping import EndedBy, Outcome

Speaker = Literal["client", "therapist"]
Mode = Literal["text", "base", "p", "ec", "p+ec"]
MODES: tuple[Mode, ...] = ("text", "base", "p", "ec", "p+ec")
"""The therapist's arms. All but `text` are given the image; the scripted `p` reads words only."""
TherapistPolicy = Literal["mi_consistent", "directive", "confrontational", "eliza", "random"]
"""How the scripted therapist decides: five known groups."""
TherapistManner = Literal["good", "poor"]
"""How it does what it decides."""


@dataclass(frozen=True, slots=True)
class Image:
    """Encoded image bytes exactly as recorded. `mime` is image/jpeg, image/png or image/webp."""

    data: bytes
    mime: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What anyone in the room hears."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class ObservedLine:
    """What an observer of the tape has: words, stage direction, and the observer's own codes."""

    index: int
    speaker: Speaker
    text: str
    stage_direction: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls cost; None where no model was called. `calls` counts them."""

    model: str | None = None
    calls: int = 1
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TherapistTurn:
    """A reply. `acts` and `manner` are None when the speaker cannot say what it intended (a model):
    the client then appraises the words. `stage` moves the plan. `phrases` are ids of phrasings
    used, so that none repeats in the session."""

    text: str
    acts: tuple[TherapistAct, ...] | None = None
    manner: Manner | None = None
    stage: int | None = None
    phrases: tuple[str, ...] = ()
    note: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class ClientScene:
    """What the client knows before speaking. `lines` includes the client's own earlier words;
    `reply` is the therapist's last turn, None at the opening; `state` is None at the opening."""

    persona: Persona
    profile: ResistanceProfile
    state: ClientState | None
    lines: tuple[SpokenLine, ...]
    reply: TherapistTurn | None
    exchange: int
    max_exchanges: int
    turn: int
    disclosed: tuple[str, ...]
    phrases: tuple[str, ...]
    acts: tuple[ClientAct, ...]
    """The client's own earlier acts, oldest first."""
    draws: Draws


@dataclass(frozen=True, slots=True)
class ClientTurn:
    """Words, the act behind them (ground truth), the state they came from and the face."""

    text: str
    stage_direction: str
    act: ClientAct
    state: ClientState
    expression: Expression
    disclosed: tuple[str, ...] = ()
    """Ids of memories told in this turn."""
    phrases: tuple[str, ...] = ()
    leaving: bool = False
    """The client gets up: visible to everyone."""
    agreement: bool | None = None
    """Whether the words came across as the act that was meant; None where nobody listened, or the
    listener heard neither."""
    tries: int | None = None
    """How often a model was asked for the words."""
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class FaceBrief:
    """What to draw. Identity comes from persona id, age, gender and appearance alone. Whose session
    it is (`resistance`, `replicate`) and its how many-eth client turn, from 0, are for controls; a
    drawing must not depend on them."""

    persona_id: str
    age: int | None
    gender: str | None
    appearance: Appearance
    expression: Expression
    size: int
    seed: int
    resistance: str = "none"
    replicate: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class FaceAttempt:
    """One try: its seed, verification scores by name, reasons for refusal, verdict."""

    seed: int
    scores: Mapping[str, float]
    reasons: tuple[str, ...]
    accepted: bool


@dataclass(frozen=True, slots=True)
class Face:
    """The accepted image, or None when every attempt was refused, and all attempts."""

    image: Image | None
    attempts: tuple[FaceAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class TherapistScene:
    """What the therapist is shown: nothing hidden is in here. `image` and `perception` are of the
    client's last turn and None in arms without them; `leaving` is seen, not inferred; `phrases` are
    the therapist's own."""

    card: IntakeCard
    lines: tuple[SpokenLine, ...]
    image: Image | None
    perception: Perception | None
    plan: Plan | None
    exchange: int
    max_exchanges: int
    turn: int
    leaving: bool
    phrases: tuple[str, ...]
    draws: Draws
    faces: tuple[Image | None, ...] = ()
    """Those of the client's earlier turns, oldest first, for arms that see; else none."""


@dataclass(frozen=True, slots=True)
class SupervisorScene:
    """The tape so far; the last two lines are the exchange to review, still without codes."""

    lines: tuple[ObservedLine, ...]
    exchange: int
    max_exchanges: int
    leaving: bool
    planned: bool
    """The arm works with a plan, so a new one may be asked for."""


@dataclass(frozen=True, slots=True)
class Review:
    """Codes of the exchange, safety findings, and whether to go on. `outcome` and `ended_by` are
    set when the session stops."""

    client_codes: tuple[str, ...]
    therapist_codes: tuple[str, ...]
    safety: tuple[SafetyFinding, ...] = ()
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    replan: bool = False
    note: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A finished session as the judge sees it: words and stage directions, nobody's codes."""

    card: IntakeCard
    lines: tuple[ObservedLine, ...]
    outcome: Outcome
    faces: tuple[Image | None, ...] = ()
    """One per client turn for a judge with a true attribute `looks_at_faces`, else empty."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of one judge; what could not be read is absent."""

    scores: tuple[Score, ...]
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class ScreenplayBrief:
    """What a screenplay writer is given: the client in full, since it writes both sides."""

    persona: Persona
    profile: ResistanceProfile
    mode: Mode
    max_exchanges: int
    draws: Draws


@dataclass(frozen=True, slots=True)
class Screenplay:
    """The raw text of a whole session, with stage directions in brackets."""

    text: str
    usage: Usage = field(default_factory=Usage)


@runtime_checkable
class Client(Protocol):
    async def speak(self, scene: ClientScene) -> ClientTurn: ...


@runtime_checkable
class FaceArtist(Protocol):
    async def draw(self, brief: FaceBrief) -> Face: ...


@runtime_checkable
class Perceiver(Protocol):
    async def look(self, image: Image) -> Perception | None:
        """What the image shows; None where no reading came about."""
        ...


@runtime_checkable
class Therapist(Protocol):
    async def plan(self, scene: TherapistScene) -> Plan: ...

    async def respond(self, scene: TherapistScene) -> TherapistTurn: ...


@runtime_checkable
class Supervisor(Protocol):
    async def review(self, scene: SupervisorScene) -> Review: ...


@runtime_checkable
class Judge(Protocol):
    async def score(self, transcript: Transcript) -> Scores: ...


@runtime_checkable
class Screenwriter(Protocol):
    async def write(self, brief: ScreenplayBrief) -> Screenplay: ...
