"""Rolling with resistance from words alone, in the spirit of motivational interviewing.

What was heard decides the situation, in a fixed order: strain with the therapist first, then
distress, then holding back, then the ordinary work of reflecting and asking. `rolling.yaml` says
what may be done in each: at most a reflection and one question. After a "no" nothing is rephrased;
its cost is asked for, or it is dropped. Homework comes late, and only where change talk was heard.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field, ValidationError

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen, Line, Unit
from mirrorplay.policies.acts import TherapistAct
from mirrorplay.policies.listening import Heard

MOVES_FILE = Path(__file__).parent / "rolling.yaml"
LATE = 0.6
"""Share of the session after which homework may come up (H)."""
STUCK = 3
"""Client turns of strain in a row after which the deadlock itself is spoken of (H)."""
RECENT = 0.12
"""Share of its weight that a move keeps when its first kind of phrase was just used (H)."""
TOLD = 10
"""A turn of so many words is taken up before anything new is proposed (H)."""
SHORT = 4
"""A reply of fewer words has nothing to reflect (H)."""
REST_FROM = 4
"""First exchange at which a reply may stand as an ending (H)."""
REST_WINDOW = 4
"""Client turns looked back on for it."""
REST_POINTS = 3
"""Sum over the window that is enough: commitment 2, change talk or a new view 1 (H)."""
APART_FROM = 6
APART_WINDOW = 5
APART_TURNS = 4
"""Turns without agreement, among the last five, after which the therapist stops offering (H)."""
HARD = frozenset(
    ("stop", "open_disagreement", "candour", "refusal", "topic_avoidance", "withdrawal")
)
"""Strain strong enough to call an ending an impasse."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One act and where its words are looked for: the first key with an unused phrase."""

    act: TherapistAct
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What the therapist does now. `fit` in [0, 1] is how far it takes up the last turn."""

    beats: tuple[Beat, ...]
    note: str
    fit: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the session stands, from what anyone in the room knows.

    exchange: 1 to `max_exchanges`. earlier: the client's earlier turns as heard, oldest first.
    used: how often each phrase key was used by the therapist. recent: the newest few of them.
    step: the plan step to work on, None without one. homework: was offered already.
    """

    exchange: int
    max_exchanges: int
    leaving: bool = False
    earlier: tuple[Heard, ...] = ()
    used: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    recent: frozenset[str] = frozenset()
    step: Beat | None = None
    homework: bool = False

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

    def gathered(self, now: Heard) -> bool:
        """Change was spoken of again and again, and nothing strains: enough has been said for a
        summary that leaves the next step open. Once in a session, never in place of an answer."""
        asked = "question" in now and "insight" not in now
        with_us = _leans(now) or (now.collaborating and not asked)
        if self.exchange < REST_FROM or self.count("emphasize_autonomy.rest") or not with_us:
            return False
        lately = (now, *self.earlier[:-REST_WINDOW:-1])
        leanings = [_leans(one) for one in lately]
        strained = any(one.discord for one in lately[:2])
        return sum(leanings) >= REST_POINTS and sum(map(bool, leanings)) >= 2 and not strained

    def apart(self, now: Heard) -> bool:
        """Little but disagreement and holding back for some turns. Once in a session."""
        if self.exchange < APART_FROM or self.count("emphasize_autonomy.apart"):
            return False
        lately = (now, *self.earlier[:-APART_WINDOW:-1])
        against = sum(not (one.collaborating or _leans(one)) for one in lately)
        return against >= APART_TURNS and not now.collaborating

    def strained(self, now: Heard) -> int:
        """Client turns of strain in a row, this one included."""
        run = 0
        for one in (now, *reversed(self.earlier)):
            if not one.discord:
                break
            run += 1
        return run


def _leans(heard: Heard) -> int:
    """How far one turn leans towards change."""
    if heard.discord:
        return 0
    return 2 if "commitment" in heard else int(not heard.signals.isdisjoint(_CHANGE))


