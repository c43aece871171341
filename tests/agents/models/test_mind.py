import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mirrorplay.agents.models.cache import AnswerCache
from mirrorplay.agents.models.message import Message, system, user
from mirrorplay.agents.models.mind import EndpointDown, Form, Mind, MindFailed, Unreadable
from mirrorplay.agents.models.purse import Limits, Purse
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.models.spec import ModelSpec, Price
from mirrorplay.agents.models.switchboard import Switchboard
from mirrorplay.agents.roles import Image

PROMPT = [system("be"), user("how are you?")]
FACE = Image(b"face", "image/jpeg", 1, 1)


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Server(Exception):
    def __init__(self, status: int, words: str = "no", **headers: str) -> None:
        super().__init__(words)
        self.status_code = status
        self.response = self
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Script:
    """Answers in order; an exception is raised, the last one stays."""

    def __init__(self, *lines: str | Exception) -> None:
        self.lines = lines
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> str:
        line = self.lines[min(len(self.asked), len(self.lines) - 1)]
        self.asked.append(asked)
        if isinstance(line, Exception):
            raise line
        return line


def minded(answer: Callable[[Asked], str], **changes: Any) -> tuple[Mind, Time]:
    time = Time()
    spec = ModelSpec(**{"model": "custom:script", **changes})
    board = Switchboard(clock=time.clock, sleep=time.sleep)
    return Mind(FunctionChat(answer=answer), role="client", spec=spec, board=board), time


def number(text: str) -> int:
    if not text.isdigit():
        raise Unreadable("it is not a number")
    return int(text)


async def test_an_answer_is_read_and_counted() -> None:
    mind, _ = minded(lambda asked: "42", price=Price(prompt=1, completion=2))
    answer = await mind.ask(PROMPT, seed=2**64 - 1, read=number)
    assert (answer.value, answer.text, answer.attempts, answer.failure) == (42, "42", 1, None)
    assert (answer.usage.model, answer.usage.calls) == ("custom:script", 1)
    assert answer.usage.prompt_tokens
    spent = mind.board.purse.spent.roles["client"]
    assert spent.calls == 1
    assert spent.usd > 0


async def test_the_seed_is_the_calls_own_in_31_bits() -> None:
    script = Script("1")
    mind, _ = minded(script)
    for seed in (5, 2**64 - 1, 0):
        await mind.ask(PROMPT, seed=seed, read=number)
    assert [asked.seed for asked in script.asked] == [5, 2**31 - 1, 0]
    silent, _ = minded(script, forward_seed=False)
    await silent.ask(PROMPT, seed=5, read=number)
    assert script.asked[-1].seed is None


async def test_malformed_is_asked_again_unchanged_then_repaired() -> None:
    script = Script("four", "{4}", "4")
    mind, time = minded(script)
    answer = await mind.ask(PROMPT, seed=1, read=number)
    assert (answer.value, answer.attempts, answer.usage.calls) == (4, 3, 3)
    first, second, third = script.asked
    assert first == second
    assert [message.role for message in third.messages][-2:] == ["assistant", "user"]
    assert "{4}" in third.text
    assert "it is not a number" in third.last
    assert third.seed != first.seed
    assert time.slept == []


async def test_what_is_never_readable_is_missing_and_says_why() -> None:
    script = Script("four")
    mind, _ = minded(script)
    answer = await mind.ask(PROMPT, seed=1, read=number)
    assert answer.value is None
    assert answer.failure == "it is not a number"
    assert answer.text == "four"
    assert answer.attempts == len(script.asked) == 8
    assert len({len(asked.messages) for asked in script.asked}) == 2  # repairs do not pile up


@pytest.mark.parametrize(
    "error",
    [
        Server(429),
        Server(500),
        Server(503),
        TimeoutError(),
        ConnectionResetError(),
    ],
)
async def test_what_was_not_answered_is_asked_again_as_it_was(error: Exception) -> None:
    script = Script(error, error, error, "7")
    mind, time = minded(script)
    answer = await mind.ask(PROMPT, seed=9, read=number)
    assert (answer.value, answer.attempts) == (7, 4)
    assert all(asked == script.asked[0] for asked in script.asked)
    assert len(time.slept) == 3
    assert time.slept == sorted(time.slept)


async def test_retry_after_is_honoured() -> None:
    mind, time = minded(Script(Server(429, retry_after="17"), "7"))
    await mind.ask(PROMPT, seed=9, read=number)
    assert 17 <= time.slept[0] <= 22


