"""What one run is told: a frozen, closed model, the same whether it came from YAML or Python.

Blocks are discriminated unions on `kind`; a bare word stands for a block (`face: none` is
`face: {kind: none}`). Numbers are strict: `true` is no number and `"5"` is text. Nothing here is
secret, and nothing secret is let in: a configuration is written into every run directory.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mirrorplay.agents.models.purse import Limits
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.roles import Mode
from mirrorplay.runs.blocks import (
    BlankFace,
    Block,
    Custom,
    CustomTherapist,
    EmbeddedPerceiver,
    InlineExecutor,
    NoFace,
    NoPerceiver,
    Output,
    Phrasing,
    PortraitFace,
    RayExecutor,
    Sample,
    ScriptedClient,
    ScriptedJudge,
    ScriptedSupervisor,
    ScriptedTherapist,
    ScriptedWriter,
    SessionGraph,
    SessionLimits,
    ShuffledFace,
    SwappedFace,
    kind_block,
)
from mirrorplay.runs.model_blocks import (
    BY_MODEL,
    ModelClient,
    ModelJudge,
    ModelPerceiver,
    ModelSupervisor,
    ModelTherapist,
    ModelWriter,
)
from mirrorplay.runs.values import Arguments, PathText, RunName, Whole, mistake

IMAGE_MODES: frozenset[Mode] = frozenset({"base", "ec", "p+ec"})
"""Arms that cannot do without the image."""
CAPTION_MODES: frozenset[Mode] = frozenset({"ec", "p+ec"})
"""Arms that read the face before they answer."""


Writer = Annotated[
    Annotated[ScriptedWriter | ModelWriter | Custom, Field(discriminator="kind")],
    BeforeValidator(kind_block("scripted")),
]


class ScreenplayGraph(Block):
    """One call writes the whole session; it is parsed into the same turns (MIRROR's data path)."""

    kind: Literal["screenplay"]
    writer: Writer = ScriptedWriter(kind="scripted")
    """Who writes it."""


Graph = Annotated[
    Annotated[SessionGraph | ScreenplayGraph, Field(discriminator="kind")],
    BeforeValidator(kind_block("session")),
]
ClientBlock = Annotated[
    Annotated[ScriptedClient | ModelClient | Custom, Field(discriminator="kind")],
    BeforeValidator(kind_block("scripted")),
]
FaceBlock = Annotated[
    Annotated[
        PortraitFace | NoFace | BlankFace | ShuffledFace | SwappedFace | Custom,
        Field(discriminator="kind"),
    ],
    BeforeValidator(kind_block("portrait")),
]
PerceiverBlock = Annotated[
    Annotated[
        EmbeddedPerceiver | ModelPerceiver | NoPerceiver | Custom, Field(discriminator="kind")
    ],
    BeforeValidator(kind_block("embedded")),
]
TherapistBlock = Annotated[
    Annotated[ScriptedTherapist | ModelTherapist | CustomTherapist, Field(discriminator="kind")],
    BeforeValidator(kind_block("scripted")),
]
SupervisorBlock = Annotated[
    Annotated[ScriptedSupervisor | ModelSupervisor | Custom, Field(discriminator="kind")],
    BeforeValidator(kind_block("scripted")),
]
JudgeBlock = Annotated[
    Annotated[ScriptedJudge | ModelJudge | Custom, Field(discriminator="kind")],
    BeforeValidator(kind_block("scripted")),
]
Executor = Annotated[
    Annotated[RayExecutor | InlineExecutor, Field(discriminator="kind")],
    BeforeValidator(kind_block("ray")),
]

KINDS: dict[tuple[str, ...], dict[str, type[Block]]] = {
    ("graph",): {"session": SessionGraph, "screenplay": ScreenplayGraph},
    ("graph", "writer"): {"scripted": ScriptedWriter, "model": ModelWriter, "custom": Custom},
    ("client",): {"scripted": ScriptedClient, "model": ModelClient, "custom": Custom},
    ("face",): {
        "portrait": PortraitFace,
        "none": NoFace,
        "blank": BlankFace,
        "shuffled": ShuffledFace,
        "swapped": SwappedFace,
        "custom": Custom,
    },
    ("perceiver",): {
        "embedded": EmbeddedPerceiver,
        "model": ModelPerceiver,
        "none": NoPerceiver,
        "custom": Custom,
    },
    ("therapist",): {
        "scripted": ScriptedTherapist,
        "model": ModelTherapist,
        "custom": CustomTherapist,
    },
    ("supervisor",): {
        "scripted": ScriptedSupervisor,
        "model": ModelSupervisor,
        "custom": Custom,
    },
    ("judge",): {"scripted": ScriptedJudge, "model": ModelJudge, "custom": Custom},
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
    limits: Limits = Limits()
    """Where a run stops by itself, resumably: dollars, tokens, minutes."""
    cache: PathText | None = None
    """A folder in which answers of models are kept and taken from again; null: none."""
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

    def specs(self) -> dict[str, ModelSpec]:
        """The models of this configuration by role."""
        parts = {
            "writer": getattr(self.graph, "writer", None),
            "client": self.client,
            "perceiver": self.perceiver,
            "therapist": self.therapist,
            "supervisor": self.supervisor,
            "judge": self.judge,
        }
        return {role: part.spec for role, part in parts.items() if isinstance(part, BY_MODEL)}
