"""Poor manner: the same acts, done badly.

A move keeps its codes and loses what makes them bearable: no leave is asked, nothing is hedged,
the words run long, and what was said last is not taken up. The words stand under `ACT.poor`; a plan
step keeps its own words, hurried into. Safety is never done so.
"""

from dataclasses import replace

from mirrorplay.policies.moves import ACKNOWLEDGE, SAID, Beat, Moment, Move

POOR_FIT = 0.3
"""Share of its fit that a move keeps when the last turn is passed over (H)."""
_EXEMPT = frozenset(("safety_inquiry",))
_REWORDED = frozenset(("reframe_offer", "homework_cocreated", "homework_prescribed"))
"""Plan steps whose own words ask leave or hedge."""


def poorly(move: Move, moment: Moment) -> Move:
    """The move in poor manner. What it says back is from before the client's last turn."""
    if any(beat.act in _EXEMPT for beat in move.beats):
        return move
    return replace(
        move,
        beats=tuple(_poor(beat) for beat in move.beats if beat.keys != (ACKNOWLEDGE,)),
        note=f"{move.note} (poor manner)",
        fit=round(POOR_FIT * move.fit, 3),
        said=_earlier(moment),
    )


def _poor(beat: Beat) -> Beat:
    if beat.act == "persuade_with_permission":
        # Without leave asked it is another code (MITI 4.2).
        return Beat("persuade", ("persuade.poor",))
    first = beat.keys[0].removesuffix(SAID)
    if first.startswith("plan.") and beat.act not in _REWORDED:
        return replace(beat, keys=(f"{first}.poor", *beat.keys, f"{beat.act}.poor"))
    return replace(beat, keys=(f"{first}.poor", f"{beat.act}.poor"))


def _earlier(moment: Moment) -> str | None:
    """A clause from before the last turn; the older the staler, so the newest of them."""
    clauses = (one.clause.text for one in reversed(moment.earlier) if one.clause is not None)
    return next(clauses, None)
