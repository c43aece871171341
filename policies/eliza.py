"""A Rogerian pattern matcher: turns the client's own words back without understanding them.

After the idea of Weizenbaum's ELIZA (1966), with rules of its own in `eliza.yaml`: ranked patterns,
the clause they match with its pronouns turned round, something said earlier when nothing matches,
and stock prompts. It never advises and never disagrees.
"""

import random
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from mirrorplay.personas.schema import Frozen, Line
from mirrorplay.policies.listening import Heard
from mirrorplay.policies.moves import Moment, Move, MoveTable, load_table, pick
from mirrorplay.policies.second_person import second_person

MOVES_FILE = Path(__file__).parent / "eliza.yaml"
CLAUSE_WORDS = (3, 12)
"""Shortest and longest clause that is turned back, in words (H)."""
REMEMBERS = 0.4
"""How often something said earlier is brought up when no rule matches (H)."""
_PIECE = re.compile(r"[^.!?,;:\u2026\u2014]+")
_JOINT = re.compile(r"\b(?:and|but|because|so|then|although|though)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:well|i mean|you know|honestly|look|yeah|yes|no|okay|maybe|like|just)\s+", re.IGNORECASE
)


class _RuleEntry(Frozen):
    rule: Line
    pattern: Line
    clause: bool = False
    """Whether the words that match must turn into a clause that can be said back."""


class ElizaTable(MoveTable):
    """Moves, and the rules in the order they are tried."""

    rules: tuple[_RuleEntry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    pattern: re.Pattern[str]
    clause: bool


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    table = load_table(MOVES_FILE, ElizaTable)
    assert isinstance(table, ElizaTable)
    return tuple(
        _Rule(one.rule, re.compile(one.pattern, re.IGNORECASE), one.clause) for one in table.rules
    )


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """The first rule that matches. Pure: the same arguments and generator state give the same
    move."""
    name, said = situation(heard, moment, rng)
    move = pick(load_table(MOVES_FILE, ElizaTable), name, heard, moment, rng)
    return replace(move, said=said)


def situation(heard: Heard, moment: Moment, rng: random.Random) -> tuple[str, str | None]:
    """The name of an entry in `eliza.yaml`, and the clause to say back."""
    if moment.leaving:
        return "leaving", None
    if moment.last:
        return "closing", None
    if not moment.earlier:
        return "opening", None
    plain = moment.spoken.replace("\u2019", "'")
    turned = clauses(plain)
    for rule in _rules():
        if not rule.clause and rule.pattern.search(plain):
            return rule.name, None
        for piece, clause in turned if rule.clause else ():
            if rule.pattern.search(piece):
                return rule.name, clause
    kept = [one.clause.text for one in moment.earlier if one.clause is not None]
    if kept and rng.random() < REMEMBERS:
        return "memory", rng.choice(kept)
    return "stock", None


def clauses(text: str) -> list[tuple[str, str]]:
    """Pieces of the client's words, and the same with the pronouns turned round; only those that
    stay grammatical."""
    shortest, longest = CLAUSE_WORDS
    found = []
    for piece in _PIECE.findall(text):
        for part in _JOINT.split(piece):
            bare = part.strip()
            while lead := _LEAD.match(bare):
                bare = bare[lead.end() :]
            if shortest <= len(bare.split()) <= longest and (turned := second_person(bare)):
                found.append((bare, turned))
    return found
