"""How much a client resists, turn by turn, from an observer's codes."""

from collections.abc import Collection, Sequence

from mirrorplay.policies.acts import RESISTANT_ACTS

DISCORD = frozenset(
    {"challenging", "discounting", "blaming", "limit_setting", "inattention", "sidetracking"}
)
"""Acts against the counsellor or away from the conversation. The other resistant acts speak against
change (sustain talk) more than against the counsellor."""

LEVELS: dict[str, float] = {
    **dict.fromkeys(RESISTANT_ACTS, 0.6),
    "challenging": 1.0,
    "discounting": 1.0,
    "blaming": 0.8,
    "limit_setting": 1.0,
    "unwillingness": 1.0,
    "inattention": 0.8,
    "sidetracking": 0.6,
    "reluctance": 0.4,
    "minimum_talk": 0.4,
}
"""Level of a turn by its act, [0, 1]: open discord and refusal 1, the rest by plainness (H)."""
SUSTAIN_LEVEL = 0.3
"""Level of a collaborative turn that still speaks against change (H)."""
WINDOW = 2
"""Client turns in each mean: one turn is too noisy a reading."""


def is_resistant(codes: Collection[str]) -> bool:
    """Whether a client turn was coded with a resistant act."""
    return any(code in LEVELS for code in codes)


def level(codes: Collection[str]) -> float:
    """Resistance of one client turn in [0, 1]."""
    found = [LEVELS[code] for code in codes if code in LEVELS]
    if found:
        return max(found)
    return SUSTAIN_LEVEL if "talk:sustain" in codes else 0.0


def trajectory(turns: Sequence[Collection[str]]) -> dict[str, tuple[float, tuple[int, ...]]]:
    """The course of resistance, each figure with the positions of the turns it rests on.

    `turns` holds the codes of the client's turns in order; fewer than two give nothing. first, peak
    and last are two-turn means in [0, 1], area the mean over all turns. half_time is how many turns
    after the peak the mean is down to half of it; absent where it never is, or where the peak is
    no higher than one short reply makes it.
    """
    if len(turns) < WINDOW:
        return {}
    levels = [level(codes) for codes in turns]
    means = [sum(levels[at : at + WINDOW]) / WINDOW for at in range(len(levels) - WINDOW + 1)]
    peak = means.index(max(means))
    chosen = {"first": 0, "peak": peak, "last": len(means) - 1}
    course = {name: (means[at], tuple(range(at, at + WINDOW))) for name, at in chosen.items()}
    resisting = tuple(at for at, value in enumerate(levels) if value)
    course["area"] = (sum(levels) / len(levels), resisting)
    halved = (at for at in range(peak + 1, len(means)) if means[at] <= means[peak] / 2)
    half = next(halved, None) if means[peak] >= SUSTAIN_LEVEL else None
    if half is not None:
        spanned = (*range(peak, peak + WINDOW), *range(half, half + WINDOW))
        course["half_time"] = (float(half - peak), tuple(sorted(set(spanned))))
    return course
