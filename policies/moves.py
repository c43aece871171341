"""Moves: what a therapist does next, and the tables that policies choose from.

A move is one or two beats; a beat is an act and where its words are looked for. A table (a YAML
file) says which moves a situation allows. Four beats need no entry there: `reflect` (the client's
clause or feeling said back), `explore` (an open question that fits what was told), `step` (of the
plan) and `acknowledge`. Policies differ in their tables and in how they name the situation.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field, ValidationError

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen, Line, Unit
from mirrorplay.policies.acts import TherapistAct
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.listening import Heard

LATE = 0.6
"""Share of the session after which homework may come up (H)."""
RECENT = 0.12
"""Share of its weight that a move keeps when its first kind of phrase was just used (H)."""
SHORT = 4
"""A reply of fewer words has nothing to reflect (H)."""
SAID = ".said"
"""Ending of a plan key whose words hold some of the client's own."""
ANY = "any"
"""The situation of a table that stands for all it does not name."""
ACKNOWLEDGE = "acknowledge"
"""The key, and the beat, of a few words that show a turn was taken in: no act of any code."""
_MADE = ("reflect", "explore", "step", ACKNOWLEDGE)


@dataclass(frozen=True, slots=True)
class Beat:
    """One act and where its words are looked for: the first key with an unused phrase."""

    act: TherapistAct
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What the therapist does now. `fit` in [0, 1] is how far it takes up the last turn; `said` is
    a clause of an earlier turn to say back in place of the last one's."""

    beats: tuple[Beat, ...]
    note: str
    fit: float
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the session stands, from what anyone in the room knows.

    exchange: 1 to `max_exchanges`. earlier: the client's earlier turns as heard, oldest first.
    used: how often each phrase key was used by the therapist. recent: the newest few of them.
    step: the plan step to work on, None without one. homework: was offered already. spoken: the
    client's last words. face: what was read from the image of the last turn, where there is one.
    """

    exchange: int
    max_exchanges: int
    leaving: bool = False
    earlier: tuple[Heard, ...] = ()
    used: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    recent: frozenset[str] = frozenset()
    step: Beat | None = None
    homework: bool = False
    spoken: str = ""
    face: Perception | None = None

    @property
    def last(self) -> bool:
        return self.exchange >= self.max_exchanges

    @property
    def late(self) -> bool:
        return self.exchange > LATE * self.max_exchanges

    def count(self, prefix: str) -> int:
        """How often phrases whose key starts with `prefix` were used."""
        return sum(times for key, times in self.used.items() if key.startswith(prefix))

    def change_heard(self, now: Heard) -> bool:
        """The client has spoken of change, now or before."""
        return any(one.signals & {"change_talk", "commitment"} for one in (now, *self.earlier))

    def strained(self, now: Heard) -> int:
        """Client turns of strain in a row, this one included."""
        run = 0
        for one in (now, *reversed(self.earlier)):
            if not one.discord:
                break
            run += 1
        return run


class BeatEntry(Frozen):
    """A beat of a table: its act and its phrase keys, the most fitting first."""

    act: TherapistAct
    keys: tuple[Line, ...] = Field(min_length=1)


class MoveEntry(Frozen):
    """A move of a table. `needs` is what it needs from the client's words."""

    weight: float = Field(default=1.0, gt=0.0)
    beats: tuple[Line, ...] = Field(min_length=1, max_length=2)
    note: Line
    fit: Unit
    needs: Literal["said", "effort", "long"] | None = None


class MoveTable(Frozen):
    """Beats by name, and the moves of each situation."""

    beats: dict[str, BeatEntry]
    moves: dict[str, tuple[MoveEntry, ...]]


@lru_cache(maxsize=16)
def load_table(file: Path, model: type[MoveTable] = MoveTable) -> MoveTable:
    """A table, read once. Raises UserError for one that cannot be used."""
    document = read_yaml(file)
    try:
        table = model.model_validate(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise UserError(f"{at}: {first['msg']}", where=document.where(first["loc"])) from None
    known = (*table.beats, *_MADE)
    for situation, entries in table.moves.items():
        if not any(entry.needs is None for entry in entries):
            where = document.where(("moves", situation))
            raise UserError(f"{situation}: no move that needs nothing", where=where)
        for number, entry in enumerate(entries):
            for name in entry.beats:
                if name not in known:
                    where = document.where(("moves", situation, number, "beats"))
                    raise UserError(
                        f"unknown beat {name!r}", where=where, hint=nearest(name, known)
                    )
    return table


def beats_of(file: Path, model: type[MoveTable] = MoveTable) -> tuple[Beat, ...]:
    """Every beat a table names, for checking a phrase bank."""
    return tuple(Beat(one.act, one.keys) for one in load_table(file, model).beats.values())


def pick(table: MoveTable, name: str, heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """A move of the situation, drawn by weight; one just made is drawn more rarely."""
    met = {
        "said": heard.clause is not None or heard.feeling is not None,
        "effort": "effort" in heard,
        "long": heard.words >= 2 * SHORT,
    }
    entries = table.moves.get(name) or table.moves[ANY]
    moves, weights = [], []
    for entry in entries:
        if entry.needs is not None and not met[entry.needs]:
            continue
        beats = tuple(beat(one, table, heard, moment) for one in entry.beats)
        stale = beats[0].keys[0] in moment.recent
        moves.append(Move(beats, entry.note, entry.fit))
        weights.append(entry.weight * (RECENT if stale else 1.0))
    return rng.choices(moves, weights)[0]


def beat(name: str, table: MoveTable, heard: Heard, moment: Moment) -> Beat:
    """A beat by its name in the table, or one of the three made from the client's words."""
    if name == "reflect":
        return _reflection(heard)
    if name == "explore":
        return Beat("open_question", (f"open_question.{_told(heard)}", "open_question.explore"))
    if name == ACKNOWLEDGE:
        return Beat("simple_reflection", (ACKNOWLEDGE,))
    if name == "step":
        return moment.step or Beat("open_question", ("open_question.explore",))
    entry = table.beats[name]
    return Beat(entry.act, entry.keys)


def _reflection(heard: Heard) -> Beat:
    """The client's own clause said back, or their feeling."""
    if heard.clause is not None:
        key = f"simple_reflection.{heard.clause.kind}"
        return Beat("simple_reflection", (key, "complex_reflection.weight"))
    return Beat("complex_reflection", ("complex_reflection.feeling", "complex_reflection.weight"))


def _told(heard: Heard) -> str:
    """The kind of open question that fits what was told."""
    if heard.clause is not None and heard.clause.kind == "belief":
        return "thought"
    if heard.feeling is not None:
        return "feeling"
    return heard.tells or "explore"
