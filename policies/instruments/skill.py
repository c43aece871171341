"""What the therapist does, counted on a tape: shares of turns, never counts, so that a long session
is not a better one. A feature that cannot be told, such as how resistance was met where there was
none, is None."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence, Set

from mirrorplay.policies.instruments.tape import Feature, Tape, Utterance

REFLECTIONS = frozenset({"simple_reflection", "complex_reflection", "summary"})
COMPLEX = frozenset({"complex_reflection"})
QUESTIONS = frozenset({"open_question", "closed_question", "socratic_question"})
ADHERENT = frozenset({"affirm", "seek_collaboration", "emphasize_autonomy"})
"""MITI 4.2's MI-adherent behaviours."""
NON_ADHERENT = frozenset({"persuade", "confront"})
"""MITI 4.2's MI-non-adherent behaviours."""
WARM = frozenset({"affirm", "emphasize_autonomy", "checking_impasse", "impact_disclosure"})
INVITING = frozenset({"open_question", "socratic_question"})
COLLABORATIVE = frozenset(
    {"seek_collaboration", "agenda", "homework_cocreated", "persuade_with_permission"}
)
STEPS = frozenset({"homework_cocreated", "homework_prescribed"})
TECHNIQUES = frozenset({"socratic_question", "reframe_offer", "homework_cocreated"})
LECTURING = frozenset({"persuade", "homework_prescribed"})
PUSHING = LECTURING | {"confront", "giving_information"}
MEETING = REFLECTIONS | WARM | {"open_question", "seek_collaboration", "naming_mismatch"}
CHANGING = frozenset({"change_talk", "committing", "insight", "talk:change"})
SUSTAINING = frozenset({"talk:sustain"})

CHANCE = 8
"""Content words of a reply of which one may be the client's by chance (H)."""
ROOM = 30
"""Words in which one thing is said; AnnoMI's median therapist turn has 16 (H)."""
_LONG = 35
"""Words from which a therapist's turn is long (H); AnnoMI's median is 16."""
_REMEMBERED = 4
"""Client turns back that a reply can take up: all of them would make long sessions coherent."""
_OPENING = 3
"""Client turns that open a session."""
_PARROTED = 0.75
"""Share of a reply's content words that are the client's, from which it says nothing of its own."""
_ANSWERS = {"insight": 1.0, "committing": 1.0, "change_talk": 1.0, "disclosing": 0.8}
"""What a reply to an inviting question is worth; another reply without resistance is worth .4."""
_PLAIN_ANSWER = 0.4


def indices(lines: Iterable[Utterance]) -> tuple[int, ...]:
    return tuple([line.index for line in lines])


def share(lines: Sequence[Utterance], test: Callable[[Utterance], bool]) -> Feature | None:
    """Share of the lines that pass; None of no lines."""
    if not lines:
        return None
    hits = indices(line for line in lines if test(line))
    return Feature(len(hits) / len(lines), hits)


def share_of_codes(lines: Sequence[Utterance], codes: frozenset[str]) -> Feature | None:
    return share(lines, lambda line: line.has(codes))


def told(lines: Sequence[Utterance], test: Callable[[Utterance], bool]) -> Feature | None:
    """Share of the therapist's turns that pass, where a turn of more than ROOM words counts for as
    little as ROOM is of it: whoever says everything in every turn has not done it all."""
    if not lines:
        return None
    hits = [line for line in lines if test(line)]
    weight = sum(
        min(1.0, ROOM / line.wording.words) if line.wording.words else 1.0 for line in hits
    )
    return Feature(weight / len(lines), indices(hits))


def told_codes(tape: Tape, codes: frozenset[str]) -> Feature | None:
    return told(tape.therapist, lambda line: line.has(codes))


def once(hits: tuple[int, ...]) -> Feature:
    """1 if it happened at all."""
    return Feature(1.0 if hits else 0.0, hits)


def _does(*codes: str) -> Callable[[Tape], Feature | None]:
    wanted = frozenset(codes)
    return lambda tape: told_codes(tape, wanted)


def _errs(*codes: str) -> Callable[[Tape], Feature | None]:
    """Of what should not be there a long turn takes nothing away."""
    wanted = frozenset(codes)
    return lambda tape: share_of_codes(tape.therapist, wanted)


def _lectures(tape: Tape) -> Feature | None:
    """Unasked advice; information counts half, as MITI holds it neutral."""
    if not tape.therapist:
        return None
    advice = [line for line in tape.therapist if line.has(LECTURING)]
    told = [line for line in tape.therapist if "giving_information" in line.codes]
    only = [line for line in told if not line.has(LECTURING)]
    return Feature((len(advice) + 0.5 * len(only)) / len(tape.therapist), indices(advice))


def takes_up(line: Utterance, before: Utterance) -> bool:
    """Whether a reply uses a content word of the turn before it."""
    return shares_words(line, before.wording.content)


def shares_words(line: Utterance, words: Set[str]) -> bool:
    """Whether a turn uses such words more than a long turn does by chance: one content word in
    CHANCE."""
    return len(line.wording.content & words) * CHANCE > max(0, len(line.wording.content) - 1)