@pytest.mark.parametrize("useless", ["", "I'm sorry, but I can't assist with that."])
async def test_a_useless_answer_is_asked_for_again_then_with_another_seed(useless: str) -> None:
    script = Script(useless, useless, useless, "7")
    mind, time = minded(script)
    answer = await mind.ask(PROMPT, seed=9, read=number)
    assert answer.value == 7
    seeds = [asked.seed for asked in script.asked]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3
    assert time.slept == []


async def test_too_long_a_prompt_is_shortened_from_its_oldest_face() -> None:
    def answer(asked: Asked) -> str:
        if len(asked.images) > 1:
            raise Server(400, "maximum context length is 10 tokens")
        return "7"

    mind, _ = minded(answer)
    prompt = [system("be"), user("1", FACE), Message("assistant", ("2",)), user("3", FACE)]
    assert (await mind.ask(prompt, seed=1, read=number)).value == 7
    hopeless, _ = minded(Script(Server(400, "maximum context length")))
    with pytest.raises(MindFailed, match="overflow"):
        await hopeless.ask([user("only this")], seed=1, read=number)


async def test_used_up_attempts_fail_the_call_and_are_paid_for() -> None:
    mind, _ = minded(Script("", ""), attempts=3)
    with pytest.raises(MindFailed, match="3 attempts; last: an empty answer"):
        await mind.ask(PROMPT, seed=1, read=number)
    assert mind.board.purse.spent.total.calls == 3


async def test_a_rejected_request_is_not_repeated() -> None:
    script = Script(Server(400, "top_k is not supported"))
    mind, _ = minded(script)
    with pytest.raises(MindFailed, match="top_k"):
        await mind.ask(PROMPT, seed=1, read=number)
    assert len(script.asked) == 1


