import pytest
from langchain_core.messages import ToolMessage

from mirrorplay.agents.models.message import (
    Message,
    assistant,
    from_langchain,
    system,
    to_langchain,
    user,
)
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.roles import Image

FACE = Image(b"\xff\xd8bytes", "image/jpeg", 0, 0)


def test_text_travels_as_a_string_and_images_as_blocks_in_their_place() -> None:
    made = to_langchain([system("Be."), user("before", FACE, "after"), assistant("yes")])
    assert [one.type for one in made] == ["system", "human", "ai"]
    assert made[0].content == "Be."
    assert [block["type"] for block in made[1].content] == ["text", "image", "text"]  # type: ignore[index]
    assert made[1].content[1]["mime_type"] == "image/jpeg"  # type: ignore[index]


def test_there_and_back() -> None:
    messages = (system("Be."), user("a", FACE, "b"), assistant("{braces} %s"))
    assert from_langchain(to_langchain(messages)) == messages


def test_words_and_images_of_a_message() -> None:
    message = user("a", FACE, "b")
    assert message.text == "ab"
    assert message.images == (FACE,)


def test_what_cannot_be_a_message() -> None:
    with pytest.raises(ValueError, match="0 parts"):
        Message("user", ())
    with pytest.raises(ValueError, match="tool"):
        from_langchain([ToolMessage("x", tool_call_id="1")])
    with pytest.raises(ValueError, match="video"):
        from_langchain(
            [to_langchain([user("x")])[0].model_copy(update={"content": [{"type": "video"}]})]
        )


async def test_a_function_chat_answers_by_its_function_alone() -> None:
    heard: list[Asked] = []

    def answer(asked: Asked) -> str:
        heard.append(asked)
        return f"{asked.last} / {asked.seed} / {len(asked.images)}"

    chat = FunctionChat(answer=answer)
    reply = await chat.ainvoke(to_langchain([system("s"), user("hi", FACE)]), seed=4)
    assert reply.content == "hi / 4 / 1"
    assert chat.invoke(to_langchain([user("x")])).content == "x / None / 0"
    assert heard[0].text == "s\n\nhi"
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_tokens"] > 256
