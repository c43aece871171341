"""Many clients at once: the client's update and choice of act as array operations.

A replica of `policies/state.py` and `policies/resistance.py` for one act a reply, several hundred
times as fast; a test holds it equal to them, number by number. It knows no words and no faces.
"""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.policies.acts import (
    CLIENT_ACTS,
    COLLABORATIVE_ACTS,
    RESISTANT_ACTS,
    Avoiding,
    Ignoring,
    Manner,
)
from mirrorplay.policies.resistance import CHANGE_ACTS
from mirrorplay.policies.situation import hear
from mirrorplay.policies.state import Dynamics, softness

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STATE: tuple[str, ...] = (
    *("trust", "ambivalence", "confrontation", "withdrawal", "distress", "conviction"),
)
TRUST, AMBIVALENCE, CONFRONTATION, WITHDRAWAL, DISTRESS, CONVICTION = range(6)
_AVOIDING = np.array([act in (*get_args(Avoiding), *get_args(Ignoring)) for act in RESISTANT_ACTS])
_CHANGING = np.array([act in CHANGE_ACTS for act in CLIENT_ACTS])
_RESISTING = len(RESISTANT_ACTS)
_REPEATABLE = np.array([act == "minimum_talk" for act in RESISTANT_ACTS])
_NOT_TWICE = np.array([act in ("insight", "asking", "disclosing") for act in COLLABORATIVE_ACTS])
_FEATURES = (
    *("always", "confrontation", "confrontation_squared", "withdrawal", "ambivalence"),
    "conviction",
)
NOBODY = -1
"""In place of an act: there was none before."""


@dataclass(frozen=True, slots=True)
class Clients:
    """Profiles and intercepts, one entry a client.

    kind: index into RESISTANCE_TYPES. The rest as in `ResistanceProfile` and `Intercepts`.
    """

    kind: Ints
    intensity: Floats
    reactivity: Floats
    resist: Floats
    change: Floats
    trust: Floats
    distress: Floats
    conviction: Floats

    def at(self, chosen: slice) -> "Clients":
        return replace(
            self, **{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__}
        )


@dataclass(frozen=True, slots=True)
class Replies:
    """What each client hears: one of a few kinds of reply, and its length in words."""

    kind: Ints
    words: Ints


@dataclass(frozen=True, slots=True)
class ReplyKind:
    """Acts, manner apart from length, and what they call for."""

    acts: tuple[str, ...] | None
    """None: nothing was said yet."""
    permission: bool = False
    hedging: float = 0.0
    fit: float = 0.5

    @property
    def manner(self) -> Manner:
        return Manner(permission=self.permission, hedging=self.hedging, fit=self.fit)


