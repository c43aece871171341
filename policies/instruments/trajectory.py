"""How much a client resists, turn by turn, from an observer's codes."""

from collections.abc import Sequence

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


def is_resistant(codes: Sequence[str]) -> bool:
    """Whether a client turn was coded with a resistant act."""
    return any(code in LEVELS for code in codes)


def level(codes: Sequence[str]) -> float:
    """Resistance of one client turn in [0, 1]."""
    found = [LEVELS[code] for code in codes if code in LEVELS]
    if found:
        return max(found)
    return SUSTAIN_LEVEL if "talk:sustain" in codes else 0.0


def trajectory(turns: Sequence[Sequence[str]]) -> dict[str, tuple[float, tuple[int, ...]]]:
    """first, peak and last resistance, each with the positions of the turns it rests on.

    `turns` holds the codes of the client's turns in order; fewer than two give nothing.
    """
    if len(turns) < WINDOW:
        return {}
    levels = [level(codes) for codes in turns]
    means = [sum(levels[at : at + WINDOW]) / WINDOW for at in range(len(levels) - WINDOW + 1)]
    peak = means.index(max(means))
    chosen = {"first": 0, "peak": peak, "last": len(means) - 1}
    return {name: (means[at], tuple(range(at, at + WINDOW))) for name, at in chosen.items()}
