"""Figures that are read off a tape directly, on their own scale: MITI's summary, the course of
resistance, slopes of talk, depth of disclosure, and how much of a CBT session is there."""

from collections.abc import Callable, Sequence

from mirrorplay.policies.instruments.skill import (
    ADHERENT,
    COMPLEX,
    NON_ADHERENT,
    QUESTIONS,
    REFLECTIONS,
    ROOM,
    indices,
    share_of_codes,
)
from mirrorplay.policies.instruments.tape import Feature, Tape, Utterance
from mirrorplay.policies.instruments.trajectory import trajectory

REPLIES = 2
"""Therapist turns from which MITI's figures are given."""
SLOPE_TURNS = 4
"""Client turns from which a slope is fitted."""
DEPTH_SHARE = 0.25
"""Depth is the mean of the deepest quarter of the client's turns: a share, so that a long session
is not a deeper one."""
DISCLOSURE_TURNS = 3
_TOLD_WORDS = 12
_EMPTY_WORDS = 3
_HELD_BACK = frozenset({"minimum_talk", "limit_setting", "inattention", "sidetracking"})
_OWN = frozenset({"i", "me", "my", "myself", "mine"})


def _reflections(tape: Tape) -> list[Utterance]:
    return [line for line in tape.therapist if line.has(REFLECTIONS - {"summary"})]


def _reflection_to_question(tape: Tape) -> Feature | None:
    """Turns with a reflection per turn with a question; None without a question."""
    asked = [line for line in tape.therapist if line.has(QUESTIONS)]
    reflected = _reflections(tape)
    if not asked or len(tape.therapist) < REPLIES:
        return None
    return Feature(len(reflected) / len(asked), indices(reflected))


def _complex_share(tape: Tape) -> Feature | None:
    if len(tape.therapist) < REPLIES:
        return None
    return share_of_codes(_reflections(tape), COMPLEX)


def _adherence(codes: frozenset[str], counted: bool) -> Callable[[Tape], Feature | None]:
    """Behaviours of a kind, one of each code a turn: their count, or turns with any as a share."""

    def feature(tape: Tape) -> Feature | None:
        if len(tape.therapist) < REPLIES:
            return None
        found = [line for line in tape.therapist if line.has(codes)]
        count = sum(len(line.codes & codes) for line in found)
        return Feature(count if counted else len(found) / len(tape.therapist), indices(found))

    return feature


def _trajectory(tape: Tape) -> dict[str, tuple[float, tuple[int, ...]]]:
    return trajectory([line.codes for line in tape.client])


def _course(name: str) -> Callable[[Tape], Feature | None]:
    def feature(tape: Tape) -> Feature | None:
        found = tape.kept(_trajectory).get(name)
        if found is None:
            return None
        return Feature(found[0], tuple(tape.client[at].index for at in found[1]))

    return feature


def slope(values: Sequence[float]) -> float:
    """Least-squares change from the first value to the last, over equal steps. At least two."""
    middle = (len(values) - 1) / 2
    spread = sum((at - middle) ** 2 for at in range(len(values)))
    moved = sum((at - middle) * value for at, value in enumerate(values))
    return moved / spread * (len(values) - 1)


def _talk_slope(code: str) -> Callable[[Tape], Feature | None]:
    def feature(tape: Tape) -> Feature | None:
        if len(tape.client) < SLOPE_TURNS:
            return None
        said = [float(code in line.codes) for line in tape.client]
        return Feature(slope(said), indices(x for x in tape.client if code in x.codes))

    return feature


def _talk_share(code: str) -> Callable[[Tape], Feature | None]:
    def feature(tape: Tape) -> Feature | None:
        if len(tape.client) < SLOPE_TURNS:
            return None
        return share_of_codes(tape.client, frozenset({code}))

    return feature


