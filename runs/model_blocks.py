"""The blocks of parts that a language or vision-language model plays.

`spec` is a model's name (`openai:qwen2.5-vl-7b`, `smollm2`) or a block with its server, sampling,
time-out, tries, concurrency and price (`agents/models/spec.py`).
"""

from typing import Annotated, Literal

from pydantic import AfterValidator

from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.roles import Mode
from mirrorplay.personas.schema import Line
from mirrorplay.policies.instruments.tape import Variant
from mirrorplay.runs.blocks import Block, Inside
from mirrorplay.runs.values import Whole

PAGE_TOKENS = 4096
"""What a whole session may have where its spec says nothing: ten exchanges take about 1,500."""


def _for_a_page(spec: ModelSpec) -> ModelSpec:
    if "max_tokens" in spec.model_fields_set:
        return spec
    return spec.model_copy(update={"max_tokens": PAGE_TOKENS})


class ModelWriter(Block):
    """Writes both sides of a session in one call."""

    kind: Literal["model"]
    spec: Annotated[ModelSpec, AfterValidator(_for_a_page)]
    """The model; `max_tokens` is 4096 where it is not given."""


Style = Literal["full", "brief"]


class ModelClient(Inside):
    """State, act and expression as the embedded client's; a model finds the words."""

    kind: Literal["model"]
    spec: ModelSpec
    """The model."""
    style: Style = "full"
    """`brief`: a short prompt for models too small for the whole one."""


class ModelPerceiver(Block):
    """A model that is shown the picture alone and captions it."""

    kind: Literal["model"]
    spec: ModelSpec
    """The model; it must take pictures."""


class ModelTherapist(Block):
    """A therapist with a model."""

    kind: Literal["model"]
    spec: ModelSpec
    """The model; in all arms but `text` it must take pictures."""
    mode: Mode = "p"
    """The arm: `text` words alone; `base` with the face; `p` a plan and the face; `ec` a caption of
    the face first; `p+ec` both."""
    style: Style = "full"
    """`brief`: a short prompt for models too small for the whole one."""
    crisis_line: Line = "your local crisis line or emergency number"
    """The help named on a crisis, as it is said in a sentence: "call …"."""
    context_tokens: Annotated[int, Whole(500, 2_000_000)] = 6000
    """What a prompt may have, in tokens; old faces are left out first, then old exchanges."""
    image_tokens: Annotated[int, Whole(1, 100_000)] = 800
    """What one picture counts, in tokens."""


class ModelSupervisor(Block):
    """Watches and codes with a model; the crisis screen watches beside it."""

    kind: Literal["model"]
    spec: ModelSpec
    """The model."""
    stopping: Literal["model", "rules"] = "model"
    """Who says that a session has come to something: the model, or the rules over its codes."""
    variant: Literal["words", "words+stage"] = "words"
    """What it is shown."""


class ModelJudge(Block):
    """Rates with a model, one call an item."""

    kind: Literal["model"]
    spec: ModelSpec
    """The model."""
    instruments: tuple[Line, ...] = ("ctrs", "wai")
    """Ids of the instruments whose items are rated."""
    variant: Variant = "words"
    """What it is shown."""
    samples: Annotated[int, Whole(1, 25)] = 1
    """How often each item is asked; the median counts."""


BY_MODEL = (
    ModelWriter,
    ModelClient,
    ModelPerceiver,
    ModelTherapist,
    ModelSupervisor,
    ModelJudge,
)
"""Every block with a spec."""
