"""Rolling with resistance, in the spirit of motivational interviewing: policy `mi_consistent`.

What was heard decides the situation, in a fixed order: strain with the therapist first, then
distress, then holding back, then the ordinary work of reflecting and asking. `rolling.yaml` says
what may be done in each: at most a reflection and one question. After a "no" nothing is rephrased;
its cost is asked for, or it is dropped. A new disclosure is taken up before any plan step. Homework
comes late, and only where change talk was heard.
"""

import random
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from mirrorplay.policies.listening import Heard
from mirrorplay.policies.mismatch import disagreement
from mirrorplay.policies.moves import SHORT, Beat, Moment, Move, load_table, pick
from mirrorplay.policies.reframing import homework_keys

MOVES_FILE = Path(__file__).parent / "rolling.yaml"
STUCK = 3
"""Client turns of strain in a row after which the deadlock itself is spoken of (H)."""
TOLD = 10
"""A turn of so many words is taken up before anything new is proposed (H)."""
DISCLOSED = 18
"""A turn of so many words about something that happened or was felt is a disclosure (H)."""
REST_FROM = 4
"""First exchange at which a reply may stand as an ending (H)."""
REST_WINDOW = 4
"""Client turns looked back on for it."""
REST_POINTS = 3
"""Sum over the window that is enough: commitment 2, change talk or a new view 1 (H)."""
APART_FROM = 6
APART_WINDOW = 5
APART_TURNS = 4
"""Turns without agreement, among the last five, after which the therapist stops offering (H)."""
HARD = frozenset(
    ("stop", "open_disagreement", "candour", "refusal", "topic_avoidance", "withdrawal")
)
"""Strain strong enough to call an ending an impasse."""


_CHANGE = frozenset(("change_talk", "insight"))
_REFUSES = re.compile(
    r"\b(?:rather not|sooner not|not going (?:to|into|there)|don't (?:want|have) to|won't|no point"
    r"|(?:can't|don't) (?:say|know|see|remember)|not (?:today|now|sure)|leave (?:it|that))\b"
)