def depth(line: Utterance) -> int:
    """How deep a client's turn goes: 0 nothing of oneself, 1 outer facts, 2 one's own experience,
    3 something personal (the self, the past, a secret) or an insight, 4 two of these at once."""
    wording = line.wording
    if wording.words <= _EMPTY_WORDS or line.has(_HELD_BACK):
        return 0
    if _OWN.isdisjoint(wording.tokens):
        return 1
    personal = sum(cue in wording.cues for cue in ("self", "secret", "past"))
    personal += "insight" in line.codes
    feeling = line.cued("afraid", "tense", "upset", "ashamed", "hostile", "hopeful")
    if personal >= 2 or (personal and feeling):
        return 4
    if personal:
        return 3
    told = "disclosing" in line.codes and wording.words >= _TOLD_WORDS
    return 2 if feeling or told else 1


def _depth(tape: Tape) -> Feature | None:
    if len(tape.client) < DISCLOSURE_TURNS:
        return None
    kept = -(-len(tape.client) // round(1 / DEPTH_SHARE))
    deepest = sorted(tape.client, key=lambda line: (-depth(line), line.index))[:kept]
    value = sum(depth(line) for line in deepest) / kept
    return Feature(value, tuple(sorted(line.index for line in deepest if depth(line) > 1)))


def _personal_share(tape: Tape) -> Feature | None:
    if len(tape.client) < DISCLOSURE_TURNS:
        return None
    hits = indices(line for line in tape.client if depth(line) >= 2)
    return Feature(len(hits) / len(tape.client), hits)


_STAGES: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset({"agenda"}), ("agenda",)),
    (frozenset(), ("thoughts",)),
    (frozenset({"socratic_question"}), ("evidence",)),
    (frozenset({"reframe_offer"}), ("alternative",)),
    (frozenset({"summary", "checking_impasse"}), ("feedback",)),
    (frozenset({"homework_cocreated", "homework_prescribed"}), ()),
)
"""What a CBT session goes through, by codes and cues: agenda, thought found, thought examined,
alternative, summary or feedback, step. The transcript holds no plan, so the words must show it."""


def _at_stage(line: Utterance, codes: frozenset[str], cues: tuple[str, ...]) -> bool:
    """A cue somewhere in a long turn may be there by chance."""
    return line.has(codes) or (line.cued(*cues) and line.wording.words <= ROOM)


def _stages(tape: Tape) -> list[int | None]:
    """Where each stage is first seen."""
    return [
        next((x.index for x in tape.therapist if _at_stage(x, codes, cues)), None)
        for codes, cues in _STAGES
    ]


def _stages_covered(tape: Tape) -> Feature | None:
    if not tape.rateable:
        return None
    seen = [index for index in _stages(tape) if index is not None]
    return Feature(len(seen) / len(_STAGES), tuple(sorted(set(seen))))


def _stages_in_order(tape: Tape) -> Feature | None:
    """Pairs of stages seen that came in their order; None of fewer than two stages."""
    if not tape.rateable:
        return None
    seen = [index for index in _stages(tape) if index is not None]
    pairs = [(a, b) for at, a in enumerate(seen) for b in seen[at + 1 :]]
    if not pairs:
        return None
    return Feature(sum(a <= b for a, b in pairs) / len(pairs), tuple(sorted(set(seen))))


MEASURES: dict[str, Callable[[Tape], Feature | None]] = {
    "reflection_to_question": _reflection_to_question,
    "complex_reflections": _complex_share,
    "mi_adherent": _adherence(ADHERENT, counted=False),
    "mi_non_adherent": _adherence(NON_ADHERENT, counted=False),
    "mi_adherent_count": _adherence(ADHERENT, counted=True),
    "mi_non_adherent_count": _adherence(NON_ADHERENT, counted=True),
    **{
        f"resistance_{name}": _course(name)
        for name in ("first", "peak", "last", "area", "half_time")
    },
    "change_slope": _talk_slope("talk:change"),
    "sustain_slope": _talk_slope("talk:sustain"),
    "change_share": _talk_share("talk:change"),
    "sustain_share": _talk_share("talk:sustain"),
    "depth": _depth,
    "personal_share": _personal_share,
    "stages_covered": _stages_covered,
    "stages_in_order": _stages_in_order,
}
"""Measures on their own scale; None where there is nothing to measure."""