async def test_a_bug_is_not_a_failure_of_the_model() -> None:
    mind, _ = minded(Script(ZeroDivisionError("mine")))
    with pytest.raises(ZeroDivisionError):
        await mind.ask(PROMPT, seed=1, read=number)
    mind, _ = minded(Script("1"))
    with pytest.raises(ZeroDivisionError):
        await mind.ask(PROMPT, seed=1, read=lambda text: 1 // 0)


async def test_an_endpoint_that_answers_nobody_pauses_the_run_before_a_session_is_lost() -> None:
    mind, time = minded(Script(ConnectionRefusedError("Connect call failed")))
    with pytest.raises(EndpointDown) as caught:
        await mind.ask(PROMPT, seed=1, read=number)
    assert "Connect call failed" in str(caught.value)
    calls = mind.board.purse.spent.total.calls
    with pytest.raises(EndpointDown):
        await mind.ask(PROMPT, seed=2, read=number)
    assert mind.board.purse.spent.total.calls == calls
    time.now += 60
    with pytest.raises(EndpointDown):
        await mind.ask(PROMPT, seed=2, read=number)
    assert mind.board.purse.spent.total.calls == calls + 1


async def test_a_refused_key_is_not_tried_again() -> None:
    script = Script(Server(401, "Incorrect API key provided: sk-12345678"))
    mind, _ = minded(script)
    with pytest.raises(EndpointDown) as caught:
        await mind.ask(PROMPT, seed=1, read=number)
    assert len(script.asked) == 1
    assert "sk-1234" not in str(caught.value)


async def test_time_outs_slow_the_endpoint_down_and_content_does_not() -> None:
    mind, _ = minded(Script("", TimeoutError(), "7"), concurrency=64)
    (line,) = mind.board.lines.values()
    assert line.pace.limit == 64
    await mind.ask(PROMPT, seed=1, read=number)
    assert line.pace.limit == 32


async def test_a_slow_model_is_timed_out() -> None:
    chat = FunctionChat(answer=lambda asked: "7", delay_s=60)
    time = Time()
    board = Switchboard(clock=time.clock, sleep=time.sleep)
    spec = ModelSpec(model="custom:slow", timeout_s=0.01, attempts=2)
    with pytest.raises(MindFailed, match="no answer in time"):
        await Mind(chat, role="client", spec=spec, board=board).ask(PROMPT, seed=1, read=number)


async def test_a_cancelled_session_leaves_its_place() -> None:
    chat = FunctionChat(answer=lambda asked: "7", delay_s=60)
    mind = Mind(chat, role="client", spec=ModelSpec(model="custom:slow", concurrency=1))
    task = asyncio.create_task(mind.ask(PROMPT, seed=1, read=number))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(line.pace.in_flight == 0 for line in mind.board.lines.values())


async def test_thinking_aloud_is_not_part_of_an_answer() -> None:
    mind, _ = minded(Script("<think>the {answer} is 6?</think>\n7"))
    assert (await mind.ask(PROMPT, seed=1, read=number)).value == 7
    cut, _ = minded(Script("<think>hmm", "7"))
    answer = await cut.ask(PROMPT, seed=1, read=number)
    assert (answer.value, answer.attempts) == (7, 2)


class Rating(BaseModel):
    score: int


async def test_a_form_sends_its_schema_and_reads_the_answer() -> None:
    script = Script('```json\n{"score": 3}\n```')
    mind, _ = minded(script)
    form = Form(Rating)
    assert (await mind.ask(PROMPT, seed=1, read=form)).value == Rating(score=3)
    doubled = await mind.ask(PROMPT, seed=1, read=lambda t: form.read(t).score * 2, form=form)
    assert doubled.value == 6
    assert [asked.schema for asked in script.asked] == [form.schema, form.schema]
    told, _ = minded(script, structured="prompt")
    await told.ask(PROMPT, seed=1, read=form)
    assert script.asked[-1].schema is None


async def test_a_server_that_refuses_schemas_is_asked_in_words_from_then_on() -> None:
    heard: list[bool] = []

    def answer(asked: Asked) -> str:
        heard.append(asked.schema is not None)
        if asked.schema is not None:
            raise Server(400, "response_format is not supported")
        return '{"score": 3}'

    mind, _ = minded(answer)
    together = await asyncio.gather(
        *(mind.ask(PROMPT, seed=seed, read=Form(Rating)) for seed in range(20))
    )
    assert all(one.value == Rating(score=3) for one in together)
    heard.clear()
    await mind.ask(PROMPT, seed=99, read=Form(Rating))
    assert heard == [False]
    strict, _ = minded(answer, structured="schema")
    with pytest.raises(MindFailed, match="response_format"):
        await strict.ask(PROMPT, seed=1, read=Form(Rating))


async def test_the_cache_keeps_what_could_be_read(tmp_path: Path) -> None:
    script = Script("four", "4", "5")
    spec = ModelSpec(model="custom:script")
    for _ in range(2):
        board = Switchboard(cache=AnswerCache(tmp_path / "a.sqlite"))
        mind = Mind(FunctionChat(answer=script), role="client", spec=spec, board=board)
        first = await mind.ask(PROMPT, seed=1, read=number)
        assert first.value == 4
        await board.close()
    assert len(script.asked) == 2
    assert (first.usage.calls, first.attempts, first.usage.prompt_tokens) == (0, 0, 0)
    assert board.purse.spent.total.calls == 0
    board = Switchboard(cache=AnswerCache(tmp_path / "a.sqlite"))
    mind = Mind(FunctionChat(answer=script), role="client", spec=spec, board=board)
    assert (await mind.ask(PROMPT, seed=2, read=number)).value == 5
    nothing = await mind.ask(PROMPT, seed=1, read=lambda text: number(f"x{text}"))
    assert nothing.value is None  # kept, but read otherwise today: asked again
    await board.close()


async def test_a_model_without_a_spec_is_not_cached(tmp_path: Path) -> None:
    counter = itertools.count()
    board = Switchboard(cache=AnswerCache(tmp_path / "a.sqlite"))
    chat = FunctionChat(answer=lambda asked: str(next(counter)))
    mind = Mind(chat, role="client", board=board)
    answers = [(await mind.ask(PROMPT, seed=1, read=number)).value for _ in range(2)]
    assert answers == [0, 1]
    await board.close()


async def test_tokens_that_are_not_told_are_guessed_for_the_purse_alone() -> None:
    class Silent(FunctionChat):
        def _result(self, *given: Any) -> Any:
            result = super()._result(*given)
            result.generations[0].message.usage_metadata = None
            return result

    mind = Mind(Silent(answer=lambda asked: "word " * 8), role="client")
    answer = await mind.ask([user("x" * 400, FACE)], seed=1, read=str)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (None, None)
    total = mind.board.purse.spent.total
    assert (total.prompt_tokens, total.completion_tokens) == (400, 10)


async def test_minds_of_one_board_share_purse_models_and_lines() -> None:
    board = Switchboard(purse=Purse(Limits(tokens=30)))
    spec = ModelSpec(model="openai:x", base_url="http://127.0.0.1:9/v1")
    assert board.model(spec) is board.model(spec.model_copy(update={"price": Price(prompt=1)}))
    assert board.line(spec.endpoint, 8) is board.line(spec.endpoint, 8)
    chat = FunctionChat(answer=lambda asked: "word " * 10)
    for role in ("client", "therapist"):
        await Mind(chat, role=role, board=board).ask(PROMPT, seed=1, read=str)
    assert set(board.purse.spent.roles) == {"client", "therapist"}
    assert "limits.tokens" in str(board.purse.exhausted)
    await board.close()