def _takes_up(tape: Tape) -> Feature | None:
    pairs = [(a, b) for a, b in tape.replies if a.wording.content]
    if not pairs:
        return None
    hits = indices(b for a, b in pairs if takes_up(b, a))
    return Feature(len(hits) / len(pairs), hits)


def _parrots(tape: Tape) -> Feature | None:
    """Replies of two content words or more of which hardly one is the therapist's own."""
    pairs = [(a, b) for a, b in tape.replies if len(a.wording.content) >= 2]
    if not pairs:
        return None
    hits = indices(
        b
        for a, b in pairs
        if len(b.wording.content) >= 2
        and len(b.wording.content & a.wording.content) >= _PARROTED * len(b.wording.content)
    )
    return Feature(len(hits) / len(pairs), hits)


def meets(line: Utterance) -> bool:
    """Reflecting, validating or asking, and not pushing."""
    return line.has(MEETING) and not line.has(PUSHING)


def _met(wanted: Callable[[Utterance], bool], least: int = 1) -> Callable[[Tape], Feature | None]:
    """Replies to such client turns that meet rather than push; None of fewer than `least`."""

    def feature(tape: Tape) -> Feature | None:
        replies = [b for a, b in tape.replies if wanted(a)]
        return share(replies, meets) if len(replies) >= least else None

    return feature


def _worth(line: Utterance) -> float:
    if line.resistant:
        return 0.0
    return max((_ANSWERS[code] for code in line.codes if code in _ANSWERS), default=_PLAIN_ANSWER)


def _answered(codes: frozenset[str]) -> Callable[[Tape], Feature | None]:
    """How far such turns open something: insight 1, disclosure .8, another answer .4, resistance
    0; nothing where there are none."""

    def feature(tape: Tape) -> Feature | None:
        if not tape.therapist:
            return None
        worth = [(b.index, _worth(b)) for a, b in tape.answers if a.has(codes)]
        if not worth:
            return Feature(0.0)
        hits = tuple(index for index, value in worth if value > _PLAIN_ANSWER)
        return Feature(sum(value for _, value in worth) / len(worth), hits)

    return feature


def _on_topic(tape: Tape) -> Feature | None:
    """Therapist turns that share a content word with one of the client's last turns."""
    said: deque[frozenset[str]] = deque(maxlen=_REMEMBERED)
    hits: list[int] = []
    turns = 0
    for line in tape.lines:
        if line.speaker == "client":
            said.append(line.wording.content)
        elif any(said):
            turns += 1
            if shares_words(line, frozenset().union(*said)):
                hits.append(line.index)
    return Feature(len(hits) / turns, tuple(hits)) if turns else None


