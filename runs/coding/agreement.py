"""How far the measuring coder and the client's own appraisal hear the same therapist.

The two share no rules and no data; agreement that is too high would be a sign that they do, and
agreement near chance that one of them does not work.
"""

from collections import Counter
from collections.abc import Sequence

from mirrorplay.policies.appraisal import appraise
from mirrorplay.policies.coding.coder import code
from mirrorplay.policies.coding.features import behaviour_of
from mirrorplay.runs.coding.transcripts import Transcript


def with_appraisal(transcripts: Sequence[Transcript]) -> dict[str, float]:
    """Of therapist utterances that both give a code: `any_code` share with a code in common,
    `behaviour` share with the same first behaviour (question, reflection, input, other), `kappa` of
    that behaviour (Cohen's), `n`."""
    pairs: list[tuple[str, str]] = []
    shared = 0
    for transcript in transcripts:
        for line in transcript.utterances:
            if line.speaker != "therapist":
                continue
            mine = code(line.text, "therapist", line.before).names
            client = next((said for who, said in reversed(line.before) if who == "client"), None)
            theirs, _ = appraise(line.text, client)
            if not mine or not theirs:
                continue
            shared += not set(mine).isdisjoint(theirs)
            pairs.append((behaviour_of(mine[0]), behaviour_of(theirs[0])))
    if not pairs:
        return {"n": 0.0}
    same = sum(a == b for a, b in pairs) / len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[name] * second[name] for name in first) / len(pairs) ** 2
    return {
        "n": float(len(pairs)),
        "any_code": shared / len(pairs),
        "behaviour": same,
        "kappa": (same - chance) / (1 - chance) if chance < 1 else 1.0,
    }
