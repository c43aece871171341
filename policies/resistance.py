"""What the client does next, and when it has had enough.

An act is sampled from the state: first whether this turn resists, then how. The type tilts the
how (emotional clients withdraw, cognitive ones argue, behavioral ones will not), what the
therapist has just done sets what kind of answer is called for, and neither decides alone.
Tilts and fits are hypotheses (H) about relative frequency; the logits stand in `dynamics.yaml`.
"""

import math
import random
from collections.abc import Mapping
from typing import Literal, NamedTuple, cast, get_args

from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.acts import RESISTANT_ACTS, Avoiding, ClientAct, Ignoring
from mirrorplay.policies.situation import SituationKind
from mirrorplay.policies.state import ClientState, Dynamics, Intercepts, readiness


class ActContext(NamedTuple):
    """What an act is chosen in."""

    situation: SituationKind
    pushed: float = 0.0
    """How hard the client felt pushed by the last reply."""
    progress: float = 0.0
    """How much of the session is over, in [0, 1]."""
    previous: ClientAct | None = None
    intercepts: Intercepts = Intercepts()
    can_disclose: bool = False
    """There is an untold memory that trust allows."""
    about: str = ""
    """The matter of a question (`policies/situation.py`)."""
    told: int = 0
    """Memories told so far."""


def resist_probability(state: ClientState, context: ActContext, dynamics: Dynamics) -> float:
    """The chance that this turn resists."""
    by = dynamics["act"]
    logit = (
        by["bias"]
        + by["ambivalence"] * state.ambivalence
        + by["confrontation"] * state.confrontation
        + by["withdrawal"] * state.withdrawal
        + by["conviction"] * state.conviction
        + by["trust"] * (state.trust - 0.5)
        + by["push"] * context.pushed
        + dynamics["act_after"].get(context.situation, 0.0)
        + by["progress"] * context.progress
        + context.intercepts.resist
    )
    if context.previous is not None:
        resisted = context.previous in _RESISTANT
        logit += by["previous_resistant" if resisted else "previous_collaborative"]
    return 1.0 / (1.0 + math.exp(-logit))


def choose_act(
    state: ClientState,
    profile: ResistanceProfile,
    context: ActContext,
    dynamics: Dynamics,
    rng: random.Random,
) -> ClientAct:
    """Sample this turn's act. One draw for whether, one for how."""
    resists, how = rng.random(), rng.random()
    if resists < resist_probability(state, context, dynamics):
        weights = _resistant_weights(state, profile, context, dynamics)
    else:
        weights = _collaborative_weights(state, context, dynamics)
    return _pick(weights, how)


def act_probabilities(
    state: ClientState, profile: ResistanceProfile, context: ActContext, dynamics: Dynamics
) -> dict[str, float]:
    """The chance of every act that `choose_act` may draw here; sums to 1."""
    resists = resist_probability(state, context, dynamics)
    found: dict[str, float] = {}
    for share, weights in (
        (resists, _resistant_weights(state, profile, context, dynamics)),
        (1.0 - resists, _collaborative_weights(state, context, dynamics)),
    ):
        total = sum(weights.values())
        found |= {act: share * weight / total for act, weight in weights.items()}
    return found


def wants_to_leave(
    state: ClientState, exchange: int, dynamics: Dynamics, rng: random.Random
) -> Literal["confrontation", "withdrawal"] | None:
    """Which kind of rupture ends the session now, or None. Either can; trust holds a client."""
    by, drawn = dynamics["leave"], rng.random()
    if exchange < by["first_exchange"]:
        return None
    strain = (state.discord - by["discord_from"]) / (1.0 - by["discord_from"])
    if strain <= 0.0:
        return None
    hazard = by["hazard"] * strain ** by["steepness"] * (1.0 - state.trust) ** 2
    if drawn >= hazard:
        return None
    return "confrontation" if state.confrontation >= state.withdrawal else "withdrawal"


class _Resists(NamedTuple):
    """How likely one resistant act is, by what is going on in the client. Already tilted."""

    act: str
    always: float
    confrontation: float
    confrontation_squared: float
    withdrawal: float
    ambivalence: float
    conviction: float
    avoids: bool


def _resistant_table(kind: str, situation: str, dynamics: Dynamics) -> tuple[_Resists, ...]:
    kept = dynamics.worked_out.get((kind, situation))
    if kept is not None:
        return cast("tuple[_Resists, ...]", kept)
    tendency, suits = dynamics[f"tendency_{kind}"], dynamics[f"suits_{situation}"]
    made: list[_Resists] = []
    for act in RESISTANT_ACTS:
        tilt = tendency.get(act, 1.0) * suits.get(act, 1.0)
        always, argues, contempt, leaves, doubts, believes = (
            tilt * dynamics[f"resists_{name}"].get(act, 0.0) for name in _Resists._fields[1:-1]
        )
        avoids = act in _AVOIDING
        made.append(_Resists(act, always, argues, contempt, leaves, doubts, believes, avoids))
    dynamics.worked_out[kind, situation] = table = tuple(made)
    return table


