"""Sentences of a source that name risk, so that the persona is off unless asked for by name.

Recall comes first here: a form that merely mentions such a thing is looked at by a person before it
is played.
"""

import re
from typing import Final

_CUES: Final = re.compile(
    r"\b(?:suicid\w*|self[- ](?:harm|injur)\w*|overdos\w+|hallucinat\w+|hear(?:s|ing)? voices"
    r"|(?:kill|hurt|harm|cut|starv)(?:ing|s)? (?:my|him|her|them|your)sel(?:f|ves)"
    r"|(?:kill|hurt|harm)(?:ing|s)? (?:others|someone|somebody|people|him|her|them)\b"
    r"|tak(?:e|ing) (?:my|his|her|their) own life"
    r"|end(?:ing)? (?:(?:my|his|her|their) (?:own )?life|it all)\b"
    r"|(?:want|wish)\w* (?:to|(?:i|he|she) could) (?:die|disappear)\b"
    r"|(?:want|wish)\w* (?:i|he|she) (?:was|were) dead\b"
    r"|better off (?:dead|without (?:me|him|her))|(?:not|isn['’]t) worth living|no reason to live"
    r"|(?:sexual|physical|domestic)(?:ly)? (?:abus\w+|assault\w*|violence)|abus(?:e|ed|es|ive)\b"
    r"|molest\w+|rape[ds]?\b)",
    re.IGNORECASE,
)
_LONGEST: Final = 4000


def risk_sentences(text: str) -> tuple[str, ...]:
    """The sentences with a cue, in order, each at most 4,000 characters."""
    sentences = re.split(r"\s*\n\s*|(?<=[.!?])\s+", text.strip())
    return tuple(dict.fromkeys(s[:_LONGEST] for s in sentences if _CUES.search(s)))
