"""Rolling with resistance from words alone, in the spirit of motivational interviewing.

What was heard decides the reply: strain with the therapist comes first, then distress, then the
ordinary work of reflecting and asking. A move is at most a reflection and one question. After a
"no" nothing is rephrased: its cost is asked for, or it is dropped. The order of answers to strain
follows the rolling table of MIRROR's prompt (Kim et al., 2025, after Lynch's RO-DBT).
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from mirrorplay.policies.acts import TherapistAct
from mirrorplay.policies.listening import Heard

LATE = 0.6
"""Share of the session after which homework may come up (H)."""
STUCK = 3
"""Client turns of strain in a row after which the deadlock itself is spoken of (H)."""
RECENT = 0.12
"""Weight that is left to a move whose first phrase kind was just used (H)."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One act and where its words are looked for: the first key with an unused phrase."""

    act: TherapistAct
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What the therapist does now. `fit` in [0, 1] is how far it takes up the last turn;
    `works_plan` is true when a plan step is spoken; `permission` when it asks before informing."""

    beats: tuple[Beat, ...]
    note: str
    fit: float = 0.6
    works_plan: bool = False
    permission: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the session stands, from what anyone in the room knows.

    exchange: 1 to `max_exchanges`. earlier: the client's earlier turns as heard, oldest first.
    used: how often each phrase key was used by the therapist. recent: keys of the last reply or so.
    step: the plan step to work on, None without a plan. name: may be spoken, or None.
    """

    exchange: int
    max_exchanges: int
    leaving: bool = False
    earlier: tuple[Heard, ...] = ()
    used: Mapping[str, int] | None = None
    recent: frozenset[str] = frozenset()
    step: Beat | None = None

    @property
    def last(self) -> bool:
        return self.exchange >= self.max_exchanges

    @property
    def late(self) -> bool:
        return self.exchange > LATE * self.max_exchanges

    def count(self, prefix: str) -> int:
        """How often phrases whose key starts with `prefix` were used."""
        return sum(n for key, n in (self.used or {}).items() if key.startswith(prefix))

    @property
    def change_heard(self) -> bool:
        return any("change_talk" in heard or "commitment" in heard for heard in self.earlier)

    def strained(self, heard: Heard) -> int:
        """Client turns of strain in a row, this one included."""
        run = 0
        for one in (heard, *reversed(self.earlier)):
            if not one.discord:
                break
            run += 1
        return run


def _beat(act: TherapistAct, *keys: str) -> Beat:
    return Beat(act, keys)


def _reflect(heard: Heard, *fallback: str) -> Beat:
    """The client's own clause said back, or a reflection without their words."""
    if heard.clause is not None:
        return _beat("simple_reflection", f"simple_reflection.{heard.clause.kind}", *fallback)
    if heard.feeling is not None:
        return _beat("complex_reflection", "complex_reflection.feeling", *fallback)
    return _beat("complex_reflection", *fallback)


_EXPLORE = _beat("open_question", "open_question.explore", "open_question.more")
_VIEW = _beat("open_question", "open_question.view", "open_question.explore")
_MORE = _beat("open_question", "open_question.tell_more", "open_question.view")
_EVOKE = _beat("open_question", "open_question.evoke", "open_question.explore")
_COST = _beat("open_question", "open_question.cost_of_change", "open_question.view")
_CANDOUR = _beat("affirm", "affirm.candour", "affirm.effort")
_AUTONOMY = _beat("emphasize_autonomy", "emphasize_autonomy")
_RETURN = _beat("seek_collaboration", "seek_collaboration.return", "seek_collaboration")

Option = tuple[float, Move]


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """The next move. Pure: the same arguments and generator state give the same move."""
    if moment.leaving:
        return Move(
            (_beat("closing", "closing.leaving"),), "client is leaving: validate, say goodbye", 0.8
        )
    if moment.count("greeting") == 0 and not moment.earlier:
        return _open(heard, moment)
    if moment.last:
        return _close(heard, moment)
    options = _options(heard, moment)
    weights = [
        weight * (RECENT if move.beats[0].keys[0] in moment.recent else 1.0)
        for weight, move in options
    ]
    return rng.choices([move for _, move in options], weights)[0]


