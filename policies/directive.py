"""The directive therapist: asks for facts, explains, advises and prescribes.

A known group, apart from `mi_consistent` in what it does: advice, information and closed questions
where the other reflects and asks openly, and homework that is given out. Resistance is met with
better arguments. What it does in each situation stands in `directive.yaml`.
"""

import random
from pathlib import Path

from mirrorplay.policies.listening import Heard
from mirrorplay.policies.moves import Moment, Move, load_table, pick
from mirrorplay.policies.rolling import without_refusal

MOVES_FILE = Path(__file__).parent / "directive.yaml"
PRESCRIBES_FROM = 0.4
"""Share of the session after which homework is given out (H)."""
_HEARD = (
    ("distress", "distress"),
    ("refusal", "refusal"),
    ("commitment", "commitment"),
    ("withdrawal", "quiet"),
    ("subtle_disengagement", "quiet"),
    ("change_talk", "change"),
    ("insight", "change"),
    ("sustain_talk", "resisting"),
    ("partial_agreement", "resisting"),
    ("minimizing", "resisting"),
    ("others", "resisting"),
)
"""What is listened for, the first that is heard."""


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """The next move. Pure: the same arguments and generator state give the same move."""
    name = situation(heard, moment)
    heard = without_refusal(heard) if name == "step" else heard
    return pick(load_table(MOVES_FILE), name, heard, moment, rng)


def situation(heard: Heard, moment: Moment) -> str:
    """The name of an entry in `directive.yaml`."""
    if moment.leaving:
        return "leaving"
    if moment.last:
        return "closing" if moment.homework else "closing_with_homework"
    if not moment.earlier:
        return "opening"
    if "question" in heard and "open_disagreement" not in heard:
        return "asked"
    found = next((name for signal, name in _HEARD if signal in heard), None)
    if found is None and heard.discord:
        found = "resisting"
    due = moment.exchange > PRESCRIBES_FROM * moment.max_exchanges and not moment.homework
    if due and found not in ("distress", "resisting", "refusal", "quiet"):
        return "prescribe"
    if moment.step is not None and found in (None, "change", "quiet"):
        return "step"
    return found or "telling"