class _BeatEntry(Frozen):
    act: TherapistAct
    keys: tuple[Line, ...] = Field(min_length=1)


class _MoveEntry(Frozen):
    weight: float = Field(default=1.0, gt=0.0)
    beats: tuple[Line, ...] = Field(min_length=1, max_length=2)
    note: Line
    fit: Unit
    needs: Literal["said", "effort", "long"] | None = None


class _Moves(Frozen):
    beats: dict[str, _BeatEntry]
    moves: dict[str, tuple[_MoveEntry, ...]]


_CHANGE = frozenset(("change_talk", "insight"))
_MADE = ("reflect", "explore", "step")
_SITUATIONS_OF_WORK = ("sustain_talk", "ambivalence", "insight")


@lru_cache(maxsize=4)
def load_moves(file: Path = MOVES_FILE) -> _Moves:
    """The moves file, read once. Raises UserError for one that cannot be used."""
    document = read_yaml(file)
    try:
        moves = _Moves.model_validate(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise UserError(f"{at}: {first['msg']}", where=document.where(first["loc"])) from None
    known = (*moves.beats, *_MADE)
    for situation, entries in moves.moves.items():
        for number, entry in enumerate(entries):
            for name in entry.beats:
                if name not in known:
                    where = document.where(("moves", situation, number, "beats"))
                    raise UserError(
                        f"unknown beat {name!r}", where=where, hint=nearest(name, known)
                    )
    return moves


def beats_used(file: Path = MOVES_FILE) -> tuple[Beat, ...]:
    """Every beat a move may have, for checking a phrase bank."""
    return tuple(Beat(one.act, one.keys) for one in load_moves(file).beats.values())


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """The next move. Pure: the same arguments and generator state give the same move."""
    return _pick(situation(heard, moment), heard, moment, rng)


def situation(heard: Heard, moment: Moment) -> str:
    """What the client's words ask of the therapist: the name of an entry in `rolling.yaml`."""
    if moment.leaving:
        return "leaving"
    if moment.last:
        return _ending(heard, moment)
    if not moment.earlier:
        return _beginning(heard)
    if moment.gathered(heard):
        return "gathered"
    if moment.apart(heard) and not heard.signals & {"stop", "distress"}:
        return "apart"
    return _strain(heard, moment) or _holding_back(heard, moment) or _work(heard, moment)


def _beginning(heard: Heard) -> str:
    if "sent_here" in heard:
        return "opening_sent"
    if heard.signals & {"caution", "topic_avoidance", "withdrawal", "minimizing"}:
        return "opening_careful"
    return "opening_strained" if heard.discord else "opening"


def _ending(heard: Heard, moment: Moment) -> str:
    lately = (heard, *moment.earlier[-2:])
    if heard.discord and sum(bool(one.signals & HARD) for one in lately) >= 2:
        return "closing_impasse"
    if moment.count("emphasize_autonomy.apart") and not any(map(_leans, lately)):
        return "closing"
    return "closing_change" if moment.change_heard(heard) else "closing"


def _strain(heard: Heard, moment: Moment) -> str | None:
    if "stop" in heard:
        return "stop"
    if moment.strained(heard) >= STUCK and moment.count("checking_impasse") == 0:
        return "impasse"
    if "distress" in heard and "open_disagreement" not in heard:
        return "distress"
    for signal in ("refusal", "candour"):
        if signal in heard:
            return signal
    if "open_disagreement" in heard:
        return "challenge" if "question" in heard else "open_disagreement"
    for signal in ("topic_avoidance", "sidetracking", "inattention"):
        if signal in heard:
            return signal
    if "withdrawal" in heard:
        again = moment.earlier and "withdrawal" in moment.earlier[-1]
        return "withdrawal_again" if again else "withdrawal"
    return None


def _holding_back(heard: Heard, moment: Moment) -> str | None:
    for signal in ("caution", "partial_agreement", "subtle_disengagement"):
        if signal in heard:
            return signal
    if "question" in heard and "insight" not in heard:
        return f"asks_{heard.asks}" if heard.asks else "asks"
    if "says_fine" in heard:
        weighed = any("distress" in one or one.feeling for one in moment.earlier)
        return "mismatch" if weighed and not moment.count("naming_mismatch") else "fine"
    for signal in ("minimizing", "others"):
        if signal in heard and not heard.signals & {"change_talk", "insight"}:
            return signal
    return None


def _work(heard: Heard, moment: Moment) -> str:
    if "commitment" in heard:
        return "commitment_late" if moment.late and not moment.homework else "commitment"
    if "sustain_talk" in heard:
        return "ambivalence" if "change_talk" in heard else "sustain_talk"
    told = heard.words >= TOLD and moment.exchange < moment.max_exchanges - 1
    unplanned = moment.step is None or moment.exchange >= moment.max_exchanges - 2
    if moment.late and unplanned and not moment.homework and moment.change_heard(heard):
        if "change_talk" in heard:
            return "homework_now"
        if not told and not moment.count("emphasize_autonomy.apart"):
            return "homework"
    if moment.step is not None:
        return "step"
    for signal in ("change_talk", "insight"):
        if signal in heard:
            return signal
    if heard.clause is None and heard.feeling is None:
        return "short" if heard.words <= SHORT else "plain"
    return "telling"


def _pick(name: str, heard: Heard, moment: Moment, rng: random.Random) -> Move:
    known = load_moves()
    met = {
        "said": heard.clause is not None or heard.feeling is not None,
        "effort": "effort" in heard,
        "long": heard.words >= 2 * SHORT,
    }
    moves, weights = [], []
    for entry in known.moves[name]:
        if entry.needs is not None and not met[entry.needs]:
            continue
        beats = tuple(_beat(one, known, heard, moment) for one in entry.beats)
        stale = beats[0].keys[0] in moment.recent
        moves.append(Move(beats, entry.note, entry.fit))
        weights.append(entry.weight * (RECENT if stale else 1.0))
    return rng.choices(moves, weights)[0]


def _beat(name: str, known: _Moves, heard: Heard, moment: Moment) -> Beat:
    if name == "reflect":
        return _reflection(heard)
    if name == "explore":
        return Beat("open_question", (f"open_question.{_told(heard)}", "open_question.explore"))
    if name == "step" and moment.step is not None:
        return moment.step
    entry = known.beats[name]
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


SAFETY_ORDER = (
    "suicidal_intent",
    "harm_to_others",
    "abuse",
    "minor_at_risk",
    "self_harm",
    "passive_ideation",
    "psychosis",
    "intoxication",
)
"""Which of several cues is asked about first (H)."""


def safety(categories: Collection[str], moment: Moment) -> Move:
    """Reframing stops: acknowledge, ask directly, name a person and a line, promise no secrecy."""
    if moment.leaving:
        return _stay_safe("safety_inquiry.leaving", "safety before goodbye", 1.0)
    kind = next((one for one in SAFETY_ORDER if one in categories), None)
    move = _stay_safe(
        f"safety_inquiry.{kind}" if kind else "safety_inquiry",
        f"safety cue ({(kind or 'unnamed').replace('_', ' ')}): reframing stops, ask directly",
        1.0,
    )
    beat = move.beats[0]
    return replace(move, beats=(replace(beat, keys=(*beat.keys, "safety_inquiry")),))


def after_safety(moment: Moment) -> Move:
    """Once a cue was heard the session stays with safety; no technique is taken up again."""
    if moment.leaving or moment.last:
        return _stay_safe("safety_inquiry.leaving", "safety before goodbye", 1.0)
    return _stay_safe("safety_inquiry.stay", "stays with safety", 0.8)


def _stay_safe(key: str, note: str, fit: float) -> Move:
    return Move((Beat("safety_inquiry", (key,)),), note, fit)
