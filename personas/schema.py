"""Who the client is: frozen data, the same in every cell of an ablation.

The fields are a cognitive formulation (Beck's model): intake, problem, episodes, beliefs, what
speaks for and against the thought, what resistance protects, and memories that open with trust.
`talk` holds the few phrases that template language needs in a fixed grammatical form.
Every text is untrusted: bounded in length, free of control characters, never a format string.
"""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

ResistanceType = Literal["emotional", "cognitive", "behavioral", "none"]
RESISTANCE_TYPES: tuple[ResistanceType, ...] = ("emotional", "cognitive", "behavioral", "none")
ThinkingTrap = Literal[
    "catastrophizing",
    "discounting_the_positive",
    "overgeneralization",
    "personalization",
    "black_and_white",
    "mental_filtering",
    "mind_reading",
    "fortune_telling",
    "should_statements",
    "labeling",
]
Technique = Literal[
    "efficiency_evaluation",
    "pie_chart",
    "alternative_perspective",
    "decatastrophizing",
    "pros_and_cons",
    "evidence_based_questioning",
    "reality_testing",
    "continuum",
    "changing_rules_to_wishes",
    "behavior_experiment",
    "problem_solving_skills_training",
    "systematic_exposure",
]
"""The twelve CBT techniques of MIRROR (Kim et al., 2025)."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def _printable(text: str) -> str:
    found = _CONTROL.search(text)
    if found:
        raise ValueError(f"holds a control character (U+{ord(found[0]):04X})")
    return text


Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_printable)]
"""A phrase or a short sentence, 1–300 characters."""
Text = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_printable)]
"""A paragraph, 1–4,000 characters."""
Unit = Annotated[float, Field(ge=0.0, le=1.0)]
"""A number in [0, 1]."""
PersonaId = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
"""Lower-case letters, digits and inner hyphens, 1–64 characters: safe as a file name."""


class Frozen(BaseModel):
    """Base of whatever crosses a disk or a process."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResistanceProfile(Frozen):
    """How this client resists. All numbers in [0, 1]."""

    type: ResistanceType
    intensity: Unit = 0.6
    """How much of it at the start."""
    reactivity: Unit = 0.5
    """How strongly the therapist's manner moves the client."""
    masking: Unit = 0.3
    """How far the words hide what the face shows."""


class IntakeCard(Frozen):
    """The only part of a persona that a therapist or a judge sees. Unknown is null."""

    name: str
    age: int | None
    gender: str | None
    occupation: str | None
    reason: str | None


Heritage = Literal[
    "african", "east_asian", "european", "latin_american", "middle_eastern", "south_asian"
]
"""Broad region of a family's origin: for balance and counts, never for behaviour."""
HERITAGES: tuple[Heritage, ...] = get_args(Heritage)
SocialClass = Literal["working", "middle", "affluent"]
SOCIAL_CLASSES: tuple[SocialClass, ...] = get_args(SocialClass)


class Consent(Frozen):
    """Who answers for a client of 16 or 17, and who has agreed to the sessions."""

    guardian: Line
    given_by: Literal["guardian", "young_person", "both"]


class Intake(Frozen):
    """Who the person is. Unknown stays null."""

    name: Line
    age: Annotated[int, Field(ge=16, le=100)] | None = None
    gender: Line | None = None
    occupation: Line | None = None
    education: Line | None = None
    family: Text | None = None
    culture: Line | None = None
    heritage: Heritage | None = None
    social_class: SocialClass | None = None
    reason: Text | None = None
    """Reason for coming, in the client's words."""
    consent: Consent | None = None
    """For ages 16 and 17."""


class Problem(Frozen):
    """What is wrong, since when, and what keeps it going."""

    presenting: Text | None = None
    thinking_trap: ThinkingTrap | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None
    onset: Text | None = None
    precipitating: Text | None = None
    predisposing: Text | None = None
    maintaining: tuple[Text, ...] = ()
    protective: tuple[Text, ...] = ()


class Episode(Frozen):
    """One situation and what it set off."""

    situation: Text
    thought: Text | None = None
    belief_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    emotion: Line | None = None
    emotion_intensity: Annotated[int, Field(ge=0, le=100)] | None = None
    body: Text | None = None
    behavior: Text | None = None
    consequence: Text | None = None


class CoreBelief(Frozen):
    """A core belief and its family (J. Beck: helpless, unlovable, worthless)."""

    kind: Literal["helpless", "unlovable", "worthless"] | None = None
    text: Text


class Beliefs(Frozen):
    """From core beliefs to the strategies that guard them."""

    core: tuple[CoreBelief, ...] = ()
    rules: tuple[Text, ...] = ()
    strategies: tuple[Text, ...] = ()


class Evidence(Frozen):
    """What speaks for the thought, against it, and what is true in it."""

    supporting: tuple[Text, ...] = ()
    contradicting: tuple[Text, ...] = ()
    true_part: Text | None = None


class Motivation(Frozen):
    """Why change, why not, and how the client came here."""

    goals: tuple[Text, ...] = ()
    values: tuple[Text, ...] = ()
    reasons_for_change: tuple[Text, ...] = ()
    reasons_against_change: tuple[Text, ...] = ()
    referral: (
        Literal["self", "partner", "family", "employer", "doctor", "school", "court"] | None
    ) = None
    earlier_therapy: Text | None = None
    expectations: Text | None = None
    resistance_protects: Text | None = None
    resistance_triggers: tuple[Text, ...] = ()


class Memory(Frozen):
    """Something the client tells once trust reaches `threshold`; first person, as it is said."""

    id: PersonaId
    text: Line
    threshold: Unit


