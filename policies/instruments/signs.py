"""What a body shows beside the words: withdrawn, hostile, warm, sad, tense.

From a stage direction by the cues of `cues.yaml`, or from a perception by its action units, gaze
and head. Signs are displays, not feelings. Thresholds are ours (H), units after EMFACS.
"""

from mirrorplay.policies.facs import Perception
from mirrorplay.policies.instruments.wording import read_words

SIGNS = ("withdrawn", "hostile", "warm", "sad", "tense")
_SEEN = 1.5
"""Intensity from which a unit counts (A is 1, B is 2): a reading of A is mostly noise."""
_TURNED = 0.35
"""Gaze or head in [-1, 1] from which it is turned away."""


def signs_of_direction(text: str) -> frozenset[str]:
    """Signs that a stage direction tells."""
    return read_words(text, "stage").cues


def signs_of_face(face: Perception) -> frozenset[str]:
    """Signs that a perceived face shows."""
    units = {unit.au: unit for unit in face.action_units if unit.intensity >= _SEEN}
    seen = units.keys()
    shown = set()
    aside = abs(face.gaze_x) >= _TURNED and face.gaze_y < _TURNED
    if aside or face.gaze_y <= -_TURNED or face.head_pitch <= -_TURNED or 43 in seen:
        shown.add("withdrawn")
    lopsided = any(units[au].side != "both" for au in (12, 14) if au in seen)
    if lopsided or {4, 7, 23} <= seen or {4, 5, 7} <= seen or (24 in seen and {4, 17} & seen):
        shown.add("hostile")
    if {6, 12} <= seen:
        shown.add("warm")
    if {1, 15} <= seen or {4, 15} <= seen:
        shown.add("sad")
    if {1, 2, 4} <= seen or 20 in seen or {1, 5} <= seen:
        shown.add("tense")
    return frozenset(shown)
