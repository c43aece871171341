"""What the measures are called, and on which scale they are told."""

from mirrorplay.runs.analysis.figures import MEASURES

LABELS = {
    "alliance": "Alliance (1–5)",
    "skill": "Counselling skill (0–6)",
    "resistance_first": "Resistance, first (0–1)",
    "resistance_peak": "Resistance, peak (0–1)",
    "resistance_last": "Resistance, last (0–1)",
    "resistance_area": "Resistance, mean (0–1)",
    "resolved": "Resolved (share)",
    "exchanges": "Exchanges",
    "trust_last": "Hidden trust at the end (0–1)",
}
HIDDEN = frozenset({"trust_last"})
"""Measures that read the simulator's own truth: implementation checks, never outcomes."""
MODELLED = ("alliance", "skill", "resistance_area", "resolved")
"""Measures that get a mixed model."""
OBSERVED = (
    *(name for name in LABELS if name in MEASURES and name not in HIDDEN),
    *(name for name in MEASURES if name not in LABELS),
)
"""What an observer of the words could measure, in the order of the report."""


def label(measure: str) -> str:
    """The name that is printed."""
    return LABELS.get(measure, measure.replace("_", " ").capitalize())
