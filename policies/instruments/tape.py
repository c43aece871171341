"""A coded session as the instruments read it: utterances with codes, wording and bodily signs.

A variant says what is looked at: "words" alone, "words+stage" also the stage directions, or
"words+face" also the faces as they were perceived. What a variant does not look at is not there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args

from mirrorplay.policies.facs import Perception
from mirrorplay.policies.instruments.signs import signs_of_direction, signs_of_face
from mirrorplay.policies.instruments.trajectory import is_resistant
from mirrorplay.policies.instruments.wording import Wording, read_words

Variant = Literal["words", "words+stage", "words+face"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
Reading = TypeVar("Reading")
BACK_CHANNEL = 3
"""A therapist turn of up to this many words that no code fits ("mm-hm") is not a reply."""


@dataclass(frozen=True, slots=True)
class CodedLine:
    """One line of the tape: its turn index, who spoke, the words, the observer's codes; what was
    written beside it and what was seen of the client's face, where there is such a thing."""

    index: int
    speaker: str
    text: str
    codes: tuple[str, ...]
    stage_direction: str | None = None
    face: Perception | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """A value and the turns it rests on. In an item's formula the value is in [0, 1]."""

    value: float
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line, read. `signs` is None where the variant has nothing to look at."""

    index: int
    speaker: str
    codes: frozenset[str]
    wording: Wording
    signs: frozenset[str] | None

    @property
    def resistant(self) -> bool:
        return is_resistant(self.codes)

    def has(self, codes: frozenset[str]) -> bool:
        return not self.codes.isdisjoint(codes)

    def cued(self, *cues: str) -> bool:
        return not self.wording.cues.isdisjoint(cues)


class Tape:
    """`client` and `therapist` are the utterances of each, in order; back-channels of the therapist
    are left out. `pairs` are neighbouring utterances of different speakers."""

    def __init__(self, lines: Sequence[CodedLine], variant: Variant = "words") -> None:
        self.variant = variant
        self._kept: dict[Callable[[Tape], Any], Any] = {}
        read = [_utterance(line, variant) for line in lines]
        self.lines = tuple(
            one
            for one in read
            if one.speaker == "client" or one.codes or one.wording.words > BACK_CHANNEL
        )
        self.client = tuple(one for one in self.lines if one.speaker == "client")
        self.therapist = tuple(one for one in self.lines if one.speaker == "therapist")

    @property
    def rateable(self) -> bool:
        """Two turns on each side are the least that an item can be rated from."""
        return len(self.client) >= 2 and len(self.therapist) >= 2

    @cached_property
    def replies(self) -> tuple[tuple[Utterance, Utterance], ...]:
        """(client, therapist) where the therapist's turn follows the client's."""
        return self._neighbours("client")

    @cached_property
    def answers(self) -> tuple[tuple[Utterance, Utterance], ...]:
        """(therapist, client) where the client's turn follows the therapist's."""
        return self._neighbours("therapist")

    def _neighbours(self, first: str) -> tuple[tuple[Utterance, Utterance], ...]:
        return tuple(
            (a, b)
            for a, b in zip(self.lines, self.lines[1:], strict=False)
            if a.speaker == first and b.speaker != first
        )

    def kept(self, reading: Callable[["Tape"], Reading]) -> Reading:
        """What a function reads on this tape, worked out once."""
        if reading not in self._kept:
            self._kept[reading] = reading(self)
        found: Reading = self._kept[reading]
        return found

    @cached_property
    def late(self) -> tuple[Utterance, ...]:
        """The second half of the client's turns."""
        return self.client[len(self.client) // 2 :]

    @cached_property
    def seen(self) -> tuple[Utterance, ...]:
        """The client's turns with something to look at in this variant."""
        return tuple(one for one in self.client if one.signs is not None)


def _utterance(line: CodedLine, variant: Variant) -> Utterance:
    client = line.speaker == "client"
    signs: frozenset[str] | None = None
    if client and variant == "words+stage" and line.stage_direction is not None:
        signs = signs_of_direction(line.stage_direction)
    elif client and variant == "words+face" and line.face is not None:
        signs = signs_of_face(line.face)
    wording = read_words(line.text, "client" if client else "therapist")
    return Utterance(line.index, line.speaker, frozenset(line.codes), wording, signs)
