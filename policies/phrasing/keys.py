"""Which keys of a bank a client's words are looked for under, the most fitting first."""

import random
from collections.abc import Collection, Mapping
from typing import Literal

from mirrorplay.personas.schema import ResistanceType
from mirrorplay.policies.acts import CLIENT_ACTS, ClientAct
from mirrorplay.policies.situation import Heard
from mirrorplay.policies.state import ClientState

Band = Literal["mild", "strong"]
"""How much the client resists now."""
BANDS: tuple[Band, ...] = ("mild", "strong")
STRONG_FROM = 0.5
"""Discord from which a client speaks bluntly (H)."""
_POLITE_EXCHANGES, _STRONG_AT_ONCE = 2, 0.68
"""Resistance usually starts politely: in the first exchanges it takes more (H)."""
NEEDED_KEYS: frozenset[str] = frozenset({*CLIENT_ACTS, "opening", "leaving", "disclosing.memory"})
"""What a bank must have words for; every other key only makes them fit better."""
_BINDING = frozenset({"homework", "permission", "closing", "safety", "naming", "impasse", "agenda"})
"""What calls for a reply of its own: the general words of an act would not answer it."""

_FREE, _FREE_AFTER_QUESTION = 0.2, 0.07
"""How often the general words of an act come all the same; a question leaves less room (H)."""


def band_of(state: ClientState, exchange: int) -> Band:
    """Mild or strong, from confrontation and withdrawal together; `exchange` counts from 1."""
    needed = _STRONG_AT_ONCE if exchange <= _POLITE_EXCHANGES else STRONG_FROM
    return "strong" if state.discord >= needed else "mild"


def general_keys(act: ClientAct, kind: ResistanceType, band: Band) -> tuple[str, ...]:
    """Keys of an act that any reply may be answered from, the most special first."""
    return (f"{act}.{kind}.{band}", f"{act}.{kind}", f"{act}.{band}", act)


def keys_for(
    bank_keys: Collection[str],
    act: ClientAct,
    kind: ResistanceType,
    band: Band,
    heard: Heard,
    rng: random.Random,
) -> list[str]:
    """Where words for an act are looked for. Special keys usually come first, not always: what was
    asked does not decide every word."""
    drawn = rng.random()
    first: list[str] = []
    later: list[str] = []
    for key in general_keys(act, kind, band):
        if key in bank_keys:
            (first if key == act or rng.random() < 0.55 else later).append(key)
    general = [*first, *later] if drawn > 0.3 else [*reversed(first), *later]
    by_matter, by_reply = f"{act}.about_{heard.about}", f"{act}.after_{heard.kind}"
    asked = (by_reply,) if heard.kind == "permission" else (by_matter, by_reply)
    fitting = [key for key in asked if key in bank_keys]
    free = _FREE_AFTER_QUESTION if heard.kind == "question" else _FREE
    if not fitting or (heard.kind not in _BINDING and act != "answering" and drawn > 1.0 - free):
        return [*general, *fitting]
    return [*fitting, *general]


def opening_keys(
    bank_keys: Collection[str],
    act: ClientAct,
    kind: ResistanceType,
    slots: Mapping[str, str | None],
    rng: random.Random,
) -> list[str]:
    """Where the first words of a session are looked for."""
    drawn = rng.random()
    if f"opening.{act}" in bank_keys and drawn < 0.85:
        return [f"opening.{act}", "opening"]
    if slots.get("reason") and (drawn < 0.6 or drawn > 0.85 or not slots.get("topic")):
        return ["opening.reason", "opening"]
    return [f"opening.{kind}", "opening"] if drawn < 0.8 else ["opening"]
