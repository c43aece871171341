"""The measuring coder: an utterance and up to two before it → codes, probabilities, doubts.

Rules (`lexical.py`) read the act: they know what a sentence does and where it stands. A linear
model over hashed features (`linear.py`), fitted on coded sessions, reads what rules are poor at:
whether a client speaks for or against change, and whether a therapist asks, reflects, tells or does
neither. The learned probabilities decide `talk:…`; for a therapist they take back or change what
the rules only guessed.

Works on words alone and shares nothing with the client's own appraisal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, Protocol

from mirrorplay.policies.coding.features import behaviour_of, read_rules
from mirrorplay.policies.coding.lexical import RESISTANT, ClientReading, SentenceCodes
from mirrorplay.policies.coding.linear import Reading, learned
from mirrorplay.policies.coding.words import READ_LIMIT
from mirrorplay.policies.instruments.tape import CodedLine

Speaker = Literal["client", "therapist"]
CONTEXT = 2
"""Utterances before the coded one that the coder reads."""
DOUBT = 0.45
"""The coder abstains when no label is likelier than this."""
_STRENGTHS = (0.3, 0.4, 0.55, 0.7)
"""Probability given to a client act by how much its phrases say: none (what is left over), a weak,
a plain, a strong one. Ours (H): no coded corpus holds these acts."""
_TOWARDS = 0.5
"""From this probability of change talk on, an act that rules took for resistance is `change_talk`
(chosen on scripted sessions phrased from bank a)."""
_PLAIN = 0.6
"""Least probability of a therapist code that a phrase gave (H)."""
_GUESS, _SURE = 0.15, 0.6
"""A code the rules only guessed is dropped when its behaviour is less likely than the first; it
becomes another when that is at least as likely as the second (H)."""
_INSTEAD = {"reflection": "simple_reflection", "input": "giving_information"}
"""What a guess becomes."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `probability` in [0, 1]; `span` (start, end) of its sentence in the text, None when
    it holds for the whole utterance."""

    name: str
    probability: float
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Coding:
    """What the coder read. `talk`: probabilities of change, sustain and neutral, for a client;
    `behaviour`: of question, reflection, input and other, for a therapist; the other one is empty.
    `abstains`: too unsure to be relied on; the codes are then the best guess."""

    codes: tuple[Code, ...]
    talk: Mapping[str, float] = field(default_factory=dict)
    behaviour: Mapping[str, float] = field(default_factory=dict)
    abstains: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Codes as records carry them, each once: (act, "talk:…") of a client, acts of a
        therapist in the order of the sentences."""
        return tuple(dict.fromkeys(code.name for code in self.codes))


class Line(Protocol):
    """A line of a transcript."""

    @property
    def index(self) -> int: ...
    @property
    def speaker(self) -> Speaker: ...
    @property
    def text(self) -> str: ...


def code(text: str, speaker: Speaker, before: Sequence[tuple[str, str]] = ()) -> Coding:
    """Codes of one utterance. `before`: (speaker, text) of the utterances before it, oldest first;
    the last two are read."""
    context = tuple((who, said) for who, said in before[-CONTEXT:])
    if len(text) + sum(len(said) for _, said in context) > 2 * READ_LIMIT:
        return code_afresh(text, speaker, context)
    return _recent(text, speaker, context)


def code_afresh(text: str, speaker: Speaker, before: Sequence[tuple[str, str]] = ()) -> Coding:
    """As `code`, without looking for an earlier coding of the same words."""
    read = read_rules(text, speaker, before)
    reading = learned().maps[speaker].read(text, before, read)
    return _therapist(read, reading) if isinstance(read, list) else _client(read, reading)


_recent = lru_cache(maxsize=4096)(code_afresh)
"""Supervisor and judge code the same turn minutes apart; long turns are not kept."""


def _unsure(reading: Reading) -> bool:
    return max(reading.probabilities.values()) < DOUBT


def _client(read: ClientReading, reading: Reading) -> Coding:
    strength = _STRENGTHS[min(3, int(read.labels.get(read.act, 0.0)))]
    act = Code(read.act, strength)
    towards = reading.probabilities["change"]
    if read.act in RESISTANT and towards >= _TOWARDS:
        act = Code("change_talk", towards)
    codes = (
        act,
        Code(f"talk:{reading.label}", reading.probabilities[reading.label]),
    )
    return Coding(codes, talk=reading.probabilities, abstains=_unsure(reading))


def _therapist(read: list[SentenceCodes], reading: Reading) -> Coding:
    chances = reading.probabilities
    codes: list[Code] = []
    for found in read:
        for name in found.codes:
            chance = chances[behaviour_of(name)]
            if found.plain:
                codes.append(Code(name, max(chance, _PLAIN), found.span))
            elif chance >= _GUESS:
                codes.append(Code(name, chance, found.span))
            elif reading.label in _INSTEAD and chances[reading.label] >= _SURE:
                instead = _INSTEAD[reading.label]
                codes.append(Code(instead, chances[reading.label], found.span))
    return Coding(tuple(codes), behaviour=chances, abstains=_unsure(reading))


def code_tape(lines: Sequence[Line]) -> tuple[CodedLine, ...]:
    """Every line of a transcript with its codes, each read with the two before it."""
    said = [(line.speaker, line.text) for line in lines]
    return tuple(
        CodedLine(
            line.index,
            line.speaker,
            line.text,
            code(line.text, line.speaker, said[max(0, at - CONTEXT) : at]).names,
        )
        for at, line in enumerate(lines)
    )
