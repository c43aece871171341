"""The portrait artist as the session graph meets it."""

import subprocess
import sys
from dataclasses import replace

import pytest

from mirrorplay.agents.faces.artist import PortraitArtist
from mirrorplay.agents.faces.prototypes import PROTOTYPES
from mirrorplay.agents.roles import FaceArtist, FaceBrief
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Appearance

BRIEF = FaceBrief(
    persona_id="maya-lind",
    age=34,
    gender="female",
    appearance=Appearance(),
    expression=PROTOTYPES["sadness"],
    size=336,
    seed=2**64 - 1,
)


async def test_one_accepted_attempt_without_scores() -> None:
    artist = PortraitArtist()
    assert isinstance(artist, FaceArtist)
    face = await artist.draw(BRIEF)
    assert face.image is not None
    assert (face.image.mime, face.image.width, face.image.height) == ("image/jpeg", 336, 336)
    assert face.image.data.startswith(b"\xff\xd8\xff")
    (attempt,) = face.attempts
    assert attempt.accepted
    assert attempt.seed == BRIEF.seed
    assert attempt.scores == {}
    assert attempt.reasons == ()


async def test_no_metadata_is_carried() -> None:
    face = await PortraitArtist().draw(BRIEF)
    assert face.image is not None
    assert b"Exif" not in face.image.data
    assert b"ICC_PROFILE" not in face.image.data


async def test_the_same_brief_gives_the_same_bytes() -> None:
    first, second = await PortraitArtist().draw(BRIEF), await PortraitArtist().draw(BRIEF)
    assert first == second


async def test_the_seed_does_not_change_a_drawing() -> None:
    one = await PortraitArtist().draw(replace(BRIEF, seed=1))
    other = await PortraitArtist().draw(replace(BRIEF, seed=2))
    assert one.image == other.image


@pytest.mark.parametrize(
    "change",
    [
        {"persona_id": "someone-else"},
        {"expression": PROTOTYPES["anger"]},
        {"age": 80},
        {"appearance": Appearance(hair_style="bald")},
        {"size": 128},
    ],
)
async def test_another_brief_gives_other_bytes(change: dict[str, object]) -> None:
    artist = PortraitArtist()
    one, other = await artist.draw(BRIEF), await artist.draw(replace(BRIEF, **change))
    assert one.image != other.image


async def test_a_size_out_of_bounds_is_refused() -> None:
    with pytest.raises(UserError, match="face size 32"):
        await PortraitArtist().draw(replace(BRIEF, size=32))


async def test_another_process_draws_the_same_bytes() -> None:
    face = await PortraitArtist().draw(BRIEF)
    assert face.image is not None
    program = (
        "import asyncio\n"
        "from mirrorplay.agents.faces.artist import PortraitArtist\n"
        "from mirrorplay.agents.faces.prototypes import PROTOTYPES\n"
        "from mirrorplay.agents.roles import FaceBrief\n"
        "from mirrorplay.personas.schema import Appearance\n"
        "shown = PROTOTYPES['sadness']\n"
        "brief = FaceBrief('maya-lind', 34, 'female', Appearance(), shown, 336, 5)\n"
        "print(asyncio.run(PortraitArtist().draw(brief)).image.sha256)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"VIPS_CONCURRENCY": "7", "PYTHONHASHSEED": "99"},
    )
    assert ran.stdout.strip() == face.image.sha256
