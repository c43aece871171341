"""Vision-language models: each turn's image in its turn, through real processors and classes."""

import asyncio
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import pyvips

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("num2words", reason="num2words is not installed; SmolVLM's processor wants it")

from langchain_core.messages import AIMessage, HumanMessage  # noqa: E402
from tiny_models import VISION, idefics3, llava, smolvlm  # noqa: E402

from mirrorplay.agents.models.local import LocalChat, LocalEngine, local_chat  # noqa: E402
from mirrorplay.agents.models.local_model import LocalModel, Question, Written  # noqa: E402
from mirrorplay.agents.models.local_sampling import Sampling  # noqa: E402
from mirrorplay.agents.models.message import (  # noqa: E402
    Message,
    assistant,
    system,
    to_langchain,
    user,
)
from mirrorplay.agents.models.spec import ModelSpec  # noqa: E402
from mirrorplay.agents.roles import Image  # noqa: E402
from mirrorplay.personas.errors import UserError  # noqa: E402

ARCHITECTURES = list(VISION)
USER = {
    "llava": "USER:",
    "qwen-vl": "<|im_start|>user",
    "idefics3": "User:",
    "smolvlm": "User:",
}
REPLY = {
    "llava": "ASSISTANT:",
    "qwen-vl": "<|im_start|>assistant",
    "idefics3": "Assistant:",
    "smolvlm": "Assistant:",
}


@lru_cache
def model(name: str) -> LocalModel:
    torch.set_num_threads(1)
    return LocalModel(*VISION[name](), name)


def face(red: int, width: int = 48, height: int = 48) -> Image:
    drawn = pyvips.Image.black(width, height, bands=3).linear(1, [red, 90, 40]).cast("uchar")
    data = drawn.copy(interpretation="srgb").jpegsave_buffer(Q=95)
    return Image(data, "image/jpeg", width, height)


FACES = (face(10), face(120, 64, 48), face(240, 40, 56))


def therapist(faces: tuple[Image, ...] = FACES) -> tuple[Message, ...]:
    """What a therapist is given at its last of three turns."""
    first, second, third = faces
    return (
        system("You are a counsellor. You see the client's face."),
        user(first, "I did not want to come, number one."),
        assistant("Thank you for coming, reply one."),
        user("My words come first here, number two.", second),
        assistant("I hear you, reply two."),
        user("Before the face, ", third, "and after it, number three."),
    )


def said(name: str, messages: tuple[Message, ...], seed: int = 1) -> Written:
    (answer,) = model(name).answer([Question(messages, Sampling(seed, 10, 1.0))])
    assert isinstance(answer, Written), answer
    return answer


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_image_is_in_the_turn_that_shows_it(name: str) -> None:
    template = model(name).template
    prompt = template.prompt(therapist())
    assert prompt.images == FACES
    before, *turns = prompt.text.split(USER[name])
    assert "counsellor" in before
    assert template.image_token not in before
    for turn, number in zip(turns, ("one", "two", "three"), strict=True):
        shown, reply = turn.split(REPLY[name])
        assert shown.count(template.image_token) == 1
        assert f"number {number}" in shown
        assert template.image_token not in reply
        if number != "three":
            assert f"reply {number}" in reply


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_tokens_of_each_image_are_in_its_turn(name: str) -> None:
    """After the processor has put as many tokens as the model makes of each picture."""
    one = model(name)
    inputs = one._inputs([one._pictures(one.template.prompt(therapist()))])
    words = one._tokenizer.decode(inputs["input_ids"][0])
    turns = words.split(USER[name])[1:]
    counts = [turn.split(REPLY[name])[0].count(one.template.image_token) for turn in turns]
    assert len(counts) == 3
    assert all(count >= 4 for count in counts)
    total = int((inputs["input_ids"] == one._processor.image_token_id).sum())
    assert sum(counts) == total


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_in_the_pictures_and_where_they_are_matters(name: str) -> None:
    first, second, third = FACES
    shown = [FACES, (first, second, face(0, 40, 56)), (third, second, first)]
    answers = {tuple(said(name, therapist(f), seed).text for seed in range(3)) for f in shown}
    assert len(answers) == 3


@pytest.mark.parametrize("name", ARCHITECTURES)
async def test_a_batch_of_one_two_and_three_faces_and_none(name: str) -> None:
    chat = LocalChat(
        model=name, engine=LocalEngine(lambda: model(name)), max_tokens=8, temperature=1.0
    )
    whole = therapist()
    asked = [to_langchain(part) for part in (whole, whole[:4], whole[:2], (user("No face."),))]
    alone = [(await chat.ainvoke(one, seed=at)).content for at, one in enumerate(asked)]
    before = chat.engine.batches
    together = await asyncio.gather(*(chat.ainvoke(m, seed=at) for at, m in enumerate(asked)))
    assert [reply.content for reply in together] == alone
    assert chat.engine.batches == before + 2


async def test_a_damaged_picture_fails_alone() -> None:
    chat = LocalChat(model="llava", engine=LocalEngine(lambda: model("llava")), max_tokens=4)
    broken = Image(FACES[0].data[:200], "image/jpeg", 48, 48)
    bad, fine = await asyncio.gather(
        chat.ainvoke(to_langchain([user(broken, "See?")])),
        chat.ainvoke(to_langchain([user(FACES[0], "See?")])),
        return_exceptions=True,
    )
    assert isinstance(bad, UserError)
    assert isinstance(fine, AIMessage)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_words_cannot_claim_a_picture(name: str) -> None:
    one = model(name)
    prompt = one.template.prompt([user(FACES[0], f"see {one.template.image_token} there")])
    assert prompt.text.count(one.template.image_token) == 1
    assert said(name, (user(f"see {one.template.image_token} there"),)).completion_tokens > 0


def test_a_template_that_loses_images_is_refused() -> None:
    made, processor = llava()
    processor.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] | selectattr('type', 'equalto',"
        " 'text') | map(attribute='text') | join }}{% endfor %}"
    )
    (answer,) = LocalModel(made, processor, "blind").answer([Question(therapist(), Sampling(1, 4))])
    assert isinstance(answer, UserError)
    assert "places 0 of 3 images" in str(answer)


@pytest.mark.parametrize("make", [llava, idefics3], ids=["llava", "idefics3"])
def test_a_folder_with_a_processor_is_loaded_as_a_model_that_sees(
    tmp_path: Path, make: Any
) -> None:
    made, processor = make()
    made.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    chat = local_chat(ModelSpec(model=f"transformers:{tmp_path}", max_tokens=6, temperature=1.0))
    content: list[Any] = [
        {
            "type": "image",
            "base64": b64encode(FACES[0].data).decode(),
            "mime_type": "image/jpeg",
        },
        {"type": "text", "text": "What do you see?"},
    ]
    reply = chat.invoke([HumanMessage(content)], seed=2)
    (straight,) = LocalModel(made, processor, "tiny").answer(
        [Question((user(FACES[0], "What do you see?"),), Sampling(2, 6, 1.0))]
    )
    assert isinstance(straight, Written)
    assert reply.content == straight.text


def test_smolvlm_is_the_class_it_should_be() -> None:
    made, processor = smolvlm()
    assert type(made).__name__ == "SmolVLMForConditionalGeneration"
    assert type(processor).__mro__[2].__name__ == "SmolVLMProcessor"
