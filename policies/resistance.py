"""What the client does next, and when it has had enough.

An act is sampled from the state: first whether this turn resists, then how. The type tilts the
how (emotional clients withdraw, cognitive ones argue, behavioral ones will not), what the
therapist has just done sets what kind of answer is called for, and neither decides alone.
Tilts and fits are hypotheses (H) about relative frequency; the logits stand in `dynamics.yaml`.
"""

import math
import random
from collections.abc import Mapping
from typing import Literal, NamedTuple, cast

from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.acts import RESISTANT_ACTS, ClientAct
from mirrorplay.policies.situation import SituationKind
from mirrorplay.policies.state import ClientState, Dynamics, Intercepts


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


def _resistant_weights(
    state: ClientState, profile: ResistanceProfile, context: ActContext, dynamics: Dynamics
) -> dict[str, float]:
    arguing = 0.1 + state.confrontation
    away = 0.1 + state.withdrawal
    torn = 0.15 + state.ambivalence
    weights: dict[str, float] = {
        "challenging": arguing**2 * 1.6,
        "discounting": arguing + 0.5 * state.conviction,
        "blaming": arguing * 0.6 + 0.15,
        "disagreeing": arguing + 0.7 * state.conviction,
        "excusing": torn,
        "minimizing": 0.5 * away + 0.5 * torn,
        "pessimism": 0.5 * torn + 0.6 * state.conviction,
        "reluctance": 0.8 * away + 0.3 * torn,
        "unwillingness": torn * 0.8,
        "minimum_talk": away * 1.3,
        "limit_setting": away * 0.5 + arguing * 0.25,
        "inattention": away * 0.45,
        "sidetracking": away * 0.3 + 0.25 * torn,
    }
    tendency = dynamics[f"tendency_{profile.type}"]
    suits = dynamics[f"suits_{context.situation}"]
    for act in weights:
        weights[act] *= tendency.get(act, 1.0) * suits.get(act, 1.0)
    if context.previous in weights and context.previous != "minimum_talk":
        weights[context.previous] *= 0.5
    return weights


def _collaborative_weights(
    state: ClientState, context: ActContext, dynamics: Dynamics
) -> dict[str, float]:
    weights = dict(dynamics[f"collaborates_{context.situation}"])
    by, done = dynamics["act_how"], context.progress
    change = math.exp(0.5 * context.intercepts.change)
    change *= by["change_early"] + (by["change_late"] - by["change_early"]) * done
    insight = by["insight_early"] + (by["insight_late"] - by["insight_early"]) * done
    tells = 2.2 * by["told_before"] ** context.told if context.can_disclose else 0.5
    if context.situation == "question" and context.about in _FACTUAL:
        change *= by["factual_change"]
        insight *= by["factual_insight"]
        tells *= by["factual_memory"] if context.about in _CLOSE_ENDED else 1.0
    scale = {
        "disclosing": state.trust * tells,
        "change_talk": (0.15 + 2.6 * state.readiness) * change,
        "insight": (1.0 - state.conviction) * state.trust * insight,
        "committing": (4.0 * state.readiness) ** 1.5 * change,
        "agreeing": 0.4 + state.trust,
        "asking": 0.3 + 0.7 * state.trust,
    }
    if context.situation == "question" and done > 0.4:
        weights["committing"] = {"doing": 0.8, "schedule": 1.5, "want": 0.3, "strength": 0.3}.get(
            context.about, 0.0
        )
    for act in weights:
        weights[act] *= scale.get(act, 1.0)
    if context.previous in ("insight", "asking", "disclosing") and context.previous in weights:
        weights[context.previous] *= 0.4
    return weights


_RESISTANT = frozenset(RESISTANT_ACTS)
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
