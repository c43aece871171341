"""When a session ends, and how."""

from typing import Literal

Outcome = Literal["resolved", "impasse", "client_left", "max_exchanges", "safety_stop"]
OUTCOMES: tuple[Outcome, ...] = (
    "resolved",
    "impasse",
    "client_left",
    "max_exchanges",
    "safety_stop",
)
EndedBy = Literal["client", "supervisor", "limit"]
