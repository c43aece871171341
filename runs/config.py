"""What one run is told: a frozen, closed model, the same whether it came from YAML or Python.

Blocks are discriminated unions on `kind`; a bare word stands for a block (`face: none` is
`face: {kind: none}`). Numbers are strict: `true` is no number and `"5"` is text. Nothing here is
secret, and nothing secret is let in: a configuration is written into every run directory.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mirrorplay.agents.roles import Mode, TherapistManner, TherapistPolicy
from mirrorplay.personas.schema import RESISTANCE_TYPES, Frozen, Line, ResistanceType
from mirrorplay.policies.expression import Overlay
from mirrorplay.runs.values import (
    Arguments,
    PathText,
    Real,
    RunName,
    Target,
    Whole,
    mistake,
    shown,
)

IMAGE_MODES: frozenset[Mode] = frozenset({"base", "ec", "p+ec"})
"""Arms that cannot do without the image."""
CAPTION_MODES: frozenset[Mode] = frozenset({"ec", "p+ec"})
"""Arms that read the face before they answer."""


def _block(default: str) -> Callable[[Any], Any]:
    """A bare word stands for a block of that kind; a block without a kind has the default one."""

    def block(value: Any) -> Any:
        if isinstance(value, str):
            return {"kind": value}
        if isinstance(value, dict) and "kind" not in value:
            return {"kind": default, **value}
        return value

    return block


def _resistance(value: Any) -> Any:
    allowed = f"a list of {', '.join(RESISTANCE_TYPES)}; or default: each persona's own"
    if value == "default":
        return value
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise mistake("is not a list of resistance types", allowed=allowed)
    if not given:
        raise mistake("is an empty list", allowed=allowed)
    for one in given:
        if one not in RESISTANCE_TYPES:
            raise mistake(f"holds {shown(one)}", allowed=allowed, show=False)
        if given.count(one) > 1:
            raise mistake(f"holds {one!r} twice", allowed=allowed, show=False)
    return tuple(given)


class Block(Frozen):
    """Base of every block of the configuration.

    The text under a field is its description in the JSON schema. It is read from this file when
    the schema is asked for (`load.schema`): letting pydantic do so costs 0.1 s at every start.
    """


class Custom(Block):
    """A class of one's own, found in the working directory or on `--import-path`."""

    kind: Literal["custom"]
    target: Target
    """`module:Class`."""
    args: Arguments = Field(default_factory=dict)
    """Keyword arguments of the class. No secrets: name an environment variable."""


class Sample(Block):
    """Who the clients are: personas × resistance types × replicates."""

    personas: PathText = "library"
    """`library`, or a directory or file of personas."""
    limit: Annotated[int | None, Whole(1, 10_000_000, also=(None,))] = None
    """How many personas to draw; null takes all."""
    resistance: Annotated[
        tuple[ResistanceType, ...] | Literal["default"], BeforeValidator(_resistance)
    ] = RESISTANCE_TYPES
    """Resistance types that every persona is run with, or `default`: each persona's own."""
    replicates: Annotated[int, Whole(1, 1_000_000)] = 1
    """How often each client is run, with other draws each time."""
    intensity: Annotated[float | None, Real(0.0, 1.0, optional=True)] = None
    """Intensity of the resistance, in place of each persona's own."""
    include_risk: bool = False
    """Whether personas with a history of risk take part; they are left out otherwise."""


class ScriptedWriter(Block):
    """Writes both sides with the embedded client and therapist."""

    kind: Literal["scripted"]


Writer = Annotated[
    Annotated[ScriptedWriter | Custom, Field(discriminator="kind")],
    BeforeValidator(_block("scripted")),
]


class SessionGraph(Block):
    """Client, face, therapist and supervisor take turns."""

    kind: Literal["session"]


class ScreenplayGraph(Block):
    """One call writes the whole session; it is parsed into the same turns (MIRROR's data path)."""

    kind: Literal["screenplay"]
    writer: Writer = ScriptedWriter(kind="scripted")
    """Who writes it."""


