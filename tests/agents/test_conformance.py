"""The public suite passes our own agents and names what is wrong with others."""

from dataclasses import replace
from typing import Any

import pytest

import house_parts
from mirrorplay.agents import conformance
from mirrorplay.agents.client import ScriptedClient
from mirrorplay.agents.conformance import ConformanceError
from mirrorplay.agents.custom import load_part
from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.judge import ScriptedJudge
from mirrorplay.agents.roles import (
    ClientScene,
    ClientTurn,
    Face,
    FaceBrief,
    Image,
    Review,
    Scores,
    Screenplay,
    ScreenplayBrief,
    SupervisorScene,
    TherapistScene,
    TherapistTurn,
    Transcript,
)
from mirrorplay.agents.screenwriter import ScriptedScreenwriter
from mirrorplay.agents.supervisor import ScriptedSupervisor
from mirrorplay.agents.therapist import ScriptedTherapist
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score


async def test_our_own_agents_conform() -> None:
    await conformance.check_client(ScriptedClient())
    await conformance.check_therapist(ScriptedTherapist(mode="text"))
    await conformance.check_therapist(ScriptedTherapist(mode="p"))
    await conformance.check_supervisor(ScriptedSupervisor())
    await conformance.check_judge(ScriptedJudge())
    await conformance.check_artist(PortraitArtist())
    await conformance.check_writer(ScriptedScreenwriter())
    await conformance.check_therapist(house_parts.Mirror())
    await conformance.check_perceiver(house_parts.Glance(), Image(b"x", "image/png", 1, 1))


class Mute(house_parts.Mirror):
    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn("  ")


class Inventive(house_parts.Mirror):
    async def respond(self, scene: TherapistScene) -> TherapistTurn:
        return TherapistTurn("Hm.", acts=("hypnosis",))  # type: ignore[arg-type]


class Endless(ScriptedSupervisor):
    async def review(self, scene: SupervisorScene) -> Review:
        return replace(await super().review(scene), outcome=None, ended_by=None)


class Elsewhere(ScriptedJudge):
    async def score(self, transcript: Transcript) -> Scores:
        return Scores((Score(instrument="x", item="y", value=1, rater="z", evidence=(99,)),))


class Wordless(ScriptedClient):
    async def speak(self, scene: ClientScene) -> ClientTurn:
        return replace(await super().speak(scene), text="")


class Blank:
    async def draw(self, brief: FaceBrief) -> Face:
        return Face(None)


class Empty:
    async def write(self, brief: ScreenplayBrief) -> Screenplay:
        return Screenplay("nothing to read")


@pytest.mark.parametrize(
    ("check", "part", "clause"),
    [
        ("check_therapist", Mute(), "no words"),
        ("check_therapist", Inventive(), "hypnosis"),
        ("check_therapist", house_parts.NotAsync(), "not async"),
        ("check_supervisor", Endless(), "must stop here"),
        ("check_judge", Elsewhere(), "outside the transcript"),
        ("check_client", Wordless(), "no words"),
        ("check_artist", Blank(), "no attempts"),
        ("check_writer", Empty(), "no exchange"),
    ],
)
async def test_what_does_not_hold_is_named(check: str, part: Any, clause: str) -> None:
    with pytest.raises(ConformanceError, match=clause):
        await getattr(conformance, check)(part)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("house_parts", "module:Class"),
        ("no_such_module:X", "cannot be found"),
        ("house_parts:Miror", "did you mean 'Mirror'"),
        ("house_parts:PARTS_ARE_CLASSES", "has no"),
        ("house_parts:HalfTherapist", "has no method 'plan'"),
    ],
)
def test_a_part_that_cannot_be_had_is_the_users_mistake(target: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_part("therapist", target, {})


def test_arguments_reach_the_part_and_wrong_ones_are_named() -> None:
    part = load_part("therapist", "house_parts:Mirror", {"opener": "So:"})
    assert part.opener == "So:"
    with pytest.raises(UserError, match="oponer"):
        load_part("therapist", "house_parts:Mirror", {"oponer": "So:"})
