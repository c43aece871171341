"""The confrontational therapist: disputes, doubts, and holds the client to their words.

A known group. What is heard as denial, excuse or sustain talk is contradicted; talk of change is
doubted. It is a bad counsellor and never an abusive one: no contempt, no threat, no blame, and
nobody in distress is argued with. What it does in each situation stands in `confrontational.yaml`.
"""

import random
from pathlib import Path

from mirrorplay.policies.listening import Heard
from mirrorplay.policies.moves import Moment, Move, load_table, pick

MOVES_FILE = Path(__file__).parent / "confrontational.yaml"
_HEARD = (
    ("distress", "distress"),
    ("open_disagreement", "arguing"),
    ("refusal", "arguing"),
    ("candour", "arguing"),
    ("commitment", "change"),
    ("change_talk", "change"),
    ("insight", "change"),
    ("minimizing", "minimizing"),
    ("says_fine", "minimizing"),
    ("withdrawal", "quiet"),
    ("subtle_disengagement", "quiet"),
    ("topic_avoidance", "avoiding"),
    ("sidetracking", "avoiding"),
    ("inattention", "avoiding"),
    ("others", "others"),
    ("sustain_talk", "denying"),
    ("partial_agreement", "denying"),
    ("caution", "avoiding"),
)
"""What is listened for, the first that is heard."""


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """The next move. Pure: the same arguments and generator state give the same move."""
    return pick(load_table(MOVES_FILE), situation(heard, moment), heard, moment, rng)


def situation(heard: Heard, moment: Moment) -> str:
    """The name of an entry in `confrontational.yaml`."""
    if moment.leaving:
        return "leaving"
    if moment.last:
        return "closing"
    if not moment.earlier:
        return "opening"
    found = next((name for signal, name in _HEARD if signal in heard), None)
    if found is None and heard.discord:
        return "arguing"
    if found is None and "question" in heard:
        return "asked"
    return found or "telling"