class Population:
    """The arithmetic for one set of coefficients and a fixed list of kinds of reply."""

    def __init__(self, dynamics: Dynamics, kinds: tuple[ReplyKind, ...]) -> None:
        self.dynamics = dynamics
        heard = [kind.acts or () for kind in kinds]

        def total(section: str) -> Floats:
            by = dynamics[section]
            return np.array([sum(by.get(act, 0.0) for act in acts) for acts in heard])

        directive = dynamics["directiveness"]
        self._directive = np.array(
            [max((directive.get(act, 0.0) for act in acts), default=0.0) for acts in heard]
        )
        self._soft = np.array([softness(kind.manner, dynamics) for kind in kinds])
        self._manner_fit = np.array([kind.fit for kind in kinds])
        floor = dynamics["most"]["fit_floor"]
        self._fit = floor + (1.0 - floor) * self._manner_fit
        self._totals = {
            name: total(name)
            for name in ("repair", "opening_up", "discovery", "change_work", "alliance")
        }
        self._names = np.array(["naming_mismatch" in acts for acts in heard])
        self._reframes = np.array(["reframe_offer" in acts for acts in heard])
        self._opens = np.array(
            [bool({"complex_reflection", "open_question"} & set(acts)) for acts in heard]
        )
        self._called = [hear(kind.acts) for kind in kinds]
        situations = [called.kind for called in self._called]
        self._after = np.array([dynamics["act_after"].get(kind, 0.0) for kind in situations])
        self._lean_after = np.array([dynamics["change_after"].get(k, 0.0) for k in situations])
        self._asked = np.array([kind == "question" for kind in situations])
        self._weights = np.array(
            [
                [dynamics[f"collaborates_{kind}"].get(act, 0.0) for act in COLLABORATIVE_ACTS]
                for kind in situations
            ]
        )
        # Without its words a question is about nothing known, so none draws a commitment.
        self._asks_nothing = np.array(
            [act == "committing" for act in COLLABORATIVE_ACTS]
        ) * dynamics["commits_about"].get("other", 0.0)
        tables = np.zeros((len(RESISTANCE_TYPES), len(kinds), _RESISTING, len(_FEATURES)))
        for t, of_type in enumerate(RESISTANCE_TYPES):
            tendency = dynamics[f"tendency_{of_type}"]
            for k, kind in enumerate(situations):
                suits = dynamics[f"suits_{kind}"]
                for a, act in enumerate(RESISTANT_ACTS):
                    tilt = tendency.get(act, 1.0) * suits.get(act, 1.0)
                    for f, feature in enumerate(_FEATURES):
                        tables[t, k, a, f] = tilt * dynamics[f"resists_{feature}"].get(act, 0.0)
        self._resists = tables
        self._withdraws = np.array([dynamics["withdraws"][kind] for kind in RESISTANCE_TYPES])
        self._felt = np.array(
            [
                dynamics["pressure"]["compliant"] if kind == "none" else 1.0
                for kind in RESISTANCE_TYPES
            ]
        )

    def start(self, clients: Clients) -> Floats:
        """States of shape (clients, 6)."""
        dynamics = self.dynamics
        base = np.array([dynamics["initial"][name] for name in STATE])
        lift = np.array(
            [
                [0.0] * 6
                if kind == "none"
                else [dynamics[f"lift_{kind}"].get(name, 0.0) for name in STATE]
                for kind in RESISTANCE_TYPES
            ]
        )
        states = base + clients.intensity[:, None] * lift[clients.kind]
        states[:, TRUST] += clients.trust
        states[:, DISTRESS] += clients.distress
        states[:, CONVICTION] += clients.conviction
        return _unit(states)

    def push(self, clients: Clients, replies: Replies) -> Floats:
        by = self.dynamics["pressure"]
        directive = self._directive[replies.kind] + by["long_push"] * (
            replies.words > by["long_words"]
        )
        felt = (by["base"] + by["reactivity"] * clients.reactivity) * self._felt[clients.kind]
        return np.asarray(directive * felt * (1.0 - self._soft[replies.kind]))

    def update(self, states: Floats, clients: Clients, replies: Replies, noise: Floats) -> Floats:
        """The states after one reply; `noise` is standard normal, shape (clients, 6)."""
        names = ("gate", "pressure", "drift", "most")
        gate, by, drift, most = (self.dynamics[name] for name in names)
        kind = replies.kind
        does = {name: total[kind] for name, total in self._totals.items()}
        fit, pushed = self._fit[kind], self.push(clients, replies)
        trust, torn, argues, leaves, distress, sure = states.T
        discord = 1.0 - (1.0 - argues) * (1.0 - leaves)
        calm = np.maximum(0.0, 1.0 - discord)
        wary = self._names[kind] & (trust < gate["mismatch_trust"])
        closed = wary * gate["mismatch_closes"] * (1.0 + clients.reactivity)
        repair = np.where(wary, 0.0, np.minimum(most["repair"], does["repair"] * fit))
        share = self._withdraws[clients.kind]

        confrontation = argues * (1.0 - repair)
        confrontation += by["discord"] * pushed * (1.0 - share) * (1.0 - argues)
        withdrawal = leaves * (1.0 - repair)
        withdrawal *= 1.0 - np.minimum(most["opening_up"], does["opening_up"] * trust)
        withdrawal += (by["discord"] * pushed * share + closed) * (1.0 - leaves)
        open_enough = (discord < gate["discord"]) & (trust > gate["trust"])
        refused = self._reframes[kind] & ~open_enough
        confrontation += refused * gate["refused_reframe"] * (1.0 - argues)
        conviction = sure * (1.0 - np.where(open_enough, does["discovery"] * fit, 0.0))
        conviction += by["backfire"] * pushed * (1.0 - sure)
        ambivalence = torn * (1.0 - does["change_work"] * fit * calm)
        ambivalence += by["ambivalence"] * pushed * (1.0 - torn)
        after = trust + does["alliance"] * fit * (1.0 - trust) * (
            1.0 - most["discord_deafens"] * discord
        )
        after -= by["trust"] * (pushed + closed) * trust
        felt = distress * (1.0 - drift["distress_soothed"] * self._manner_fit[kind] * trust)
        felt += drift["distress_pushed"] * pushed * (1.0 - distress)
        felt += self._opens[kind] * drift["distress_opened"] * (1.0 - distress) * trust
        moved = np.column_stack([after, ambivalence, confrontation, withdrawal, felt, conviction])
        return _unit(moved + drift["noise_sd"] * noise)

    def probabilities(
        self,
        states: Floats,
        clients: Clients,
        replies: Replies,
        progress: Floats,
        previous: Ints,
    ) -> Floats:
        """The chance of every act, shape (clients, acts), in the order of CLIENT_ACTS.

        previous: the client's last act, NOBODY for none. As where no memory can be told.
        """
        dynamics = self.dynamics
        pushed = self.push(clients, replies)
        trust, torn, argues, leaves, _, sure = states.T
        act, kind = dynamics["act"], replies.kind
        said = previous != NOBODY
        resisted = said & (previous < _RESISTING)
        logit = (
            act["bias"]
            + act["ambivalence"] * torn
            + act["confrontation"] * argues
            + act["withdrawal"] * leaves
            + act["conviction"] * sure
            + act["trust"] * (trust - 0.5)
            + act["push"] * pushed
            + self._after[kind]
            + act["progress"] * progress
            + clients.resist
            + np.where(resisted, act["previous_resistant"], said * act["previous_collaborative"])
        )
        resists = 1.0 / (1.0 + np.exp(-logit))
        against = self._against(states, clients, replies, pushed, previous)
        along = self._along(states, clients, replies, pushed, progress, previous)
        return np.hstack([resists[:, None] * against, (1.0 - resists)[:, None] * along])

    def _against(
        self, states: Floats, clients: Clients, replies: Replies, pushed: Floats, previous: Ints
    ) -> Floats:
        by = self.dynamics["resist"]
        arguing = by["confrontation_floor"] + states[:, CONFRONTATION]
        features = np.stack(
            [
                np.ones(len(states)),
                arguing,
                arguing * arguing,
                by["withdrawal_floor"] + states[:, WITHDRAWAL],
                by["ambivalence_floor"] + states[:, AMBIVALENCE],
                states[:, CONVICTION],
            ],
            axis=1,
        )
        table = self._resists[clients.kind, replies.kind]
        weights = np.einsum("naf,nf->na", table, features)
        avoidance = 1.0 + by["avoidance"] * pushed * (1.0 - states[:, TRUST])
        weights *= np.where(_AVOIDING, avoidance[:, None], 1.0)
        again = (previous[:, None] == np.arange(_RESISTING)) & ~_REPEATABLE
        weights *= np.where(again, by["again"], 1.0)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def _along(
        self,
        states: Floats,
        clients: Clients,
        replies: Replies,
        pushed: Floats,
        progress: Floats,
        previous: Ints,
    ) -> Floats:
        dynamics = self.dynamics
        by, how, ready = dynamics["change"], dynamics["act_how"], dynamics["readiness"]
        trust, torn, argues, leaves, _, sure = states.T
        discord = 1.0 - (1.0 - argues) * (1.0 - leaves)
        readiness = (
            (1.0 - torn)
            * (1.0 - ready["trust"] * (1.0 - trust))
            * (1.0 - ready["discord"] * discord)
        )
        said = previous != NOBODY
        logit = (
            by["bias"]
            + by["readiness"] * readiness
            + by["progress"] * progress
            + by["push"] * pushed
            + self._lean_after[replies.kind]
            + clients.change
            + (said & _CHANGING[previous]) * by["previous_change"]
            + (said & (previous < _RESISTING)) * by["previous_resistant"]
        )
        lean = np.exp(np.minimum(30.0, logit))
        insight = how["insight_early"] + (how["insight_late"] - how["insight_early"]) * progress
        scale = {
            "answering": np.ones(len(states)),
            "disclosing": trust * how["told"],
            "change_talk": lean,
            "insight": (1.0 - sure) * trust * insight * lean,
            "agreeing": how["agrees"] + trust,
            "asking": how["asks"] + (1.0 - how["asks"]) * trust,
            "committing": how["commits"] * readiness * lean,
        }
        base = self._weights[replies.kind].copy()
        draws_none = self._asked[replies.kind] & (progress > how["commits_from"])
        committing = COLLABORATIVE_ACTS.index("committing")
        base[draws_none, committing] = self._asks_nothing[committing]
        weights = base * np.column_stack([scale[act] for act in COLLABORATIVE_ACTS])
        again = (previous[:, None] == _RESISTING + np.arange(len(COLLABORATIVE_ACTS))) & _NOT_TWICE
        weights *= np.where(again, how["again"], 1.0)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _unit(values: Floats) -> Floats:
    return np.asarray(np.clip(values, 0.0, 1.0))
