"""When the words and the face of one turn disagree.

A listener's guess and nothing more: whether what was read from an image is heavier or lighter than
what was said. It says that something does not match, never what is felt (H).
"""

from typing import Literal

from mirrorplay.policies.expression import Perception
from mirrorplay.policies.listening import Heard

Mismatch = Literal["light", "heavy"]
"""What the words are beside the face: light words and a heavy face, or the other way round."""
VALENCE = 0.3
"""How far from neutral a read valence must be to count (H)."""
SEEN = 1.5
"""Intensity from which one action unit counts (H)."""
_LIGHT = frozenset(("says_fine", "minimizing", "subtle_disengagement", "partial_agreement"))
_HEAVY_FACES = (
    frozenset((1, 4)),
    frozenset((1, 15)),
    frozenset((15, 17)),
    frozenset((12, 15)),
    frozenset((12, 24)),
    frozenset((4, 23)),
    frozenset((4, 24)),
)
"""Pairs of units of sadness, of a smile held down and of held-back anger (H): what is shown, not
what is felt."""
_SMILE = frozenset((6, 12))


def disagreement(heard: Heard, face: Perception | None) -> Mismatch | None:
    """Whether the face says something else than the words; None without a face, or when unsure."""
    if face is None:
        return None
    units = {unit.au for unit in face.action_units if unit.intensity >= SEEN}
    sneer = any(unit.au == 14 and unit.side != "both" for unit in face.action_units)
    if heard.signals & _LIGHT and "distress" not in heard:
        heavy = sneer or any(pair <= units for pair in _HEAVY_FACES)
        return "light" if heavy or face.valence <= -VALENCE else None
    if "distress" in heard or (heard.feeling is not None and not heard.discord):
        return "heavy" if units >= _SMILE or face.valence >= VALENCE else None
    return None
