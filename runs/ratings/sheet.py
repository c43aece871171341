"""What a rater is given and what undoes the blinding.

A sheet shows two transcripts, A and B, and asks the same questions about each and which of the two
is better. It names neither session, arm nor outcome; the key, kept apart, says what is what.
Columns of the table to fill in are called `a.<instrument>.<item>`, `b.<…>` and `preference`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mirrorplay.agents.roles import Speaker
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen
from mirrorplay.policies.instruments.item import items

KEY_VERSION = 1
DEFAULT_INSTRUMENTS = ("ctrs", "wai")
"""Nine questions a transcript: what a person can answer two hundred times."""
MOST_STEPS = 6
"""From the lowest to the highest answer of a scale: two of them fit beside a question."""
SIDES: tuple[Literal["a", "b"], Literal["a", "b"]] = ("a", "b")
PREFERENCE = "preference"
CHOICES = ("A", "equal", "B")
"""Answers to the last question."""
PREFERENCE_QUESTION = "All in all, which counsellor did better?"


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance; `face` is a small JPEG, or None."""

    speaker: Speaker
    text: str
    face: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Two transcripts side by side under a name that says nothing."""

    id: str
    a: tuple[Line, ...]
    b: tuple[Line, ...]


class Question(Frozen):
    """One item on its scale of whole numbers."""

    instrument: str
    item: str
    low: int
    high: int
    text: str

    def column(self, side: str) -> str:
        """Where its answer stands in the table."""
        return f"{side}.{self.instrument}.{self.item}"


class KeyedSheet(Frozen):
    """What a sheet showed. A session is an id of the run, or `annomi:<transcript>:<from>-<to>`."""

    a: str
    b: str
    pair: int
    again: bool = False
    """The pair's second showing, with sides changed."""


class Key(Frozen):
    """What undoes the blinding. `export` tells this set of sheets from any other."""

    version: Annotated[int, Field(ge=1, le=KEY_VERSION)] = KEY_VERSION
    run: str
    export: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")]
    seed: int
    questions: tuple[Question, ...]
    sheets: dict[str, KeyedSheet]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the answers, in order."""
        return columns_of(self.questions)


def columns_of(questions: Sequence[Question]) -> tuple[str, ...]:
    """The answers' columns: each question about A, then about B, then the preference."""
    return (*(q.column(side) for q in questions for side in SIDES), PREFERENCE)


def questions_of(instruments: Sequence[str] = DEFAULT_INSTRUMENTS) -> tuple[Question, ...]:
    """The questions of some instruments, in our own paraphrases. A subscale whose items are asked
    is not. Raises UserError for an unknown instrument and for one whose figures nobody rates by
    hand, such as shares of turns."""
    known = tuple(dict.fromkeys(item.instrument for item in items()))
    found: list[Question] = []
    for name in dict.fromkeys(instruments):
        if name not in known:
            raise UserError(
                f"no instrument {name!r}",
                where="--instruments",
                allowed=known,
                hint=nearest(name, known),
            )
        asked = {item.item for item in items() if item.instrument == name}
        for item in items():
            if item.instrument != name or (item.mean_of and asked.issuperset(item.mean_of)):
                continue
            whole = item.low == int(item.low) and item.high == int(item.high)
            if not whole or not 2 <= item.high - item.low <= MOST_STEPS:
                raise UserError(
                    f"{name!r} is counted, not rated: {item.item!r} runs from {item.low:g} to "
                    f"{item.high:g}",
                    where="--instruments",
                    hint="ctrs, wai and the like are rated",
                )
            found.append(
                Question(
                    instrument=name,
                    item=item.item,
                    low=int(item.low),
                    high=int(item.high),
                    text=item.paraphrase,
                )
            )
    if not found:
        raise UserError("names no instrument", where="--instruments", allowed=known)
    return tuple(found)