def choose(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """The next move. Pure: the same arguments and generator state give the same move."""
    name = situation(heard, moment)
    heard = without_refusal(heard) if name == "step" else heard
    return pick(load_table(MOVES_FILE), name, heard, moment, rng)


def without_refusal(heard: Heard) -> Heard:
    """The turn without a clause that says no or knows nothing: before a plan step that goes on all
    the same, saying it back would mock it."""
    clause = heard.clause
    refused = clause is not None and _REFUSES.search(clause.text.lower())
    return replace(heard, clause=None) if refused else heard


def claim_mismatch(heard: Heard, moment: Moment, rng: random.Random) -> Move:
    """Name a mismatch, whether or not there is one: what a control without eyes does."""
    return pick(load_table(MOVES_FILE), "mismatch_light", heard, moment, rng)


def situation(heard: Heard, moment: Moment) -> str:
    """What the client's words ask of the therapist: the name of an entry in `rolling.yaml`."""
    if moment.leaving:
        return "leaving"
    if moment.last:
        return _ending(heard, moment)
    if not moment.earlier:
        return _beginning(heard)
    if _gathered(heard, moment):
        return "gathered"
    if _apart(heard, moment) and not heard.signals & {"stop", "distress"}:
        return "apart"
    return _strain(heard, moment) or _holding_back(heard, moment) or _work(heard, moment)


def _leans(heard: Heard) -> int:
    """How far one turn leans towards change."""
    if heard.discord:
        return 0
    return 2 if "commitment" in heard else int(not heard.signals.isdisjoint(_CHANGE))


def _gathered(now: Heard, moment: Moment) -> bool:
    """Change was spoken of again and again, and nothing strains: enough has been said for a
    summary that leaves the next step open. Once in a session, never in place of an answer."""
    asked = "question" in now and "insight" not in now
    with_us = _leans(now) or (now.collaborating and not asked)
    if moment.exchange < REST_FROM or moment.count("emphasize_autonomy.rest") or not with_us:
        return False
    lately = (now, *moment.earlier[:-REST_WINDOW:-1])
    leanings = [_leans(one) for one in lately]
    strained = any(one.discord for one in lately[:2])
    return sum(leanings) >= REST_POINTS and sum(map(bool, leanings)) >= 2 and not strained


def _apart(now: Heard, moment: Moment) -> bool:
    """Little but disagreement and holding back for some turns. Once in a session."""
    if moment.exchange < APART_FROM or moment.count("emphasize_autonomy.apart"):
        return False
    return _against(now, moment) >= APART_TURNS and not now.collaborating


def _against(now: Heard, moment: Moment) -> int:
    """Turns without agreement among the last five."""
    lately = (now, *moment.earlier[:-APART_WINDOW:-1])
    return sum(not (one.collaborating or _leans(one)) for one in lately)


def _mismatch(heard: Heard, moment: Moment) -> str | None:
    """A face that says something else than the words is named once in a session."""
    if moment.count("naming_mismatch") or "question" in heard:
        return None
    found = disagreement(heard, moment.face)
    return f"mismatch_{found}" if found else None


def _disclosing(heard: Heard, moment: Moment) -> bool:
    """Something of weight was just told. An answer to a plan step may be longer before it counts;
    what was taken up in the last reply is not taken up again."""
    if not heard.collaborating and "distress" not in heard:
        return False
    if any(key.endswith(".disclosure") for key in moment.recent):
        return False
    answers = any(key.startswith("plan.") for key in moment.recent)
    enough = 1.5 * DISCLOSED if answers else DISCLOSED
    if "confides" in heard and heard.words >= TOLD:
        return True
    if heard.words >= 1.5 * DISCLOSED:
        return True
    return heard.words >= enough and (heard.tells is not None or heard.feeling is not None)


def _offered(moment: Moment) -> bool:
    """An experiment was asked about in one of the last replies and not gone into yet."""
    asked = any(key in moment.recent for key in ("homework_cocreated", *homework_keys()))
    return asked and not moment.count("homework_cocreated.detail")


def _beginning(heard: Heard) -> str:
    if "sent_here" in heard:
        return "opening_sent"
    if heard.signals & {"caution", "topic_avoidance", "withdrawal", "minimizing"}:
        return "opening_careful"
    return "opening_strained" if heard.discord else "opening"


def _ending(heard: Heard, moment: Moment) -> str:
    lately = (heard, *moment.earlier[-2:])
    if heard.discord and sum(bool(one.signals & HARD) for one in lately) >= 2:
        return "closing_impasse"
    if not heard.collaborating and _against(heard, moment) >= APART_TURNS:
        return "closing_impasse"
    if moment.count("emphasize_autonomy.apart") and not any(map(_leans, lately)):
        return "closing"
    return "closing_change" if moment.change_heard(heard) else "closing"


def _strain(heard: Heard, moment: Moment) -> str | None:
    if "stop" in heard:
        return "stop"
    if named := _mismatch(heard, moment):
        return named
    if moment.strained(heard) >= STUCK and moment.count("checking_impasse") == 0:
        return "impasse"
    if "distress" in heard and "open_disagreement" not in heard:
        return "distress"
    for signal in ("refusal", "candour"):
        if signal in heard:
            return signal
    if "open_disagreement" in heard:
        return "challenge" if "question" in heard else "open_disagreement"
    for signal in ("topic_avoidance", "sidetracking", "inattention"):
        if signal in heard:
            return signal
    if "withdrawal" in heard:
        again = moment.earlier and "withdrawal" in moment.earlier[-1]
        return "withdrawal_again" if again else "withdrawal"
    return None


def _holding_back(heard: Heard, moment: Moment) -> str | None:
    for signal in ("caution", "partial_agreement", "subtle_disengagement"):
        if signal in heard:
            return signal
    if "question" in heard and "insight" not in heard:
        return f"asks_{heard.asks}" if heard.asks else "asks"
    if "says_fine" in heard:
        weighed = any("distress" in one or one.feeling for one in moment.earlier)
        return "mismatch" if weighed and not moment.count("naming_mismatch") else "fine"
    for signal in ("minimizing", "others"):
        if signal in heard and not heard.signals & {"change_talk", "insight"}:
            return signal
    return None


def _work(heard: Heard, moment: Moment) -> str:
    if _disclosing(heard, moment) and "commitment" not in heard:
        return "disclosure"
    if "commitment" in heard:
        return "commitment_late" if moment.late and not moment.homework else "commitment"
    if "sustain_talk" in heard:
        return "ambivalence" if "change_talk" in heard else "sustain_talk"
    if _offered(moment) and heard.signals.isdisjoint(("change_talk", "question")):
        return "after_homework"
    told = heard.words >= TOLD and moment.exchange < moment.max_exchanges - 1
    unplanned = moment.step is None or moment.exchange >= moment.max_exchanges - 2
    if moment.late and unplanned and not moment.homework and moment.change_heard(heard):
        if "change_talk" in heard:
            return "homework_now"
        if not told and not moment.count("emphasize_autonomy.apart"):
            return "homework"
    asked_on_plan = any(key.startswith("plan.") for key in moment.recent)
    if moment.step is not None and (asked_on_plan or not heard.signals & _CHANGE):
        return "step"
    for signal in ("change_talk", "insight"):
        if signal in heard:
            return signal
    if heard.clause is None and heard.feeling is None:
        return "short" if heard.words <= SHORT else "plain"
    return "telling"


SAFETY_ORDER = (
    "suicidal_intent",
    "harm_to_others",
    "abuse",
    "minor_at_risk",
    "self_harm",
    "passive_ideation",
    "psychosis",
    "intoxication",
)
"""Which of several cues is asked about first (H)."""


def safety(categories: Collection[str], moment: Moment) -> Move:
    """Reframing stops: acknowledge, ask directly, name a person and a line, promise no secrecy."""
    if moment.leaving:
        return _stay_safe("safety_inquiry.leaving", "safety before goodbye", 1.0)
    kind = next((one for one in SAFETY_ORDER if one in categories), None)
    move = _stay_safe(
        f"safety_inquiry.{kind}" if kind else "safety_inquiry",
        f"safety cue ({(kind or 'unnamed').replace('_', ' ')}): reframing stops, ask directly",
        1.0,
    )
    beat = move.beats[0]
    return replace(move, beats=(replace(beat, keys=(*beat.keys, "safety_inquiry")),))


def after_safety(moment: Moment) -> Move:
    """Once a cue was heard the session stays with safety; no technique is taken up again."""
    if moment.leaving or moment.last:
        return _stay_safe("safety_inquiry.leaving", "safety before goodbye", 1.0)
    return _stay_safe("safety_inquiry.stay", "stays with safety", 0.8)


def _stay_safe(key: str, note: str, fit: float) -> Move:
    return Move((Beat("safety_inquiry", (key,)),), note, fit)
