"""A session on paper, as a prompt carries it: numbered lines inside a fence that holds."""

from collections.abc import Sequence

from mirrorplay.agents.models.message import Part
from mirrorplay.agents.prompts.catalogue import fence, plain
from mirrorplay.agents.roles import Image, ObservedLine, SpokenLine
from mirrorplay.personas.schema import IntakeCard

NOTHING_SAID = "Nothing has been said yet."
LEFT_OUT = "(some of the session is left out here)"
_NOBODY = "not known"


def card_text(card: IntakeCard) -> str:
    """The intake card, fenced."""
    rows = {
        "Name": card.name,
        "Age": _NOBODY if card.age is None else str(card.age),
        "Gender": card.gender or _NOBODY,
        "Occupation": card.occupation or _NOBODY,
        "Reason for coming": card.reason or _NOBODY,
    }
    return fence("\n".join(f"{name}: {_one_line(value)}" for name, value in rows.items()), "card")


def spoken_text(
    lines: Sequence[SpokenLine], client: str = "Client", last: int | None = None
) -> str:
    """What was said, fenced; `last` keeps the client's first line and so many of the last lines."""
    if not lines:
        return NOTHING_SAID
    named = [
        f"{client if line.speaker == 'client' else 'Therapist'}: {_one_line(line.text)}"
        for line in lines
    ]
    if last is not None and len(named) > last + 1:
        first = next(at for at, line in enumerate(lines) if line.speaker == "client")
        if first < len(named) - last:
            named = [named[first], LEFT_OUT, *named[-last:]]
    return fence("\n".join(named), "session")


def observed_text(lines: Sequence[ObservedLine], stage: bool = False) -> str:
    """The tape with its line numbers, fenced; with the client's stage directions if asked for."""
    return fence("\n".join(_numbered(line, stage) for line in lines), "session")


def observed_parts(
    lines: Sequence[ObservedLine], faces: Sequence[Image | None]
) -> tuple[Part, ...]:
    """The same with each client turn's face after its line, in one fence."""
    parts: list[Part] = []
    pending = ["<session>"]
    shown = iter(faces)
    for line in lines:
        pending.append(plain(_numbered(line, False)))
        image = next(shown, None) if line.speaker == "client" else None
        if image is not None:
            parts += ["\n".join([*pending, ""]), image]
            pending = []
    return (*parts, "\n".join([*pending, "</session>"]))


def _numbered(line: ObservedLine, stage: bool) -> str:
    seen = f"[{line.stage_direction}] " if stage and line.stage_direction else ""
    return f"{line.index} {line.speaker}: {_one_line(seen + line.text)}"


def _one_line(text: str) -> str:
    """A line break would begin what looks like another speaker's line."""
    return " ".join(text.split())
