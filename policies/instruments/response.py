"""What the client does, counted on a tape: what alliance and affect are imputed from."""

from collections.abc import Callable

from mirrorplay.policies.instruments.signs import SIGNS
from mirrorplay.policies.instruments.skill import CHANGING, SUSTAINING, share, share_of_codes
from mirrorplay.policies.instruments.tape import Feature, Tape, Utterance
from mirrorplay.policies.instruments.trajectory import DISCORD, level

AFFECTS = (
    "hopeful",
    "resolved",
    "engaged",
    "eased",
    "proud",
    "afraid",
    "tense",
    "upset",
    "hostile",
    "ashamed",
)
ENOUGH_WORDS = 30
"""Client words below which the words tell nothing of affect."""
_AFFECTED_BY: dict[str, frozenset[str]] = {
    "resolved": frozenset({"committing"}),
    "engaged": frozenset({"insight", "asking"}),
    "upset": frozenset({"pessimism"}),
    "hostile": frozenset({"challenging", "blaming"}),
}
"""Codes that show an affect without its words."""


def _client(*codes: str) -> Callable[[Tape], Feature | None]:
    wanted = frozenset(codes)
    return lambda tape: share_of_codes(tape.client, wanted)


def _late(codes: frozenset[str]) -> Callable[[Tape], Feature | None]:
    return lambda tape: share_of_codes(tape.late, codes)


def _after(
    codes: frozenset[str], worth: Callable[[Utterance], float]
) -> Callable[..., Feature | None]:
    """Mean worth of the client's turns right after such therapist turns."""

    def feature(tape: Tape) -> Feature | None:
        found = [(b.index, worth(b)) for a, b in tape.answers if a.has(codes)]
        if not found:
            return None
        hits = tuple(index for index, value in found if value)
        return Feature(sum(value for _, value in found) / len(found), hits)

    return feature


def _accepts(line: Utterance) -> float:
    """1 for insight or change talk, .6 for agreeing, .3 for another answer, 0 for resistance."""
    if line.resistant or line.has(SUSTAINING):
        return 0.0
    if line.has(CHANGING):
        return 1.0
    return 0.6 if "agreeing" in line.codes else 0.3


def _late_resistance(tape: Tape) -> Feature | None:
    if not tape.late:
        return None
    hits = tuple(line.index for line in tape.late if line.resistant)
    return Feature(sum(level(line.codes) for line in tape.late) / len(tape.late), hits)


def _softens(tape: Tape) -> Feature | None:
    """Fall of resistance from the first half to the second; .5 is no fall."""
    first = tape.client[: len(tape.client) // 2]
    if not first or not tape.late:
        return None
    early = sum(level(line.codes) for line in first) / len(first)
    late = sum(level(line.codes) for line in tape.late) / len(tape.late)
    if not early and not late:
        return None
    return Feature(0.5 + (early - late) / 2, tuple(x.index for x in tape.client if x.resistant))


def _concrete(tape: Tape) -> Feature | None:
    """Late client turns for change that say what, when or with whom."""
    return share(tape.late, lambda x: x.has(CHANGING) and x.cued("concrete", "resolved"))


def _affect(name: str) -> Callable[[Tape], Feature | None]:
    codes = _AFFECTED_BY.get(name, frozenset())

    def feature(tape: Tape) -> Feature | None:
        if sum(line.wording.words for line in tape.client) < ENOUGH_WORDS:
            return None
        return share(tape.client, lambda line: line.cued(name) or line.has(codes))

    return feature


def _shows(sign: str) -> Callable[[Tape], Feature | None]:
    return lambda tape: share(tape.seen, lambda line: sign in (line.signs or ()))


CLIENT_FEATURES: dict[str, Callable[[Tape], Feature | None]] = {
    "cooperates": lambda tape: share(tape.client, lambda line: not line.resistant),
    "opens_up": _client("disclosing", "insight"),
    "insights": _client("insight"),
    "changes": lambda tape: share_of_codes(tape.client, CHANGING),
    "late_change": _late(CHANGING),
    "late_commitment": _late(frozenset({"committing"})),
    "late_sustain": _late(SUSTAINING),
    "late_resistance": _late_resistance,
    "late_discord": _late(DISCORD),
    "softens": _softens,
    "concrete_plans": _concrete,
    "doubts_work": _client("discounting", "pessimism"),
    "refuses": _client("unwillingness", "limit_setting", "reluctance"),
    "attacks": _client("challenging", "blaming", "discounting"),
    "disagrees": _client("disagreeing"),
    "strays": _client("sidetracking", "inattention"),
    "thanks": lambda tape: share(tape.client, lambda line: line.cued("thanks")),
    "gains": lambda tape: share(tape.client, lambda x: x.cued("engaged", "eased", "hopeful")),
    "reframe_taken": _after(frozenset({"reframe_offer"}), _accepts),
    "step_agreed": _after(frozenset({"homework_cocreated", "homework_prescribed"}), _accepts),
    "collaboration_taken": _after(
        frozenset({"seek_collaboration", "agenda", "persuade_with_permission"}), _accepts
    ),
    **{f"feels_{name}": _affect(name) for name in AFFECTS},
    **{f"shows_{sign}": _shows(sign) for sign in SIGNS},
}
"""Features for items' formulas, each in [0, 1]. `shows_*` are None where nothing can be seen."""
