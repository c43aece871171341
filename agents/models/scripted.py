"""A chat model whose answers are a function of what it is asked: for tests, public.

It can obey injections, be slow (`delay_s`, without blocking the loop) and fail: whatever exception
its function raises is raised as a server's would be.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict

from mirrorplay.agents.models.message import Message, from_langchain
from mirrorplay.agents.roles import Image


@dataclass(frozen=True, slots=True)
class Asked:
    """One call as the model sees it. `schema` is the JSON schema asked for, if one was sent."""

    messages: tuple[Message, ...]
    seed: int | None = None
    schema: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """Every word of the prompt, messages parted by blank lines."""
        return "\n\n".join(message.text for message in self.messages)

    @property
    def last(self) -> str:
        """The words of the last message."""
        return self.messages[-1].text

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(image for message in self.messages for image in message.images)


class FunctionChat(BaseChatModel):
    """`FunctionChat(answer=lambda asked: "…")`: the same question has the same answer.

    Tokens are counted as four characters each, an image as 256.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    answer: Callable[[Asked], str]
    delay_s: float = 0.0
    """Seconds that each answer takes."""
    model: str = "function"

    @property
    def _llm_type(self) -> str:
        return "function"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(messages, kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        return self._result(messages, kwargs)

    def _result(self, messages: Sequence[BaseMessage], kwargs: dict[str, Any]) -> ChatResult:
        asked = Asked(from_langchain(messages), kwargs.get("seed"), _schema(kwargs))
        text = self.answer(asked)
        prompt = len(asked.text) // 4 + 256 * len(asked.images)
        completion = max(1, len(text) // 4)
        message = AIMessage(
            content=text,
            usage_metadata={
                "input_tokens": prompt,
                "output_tokens": completion,
                "total_tokens": prompt + completion,
            },
            response_metadata={"finish_reason": "stop"},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _schema(kwargs: dict[str, Any]) -> dict[str, Any] | None:
    sent = kwargs.get("response_format") or {}
    schema: dict[str, Any] | None = sent.get("json_schema", {}).get("schema")
    return schema