def _resistant_weights(
    state: ClientState, profile: ResistanceProfile, context: ActContext, dynamics: Dynamics
) -> dict[str, float]:
    by = dynamics["resist"]
    arguing = by["confrontation_floor"] + state.confrontation
    away = by["withdrawal_floor"] + state.withdrawal
    torn = by["ambivalence_floor"] + state.ambivalence
    square, sure = arguing * arguing, state.conviction
    avoidance = 1.0 + by["avoidance"] * context.pushed * (1.0 - state.trust)
    weights: dict[str, float] = {}
    for act, always, argues, contempt, leaves, doubts, believes, avoids in _resistant_table(
        profile.type, context.situation, dynamics
    ):
        weight = always + argues * arguing + contempt * square + leaves * away
        weight += doubts * torn + believes * sure
        weights[act] = weight * avoidance if avoids else weight
    if context.previous in weights and context.previous != "minimum_talk":
        weights[context.previous] *= by["again"]
    return weights


def _change_odds(ready: float, context: ActContext, dynamics: Dynamics) -> float:
    """By which acts of change are likelier than their weights, > 0."""
    by = dynamics["change"]
    logit = (
        by["bias"]
        + by["readiness"] * ready
        + by["progress"] * context.progress
        + by["push"] * context.pushed
        + dynamics["change_after"].get(context.situation, 0.0)
        + context.intercepts.change
    )
    if context.previous in CHANGE_ACTS:
        logit += by["previous_change"]
    elif context.previous in _RESISTANT:
        logit += by["previous_resistant"]
    return math.exp(min(_LOGIT_LIMIT, logit))


def _collaborative_weights(
    state: ClientState, context: ActContext, dynamics: Dynamics
) -> dict[str, float]:
    weights = dict(dynamics[f"collaborates_{context.situation}"])
    by, done = dynamics["act_how"], context.progress
    ready, trust = readiness(state, dynamics), state.trust
    lean = _change_odds(ready, context, dynamics)
    insight = by["insight_early"] + (by["insight_late"] - by["insight_early"]) * done
    tells = by["untold"] * by["told_before"] ** context.told if context.can_disclose else by["told"]
    asked = context.situation == "question"
    if asked and context.about in _FACTUAL:
        lean *= by["factual_change"]
        insight *= by["factual_insight"]
        tells *= by["factual_memory"] if context.about in _CLOSE_ENDED else 1.0
    if asked and done > by["commits_from"]:
        weights["committing"] = dynamics["commits_about"].get(context.about, 0.0)
    scale = {
        "disclosing": trust * tells,
        "change_talk": lean,
        "insight": (1.0 - state.conviction) * trust * insight * lean,
        "committing": by["commits"] * ready * lean,
        "agreeing": by["agrees"] + trust,
        "asking": by["asks"] + (1.0 - by["asks"]) * trust,
    }
    for act in weights:
        if act in scale:
            weights[act] *= scale[act]
    if context.previous in _NOT_TWICE and context.previous in weights:
        weights[context.previous] *= by["again"]
    return weights


CHANGE_ACTS = frozenset({"change_talk", "committing", "insight"})
"""Acts that lean towards change."""
_LOGIT_LIMIT = 30.0
_NOT_TWICE = frozenset({"insight", "asking", "disclosing"})
_RESISTANT = frozenset(RESISTANT_ACTS)
_AVOIDING = frozenset((*get_args(Avoiding), *get_args(Ignoring)))
_NARROW = frozenset(
    {"us", "suits", "direction", "scale", "percent", "time", "last_time", "moment", "schedule"}
) | {"frequency"}
_CLOSE_ENDED = _NARROW | {"share", "likely", "doing"}
_FACTUAL = _NARROW | frozenset(
    {"story", "who", "body", "behavior", "exception", "coping", "evidence_for", "correction"}
    | {"ends", "ladder", "from_them", "tried", "origin", "rule", "trigger", "elsewhere", "torn"}
    | {"part"}
)


def _pick(weights: Mapping[str, float], drawn: float) -> ClientAct:
    left = drawn * sum(weights.values())
    for act, weight in weights.items():
        left -= weight
        if left < 0.0:
            return cast("ClientAct", act)
    return cast("ClientAct", next(reversed(list(weights))))