class ScriptedClient(Block):
    """The embedded client: state, act, expression, words."""

    kind: Literal["scripted"]
    appraisal: Literal["embedded"] = "embedded"
    """What reads a reply whose intended act is unknown."""
    dynamics: Literal["full", "memoryless", "static"] = "full"
    """`full`: state moves and lasts; `memoryless`: only the last reply counts; `static`: fixed."""
    display_reliability: Annotated[float, Real(0.0, 1.0)] = 0.5
    """How often a face of ordinary expressivity shows anything."""
    overlay: Overlay = "familiar"
    """How masking shows: in ways that the embedded therapist's table knows, or `unfamiliar`."""


class Picture(Block):
    """What every embedded face is told."""

    kind: str
    size: Annotated[int, Whole(64, 1024)] = 336
    """Width and height, pixels."""


class PortraitFace(Picture):
    """A drawn face: identity and expression as a picture."""

    kind: Literal["portrait"]


class NoFace(Block):
    """No images."""

    kind: Literal["none"]


class BlankFace(Picture):
    """A grey square: a control."""

    kind: Literal["blank"]


class ShuffledFace(Picture):
    """The client's own features with faces of other sessions in any order: a control."""

    kind: Literal["shuffled"]
    deck: PathText
    """A finished run of the same clients, whose faces are used."""


class SwappedFace(Picture):
    """The client's own features with the faces of one other session in order: a control."""

    kind: Literal["swapped"]
    deck: PathText
    """A finished run of the same clients, whose faces are used."""


class EmbeddedPerceiver(Block):
    """The embedded perceiver: a small network that reads the pixels."""

    kind: Literal["embedded"]


class NoPerceiver(Block):
    """Nobody reads the face before the therapist answers."""

    kind: Literal["none"]


class ScriptedTherapist(Block):
    """The embedded therapist."""

    kind: Literal["scripted"]
    policy: TherapistPolicy = "mi_consistent"
    """How it decides: `mi_consistent` rolls with resistance, `directive` advises, `confrontational`
    argues, `eliza` turns words back, `random` does well-formed acts at random."""
    manner: TherapistManner = "good"
    """How it does what it does: `good` asks leave, hedges, is short and takes up what was said;
    `poor` does none of it."""
    mode: Mode = "p"
    """The arm: `text` words alone; `base` words and face; `p` a plan; `ec` a caption of the face
    first; `p+ec` both. The embedded therapist's `p` goes by words alone."""
    names_mismatch: Literal["seen", "always"] = "seen"
    """When it names a mismatch between words and face: when it sees one, or, as a control for arms
    without a face, once in every session."""
    crisis_line: Line = "your local crisis line or emergency number"
    """The help named on a crisis, as it is said in a sentence: "call …"."""


class CustomTherapist(Custom):
    """A therapist of one's own."""

    mode: Mode = "p"
    """The arm: `text` words alone; `base` with the face; `p` with a plan; `ec` with a caption of
    the face; `p+ec` with both."""


class Phrasing(Block):
    """The words of the embedded client and therapist."""

    bank: PathText = "a"
    """`a`, `b` (written apart from coder and judge), or a directory of phrase files."""


class ScriptedSupervisor(Block):
    """The embedded supervisor: codes, safety, when to stop."""

    kind: Literal["scripted"]


class ScriptedJudge(Block):
    """The embedded judge."""

    kind: Literal["scripted"]


class SessionLimits(Block):
    """When a session is cut off."""

    max_exchanges: Annotated[int, Whole(1, 100)] = 10
    """Client turns with their replies."""
    time_limit_s: Annotated[float, Real(0.01, 86_400, "seconds")] = 600.0
    """Wall-clock time of one attempt, seconds."""
    attempts: Annotated[int, Whole(1, 10)] = 2
    """How often a failing session is tried before it is quarantined."""


class Pace(Block):
    """What every executor is told."""

    kind: str
    in_flight: Annotated[int, Whole(1, 100_000)] = 64
    """Sessions running at once."""
    shutdown_grace_s: Annotated[float, Real(0, 3600, "seconds")] = 10.0
    """Time that running sessions get after the first Ctrl-C, seconds."""


class InlineExecutor(Pace):
    """Sessions run in this process."""

    kind: Literal["inline"]


class RayExecutor(Pace):
    """Sessions run in Ray actors."""

    kind: Literal["ray"]
    workers: Annotated[Literal["auto"] | int, Whole(1, 100_000, also=("auto",))] = "auto"
    """Session workers; `auto` is one per core."""
    address: PathText | None = None
    """A running Ray cluster (`auto`, or `host:port`); null starts Ray on this machine."""