class Health(Frozen):
    """Sleep, substances, medication, pain, and conditions that change how a face moves."""

    sleep: Text | None = None
    substances: Text | None = None
    medication: Text | None = None
    pain: Text | None = None
    expression: Text | None = None
    risk: tuple[Text, ...] = ()
    """Risk and protective history. A persona with risk is off unless asked for by name."""


class Idiolect(Frozen):
    """How the client talks."""

    formality: Unit = 0.4
    verbosity: Unit = 0.4
    fillers: tuple[Line, ...] = ()


class CbtPlan(Frozen):
    """The technique that fits and its steps."""

    technique: Technique
    steps: tuple[Line, ...] = ()


HairStyle = Literal["short", "medium", "long", "curly", "bun", "bald", "covered"]
FaceShape = Literal["oval", "round", "square", "long", "heart"]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Appearance(Frozen):
    """What is fixed about the face; null is drawn from the persona's seed."""

    skin_tone: Annotated[int, Field(ge=1, le=10)] | None = None
    """Monk skin tone scale, 1 (lightest) to 10 (darkest)."""
    face_shape: FaceShape | None = None
    hair_style: HairStyle | None = None
    hair_color: Literal["black", "brown", "auburn", "blond", "red", "grey", "white"] | None = None
    eye_color: Literal["brown", "hazel", "green", "blue", "grey"] | None = None
    beard: Literal["none", "stubble", "moustache", "full"] | None = None
    glasses: bool | None = None
    clothing: Colour | None = None
    description: Text | None = None
    expressivity: Unit = 0.5
    """How readily feelings show in this face."""


Matter = Literal[
    "story",
    "thought",
    "feeling",
    "body",
    "behavior",
    "trigger",
    "cost",
    "function",
    "want",
    "exception",
    "evidence_for",
    "evidence_against",
    "fear",
    "who",
    "coping",
    "time",
]
"""What a therapist's question can be about, as far as a persona answers it in words of its own."""


class Talk(Frozen):
    """Phrases in a fixed grammatical form for template language; a missing one is not used."""

    topic: Line | None = None
    """Noun phrase in the client's view: "the review on Tuesday"."""
    person: Line | None = None
    """Someone in it, client's view: "my manager"."""
    thought: Line | None = None
    """The automatic thought as a first-person clause: "they're going to find me out"."""
    feeling: Line | None = None
    """Adjective: "sick", "ashamed", "worn out"."""
    avoidance: Line | None = None
    """Gerund phrase, client's view: "leaving the emails unread"."""
    step: Line | None = None
    """A small step as a bare verb phrase, client's view: "open one email before lunch"."""
    good_point: Line | None = None
    """A true sentence the client can stand on: "Two people on my team were let go in March."."""
    reason_for: Line | None = None
    """Clause: "I can't keep snapping at the kids"."""
    reason_against: Line | None = None
    """Clause: "if I stop checking, something will slip"."""
    counter_evidence: Line | None = None
    """Clause, client's view: "my last review was fine, actually"."""
    aside: Line | None = None
    """Something else to talk about, a sentence: "The parking here is a joke, by the way."."""
    answers: dict[Matter, Annotated[tuple[Line, ...], Field(min_length=1, max_length=6)]] = Field(
        default_factory=dict
    )
    """Whole answers to questions, by what they are about, first person, 3–20 words each."""


class GenderedWords(Frozen):
    """Words about the client that change with gender: "as a mother", "as a father", "as a parent".

    The twin puts the form of its own gender in the place of any of the others, in every text.
    """

    woman: Line
    man: Line
    neutral: Line


class TwinRules(Frozen):
    """What a counterfactual twin of this persona may change (`personas/twins.py`)."""

    ages: tuple[int, int] | None = None
    """Youngest and oldest age, in years, at which the story still holds; null keeps the age."""
    fixed: tuple[Literal["gender", "culture"], ...] = ()
    """What the story hangs on: a twin cannot change it."""
    gendered: tuple[GenderedWords, ...] = ()


class Variant(Frozen):
    """One attitude a data source gives the same person, kept with its texts."""

    name: Line
    instruction: Text | None = None
    opening: Text | None = None


class Source(Frozen):
    """Where the persona comes from; what had no field is kept verbatim."""

    kind: Literal["mirrorplay", "cactus", "patient_psi", "user"] = "user"
    record: Line | None = None
    verbatim: dict[str, Any] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    """Fields the source says nothing about."""


class Persona(Frozen):
    """A whole client. `id` names it everywhere; `resistance` is the default profile."""

    id: PersonaId
    intake: Intake
    problem: Problem = Problem()
    episodes: tuple[Episode, ...] = ()
    beliefs: Beliefs = Beliefs()
    evidence: Evidence = Evidence()
    motivation: Motivation = Motivation()
    memories: tuple[Memory, ...] = ()
    health: Health = Health()
    idiolect: Idiolect = Idiolect()
    cbt: CbtPlan | None = None
    appearance: Appearance = Appearance()
    talk: Talk = Talk()
    resistance: ResistanceProfile
    twin: TwinRules = TwinRules()
    twin_of: PersonaId | None = None
    """The persona this one is a counterfactual twin of."""
    variants: tuple[Variant, ...] = ()
    source: Source = Source()

    @property
    def root(self) -> str:
        """Whose draws this client shares: a twin meets the same chances as its original."""
        return self.twin_of or self.id

    @property
    def minor(self) -> bool:
        """Under 18: left out of photo-like faces unless asked for."""
        return self.intake.age is not None and self.intake.age < 18

    @property
    def card(self) -> IntakeCard:
        intake = self.intake
        return IntakeCard(
            name=intake.name,
            age=intake.age,
            gender=intake.gender,
            occupation=intake.occupation,
            reason=intake.reason,
        )
