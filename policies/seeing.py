"""What a caption of the face adds to what was heard.

The caption is weighed against the words, never instead of them: a guarded face beside an easy
answer makes the answer a half agreement; the same face beside an open "no" adds nothing. A hedged
reading ("perhaps a little sad") counts only where the words say next to nothing. Which reading goes
with which signal is ours (H), after MIRROR's table of rolling with resistance.
"""

from dataclasses import replace
from types import MappingProxyType

from mirrorplay.policies.listening import Heard, Signal

SIGNALS: MappingProxyType[str, Signal] = MappingProxyType(
    {
        "guarded": "partial_agreement",
        "holding something back": "partial_agreement",
        "irritated": "partial_agreement",
        "dismissive": "partial_agreement",
        "doubtful": "partial_agreement",
        "holding a smile": "partial_agreement",
        "sad": "distress",
        "close to tears": "distress",
        "downcast": "distress",
        "worried": "distress",
        "frightened": "distress",
        "avoiding contact": "subtle_disengagement",
        "far away": "subtle_disengagement",
    }
)
"""Reading in the caption → what it makes of words that do not say it themselves."""
HEDGED = ("perhaps", "a little", "slightly", "might")
SAYS_LITTLE = 4
"""A reply of at most so many words leaves room for a weak reading."""


def weigh(heard: Heard, caption: str) -> Heard:
    """What was heard, with at most one signal more. Words that strain, ask, commit or tell of
    distress speak for themselves and stay as they are."""
    _, _, reading = caption.partition(";")
    if not reading or heard.discord or heard.signals & _PLAIN:
        return heard
    for part in reading.split(","):
        signal = next((found for word, found in SIGNALS.items() if word in part), None)
        if signal is None or signal in heard:
            continue
        hedged = any(word in part for word in HEDGED)
        if hedged and heard.words > SAYS_LITTLE:
            continue
        return replace(heard, signals=heard.signals | {signal})
    return heard


_PLAIN: frozenset[Signal] = frozenset(
    {"question", "commitment", "distress", "sustain_talk", "insight", "stop"}
)
