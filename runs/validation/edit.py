"""Transcripts edited in one respect, at a dose: the same talk with other words in some turns.

An edit names what is put into a turn (`target`, keys of a phrase bank) and what stands there
without it (`contrast`). All turns of the speaker but the first and the last are open to it. Both
wordings of every open turn are drawn once, so that a higher dose holds all that a lower one holds
and two doses differ in nothing but their share. Codes are not touched: the judge reads the words.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mirrorplay.agents.roles import ObservedLine, Speaker
from mirrorplay.policies.listening import hear
from mirrorplay.policies.phrasing.bank import BANKS, Bank, load_bank
from mirrorplay.policies.phrasing.therapist import client_slots
from mirrorplay.runs.validation.session import Session

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Edit:
    """What is dosed. `own`: items that it is meant to move, up (or down for a "-" before the
    instrument); `near`: items that theory lets move too. All other items are off target."""

    name: str
    speaker: Speaker
    target: tuple[str, ...]
    contrast: tuple[str, ...]
    own: tuple[tuple[str, str], ...]
    near: tuple[tuple[str, str], ...] = ()


class Edited:
    """One transcript with one edit, at any dose in [0, 1]."""

    def __init__(
        self, lines: Sequence[ObservedLine], edit: Edit, seed: str, bank: Bank | None = None
    ) -> None:
        bank = bank or load_bank(BANKS["b"])
        self._lines = tuple(lines)
        places = [at for at, line in enumerate(lines) if line.speaker == edit.speaker][1:-1]
        rng = random.Random(f"{seed}/{edit.name}")
        self._order = rng.sample(places, len(places))
        self._target = _worded(lines, places, edit.speaker, edit.target, bank, rng)
        self._contrast = _worded(lines, places, edit.speaker, edit.contrast, bank, rng)

    def at(self, dose: float) -> tuple[ObservedLine, ...]:
        """The transcript with that share of its open turns worded as the target."""
        dosed = frozenset(self._order[: round(dose * len(self._order))])
        return tuple(
            replace(line, text=self._target[at] if at in dosed else self._contrast[at])
            if at in self._contrast
            else line
            for at, line in enumerate(self._lines)
        )


def redrawn(session: Session, seed: str, bank: Bank | None = None) -> tuple[ObservedLine, ...]:
    """The session with the same acts in the same order, every turn in words drawn anew.

    Turns of an act that the bank has no words for stay as they are. A client's words are the
    general ones of the act: what is particular to the person is lost.
    """
    bank = bank or load_bank(BANKS["b"])
    rng = random.Random(f"{seed}/redrawn")
    used: list[str] = []
    lines: list[ObservedLine] = []
    for line, intended in zip(session.lines, session.intended, strict=True):
        acts = (intended or "").split("+")
        poorly = line.speaker == "therapist" and session.manner == "poor"
        keys = [f"{act}.poor" if poorly and f"{act}.poor" in bank.keys else act for act in acts]
        if all(key in bank.keys for key in keys):
            slots = _heard_in(lines) if line.speaker == "therapist" else {}
            phrases = [bank.realise((key,), slots, used, rng) for key in keys]
            used += [one for phrase in phrases for one in phrase.ids]
            line = replace(line, text=" ".join(phrase.text for phrase in phrases))
        lines.append(line)
    return tuple(lines)


def _heard_in(lines: Sequence[ObservedLine]) -> dict[str, str | None]:
    """What a therapist may take up of the lines so far."""
    return client_slots(
        [
            hear(line.text, lines[at - 1].text if at else None)
            for at, line in enumerate(lines)
            if line.speaker == "client"
        ]
    )


def _worded(
    lines: Sequence[ObservedLine],
    places: Sequence[int],
    speaker: Speaker,
    keys: Sequence[str],
    bank: Bank,
    rng: random.Random,
) -> dict[int, str]:
    """Words for every place. A therapist's may take up what the client said so far."""
    found: dict[int, str] = {}
    used: list[str] = []
    for number, place in enumerate(places):
        slots = _heard_in(lines[:place]) if speaker == "therapist" else {}
        phrase = bank.realise((keys[number % len(keys)],), slots, used, rng)
        used += phrase.ids
        found[place] = phrase.text
    return found
