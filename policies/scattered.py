"""Well-formed acts at random: policy `random`, the floor of the known groups.

Any act with its own words, tied to nothing that was said. It opens, says goodbye at the end or when
the client leaves, and asks at most one question a reply; nothing else about it is planned.
"""

import random
from typing import get_args

from mirrorplay.policies.acts import SessionAct, TherapistAct
from mirrorplay.policies.listening import Heard
from mirrorplay.policies.moves import Beat, Moment, Move

FIT = 0.4
"""How far a reply takes up the last turn when nothing ties it there (H)."""
SECOND_BEAT = 0.5
"""How often a second act goes before the first (H)."""
ONCE: frozenset[TherapistAct] = frozenset(("naming_mismatch", "checking_impasse", "agenda"))
"""Acts that no session has twice, however it is drawn."""
ACTS: tuple[TherapistAct, ...] = tuple(
    act for act in get_args(TherapistAct) if act not in get_args(SessionAct)
)
QUIET: tuple[TherapistAct, ...] = (
    "giving_information",
    "persuade",
    "simple_reflection",
    "complex_reflection",
    "affirm",
    "emphasize_autonomy",
    "confront",
    "summary",
    "impact_disclosure",
)
"""Acts that ask nothing, so that they can stand before another."""


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """A move drawn from all acts. Pure: the same generator state gives the same move."""
    if moment.leaving:
        return Move((Beat("closing", ("closing.leaving", "closing")),), "client is leaving", FIT)
    if moment.last:
        return Move((Beat("closing", ("closing.plain", "closing")),), "last exchange", FIT)
    left = [act for act in ACTS if act not in ONCE or not moment.count(act)]
    act = rng.choice(left)
    beats: tuple[Beat, ...] = (Beat(act, (act,)),)
    if not moment.earlier:
        beats = (Beat("greeting", ("greeting",)), Beat("open_question", ("open_question",)))
    elif rng.random() < SECOND_BEAT:
        before = rng.choice([one for one in QUIET if one != act])
        beats = (Beat(before, (before,)), *beats)
    clauses = [one.clause.text for one in moment.earlier if one.clause is not None]
    said = rng.choice(clauses) if clauses else None
    return Move(beats, "an act at random", FIT, said)
