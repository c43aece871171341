"""A conversation as the very text that a local model reads: its own chat template, images in place.

Templates differ in what they refuse and, worse, in what they leave out without a word. Both are
found here: a template that cannot take a system's message gets it inside the first turn of the
user, and one that loses an image is an error rather than a therapist who does not see.

Words are data. A special token written out in them ("<image>", "<|im_end|>") would end a turn or
claim a picture that is not there, so such words get a space after their first character.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import TemplateError

from mirrorplay.agents.models.message import Message
from mirrorplay.agents.roles import Image
from mirrorplay.personas.errors import UserError

_PROBE = "zebra17"
_MARKUP = re.compile(r"[<\[].+[>\]]")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text with a placeholder for each image, and the images in the same order."""

    text: str
    images: tuple[Image, ...]


class ChatTemplate:
    """The template of one processor (with images) or tokenizer (without)."""

    def __init__(self, processor: Any, name: str) -> None:
        self.name = name
        self._processor = processor
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self.sees = hasattr(processor, "image_processor")
        self.image_token = str(getattr(processor, "image_token", "")) if self.sees else ""
        self._special = _special(self._tokenizer, self.image_token)
        self._takes_system = self._keeps_a_system_message()

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The text of a conversation up to where the answer begins. Raises UserError where images
        are given to a model without eyes, or the template cannot take such a conversation."""
        images = tuple(image for message in messages for image in message.images)
        if images and not self.sees:
            raise UserError(
                f"the model {self.name!r} reads text alone, and was given {len(images)} image(s)",
                hint="take a vision-language model, or an arm without images (text)",
            )
        asked = list(messages) if self._takes_system else folded(messages)
        try:
            text = self._rendered(asked)
        except TemplateError:
            # Many templates insist on turns that alternate and begin with the user's.
            text = self._told(folded(messages))
        if self.sees and text.count(self.image_token) != len(images):
            raise UserError(
                f"the chat template of {self.name!r} places {text.count(self.image_token)} of "
                f"{len(images)} images",
                hint="a model whose template takes several images, one in each turn, is needed",
            )
        return Prompt(text, images)

    def _told(self, messages: Sequence[Message]) -> str:
        try:
            return self._rendered(messages)
        except TemplateError as error:
            raise UserError(
                f"the chat template of {self.name!r} refuses the conversation: {error}"
            ) from None

    def _rendered(self, messages: Sequence[Message]) -> str:
        turns = [{"role": message.role, "content": self._content(message)} for message in messages]
        try:
            text: str = self._processor.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True
            )
        except ValueError as error:
            raise UserError(
                f"the model {self.name!r} has no usable chat template: {error}",
                hint="take a model that was trained on conversations (often named -Instruct)",
            ) from None
        return text

    def _content(self, message: Message) -> str | list[dict[str, str]]:
        if not self.sees:
            return self.harmless(message.text)
        return [
            {"type": "text", "text": self.harmless(part)}
            if isinstance(part, str)
            else {"type": "image"}
            for part in message.parts
        ]

    def harmless(self, text: str) -> str:
        """The words with no special token among them."""
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def _keeps_a_system_message(self) -> bool:
        probe = [Message("system", (_PROBE,)), Message("user", ("hello",))]
        try:
            return _PROBE in self._rendered(probe)
        except TemplateError:
            return False


def _special(tokenizer: Any, image_token: str) -> re.Pattern[str]:
    added = [token for token in tokenizer.get_added_vocab() if _MARKUP.fullmatch(token)]
    tokens = {*tokenizer.all_special_tokens, *added, image_token}
    words = sorted((token for token in tokens if len(token.strip()) > 1), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)) or r"(?!)")


def folded(messages: Sequence[Message]) -> list[Message]:
    """The same conversation for a template without a system: its words open the first turn of the
    user, turns of one voice become one, and the user begins."""
    turns: list[Message] = []
    for message in messages:
        voice = "user" if message.role == "system" else message.role
        if not turns and voice == "assistant":
            turns.append(Message("user", ("…",)))
        if turns and turns[-1].role == voice:
            turns[-1] = Message(voice, (*turns[-1].parts, "\n\n", *message.parts))
        else:
            turns.append(Message(voice, message.parts))
    return turns
