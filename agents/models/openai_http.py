"""OpenAI-compatible servers: LangChain's `ChatOpenAI` over aiohttp, with retries left to us.

At 256 calls in flight httpx needs several times the processor time of aiohttp for each. The
client library's own retries are off, since they would hide failures from the pace and the breaker
and multiply with ours.
"""

import json
from typing import Any

import httpx2
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from openai import DefaultAioHttpClient, OpenAIError
from pydantic import SecretStr

from mirrorplay.agents.models.faults import DamagedReply
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.personas.errors import UserError

NO_KEY = "none"
"""Sent where no key is named: servers of one's own want some, and the user's real one is not to
go to whatever address a configuration holds."""


class OpenAIChat(ChatOpenAI):
    """`ChatOpenAI` for compatible servers too, which know `max_tokens` alone, and with replies
    that are not what the protocol says told apart from mistakes of our own."""

    compatible: bool = False
    """Whether the server is somebody else's than OpenAI's."""

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if self.compatible and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        return payload

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        payload.pop("stream", None)
        body = payload | (payload.pop("extra_body", None) or {})
        # The typed method checks every field of request and reply, at several times the cost of
        # all the rest; this one is its public base.
        response = await self.root_async_client.post(
            "/chat/completions", cast_to=httpx2.Response, body=body
        )
        try:
            return self._create_chat_result(json.loads(response.content))
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise DamagedReply(f"{type(error).__name__}: {error}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        if self.http_async_client is not None:
            await self.http_async_client.aclose()


def openai_chat(spec: ModelSpec, key: SecretStr | None) -> OpenAIChat:
    """A chat model for `openai:<name>`. Raises UserError when there is neither a server nor a
    key. Made in one event loop, it is used in that one alone."""
    if key is None and spec.base_url is not None:
        key = SecretStr(NO_KEY)
    try:
        return OpenAIChat(
            model=spec.name,
            base_url=spec.base_url,
            api_key=key,
            compatible=spec.base_url is not None,
            temperature=spec.temperature,
            top_p=spec.top_p,
            max_completion_tokens=spec.max_tokens,
            timeout=spec.timeout_s,
            max_retries=0,
            use_responses_api=False,
            extra_body=dict(spec.extra) or None,
            http_async_client=DefaultAioHttpClient(
                timeout=spec.timeout_s,
                limits=httpx2.Limits(
                    max_connections=spec.concurrency, max_keepalive_connections=spec.concurrency
                ),
            ),
        )
    except OpenAIError:
        pass
    raise UserError(
        "there is no key",
        where=f"model {spec.model!r}",
        hint="name its environment variable in api_key_env, or give base_url for a server of "
        "your own",
    )
