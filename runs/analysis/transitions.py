"""What clients say next, after what the therapist did.

Counts of intended acts, the simulator's own truth: how the simulated client answers each kind of
reply. A reply of two acts counts for both. What holds here holds by construction: it checks the
implementation and validates nothing about people.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from mirrorplay.policies.acts import (
    CLIENT_ACTS,
    THERAPIST_ACTS,
    Arguing,
    Avoiding,
    Denying,
    Ignoring,
)

NextTalk = Literal["change", "collaborating", "denying", "arguing", "avoiding"]
NEXT_TALKS: tuple[NextTalk, ...] = get_args(NextTalk)
"""Change talk with insight and commitment; other collaboration; PsyFIRE's denying, arguing, and
avoiding with ignoring."""
_CHANGE = frozenset({"change_talk", "committing", "insight"})
_KIND: dict[str, NextTalk] = {
    **{act: "change" if act in _CHANGE else "collaborating" for act in CLIENT_ACTS},
    **dict.fromkeys(get_args(Denying), "denying"),
    **dict.fromkeys(get_args(Arguing), "arguing"),
    **dict.fromkeys((*get_args(Avoiding), *get_args(Ignoring)), "avoiding"),
}

Transitions = dict[str, Counter[NextTalk]]
"""Therapist act → how often which talk came next."""


def transitions(sessions: Iterable[Mapping[str, Any]]) -> Transitions:
    """Counts over the `turns` of rows (`speaker` and `intended_act`), rows in the order of the
    vocabulary; turns of models without intended acts count nowhere."""
    found: Transitions = {}
    for session in sessions:
        said: list[str] = []
        for turn in session["turns"]:
            act = turn["intended_act"]
            if turn["speaker"] == "therapist":
                said = act.split("+") if act else []
            elif act in _KIND:
                for one in set(said):
                    found.setdefault(one, Counter())[_KIND[act]] += 1
    order = {act: place for place, act in enumerate(THERAPIST_ACTS)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def share(counts: Counter[NextTalk], talk: NextTalk) -> float:
    """The probability of a kind of talk in a row."""
    return counts[talk] / counts.total()
