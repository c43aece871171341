"""The perceiver played by a model: the picture alone in, units and a caption out."""

import pytest

from mirrorplay.agents.conformance import check_perceiver
from mirrorplay.agents.minds.perceiver import ModelPerceiver, perceiver_messages, read_perception
from mirrorplay.agents.models.mind import Mind, Unreadable
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.roles import Image

FACE = Image(b"face", "image/jpeg", 8, 8)
ANSWER = """**Face:** brows drawn together, lips pressed together, looking down.
Valence: -0.4
Arousal: 0.3
Reading: perhaps holding something back
"""


def perceiver(answer: str) -> ModelPerceiver:
    return ModelPerceiver(Mind(FunctionChat(answer=lambda asked: answer), role="perceiver"))


async def test_keeps_the_contract() -> None:
    await check_perceiver(perceiver(ANSWER), FACE)


async def test_what_it_writes_is_the_caption_and_is_read_back() -> None:
    seen = await perceiver(ANSWER).look(FACE)
    assert {unit.au for unit in seen.action_units} == {4, 24}
    assert seen.gaze_y < 0
    assert (seen.valence, seen.arousal) == (-0.4, 0.3)
    assert seen.caption == (
        "brows drawn together, lips pressed together, looking down; perhaps holding something back"
    )


def test_it_is_given_the_picture_and_nothing_else() -> None:
    (only,) = perceiver_messages(FACE)
    assert only.images == (FACE,)
    assert only == perceiver_messages(Image(b"face", "image/jpeg", 8, 8))[0]


@pytest.mark.parametrize("number", ["seven", "7", "-1.5", ""])
def test_a_number_off_the_scale_is_no_number(number: str) -> None:
    seen = read_perception(f"Face: lips pressed together\nValence: {number}")
    assert seen.valence == read_perception("Face: lips pressed together").valence
    assert -1 <= seen.valence <= 0


async def test_what_cannot_be_read_is_nothing_seen() -> None:
    with pytest.raises(Unreadable, match='"Face: …"'):
        read_perception("A person looks at the camera.")
    assert await perceiver("A person looks at the camera.").look(FACE) is None


@pytest.mark.parametrize("answer", ["", "I'm sorry, but I can't assist with that."])
async def test_a_picture_that_is_refused_is_nothing_seen(answer: str) -> None:
    assert await perceiver(answer).look(FACE) is None


async def test_the_seed_is_the_pictures() -> None:
    seeds: list[int | None] = []

    def answer(asked: Asked) -> str:
        seeds.append(asked.seed)
        return ANSWER

    eyes = ModelPerceiver(Mind(FunctionChat(answer=answer), role="perceiver"))
    for data in (b"one", b"one", b"two"):
        await eyes.look(Image(data, "image/jpeg", 8, 8))
    assert seeds[0] == seeds[1] != seeds[2]
