"""How an age and a manner of speaking change the words.

A voice is data (`voice.yaml` of a bank); what several voices have in common for one person is put
together once, as a `Speech`. Speech works on a template before its slots are filled, so that a
person's own phrases, answers and memories stay as they were written.
"""

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from mirrorplay.personas.schema import Frozen, Idiolect, Line, Unit

FORMAL_FROM, LOOSE_TO = 0.7, 0.3
"""Formality from which contractions are spelled out, and up to which words are run together (H)."""
_OPENER_RATE, _TAIL_RATE = 0.12, 0.06
_FILLER_RATE = 0.2


class Voice(Frozen):
    """What changes in the words of people of an age and a formality.

    openers and tails are whole words before and after an utterance, `words` maps a word or phrase
    (lower case) to what these people say for it.
    """

    ages: tuple[int, int] = (0, 200)
    """Youngest and oldest, years."""
    formality: tuple[Unit, Unit] = (0.0, 1.0)
    openers: tuple[Line, ...] = ()
    tails: tuple[Line, ...] = ()
    words: dict[Line, tuple[Line, ...]] = Field(default_factory=dict)

    def speaks(self, age: int | None, formality: float) -> bool:
        """Whether this is the voice of such a person; an unknown age has no voice of its own."""
        low, high = self.formality
        known = self.ages[0] <= age <= self.ages[1] if age is not None else self.ages == (0, 200)
        return known and low <= formality <= high


@dataclass(frozen=True, slots=True)
class Speech:
    """All voices of one person together."""

    openers: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None

    @classmethod
    def of(cls, voices: Iterable[Voice], age: int | None, formality: float) -> "Speech":
        """The speech of a person; of two voices that change the same word the later one counts."""
        own = [voice for voice in voices if voice.speaks(age, formality)]
        words = {said.lower(): instead for voice in own for said, instead in voice.words.items()}
        anyof = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        return cls(
            tuple(opener for voice in own for opener in voice.openers),
            tuple(tail for voice in own for tail in voice.tails),
            words,
            re.compile(rf"(?<![\w{{'])(?:{anyof})(?![\w}}'])", re.I) if words else None,
        )


def speak(text: str, idiolect: Idiolect, speech: Speech, rng: random.Random) -> str:
    """The same utterance in this person's manner; `{slots}` in it stay slots."""
    loosens, opens, fills, ends, which = (rng.random() for _ in range(5))
    if speech.pattern is not None:
        text = speech.pattern.sub(lambda found: _instead(found[0], speech.words, rng), text)
    if idiolect.formality >= FORMAL_FROM:
        for pattern, long in _SPELLED_OUT:
            text = pattern.sub(long, text)
    elif idiolect.formality <= LOOSE_TO and loosens < 0.6:
        for pattern, loose in _LOOSER:
            text = pattern.sub(loose, text)
    starts = _TAKES_OPENER.match(text)
    filler = _FILLER_RATE * (1.0 - 0.6 * idiolect.formality)
    opener = ""
    if starts and idiolect.fillers and fills < filler:
        opener = idiolect.fillers[int(which * len(idiolect.fillers))].strip(" ,.") + ","
    elif starts and speech.openers and opens < _OPENER_RATE:
        opener = speech.openers[int(which * len(speech.openers))]
    elif speech.tails and ends < _TAIL_RATE and text.endswith(".") and text.count(" ") > 4:
        return f"{text} {speech.tails[int(which * len(speech.tails))]}"
    if not opener or not starts:
        return text
    keeps = starts[1] or not opener.endswith(",")
    return f"{opener} {text if keeps else text[0].lower() + text[1:]}"


def _instead(said: str, words: Mapping[str, tuple[str, ...]], rng: random.Random) -> str:
    options = words[said.lower()]
    word = options[int(rng.random() * len(options))]
    return word[0].upper() + word[1:] if said[0].isupper() else word


_TAKES_OPENER = re.compile(
    r"(?:(I(?:'\w+)?)|it(?:'s)?|that(?:'s)?|there(?:'s)?|they(?:'re)?|you) (?=\w+ \w)", re.I
)
_TAG = r"(?!,? (?:I|you|it|he|she|we|they)\b)"
_SPELLED_OUT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{short}\b{_TAG}"), long)
    for short, long in (
        ("([Cc])an't", r"\1annot"), ("([Ww])on't", r"\1ill not"), ("I'm", "I am"),
        ("I've", "I have"), ("I'll", "I will"), ("([Dd])on't", r"\1o not"),
        ("([Dd])idn't", r"\1id not"), ("([Dd])oesn't", r"\1oes not"),
        ("([Ii])sn't", r"\1s not"), ("([Ww])asn't", r"\1as not"),
        ("([Ww])ouldn't", r"\1ould not"), ("([Cc])ouldn't", r"\1ould not"),
        ("([Hh])aven't", r"\1ave not"), ("([Hh])asn't", r"\1as not"), ("([Hh])adn't", r"\1ad not"),
        ("([Aa])ren't", r"\1re not"), ("([Ww])eren't", r"\1ere not"),
        ("([Ss])houldn't", r"\1hould not"),
        ("([Tt])hat's(?= (?!been|got|had)[a-z{])", r"\1hat is"),
        ("([Ii])t's(?= (?!been|got|had)[a-z{])", r"\1t is"), ("([Ww])hat's", r"\1hat is"),
        ("([Tt])here's(?= (?!been|got|had)[a-z{])", r"\1here is"),
        ("([Tt])hey're", r"\1hey are"), ("([Yy])ou're", r"\1ou are"),
    )
)  # fmt: skip
_LOOSER = (
    (re.compile(r"\bgoing to (?=[a-z])(?!work|bed|sleep|the|my|be the)"), "gonna "),
    (re.compile(r"\b([Kk])ind of\b"), r"\1inda"),
    (re.compile(r"\bbecause\b"), "'cause"),
    (re.compile(r"\b[Ii] don't know\b(?=[.,])"), "dunno"),
)
