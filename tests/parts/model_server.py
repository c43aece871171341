"""A server that speaks the OpenAI chat-completions protocol on loopback, and stumbles on request.

Answers are a function of the request. Faults come by a schedule that is a function of the request
and of how often it has been made, so that a run under faults can be repeated. Faults of content
strike a request's first try alone: a model that is asked the same again says the same again, and
then something else.

    async with ModelServer(answer) as server: …            in the loop of the test
    with served(answer, faults=Faults(0.2)) as server: …   in a thread, for code with its own loop
    python tests/parts/model_server.py --latency 2         in a process; prints its address
"""

import argparse
import asyncio
import json
import sys
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from aiohttp import web

from mirrorplay.agents.models.message import Message
from mirrorplay.agents.models.scripted import Asked
from mirrorplay.agents.roles import Image

Answering = Callable[[Asked], str]

TRANSPORT = ("429", "500", "503", "timeout", "reset", "cut_body", "cut_json", "invalid_json")
CONTENT = ("empty", "refusal", "overflow", "filter", "filter_400", "garbled")
KINDS = (*TRANSPORT, *CONTENT)
ALWAYS = ("401", "404", "400", "quota", "html")
"""Further kinds, of no use in a mix: no repetition cures them."""
HANG_S = 30.0


def digest_words(asked: Asked) -> str:
    """The default answer: a dozen letters that depend on every part of the request."""
    told = f"{asked.messages!r}/{asked.seed}/{asked.schema}"
    return "I hear " + sha256(told.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Faults:
    """How often (0 to 1), and which; evenly mixed."""

    rate: float
    kinds: tuple[str, ...] = KINDS

    def strike(self, request: str, tries: int) -> str | None:
        """The fault of a request's nth try, from 0."""
        drawn = int.from_bytes(sha256(f"{request}/{tries}".encode()).digest()[:8], "big") / 2**64
        if drawn >= self.rate:
            return None
        kind = self.kinds[int(drawn / self.rate * len(self.kinds))]
        return None if kind in CONTENT and tries else kind


class ModelServer:
    """answer: what the model says. latency_s: how long it takes. key: what it wants to be shown.
    capacity: calls in flight beyond which it says 429. refuses: request parameters that it answers
    with 400."""

    def __init__(
        self,
        answer: Answering = digest_words,
        *,
        faults: Faults | None = None,
        latency_s: float = 0.0,
        key: str | None = None,
        capacity: int | None = None,
        refuses: tuple[str, ...] = (),
        retry_after: str = "0.01",
    ) -> None:
        self.answer = answer
        self.faults = faults
        self.latency_s = latency_s
        self.key = key
        self.capacity = capacity
        self.refuses = refuses
        self.retry_after = retry_after
        self.struck: Counter[str] = Counter()
        """Faults so far, by kind."""
        self.tries: Counter[str] = Counter()
        """Requests so far, by their hash."""
        self.answered: Counter[str] = Counter()
        """Good answers so far, by the hash of their request."""
        self.bodies: list[dict[str, Any]] = []
        """The last thousand requests."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "ModelServer":
        app = web.Application(client_max_size=256 << 20)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *raised: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answered(request)
        finally:
            self.in_flight -= 1

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            shown = request.headers.get("Authorization", "")
            return error(401, f"Incorrect API key provided: {shown}", code="invalid_api_key")
        if self.capacity is not None and self.in_flight > self.capacity:
            self.struck["capacity"] += 1
            return error(429, "slow down", headers={"Retry-After": self.retry_after})
        body = json.loads(raw)
        self.bodies = [*self.bodies[-999:], body]
        for name in self.refuses:
            if name in body:
                return error(400, f"unknown parameter: {name}", code="invalid_parameter")
        name = sha256(raw).hexdigest()
        tries = self.tries[name]
        self.tries[name] += 1
        kind = self.faults.strike(name, tries) if self.faults else None
        if kind == "garbled" and "response_format" not in body:
            kind = None
        if kind is not None:
            self.struck[kind] += 1
            return await self._stumble(kind, request, body)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        text = self.answer(asked(body))
        self.answered[name] += 1
        return web.json_response(completion(body, text))

    async def _stumble(
        self, kind: str, request: web.Request, body: dict[str, Any]
    ) -> web.StreamResponse:
        good = json.dumps(completion(body, self.answer(asked(body))))
        if kind == "reset":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if kind == "timeout":
            await asyncio.sleep(HANG_S)
            return web.Response()
        if kind == "cut_body":
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            response.content_length = len(good)
            await response.prepare(request)
            await response.write(good[: len(good) // 2].encode())
            if request.transport is not None:
                request.transport.close()
            return response
        if kind == "cut_json":
            return web.Response(text=good[: len(good) // 2], content_type="application/json")
        if kind == "invalid_json":
            return web.json_response({"object": "chat.completion", "choices": None})
        if kind == "html":
            return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
        if kind == "empty":
            return web.json_response(completion(body, ""))
        if kind == "refusal":
            refused = completion(body, None)
            refused["choices"][0]["message"]["refusal"] = "I'm sorry, I can't assist with that."
            return web.json_response(refused)
        if kind == "filter":
            return web.json_response(completion(body, "", finish="content_filter"))
        if kind == "garbled":
            return web.json_response(completion(body, self.answer(asked(body))[:-3] + "…"))
        status, message, code = {
            "429": (429, "Rate limit reached", "rate_limit_exceeded"),
            "500": (500, "Internal error", "server_error"),
            "503": (503, "The engine is overloaded", "overloaded"),
            "overflow": (
                400,
                "This model's maximum context length is 4096 tokens.",
                "context_length_exceeded",
            ),
            "filter_400": (400, "The response was filtered", "content_filter"),
            "401": (401, "Incorrect API key provided", "invalid_api_key"),
            "404": (404, "The model `tiny` does not exist", "model_not_found"),
            "400": (400, "temperature: not supported", "invalid_parameter"),
            "quota": (429, "You exceeded your current quota", "insufficient_quota"),
        }[kind]
        headers = {"Retry-After": self.retry_after} if kind in ("429", "503") else None
        return error(status, message, code=code, headers=headers)


def asked(body: dict[str, Any]) -> Asked:
    """A request's body as our own models see it."""
    messages = []
    for message in body["messages"]:
        content = message["content"]
        parts = (content,) if isinstance(content, str) else tuple(_part(one) for one in content)
        messages.append(Message(message["role"], parts))
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    return Asked(tuple(messages), body.get("seed"), schema)


def _part(block: dict[str, Any]) -> str | Image:
    if block["type"] == "text":
        return str(block["text"])
    head, _, data = block["image_url"]["url"].partition(";base64,")
    return Image(b64decode(data), head.removeprefix("data:"), 0, 0)


def completion(body: dict[str, Any], text: str | None, finish: str = "stop") -> dict[str, Any]:
    """A reply as the protocol wants it; four characters count as a token."""
    prompt = len(json.dumps(body["messages"])) // 4
    written = max(1, len(text or "") // 4)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": finish,
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        },
    }


def error(
    status: int, message: str, code: str = "error", headers: dict[str, str] | None = None
) -> web.Response:
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


@contextmanager
def served(answer: Answering = digest_words, **settings: Any) -> Iterator[ModelServer]:
    """A server in a thread of its own."""
    server = ModelServer(answer, **settings)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(30)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _closed(server: ModelServer) -> None:
    """Close it, and call off the requests that still hang."""
    await server.__aexit__()
    hanging = asyncio.all_tasks() - {asyncio.current_task()}
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def _serve(latency_s: float) -> None:
    async with ModelServer(latency_s=latency_s) as server:
        print(server.base_url, flush=True)
        # Ends with whoever started it.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args().latency))