def safety(categories: frozenset[str], moment: Moment) -> Move:
    """Reframing stops: acknowledge, ask directly, name a person and a line, promise no secrecy."""
    if moment.leaving:
        return Move(
            (_beat("safety_inquiry", "safety_inquiry.leaving"),), "safety before goodbye", 1.0
        )
    kind = next((name for name in _SAFETY_ORDER if name in categories), "suicidal_intent")
    return Move(
        (_beat("safety_inquiry", f"safety_inquiry.{kind}", "safety_inquiry"),),
        f"safety cue ({kind.replace('_', ' ')}): reframing stops, ask directly",
        1.0,
    )


def after_safety(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """Once a cue was heard the session stays with safety; no technique is taken up again."""
    if moment.leaving or moment.last:
        return Move(
            (_beat("safety_inquiry", "safety_inquiry.leaving"),), "safety before goodbye", 1.0
        )
    return Move((_beat("safety_inquiry", "safety_inquiry.stay"),), "stays with safety", 0.8)


_SAFETY_ORDER = (
    "suicidal_intent",
    "harm_to_others",
    "abuse",
    "minor_at_risk",
    "self_harm",
    "passive_ideation",
    "psychosis",
    "intoxication",
)


def _open(heard: Heard, moment: Moment) -> Move:
    if moment.last:
        return _close(heard, moment)
    if "sent_here" in heard:
        keys = ("greeting.sent", "open_question.sent")
        note = "opening: was sent, make it their own hour"
    elif heard.discord:
        keys = ("greeting.strained", "open_question.strained")
        note = "opening: doubt is welcome"
    else:
        keys, note = ("greeting", "open_question.opening"), "opening"
    return Move((_beat("greeting", keys[0]), _beat("open_question", keys[1])), note, 0.6)


def _close(heard: Heard, moment: Moment) -> Move:
    if moment.strained(heard) >= 2 or heard.signals & {"stop", "refusal"}:
        return Move(
            (
                _beat("checking_impasse", "closing.impasse_named"),
                _beat("closing", "closing.impasse"),
            ),
            "last exchange, no agreement: name it, validate, small wins",
            0.7,
        )
    if moment.change_heard or heard.signals & {"change_talk", "commitment"}:
        return Move(
            (_beat("summary", "summary.change"), _beat("closing", "closing.forward")),
            "last exchange: summary with the client's own reasons",
            0.7,
        )
    return Move(
        (_beat("summary", "summary.plain"), _beat("closing", "closing")),
        "last exchange: summary",
        0.6,
    )


def _options(heard: Heard, moment: Moment) -> list[Option]:
    run = moment.strained(heard)
    if "stop" in heard:
        return [
            (
                1.0,
                Move(
                    (
                        _beat("emphasize_autonomy", "emphasize_autonomy.stop"),
                        _beat("open_question", "open_question.before_stopping"),
                    ),
                    "asks to stop: theirs to decide",
                    0.8,
                ),
            )
        ]
    if run >= STUCK and moment.count("checking_impasse") == 0:
        return [
            (
                1.0,
                Move(
                    (_beat("checking_impasse", "checking_impasse"),),
                    "strain for some turns: check the impasse",
                    0.75,
                ),
            )
        ]
    if "distress" in heard and "open_disagreement" not in heard:
        return _distress(heard)
    if "refusal" in heard:
        return _refusal(heard)
    if "open_disagreement" in heard or "candour" in heard:
        return _disagreement(heard)
    if "topic_avoidance" in heard:
        return _avoidance(heard)
    if "withdrawal" in heard:
        return _withdrawal(heard, moment)
    if "partial_agreement" in heard:
        return _partial(heard)
    if "subtle_disengagement" in heard:
        return [(1.0, Move((_VIEW,), "subtle disengagement: ask for their view", 0.7))]
    if "question" in heard:
        return _answer(heard)
    if "says_fine" in heard:
        return _fine(heard, moment)
    return _work(heard, moment)


def _distress(heard: Heard) -> list[Option]:
    note = "distress: acknowledge, slow down"
    return [
        (
            2.0,
            Move(
                (
                    _beat("complex_reflection", "complex_reflection.distress"),
                    _beat("seek_collaboration", "seek_collaboration.pace"),
                ),
                note,
                0.85,
            ),
        ),
        (
            1.0,
            Move(
                (_reflect(heard, "complex_reflection.distress"), _beat("affirm", "affirm.staying")),
                note,
                0.85,
            ),
        ),
        (
            1.0,
            Move(
                (
                    _beat("complex_reflection", "complex_reflection.distress"),
                    _beat("open_question", "open_question.need"),
                ),
                note,
                0.85,
            ),
        ),
    ]


def _refusal(heard: Heard) -> list[Option]:
    return [
        (
            1.0,
            Move(
                (_beat("emphasize_autonomy", "emphasize_autonomy.drop"), _VIEW),
                'after a "no": drop it, ask for their view',
                0.85,
            ),
        ),
        (
            1.0,
            Move(
                (_beat("complex_reflection", "complex_reflection.no"), _COST),
                'after a "no": ask what it would cost',
                0.85,
            ),
        ),
        (
            0.6,
            Move(
                (_beat("emphasize_autonomy", "emphasize_autonomy.drop"),),
                'after a "no": drop it',
                0.8,
            ),
        ),
    ]


def _disagreement(heard: Heard) -> list[Option]:
    note = "open disagreement: reinforce candour, ask for more"
    repair = _beat("open_question", "open_question.repair", "open_question.tell_more")
    if "candour" in heard:
        return [
            (
                2.0,
                Move(
                    (_beat("affirm", "affirm.candour_about_me", "affirm.candour"), repair),
                    "candour about the therapist: welcome it, ask what would help",
                    0.9,
                ),
            ),
            (
                1.0,
                Move(
                    (_beat("complex_reflection", "complex_reflection.missed"), repair),
                    "candour about the therapist: own the miss",
                    0.85,
                ),
            ),
        ]
    options = [
        (2.0, Move((_CANDOUR, _MORE), note, 0.85)),
        (
            1.0,
            Move(
                (_beat("complex_reflection", "complex_reflection.disagreement"), _MORE), note, 0.8
            ),
        ),
        (0.8, Move((_AUTONOMY, _MORE), "open disagreement: their view decides", 0.75)),
    ]
    if heard.clause is not None:
        options.append(
            (
                1.5,
                Move(
                    (_reflect(heard, "complex_reflection.disagreement"), _MORE),
                    "open disagreement: say it back, ask for more",
                    0.9,
                ),
            )
        )
    return options


def _avoidance(heard: Heard) -> list[Option]:
    return [
        (2.0, Move((_AUTONOMY, _RETURN), "topic avoidance: leave it, return gently", 0.75)),
        (
            1.0,
            Move(
                (
                    _beat(
                        "seek_collaboration",
                        "seek_collaboration.unspoken",
                        "seek_collaboration.return",
                    ),
                ),
                "topic avoidance: is it unspoken disagreement?",
                0.75,
            ),
        ),
    ]


def _withdrawal(heard: Heard, moment: Moment) -> list[Option]:
    again = bool(moment.earlier) and "withdrawal" in moment.earlier[-1]
    impact = Move(
        (
            _beat("impact_disclosure", "impact_disclosure"),
            _beat("seek_collaboration", "seek_collaboration.check"),
        ),
        "withdrawal: say the impact, check",
        0.8,
    )
    room = Move(
        (
            _beat("complex_reflection", "complex_reflection.room"),
            _beat("closed_question", "closed_question.easy", "seek_collaboration.check"),
        ),
        "withdrawal: make room, ask something smaller",
        0.75,
    )
    return [(3.0, impact), (0.5, room)] if again else [(1.2, impact), (1.0, room)]


def _partial(heard: Heard) -> list[Option]:
    note = "partial agreement: take the other side seriously"
    other = _beat("open_question", "open_question.other_side", "open_question.tell_more")
    options = [
        (
            1.0,
            Move((_beat("complex_reflection", "complex_reflection.both_sides"), other), note, 0.85),
        ),
        (0.6, Move((_beat("affirm", "affirm.candour"), other), note, 0.75)),
    ]
    if heard.clause is not None:
        options.append(
            (2.0, Move((_reflect(heard, "complex_reflection.both_sides"), other), note, 0.9))
        )
    return options


def _answer(heard: Heard) -> list[Option]:
    return [
        (
            1.0,
            Move(
                (_beat("seek_collaboration", "seek_collaboration.asked"), _VIEW),
                "client asks: their view first",
                0.6,
            ),
        )
    ]


def _fine(heard: Heard, moment: Moment) -> list[Option]:
    weighed = any("distress" in one or one.feeling for one in moment.earlier)
    if weighed and moment.count("naming_mismatch") == 0:
        return [
            (
                1.0,
                Move(
                    (_beat("naming_mismatch", "naming_mismatch"),),
                    'says "fine" after heavier words: observe, doubt, exit',
                    0.8,
                ),
            )
        ]
    return [(1.0, Move((_EXPLORE,), 'takes "fine" as it is said, stays open', 0.6))]


def _work(heard: Heard, moment: Moment) -> list[Option]:
    """The client is with the therapist: reflect, ask, and, with a plan, work on its step."""
    if "commitment" in heard:
        if moment.count("homework") == 0 and moment.late:
            return [
                (
                    1.0,
                    Move(
                        (
                            _beat("affirm", "affirm.commitment"),
                            _beat("homework_cocreated", "homework_cocreated.detail"),
                        ),
                        "commitment: make it small, an experiment",
                        0.85,
                    ),
                )
            ]
        return [
            (
                1.0,
                Move(
                    (
                        _beat("affirm", "affirm.commitment"),
                        _beat("open_question", "open_question.obstacle", "open_question.evoke"),
                    ),
                    "commitment: affirm, expect it to be hard",
                    0.85,
                ),
            )
        ]
    ready = moment.change_heard or "change_talk" in heard
    if moment.late and ready and "sustain_talk" not in heard and moment.count("homework") == 0:
        return [
            (
                1.0,
                Move(
                    (
                        _beat("seek_collaboration", "seek_collaboration.bridge"),
                        _beat("homework_cocreated", "homework_cocreated"),
                    ),
                    "late and change talk heard: a small experiment, made together",
                    0.7,
                ),
            )
        ]
    if "change_talk" in heard and "sustain_talk" in heard:
        weigh = _beat("open_question", "open_question.weigh", "open_question.evoke")
        return [
            (
                1.0,
                Move(
                    (_beat("complex_reflection", "complex_reflection.ambivalence"), weigh),
                    "both sides in one breath: reflect the two",
                    0.9,
                ),
            ),
            (
                0.7,
                Move(
                    (_reflect(heard, "complex_reflection.ambivalence"), weigh),
                    "both sides in one breath: reflect, weigh",
                    0.9,
                ),
            ),
        ]
    if "change_talk" in heard:
        return _with_step(
            heard,
            moment,
            [
                (
                    1.5,
                    Move(
                        (_reflect(heard, "complex_reflection.change"), _EVOKE),
                        "change talk: reflect it, ask for more of it",
                        0.9,
                    ),
                ),
                (
                    0.8,
                    Move(
                        (_beat("complex_reflection", "complex_reflection.change"),),
                        "change talk: reflect it, leave room",
                        0.8,
                    ),
                ),
            ],
        )
    if "sustain_talk" in heard:
        return [
            (
                1.0,
                Move(
                    (_beat("complex_reflection", "complex_reflection.sustain"), _COST),
                    "sustain talk: take the reasons seriously",
                    0.8,
                ),
            ),
            (
                0.8,
                Move(
                    (_reflect(heard, "complex_reflection.sustain"), _EXPLORE),
                    "sustain talk: reflect, explore",
                    0.85,
                ),
            ),
            (0.6, Move((_AUTONOMY, _VIEW), "sustain talk: no push", 0.7)),
        ]
    options: list[Option] = []
    if heard.words >= 4:
        options += [
            (
                1.5,
                Move(
                    (_reflect(heard, "complex_reflection.weight"), _EXPLORE),
                    "reflect, explore",
                    0.85,
                ),
            ),
            (
                0.7,
                Move((_reflect(heard, "complex_reflection.weight"),), "reflect, leave room", 0.75),
            ),
        ]
        if "effort" in heard:
            options.append(
                (1.0, Move((_beat("affirm", "affirm.effort"), _EXPLORE), "affirm effort", 0.8))
            )
    else:
        options.append((1.0, Move((_EXPLORE,), "short answer: stay open", 0.6)))
    return _with_step(heard, moment, options)


def _with_step(heard: Heard, moment: Moment, options: list[Option]) -> list[Option]:
    """With a plan, its step takes the place of the question."""
    if moment.step is None:
        return options
    if heard.words < 4:
        return [(1.0, Move((moment.step,), "collaborating: plan step", 0.6, works_plan=True))]
    lead = _reflect(heard, "complex_reflection.weight")
    return [
        (1.0, Move((lead, moment.step), "collaborating: reflect, plan step", 0.8, works_plan=True)),
        (0.25, Move((moment.step,), "collaborating: plan step", 0.6, works_plan=True)),
    ]
