"""Real HTTP, and everything that goes wrong with it at once."""

import asyncio
from collections import Counter

import pytest
from model_server import KINDS, Faults, ModelServer, digest_words, served
from pydantic import BaseModel

from mirrorplay.agents.models.message import Message, system, user
from mirrorplay.agents.models.mind import EndpointDown, Form, Mind
from mirrorplay.agents.models.scripted import Asked
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.models.switchboard import Switchboard
from mirrorplay.agents.roles import Image

CALLS = 200
FACE = Image(b"\xff\xd8\xff" + bytes(2000), "image/jpeg", 1, 1)


class Heard(BaseModel):
    words: str


def answer(asked: Asked) -> str:
    """Free words, or a form where one is asked for."""
    words = digest_words(asked)
    return Heard(words=words).model_dump_json() if asked.schema else words


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


def prompt(number: int) -> list[Message]:
    images = (FACE,) if number % 3 == 0 else ()
    return [system("You are a client."), user(f"Line {number}", *images)]


async def storm(faults: Faults | None) -> tuple[list[str], ModelServer, Counter[str]]:
    kinds: Counter[str] = Counter()
    async with ModelServer(answer, faults=faults) as server:
        spec = ModelSpec(
            model="openai:tiny", base_url=server.base_url, timeout_s=2.0, concurrency=32
        )
        board = Switchboard(sleep=no_sleep, report=lambda _, told: kinds.update([told["kind"]]))
        minds = [Mind(spec, role=role, board=board) for role in ("client", "therapist")]

        async def one(number: int) -> str:
            mind = minds[number % 2]
            if number % 4 == 0:
                form = await mind.ask(prompt(number), seed=number, read=Form(Heard))
                return form.value.words if form.value else "missing"
            return (await mind.ask(prompt(number), seed=number, read=str)).text

        answers = await asyncio.gather(*(one(number) for number in range(CALLS)))
        await board.close()
        return answers, server, kinds


async def test_under_mixed_faults_nothing_is_lost_doubled_or_different() -> None:
    calm, quiet, none = await storm(None)
    stormy, server, kinds = await storm(Faults(0.2, KINDS))
    assert not none
    assert quiet.tries.total() == CALLS
    assert stormy == calm
    assert len(set(calm)) == CALLS
    assert len(server.answered) == CALLS
    # An answer given twice is one that came after its time-out.
    late = kinds["timeout"] - server.struck["timeout"]
    assert 0 <= server.answered.total() - CALLS <= late
    assert server.struck.total() >= CALLS * 0.15
    assert len(server.struck) >= 10
    assert {"rate_limited", "overloaded", "server", "reset", "damaged", "overflow"} <= set(kinds)


async def test_an_endpoint_that_can_take_less_gets_less() -> None:
    """429s beyond eight in flight: the pace finds its way there and all is answered."""
    async with ModelServer(capacity=8, latency_s=0.005) as server:
        spec = ModelSpec(
            model="openai:tiny", base_url=server.base_url, concurrency=128, attempts=30
        )
        board = Switchboard(sleep=no_sleep)
        mind = Mind(spec, role="client", board=board)
        await asyncio.gather(
            *(mind.ask(prompt(number), seed=number, read=str) for number in range(CALLS))
        )
        assert board.line(spec.endpoint, 1).pace.limit < 40
        assert len(server.answered) == CALLS
        await board.close()


async def test_images_and_parameters_arrive() -> None:
    async with ModelServer(lambda asked: repr(asked.images[0].data == FACE.data)) as server:
        spec = ModelSpec(
            model="openai:tiny",
            base_url=server.base_url,
            temperature=0.5,
            top_p=0.9,
            max_tokens=77,
            extra={"top_k": 20},
        )
        board = Switchboard()
        found = await Mind(spec, role="client", board=board).ask(prompt(0), seed=5, read=str)
        assert found.text == "True"
        assert found.usage.prompt_tokens
        sent = server.bodies[0]
        assert {name: sent[name] for name in ("temperature", "top_p", "max_tokens", "seed")} == {
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 77,
            "seed": 5,
        }
        assert sent["top_k"] == 20
        assert "max_completion_tokens" not in sent
        await board.close()


async def test_a_server_that_is_not_there_pauses_the_run() -> None:
    async with ModelServer() as server:
        gone = server.base_url
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    board = Switchboard(clock=lambda: now[0], sleep=sleep)
    mind = Mind(ModelSpec(model="openai:tiny", base_url=gone), role="client", board=board)
    with pytest.raises(EndpointDown) as caught:
        await mind.ask(prompt(1), seed=1, read=str)
    assert gone in str(caught.value)
    assert "start the server" in str(caught.value)
    await board.close()


async def test_a_server_in_a_thread_serves_other_loops() -> None:
    with served(lambda asked: "from a thread") as server:
        board = Switchboard()
        mind = Mind(
            ModelSpec(model="openai:tiny", base_url=server.base_url), role="client", board=board
        )
        assert (await mind.ask(prompt(1), seed=1, read=str)).text == "from a thread"
        await board.close()
