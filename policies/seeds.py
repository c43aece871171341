"""Every random draw, derived from what it is for.

`blake2b(run seed / persona / replicate / turn / role / purpose)`: one purpose per kind of draw, so
that an extra draw moves nothing else; nothing of rank, time, resistance or cell goes in, so that
two arms meet the same client.
"""

import random
from dataclasses import dataclass
from hashlib import blake2b


def seed_of(run_seed: int, persona: str, replicate: int, turn: int, role: str, purpose: str) -> int:
    """A 64-bit seed, the same in every process and on every machine."""
    key = f"{run_seed}/{persona}/{replicate}/{turn}/{role}/{purpose}"
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Draws:
    """The generators of one session. `at(3, "client", "act")` is a fresh generator every time."""

    run_seed: int
    persona: str
    replicate: int

    def bound(self, role: str) -> "Draws":
        """Draws of this session for one role, from which no other role's can be told: a therapist
        that could follow the client's draws would know the client's hidden state."""
        return Draws(self.seed(0, role, "bound"), "", 0)

    def seed(self, turn: int, role: str, purpose: str) -> int:
        return seed_of(self.run_seed, self.persona, self.replicate, turn, role, purpose)

    def at(self, turn: int, role: str, purpose: str) -> random.Random:
        return random.Random(self.seed(turn, role, purpose))

    def after(self, heard: str, turn: int, role: str, purpose: str) -> random.Random:
        """As `at`, and with what words follow from (what was just heard, what is meant): for the
        choice of words alone. The same luck then does not say one sentence to everybody."""
        return random.Random(self.seed(turn, role, f"{purpose}/{heard}"))