def _keeps_thread(tape: Tape) -> Feature | None:
    """Therapist turns of the second half that come back to what the client opened with."""
    opening = tape.client[:_OPENING]
    brought = frozenset().union(*(line.wording.content for line in opening))
    if not brought:
        return None
    half = tape.therapist[len(tape.therapist) // 2 :]
    return share(half, lambda line: shares_words(line, brought))


def _opens_agenda(tape: Tape) -> Feature | None:
    """Asks, in the first third, what the time is to be used for."""
    if not tape.therapist:
        return None
    third = tape.therapist[: -(-len(tape.therapist) // 3)]
    return once(indices(x for x in third if "agenda" in x.codes or x.cued("agenda")))


def _asks_feedback(tape: Tape) -> Feature | None:
    return told(
        tape.therapist, lambda line: line.cued("feedback") or "checking_impasse" in line.codes
    )


def _cued(*cues: str) -> Callable[[Tape], Feature | None]:
    return lambda tape: told(tape.therapist, lambda line: line.cued(*cues))


def _summarizes(tape: Tape) -> Feature | None:
    """A summary, or a reflection that takes up two client turns or more at once."""
    hits: list[int] = []
    said: deque[frozenset[str]] = deque(maxlen=_REMEMBERED)
    for line in tape.lines:
        if line.speaker == "client":
            said.append(line.wording.content)
        elif "summary" in line.codes or (
            line.has(REFLECTIONS) and sum(len(x & line.wording.content) >= 2 for x in said) >= 2
        ):
            hits.append(line.index)
    return once(tuple(hits)) if tape.therapist else None


def _named_feelings(tape: Tape) -> Feature | None:
    """Statements or questions that name a feeling or how heavy something is."""
    return told(tape.therapist, lambda line: line.cued("feelings"))


def _evokes(tape: Tape) -> Feature | None:
    """Questions that ask the client for wishes, reasons or ways to change."""
    return told(tape.therapist, lambda x: x.cued("change_question") and x.has(QUESTIONS))


def _client_room(tape: Tape) -> Feature | None:
    """The client's share of all words; AnnoMI's is .47."""
    client = sum(line.wording.words for line in tape.client)
    both = client + sum(line.wording.words for line in tape.therapist)
    return Feature(client / both, indices(tape.client)) if both else None


def _brief(tape: Tape) -> Feature | None:
    return share(tape.therapist, lambda line: line.wording.words <= _LONG)


def _one_question(tape: Tape) -> Feature | None:
    return share(tape.therapist, lambda line: line.wording.questions <= 1)


def _stacks_questions(tape: Tape) -> Feature | None:
    return share(tape.therapist, lambda line: line.wording.questions >= 3)


def _unhurried(tape: Tape) -> Feature | None:
    """Replies to a resistant or a very short turn that bring neither advice nor a step."""
    tender = [b for a, b in tape.replies if a.resistant or a.wording.words <= 2]
    hurry = PUSHING | STEPS
    return share(tender, lambda line: not line.has(hurry))


def _wanders(tape: Tape) -> Feature | None:
    """Client asides that the therapist does not bring back to what was spoken of before."""
    if not tape.therapist:
        return None
    hits: list[int] = []
    before: set[str] = set()
    for a, b in zip(tape.lines, tape.lines[1:], strict=False):
        astray = a.speaker == "client" and a.has(frozenset({"sidetracking", "inattention"}))
        if astray and before.isdisjoint(b.wording.content):
            hits.append(b.index)
        before |= a.wording.content
    return Feature(len(hits) / len(tape.therapist), tuple(hits))


def _explores_then_acts(tape: Tape) -> Feature | None:
    """Reframes and steps that two inviting questions or more come before; 0 without any."""
    if not tape.therapist:
        return None
    asked = 0
    acted: list[tuple[int, bool]] = []
    for line in tape.therapist:
        if line.has(TECHNIQUES - INVITING):
            acted.append((line.index, asked >= 2))
        asked += line.has(INVITING)
    hits = tuple(index for index, explored in acted if explored)
    return Feature(len(hits) / len(acted) if acted else 0.0, hits)


def _rolls_first(tape: Tape) -> Feature | None:
    """Techniques that do not come right upon resistance."""
    acted = [(a, b) for a, b in tape.replies if b.has(TECHNIQUES | LECTURING)]
    if not acted:
        return None
    hits = indices(b for a, b in acted if not a.resistant)
    return Feature(len(hits) / len(acted), hits)


def _builds(tape: Tape) -> Feature | None:
    """Guiding questions that build on the answer: an inviting question, its answer, and another
    inviting question or reframe that takes a word of the answer up."""
    if not tape.therapist:
        return None
    turns = [(a, b) for a, b in tape.replies if b.has(INVITING | {"reframe_offer"})]
    hits = indices(b for a, b in turns if takes_up(b, a))
    return Feature(len(hits) / len(turns) if turns else 0.0, hits)


def _step(tape: Tape) -> Feature | None:
    """A step between sessions: found together or asked for 1, handed out .4."""
    if not tape.therapist:
        return None
    together = indices(
        line
        for line in tape.therapist
        if "homework_cocreated" in line.codes
        or (line.cued("step") and line.has(QUESTIONS) and line.wording.words <= ROOM)
    )
    if together:
        return Feature(1.0, together)
    handed = indices(line for line in tape.therapist if "homework_prescribed" in line.codes)
    return Feature(0.4 if handed else 0.0, handed)


THERAPIST_FEATURES: dict[str, Callable[[Tape], Feature | None]] = {
    "reflects": lambda tape: told_codes(tape, REFLECTIONS),
    "deepens": _does("complex_reflection"),
    "affirms": _does("affirm"),
    "warms": lambda tape: told_codes(tape, WARM),
    "gives_choice": lambda tape: told(
        tape.therapist, lambda x: "emphasize_autonomy" in x.codes or x.cued("permission")
    ),
    "invites": lambda tape: told_codes(tape, INVITING),
    "socratic": _does("socratic_question"),
    "collaborates": lambda tape: told_codes(tape, COLLABORATIVE),
    "techniques": lambda tape: told_codes(tape, TECHNIQUES),
    "confronts": _errs("confront"),
    "prescribes": _errs("homework_prescribed", "persuade"),
    "lectures": _lectures,
    "takes_up": _takes_up,
    "parrots": _parrots,
    "meets_resistance": _met(lambda line: line.resistant),
    "meets_change": _met(lambda line: line.has(CHANGING)),
    "meets_sustain": _met(lambda line: line.has(SUSTAINING), least=2),
    "answered": _answered(INVITING),
    "technique_lands": _answered(TECHNIQUES),
    "on_topic": _on_topic,
    "keeps_thread": _keeps_thread,
    "opens_agenda": _opens_agenda,
    "asks_feedback": _asks_feedback,
    "summarizes": _summarizes,
    "asks_thoughts": _cued("thoughts", "evidence"),
    "names_feelings": _named_feelings,
    "speaks_of_us": _cued("together"),
    "courteous": _cued("thanks"),
    "evokes": _evokes,
    "client_room": _client_room,
    "brief": _brief,
    "one_question": _one_question,
    "stacks_questions": _stacks_questions,
    "unhurried": _unhurried,
    "wanders": _wanders,
    "explores_then_acts": _explores_then_acts,
    "rolls_first": _rolls_first,
    "builds": _builds,
    "step": _step,
}
"""Features for items' formulas, each in [0, 1]."""
