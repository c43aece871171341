"""The blocks of a configuration: what each part of a run can be told.

A part is a discriminated union on `kind` (`config.py` says which). Numbers are strict; nothing here
is secret. The text under a field is its description in the JSON schema.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mirrorplay.agents.roles import Mode, TherapistManner, TherapistPolicy
from mirrorplay.personas.schema import RESISTANCE_TYPES, Frozen, Line, ResistanceType
from mirrorplay.policies.expression import Overlay
from mirrorplay.policies.instruments.tape import Variant
from mirrorplay.runs.values import (
    Arguments,
    PathText,
    Real,
    Target,
    Whole,
    mistake,
    shown,
)


def kind_block(default: str) -> Callable[[Any], Any]:
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


class SessionGraph(Block):
    """Client, face, therapist and supervisor take turns."""

    kind: Literal["session"]


class Inside(Block):
    """What moves a client, whoever words it."""

    kind: str
    appraisal: Literal["embedded"] = "embedded"
    """What reads a reply whose intended act is unknown."""
    dynamics: Literal["full", "memoryless", "static"] = "full"
    """`full`: state moves and lasts; `memoryless`: only the last reply counts; `static`: fixed."""
    display_reliability: Annotated[float, Real(0.0, 1.0)] = 0.5
    """How often a face of ordinary expressivity shows anything."""
    overlay: Overlay = "familiar"
    """How masking shows: in ways that the embedded therapist's table knows, or `unfamiliar`."""


class ScriptedClient(Inside):
    """The embedded client: state, act, expression, words."""

    kind: Literal["scripted"]


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
    instruments: tuple[Line, ...] | None = None
    """Ids of the instruments that are scored; null: all."""
    variant: Variant = "words"
    """What it is shown: `words` alone, `words+stage` directions too, or `words+face`."""


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
