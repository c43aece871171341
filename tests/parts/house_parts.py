"""Custom parts for the tests, importable in Ray workers through --import-path."""

import asyncio
import os
from pathlib import Path

from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import (
    ClientScene,
    ClientTurn,
    Image,
    Scores,
    Screenplay,
    ScreenplayBrief,
    TherapistScene,
    TherapistTurn,
    Transcript,
)
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.reframing import Plan

__all__ = ["PortraitArtist", "ScriptedJudge", "ScriptedSupervisor"]


class Mirror:
    """Says back what it heard."""

    def __init__(self, opener: str = "You say:") -> None:
        self.opener = opener

    async def plan(self, scene: TherapistScene) -> Plan:
        return Plan(technique="pros_and_cons", steps=("listen", "ask"))

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn(f"{self.opener} {scene.lines[-1].text}")


class FaceReader(Mirror):
    """Tells what it was shown."""

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        image = len(scene.image.data) if scene.image else None
        seen = scene.perception.caption if scene.perception else None
        return TherapistTurn(f"image {image}, perceived {seen}")


class Glance:
    async def look(self, image: Image) -> Perception:
        return Perception(caption=f"{image.width} by {image.height}")


class Raises(Mirror):
    """Fails on one persona, always or until a marker file exists."""

    def __init__(self, name: str, unless: str | None = None) -> None:
        super().__init__()
        self.name, self.unless = name, unless

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        if scene.card.name == self.name and not (self.unless and Path(self.unless).exists()):
            raise ValueError("cannot talk to them, api_key=sk-abcdefghijklmnopqrstuvwx")
        return await super().respond(scene)


class Dies(Mirror):
    """Takes its process down on the first try with one persona; always when `once` is false."""

    def __init__(self, name: str, marker: str, once: bool = True) -> None:
        super().__init__()
        self.name, self.marker, self.once = name, Path(marker), once

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        if scene.card.name == self.name and not (self.once and self.marker.exists()):
            self.marker.touch()
            os._exit(9)
        return await super().respond(scene)


class ScriptedDies(ScriptedTherapist):
    """The scripted therapist that kills its process once, in the middle of a session."""

    def __init__(self, marker: str) -> None:
        super().__init__(mode="p")
        self.marker = Path(marker)

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        if scene.exchange == 3 and not self.marker.exists():
            self.marker.touch()
            os._exit(9)
        return await super().respond(scene)


class Slow(Mirror):
    """Takes its time over every reply."""

    def __init__(self, seconds: float = 0.05) -> None:
        super().__init__()
        self.seconds = seconds

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        await asyncio.sleep(self.seconds)
        return await super().respond(scene)


class Exits(Mirror):
    """Calls sys.exit in the middle of a session."""

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        raise SystemExit(3)


class TimesOut(Mirror):
    """A server that does not answer, three times over."""

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        raise TimeoutError("the model server did not answer")


class NotAsync:
    def plan(self, scene: TherapistScene) -> Plan:
        return Plan(technique="pros_and_cons", steps=("x",))

    def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn("x")


class HalfTherapist:
    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn("x")


class WrongArguments(Mirror):
    async def respond(self, scene: TherapistScene, mood: str) -> TherapistTurn:  # type: ignore[override]
        return TherapistTurn("x")


class Explodes(Mirror):
    def __init__(self) -> None:
        raise RuntimeError("no licence")


class SilentClient(ScriptedClient):
    async def speak(self, scene: ClientScene) -> ClientTurn:
        turn = await super().speak(scene)
        return ClientTurn(
            text="…",
            stage_direction="says nothing",
            act="minimum_talk",
            state=turn.state,
            expression=turn.expression,
        )


class Surrogate(Mirror):
    """Says what UTF-8 cannot carry."""

    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn("broken \ud800 text")


class Page:
    async def write(self, brief: ScreenplayBrief) -> Screenplay:
        return Screenplay("Client: [nods] Hello.\nTherapist: Hello to you.")


class CountingJudge:
    async def score(self, transcript: Transcript) -> Scores:
        return Scores(())