class Output(Block):
    """Where run directories are made."""

    dir: PathText = "outputs"
    """Parent of the run directories."""


Graph = Annotated[
    Annotated[SessionGraph | ScreenplayGraph, Field(discriminator="kind")],
    BeforeValidator(_block("session")),
]
ClientBlock = Annotated[
    Annotated[ScriptedClient | Custom, Field(discriminator="kind")],
    BeforeValidator(_block("scripted")),
]
FaceBlock = Annotated[
    Annotated[
        PortraitFace | NoFace | BlankFace | ShuffledFace | SwappedFace | Custom,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_block("portrait")),
]
PerceiverBlock = Annotated[
    Annotated[EmbeddedPerceiver | NoPerceiver | Custom, Field(discriminator="kind")],
    BeforeValidator(_block("embedded")),
]
TherapistBlock = Annotated[
    Annotated[ScriptedTherapist | CustomTherapist, Field(discriminator="kind")],
    BeforeValidator(_block("scripted")),
]
SupervisorBlock = Annotated[
    Annotated[ScriptedSupervisor | Custom, Field(discriminator="kind")],
    BeforeValidator(_block("scripted")),
]
JudgeBlock = Annotated[
    Annotated[ScriptedJudge | Custom, Field(discriminator="kind")],
    BeforeValidator(_block("scripted")),
]
Executor = Annotated[
    Annotated[RayExecutor | InlineExecutor, Field(discriminator="kind")],
    BeforeValidator(_block("ray")),
]

KINDS: dict[tuple[str, ...], dict[str, type[Block]]] = {
    ("graph",): {"session": SessionGraph, "screenplay": ScreenplayGraph},
    ("graph", "writer"): {"scripted": ScriptedWriter, "custom": Custom},
    ("client",): {"scripted": ScriptedClient, "custom": Custom},
    ("face",): {
        "portrait": PortraitFace,
        "none": NoFace,
        "blank": BlankFace,
        "shuffled": ShuffledFace,
        "swapped": SwappedFace,
        "custom": Custom,
    },
    ("perceiver",): {"embedded": EmbeddedPerceiver, "none": NoPerceiver, "custom": Custom},
    ("therapist",): {"scripted": ScriptedTherapist, "custom": CustomTherapist},
    ("supervisor",): {"scripted": ScriptedSupervisor, "custom": Custom},
    ("judge",): {"scripted": ScriptedJudge, "custom": Custom},
    ("executor",): {"ray": RayExecutor, "inline": InlineExecutor},
}
"""The kinds of each block; the first is the default."""


class RunConfig(Block):
    """One run: clients (`sample`) × cells (`grid`), and how they are run."""

    name: RunName = "run"
    """Name of the run directory, before its number."""
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 7
    """Every random draw comes from it."""
    sample: Sample = Sample()
    graph: Graph = SessionGraph(kind="session")
    client: ClientBlock = ScriptedClient(kind="scripted")
    face: FaceBlock = PortraitFace(kind="portrait")
    perceiver: PerceiverBlock = EmbeddedPerceiver(kind="embedded")
    therapist: TherapistBlock = ScriptedTherapist(kind="scripted")
    phrasing: Phrasing = Phrasing()
    supervisor: SupervisorBlock = ScriptedSupervisor(kind="scripted")
    judge: JudgeBlock = ScriptedJudge(kind="scripted")
    session: SessionLimits = SessionLimits()
    executor: Executor = RayExecutor(kind="ray")
    checkpoints: Literal["none", "sqlite"] = "none"
    """`sqlite` keeps every step for inspecting, replaying and forking."""
    output: Output = Output()
    grid: Arguments = Field(default_factory=dict)
    """Dotted key → list of values; `exclude` drops combinations."""

    @model_validator(mode="after")
    def _modes_fit(self) -> Self:
        mode = self.therapist.mode
        if mode in IMAGE_MODES and self.face.kind == "none":
            raise mistake(
                "needs a face to look at, and face.kind is none",
                path=("therapist", "mode"),
                hint="use text or p, or another face",
            )
        if mode in CAPTION_MODES and self.perceiver.kind == "none":
            raise mistake(
                "needs a perceiver that reads the face, and perceiver.kind is none",
                path=("therapist", "mode"),
                hint="use text, p or base, or perceiver: embedded",
            )
        return self
