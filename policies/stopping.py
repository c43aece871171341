"""When a session ends, and how.

The rules read an observer's codes, never the hidden state. Thresholds are ours (H): they say when
going on would teach nothing, not when a client is well.
"""

from collections.abc import Sequence
from typing import Literal

from mirrorplay.policies.instruments.trajectory import is_resistant
from mirrorplay.policies.safety import SafetyFinding

Outcome = Literal["resolved", "impasse", "client_left", "max_exchanges", "safety_stop"]
OUTCOMES: tuple[Outcome, ...] = (
    "resolved",
    "impasse",
    "client_left",
    "max_exchanges",
    "safety_stop",
)
EndedBy = Literal["client", "supervisor", "limit"]

RESOLVED_FROM = 4
"""First exchange that can end resolved."""
RESOLVED_WINDOW = 4
"""Client turns looked back on: two or more lean towards change, at most one resists, and neither
of the last two does."""
RESOLVED_POINTS = 3
"""Sum over the window: committing 2, change talk or insight 1."""
IMPASSE_FROM = 6
IMPASSE_WINDOW = 5
IMPASSE_RESISTANT = 4
"""Resistant client turns among the last five that make an impasse."""
REPLAN_RUN = 3
"""Resistant client turns in a row after which another plan is worth trying."""


def decide(
    client_codes: Sequence[Sequence[str]],
    exchange: int,
    max_exchanges: int,
    leaving: bool,
    safety: Sequence[SafetyFinding],
) -> tuple[Outcome, EndedBy] | None:
    """How the session ends after this exchange, or None to go on.

    `client_codes` are the codes of all client turns so far, the reviewed one last; `exchange`
    counts from 1; `safety` holds the findings in the client's words. Safety goes first, then what
    the client does, then what the supervisor sees, then the limit.
    """
    if safety:
        return "safety_stop", "supervisor"
    if leaving:
        return "client_left", "client"
    if exchange >= RESOLVED_FROM and _resolved(client_codes):
        return "resolved", "supervisor"
    if exchange >= IMPASSE_FROM and _impasse(client_codes):
        return "impasse", "supervisor"
    if exchange >= max_exchanges:
        return "max_exchanges", "limit"
    return None


def suggest_replan(client_codes: Sequence[Sequence[str]]) -> bool:
    """True when the client has resisted for three turns in a row, and again every third turn after
    that, so that a plan gets at least three exchanges."""
    run = 0
    for codes in reversed(client_codes):
        if not is_resistant(codes):
            break
        run += 1
    return run > 0 and run % REPLAN_RUN == 0


def _points(codes: Sequence[str]) -> int:
    if is_resistant(codes):
        return 0
    if "committing" in codes:
        return 2
    return int(not {"change_talk", "insight", "talk:change"}.isdisjoint(codes))


def _resolved(client_codes: Sequence[Sequence[str]]) -> bool:
    window = client_codes[-RESOLVED_WINDOW:]
    points = [_points(codes) for codes in window]
    resistant = [is_resistant(codes) for codes in window]
    return (
        sum(points) >= RESOLVED_POINTS
        and sum(point > 0 for point in points) >= 2
        and sum(resistant) <= 1
        and not any(resistant[-2:])
    )


def _impasse(client_codes: Sequence[Sequence[str]]) -> bool:
    window = client_codes[-IMPASSE_WINDOW:]
    return sum(is_resistant(codes) for codes in window) >= IMPASSE_RESISTANT
