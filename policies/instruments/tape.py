"""What an observer can count on a coded tape: features in [0, 1], each with its evidence.

Shares of turns, never counts, so that a long session is not a better one. Everything rests on words
and codes; stage directions and faces are not looked at.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mirrorplay.policies.coding.lexical import content_words, words_of
from mirrorplay.policies.instruments.trajectory import DISCORD, is_resistant, level

REFLECTIONS = frozenset({"simple_reflection", "complex_reflection", "summary"})
WARM = frozenset({"affirm", "emphasize_autonomy", "checking_impasse", "impact_disclosure"})
INVITING = frozenset({"open_question", "socratic_question"})
COLLABORATIVE = frozenset(
    {
        "seek_collaboration",
        "emphasize_autonomy",
        "agenda",
        "homework_cocreated",
        "persuade_with_permission",
        "checking_impasse",
    }
)
TECHNIQUES = frozenset(
    {"socratic_question", "reframe_offer", "homework_cocreated", "agenda", "summary"}
)
LECTURING = frozenset({"persuade", "homework_prescribed"})
PUSHING = LECTURING | {"confront", "giving_information"}
MEETING = REFLECTIONS | WARM | {"open_question", "seek_collaboration", "naming_mismatch"}
OPENING_UP = frozenset({"disclosing", "insight", "change_talk", "committing"})
DOUBTING = frozenset({"discounting", "pessimism", "unwillingness", "challenging"})
CHANGING = frozenset({"change_talk", "committing", "insight"})
ANSWERS = {"insight": 1.0, "committing": 1.0, "change_talk": 1.0, "disclosing": 0.8}
"""What a reply to an inviting question is worth; another reply without resistance is worth .4."""
UNDEFINED = 0.5
"""Value of `meets_resistance` when there was none to meet."""


@dataclass(frozen=True, slots=True)
class CodedLine:
    """One line of the tape: its turn index, who spoke, the words, the observer's codes."""

    index: int
    speaker: str
    text: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A value in [0, 1] and the turns it rests on."""

    value: float
    evidence: tuple[int, ...] = ()


class Tape:
    """A coded session. `feature(name)` computes what an item's formula asks for, once."""

    def __init__(self, lines: Sequence[CodedLine]) -> None:
        self.lines = tuple(lines)
        self.client = tuple(line for line in lines if line.speaker == "client")
        self.therapist = tuple(line for line in lines if line.speaker == "therapist")
        self._words = {line.index: content_words(words_of(line.text)) for line in lines}
        self._known: dict[str, Feature] = {}

    @property
    def rateable(self) -> bool:
        """Two turns on each side are the least that an item can be rated from."""
        return len(self.client) >= 2 and len(self.therapist) >= 2

    def feature(self, name: str) -> Feature:
        """The feature of this name. Raises KeyError for a name there is not."""
        if name not in self._known:
            self._known[name] = _FEATURES[name](self)
        return self._known[name]

    def pairs(self) -> list[tuple[CodedLine, CodedLine]]:
        """Neighbouring lines."""
        return list(zip(self.lines, self.lines[1:], strict=False))

    def late(self) -> tuple[CodedLine, ...]:
        """The second half of the client's turns."""
        return self.client[len(self.client) // 2 :]

    def words(self, line: CodedLine) -> frozenset[str]:
        return self._words[line.index]


def _share(lines: Sequence[CodedLine], codes: frozenset[str]) -> Feature:
    hits = tuple(line.index for line in lines if not codes.isdisjoint(line.codes))
    return Feature(len(hits) / len(lines) if lines else 0.0, hits)


def _therapist_share(codes: frozenset[str]) -> Callable[[Tape], Feature]:
    return lambda tape: _share(tape.therapist, codes)


def _lectures(tape: Tape) -> Feature:
    """Unasked advice; information counts half, as MITI holds it neutral."""
    advice = _share(tape.therapist, LECTURING)
    told = _share(tape.therapist, frozenset({"giving_information"}))
    only = [index for index in told.evidence if index not in advice.evidence]
    value = advice.value + 0.5 * len(only) / max(1, len(tape.therapist))
    return Feature(value, advice.evidence)


def _takes_up(tape: Tape) -> Feature:
    """Replies that use a content word of the client's turn before them."""
    pairs = [(a, b) for a, b in tape.pairs() if a.speaker == "client" and b.speaker == "therapist"]
    pairs = [(a, b) for a, b in pairs if tape.words(a)]
    hits = tuple(b.index for a, b in pairs if tape.words(a) & tape.words(b))
    return Feature(len(hits) / len(pairs) if pairs else 0.0, hits)


def _meets_resistance(tape: Tape) -> Feature:
    """Resistant turns answered by reflecting, validating or asking, and not by pushing."""
    replies = [
        b
        for a, b in tape.pairs()
        if a.speaker == "client" and b.speaker == "therapist" and is_resistant(a.codes)
    ]
    if not replies:
        return Feature(UNDEFINED)
    hits = tuple(
        line.index
        for line in replies
        if not MEETING.isdisjoint(line.codes) and PUSHING.isdisjoint(line.codes)
    )
    return Feature(len(hits) / len(replies), hits)


def _answered(tape: Tape) -> Feature:
    """How far inviting questions open something: insight 1, disclosure .8, resistance 0."""
    replies = [
        b
        for a, b in tape.pairs()
        if a.speaker == "therapist" and b.speaker == "client" and not INVITING.isdisjoint(a.codes)
    ]
    if not replies:
        return Feature(0.0)
    worth = [
        0.0
        if is_resistant(line.codes)
        else max((ANSWERS[code] for code in line.codes if code in ANSWERS), default=0.4)
        for line in replies
    ]
    hits = tuple(line.index for line, value in zip(replies, worth, strict=True) if value > 0.4)
    return Feature(sum(worth) / len(worth), hits)


def _on_topic(tape: Tape) -> Feature:
    """Therapist turns that share a content word with what the client brought up before them."""
    brought: set[str] = set()
    hits: list[int] = []
    turns = 0
    for line in tape.lines:
        if line.speaker == "client":
            brought |= tape.words(line)
        elif brought:
            turns += 1
            if brought & tape.words(line):
                hits.append(line.index)
    return Feature(len(hits) / turns if turns else 0.0, tuple(hits))


def _wanders(tape: Tape) -> Feature:
    """Client asides that the therapist does not bring back to what was spoken of before."""
    hits: list[int] = []
    before: set[str] = set()
    for a, b in tape.pairs():
        astray = not {"sidetracking", "inattention"}.isdisjoint(a.codes)
        if a.speaker == "client" and astray and not before & tape.words(b):
            hits.append(b.index)
        before |= tape.words(a)
    return Feature(len(hits) / max(1, len(tape.therapist)), tuple(hits))


def _stacks_questions(tape: Tape) -> Feature:
    """Turns with three question marks or more."""
    hits = tuple(line.index for line in tape.therapist if line.text.count("?") >= 3)
    return Feature(len(hits) / max(1, len(tape.therapist)), hits)


def _once(hits: tuple[int, ...]) -> Feature:
    return Feature(1.0 if hits else 0.0, hits)


def _opens_agenda(tape: Tape) -> Feature:
    third = tape.therapist[: max(1, -(-len(tape.therapist) // 3))]
    return _once(_share(third, frozenset({"agenda"})).evidence)


def _closes_with_step(tape: Tape) -> Feature:
    half = tape.therapist[len(tape.therapist) // 2 :]
    return _once(_share(half, frozenset({"homework_cocreated"})).evidence)


def _explores_then_acts(tape: Tape) -> Feature:
    """An inviting question comes before the first reframe or co-created step."""
    asked = _share(tape.therapist, INVITING).evidence
    acted = _share(tape.therapist, frozenset({"reframe_offer", "homework_cocreated"})).evidence
    if not asked or not acted or asked[0] >= acted[-1]:
        return Feature(0.0)
    return Feature(1.0, (asked[0], acted[-1]))


def _cooperates(tape: Tape) -> Feature:
    hits = tuple(line.index for line in tape.client if not is_resistant(line.codes))
    return Feature(len(hits) / max(1, len(tape.client)), hits)


def _late_change(tape: Tape) -> Feature:
    return _share(tape.late(), CHANGING | {"talk:change"})


def _late_resistance(tape: Tape) -> Feature:
    late = tape.late()
    hits = tuple(line.index for line in late if is_resistant(line.codes))
    return Feature(sum(level(line.codes) for line in late) / max(1, len(late)), hits)


_FEATURES: dict[str, Callable[[Tape], Feature]] = {
    "reflects": _therapist_share(REFLECTIONS),
    "deepens": _therapist_share(frozenset({"complex_reflection"})),
    "warms": _therapist_share(WARM),
    "invites": _therapist_share(INVITING),
    "socratic": _therapist_share(frozenset({"socratic_question"})),
    "collaborates": _therapist_share(COLLABORATIVE),
    "techniques": _therapist_share(TECHNIQUES),
    "confronts": _therapist_share(frozenset({"confront"})),
    "lectures": _lectures,
    "takes_up": _takes_up,
    "meets_resistance": _meets_resistance,
    "answered": _answered,
    "on_topic": _on_topic,
    "wanders": _wanders,
    "stacks_questions": _stacks_questions,
    "opens_agenda": _opens_agenda,
    "closes_with_step": _closes_with_step,
    "explores_then_acts": _explores_then_acts,
    "cooperates": _cooperates,
    "late_change": _late_change,
    "late_resistance": _late_resistance,
    "late_discord": lambda tape: _share(tape.late(), DISCORD),
    "opens_up": lambda tape: _share(tape.client, OPENING_UP),
    "doubts_work": lambda tape: _share(tape.client, DOUBTING),
}
FEATURES: tuple[str, ...] = tuple(_FEATURES)
