"""Therapists that take their worker down, or fail, with certain people."""

import os
import signal
from collections.abc import Sequence

from mirrorplay.agents.roles import TherapistScene, TherapistTurn
from mirrorplay.policies.reframing import Plan


class Dangerous:
    """Raises with some people and kills its process with others, each time."""

    def __init__(self, killers: Sequence[str], raisers: Sequence[str] = ()) -> None:
        self.killers, self.raisers = killers, raisers

    async def plan(self, scene: TherapistScene) -> Plan:
        return Plan(technique="pros_and_cons", steps=("listen", "ask"))

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        if scene.card.name in self.killers:
            os.kill(os.getpid(), signal.SIGKILL)
        if scene.card.name in self.raisers:
            raise ValueError("cannot talk to them")
        return TherapistTurn(f"You say: {scene.lines[-1].text}")
