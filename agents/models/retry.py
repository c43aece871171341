"""What is done about each kind of failure: all of it in one table.

An attempt that never was answered is made again exactly as it was, seed and all, so that a
recorded session does not tell how often its server stumbled. An answer that is of no use is first
asked for again unchanged (the fault may lie on the way), then differently: with another seed, with
a request to repair it, or with a shorter prompt.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from mirrorplay.agents.models.faults import Fault, Kind
from mirrorplay.agents.models.message import Message
from mirrorplay.agents.prompts.catalogue import plain, prompt

BASE_S = 0.5
CAP_S = 30.0
"""Back-off: half a second, doubled up to half a minute. Eight attempts wait about a minute."""
MAX_WAIT_S = 120.0
"""The longest Retry-After that is waited for."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """again: the call is made again "same", with a "reseed", "repair"ed, "shorten"ed (each after
    one unchanged repetition), "once" with another seed, or not at all: "never" fails the call,
    "down" the endpoint.
    waits: after a back-off. slows: the endpoint gets fewer calls at once.
    counts: towards the endpoint's breaker."""

    again: Literal["same", "reseed", "repair", "shorten", "once", "never", "down"]
    waits: bool = False
    slows: bool = False
    counts: bool = False


REMEDIES: dict[Kind, Remedy] = {
    "rate_limited": Remedy("same", waits=True, slows=True, counts=True),
    "overloaded": Remedy("same", waits=True, slows=True, counts=True),
    "timeout": Remedy("same", waits=True, slows=True, counts=True),
    "server": Remedy("same", waits=True, counts=True),
    "reset": Remedy("same", waits=True, counts=True),
    "damaged": Remedy("same", waits=True, counts=True),
    "empty": Remedy("reseed"),
    "spent": Remedy("once"),
    "refusal": Remedy("reseed"),
    "filtered": Remedy("reseed"),
    "malformed": Remedy("repair"),
    "overflow": Remedy("shorten"),
    "rejected": Remedy("never"),
    "denied": Remedy("down"),
    "unknown_model": Remedy("down"),
}


def wait_s(fault: Fault, waits: int, seed: int) -> float:
    """Seconds before the next attempt, of a call that has waited `waits` times already.

    Half of the exponential back-off is jitter, so that sessions which failed together do not come
    back together; it is drawn from the call's seed. A server's Retry-After is a lower bound.
    """
    jitter = random.Random(seed ^ waits).random()
    back_off = min(CAP_S, BASE_S * 2.0**waits) * (0.5 + 0.5 * jitter)
    if fault.wait_s is None:
        return back_off
    return min(MAX_WAIT_S, max(fault.wait_s * (1 + 0.25 * jitter), back_off))


def reseeded(seed: int, repetition: int) -> int:
    """Another seed for a call whose answer was of no use."""
    return int.from_bytes(blake2b(f"{seed}/{repetition}".encode(), digest_size=8).digest(), "big")


def repaired(messages: Sequence[Message], text: str, reason: str) -> list[Message]:
    """The prompt, the answer that could not be read, and why."""
    request = prompt("answer/repair").render(reason=plain(reason))
    return [*messages, Message("assistant", (text,)), Message("user", (request,))]


def shortened(messages: Sequence[Message]) -> list[Message] | None:
    """The prompt with a little less: its oldest image but those of the last message, or else its
    oldest message after the system's. None when nothing but the last message is left."""
    shorter = list(messages)
    for at, message in enumerate(shorter[:-1]):
        if message.images:
            oldest = message.images[0]
            left = list(message.parts)
            left.remove(oldest)
            shorter[at : at + 1] = [Message(message.role, tuple(left))] if left else []
            return shorter
    for at, message in enumerate(shorter[:-1]):
        if message.role != "system":
            del shorter[at]
            return shorter
    return None
