"""One message to a model: words and images in the order in which they are to be read.

Roles write these; LangChain's messages are made from them at the last moment, with each image as a
standard content block.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from mirrorplay.agents.roles import Image

Voice = Literal["system", "user", "assistant"]
Part = str | Image
_KINDS: dict[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}
_VOICES: dict[str, Voice] = {"system": "system", "human": "user", "ai": "assistant"}


@dataclass(frozen=True, slots=True)
class Message:
    """What one voice says. `parts` are texts and images in order; never empty."""

    role: Voice
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if self.role not in _KINDS or not self.parts:
            raise ValueError(f"a message of {self.role!r} with {len(self.parts)} parts")

    @property
    def text(self) -> str:
        """The words alone; images leave no trace."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(part for part in self.parts if not isinstance(part, str))


def system(*parts: Part) -> Message:
    return Message("system", parts)


def user(*parts: Part) -> Message:
    return Message("user", parts)


def assistant(*parts: Part) -> Message:
    return Message("assistant", parts)


def to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """LangChain's messages: a plain string where there is only text."""
    return [_KINDS[message.role](content=_content(message)) for message in messages]


def _content(message: Message) -> Any:
    if not message.images:
        return message.text
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {
            "type": "image",
            "base64": b64encode(part.data).decode("ascii"),
            "mime_type": part.mime,
        }
        for part in message.parts
    ]


def from_langchain(messages: Sequence[BaseMessage]) -> tuple[Message, ...]:
    """Back again: for models of our own that read messages. Raises ValueError for a kind of
    message or block that `to_langchain` does not write."""
    read: list[Message] = []
    for message in messages:
        if message.type not in _VOICES:
            raise ValueError(f"a message of type {message.type!r}")
        content = message.content
        parts = (content,) if isinstance(content, str) else tuple(_part(b) for b in content)
        read.append(Message(_VOICES[message.type], parts))
    return tuple(read)


def _part(block: Any) -> Part:
    if isinstance(block, str):
        return block
    if block.get("type") == "text":
        return str(block["text"])
    if block.get("type") == "image" and "base64" in block:
        return Image(b64decode(block["base64"]), block["mime_type"], 0, 0)
    raise ValueError(f"a content block of type {block.get('type')!r}")
