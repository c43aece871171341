"""Ruptures of the alliance and their repair, by the idea of the 3RS (Eubanks et al.): the client
withdraws from the therapist or the work, or turns against them; either can be mended.

A rupture is a run of neighbouring client turns of one kind with at least one strong marker or two
weak ones: in speech a short reply by itself is normal. Markers and repair acts are our reading of
the 3RS's categories in the coder's terms (H); no published item is used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mirrorplay.policies.instruments.skill import PUSHING, REFLECTIONS
from mirrorplay.policies.instruments.tape import Feature, Tape, Utterance

Kind = Literal["withdrawal", "confrontation"]
REPAIRS = frozenset(
    {
        "checking_impasse",
        "impact_disclosure",
        "naming_mismatch",
        "emphasize_autonomy",
        "seek_collaboration",
        "affirm",
    }
)
"""Acts that mend by themselves; a reflection mends where nothing is pushed beside it."""
REACH = 2
"""Therapist turns after a rupture in which a repair is looked for, and client turns in which it
shows."""
_ATTACKING = frozenset({"challenging", "discounting"})
_AVOIDING = frozenset({"limit_setting", "inattention", "sidetracking"})
_OFFERING = PUSHING | {"reframe_offer", "homework_cocreated", "persuade_with_permission"}
_SHORT_REPLY = 4
_COVERING = frozenset({"agreeing", "answering", "minimizing", "committing", "minimum_talk"})
"""Acts whose words can hide what the body shows."""


@dataclass(frozen=True, slots=True)
class Rupture:
    """`turns`: indices of the client's turns. `attempts`: of therapist turns that try to mend it.
    `mended`: of the client's turns after an attempt that show it worked, () if none do."""

    kind: Kind
    turns: tuple[int, ...]
    attempts: tuple[int, ...]
    mended: tuple[int, ...]


def _marker(line: Utterance, before: Utterance | None) -> tuple[Kind, bool] | None:
    """(kind, strong) of one client turn, or None."""
    after_offer = before is not None and before.has(_OFFERING)
    asked = before is not None and before.wording.questions > 0
    # A "no" to a question is an answer.
    if line.has(_ATTACKING) or ("disagreeing" in line.codes and after_offer and not asked):
        return "confrontation", True
    if "unwillingness" in line.codes:
        return "confrontation", after_offer
    if "blaming" in line.codes and not {"you", "your"}.isdisjoint(line.wording.tokens):
        return "confrontation", True
    if line.has(_AVOIDING):
        return "withdrawal", True
    if "minimizing" in line.codes or ("minimum_talk" in line.codes and asked):
        return "withdrawal", _withdrawn(line)
    pushed = before is not None and before.has(PUSHING)
    if "agreeing" in line.codes and pushed and line.wording.words <= _SHORT_REPLY:
        return "withdrawal", _withdrawn(line)
    if line.has(_COVERING) and _withdrawn(line):
        return "withdrawal", False
    return None


def _withdrawn(line: Utterance) -> bool:
    """The body says what the words do not; never in the variant "words"."""
    return line.signs is not None and "withdrawn" in line.signs and "warm" not in line.signs


def ruptures(tape: Tape) -> tuple[Rupture, ...]:
    """Every rupture of the session, in order."""
    before = {b.index: a for a, b in tape.answers}
    marks = [_marker(line, before.get(line.index)) for line in tape.client]
    found: list[Rupture] = []
    at = 0
    while at < len(marks):
        mark = marks[at]
        end = at + 1
        if mark is not None:
            while end < len(marks) and _kind(marks[end]) == mark[0]:
                end += 1
            strong = any(one is not None and one[1] for one in marks[at:end])
            if strong or end - at >= 2:
                found.append(_followed(tape, mark[0], at, end, marks))
        at = end
    return tuple(found)


def _kind(mark: tuple[Kind, bool] | None) -> Kind | None:
    return None if mark is None else mark[0]


def _followed(
    tape: Tape, kind: Kind, start: int, end: int, marks: list[tuple[Kind, bool] | None]
) -> Rupture:
    turns = tape.client[start:end]
    replies = [line for line in tape.therapist if line.index > turns[0].index]
    last = turns[-1].index
    near = [line for line in replies if line.index < last]
    near += [line for line in replies if line.index > last][:REACH]
    attempts = tuple(line.index for line in near if _mends(line))
    mended: tuple[int, ...] = ()
    if attempts:
        after = range(end, min(end + REACH, len(tape.client)))
        well = [x for x in after if marks[x] is None and not tape.client[x].resistant]
        tried = [x for x in well if tape.client[x].index > attempts[0]]
        if tried and len(well) == len(after):
            mended = tuple(tape.client[x].index for x in tried)
    return Rupture(kind, tuple(line.index for line in turns), attempts, mended)


def _mends(line: Utterance) -> bool:
    if line.has(frozenset({"confront"})):
        return False
    return line.has(REPAIRS) or (line.has(REFLECTIONS) and not line.has(PUSHING))


def _turns(found: list[Rupture]) -> tuple[int, ...]:
    return tuple(index for one in found for index in one.turns)


def _of(kind: Kind, events: bool) -> Callable[[Tape], Feature | None]:
    def feature(tape: Tape) -> Feature | None:
        if not tape.rateable:
            return None
        found = [one for one in tape.kept(ruptures) if one.kind == kind]
        turns = _turns(found)
        return Feature(len(found) if events else len(turns) / len(tape.client), turns)

    return feature


def _attempted(tape: Tape) -> Feature | None:
    found = tape.kept(ruptures)
    if not found or not tape.rateable:
        return None
    tried = [one for one in found if one.attempts]
    evidence = sorted({index for one in tried for index in one.attempts})
    return Feature(len(tried) / len(found), tuple(evidence))


def _repaired(tape: Tape) -> Feature | None:
    found = tape.kept(ruptures)
    if not found or not tape.rateable:
        return None
    mended = [one for one in found if one.mended]
    evidence = sorted({index for one in mended for index in one.attempts + one.mended})
    return Feature(len(mended) / len(found), tuple(evidence))


RUPTURE_MEASURES: dict[str, Callable[[Tape], Feature | None]] = {
    "withdrawal": _of("withdrawal", events=False),
    "confrontation": _of("confrontation", events=False),
    "withdrawal_events": _of("withdrawal", events=True),
    "confrontation_events": _of("confrontation", events=True),
    "repair_attempts": _attempted,
    "repairs": _repaired,
}
