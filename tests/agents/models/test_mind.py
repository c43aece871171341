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
    spent = mind.board.purse.own.roles["client"]
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
    assert mind.board.purse.own.total.calls == 3


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
    calls = mind.board.purse.own.total.calls
    with pytest.raises(EndpointDown):
        await mind.ask(PROMPT, seed=2, read=number)
    assert mind.board.purse.own.total.calls == calls
    time.now += 60
    with pytest.raises(EndpointDown):
        await mind.ask(PROMPT, seed=2, read=number)
    assert mind.board.purse.own.total.calls == calls + 1


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
    assert board.purse.own.total.calls == 0
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
    total = mind.board.purse.own.total
    assert (total.prompt_tokens, total.completion_tokens) == (400, 10)


async def test_minds_of_one_board_share_purse_models_and_lines() -> None:
    board = Switchboard()
    spec = ModelSpec(model="openai:x", base_url="http://127.0.0.1:9/v1")
    assert board.model(spec) is board.model(spec.model_copy(update={"price": Price(prompt=1)}))
    assert board.line(spec.endpoint, 8) is board.line(spec.endpoint, 8)
    chat = FunctionChat(answer=lambda asked: "word " * 10)
    for role in ("client", "therapist"):
        await Mind(chat, role=role, board=board).ask(PROMPT, seed=1, read=str)
    assert set(board.purse.own.roles) == {"client", "therapist"}
    await board.close()


class Ended(FunctionChat):
    """Says why its answers end."""

    ending: str = "length"

    def _result(self, *given: Any) -> Any:
        result = super()._result(*given)
        result.generations[0].message.response_metadata = {"finish_reason": self.ending}
        return result


@pytest.mark.parametrize(
    "useless",
    [
        "",
        "I'm sorry, but I can't assist with that.",
        "four",
        Server(403, "flagged by moderation"),
        Server(400, "maximum context length"),
    ],
)
async def test_what_a_session_can_do_without_is_missing_and_says_why(
    useless: str | Exception,
) -> None:
    mind, _ = minded(Script(useless))
    answer = await mind.ask(PROMPT, seed=1, read=number, optional=True)
    assert answer.value is None
    assert answer.failure
    assert answer.usage.calls == answer.attempts > 0
    if useless != "four":
        with pytest.raises(MindFailed):
            await mind.ask(PROMPT, seed=1, read=number)


async def test_a_server_that_fails_fails_what_is_optional_too() -> None:
    mind, _ = minded(Script(Server(500)), attempts=2)
    with pytest.raises(MindFailed, match="HTTP 500"):
        await mind.ask(PROMPT, seed=1, read=number, optional=True)
    mind, _ = minded(Script(Server(422, "bad field")))
    with pytest.raises(MindFailed, match="bad field"):
        await mind.ask(PROMPT, seed=1, read=number, optional=True)


async def test_a_kept_answer_knows_that_it_was_cut(tmp_path: Path) -> None:
    board = Switchboard(cache=AnswerCache(tmp_path / "a.sqlite"))
    mind = Mind(
        Ended(answer=lambda asked: "7"),
        role="client",
        spec=ModelSpec(model="custom:x"),
        board=board,
    )
    first, kept = [await mind.ask(PROMPT, seed=1, read=number) for _ in range(2)]
    assert (first.attempts, kept.attempts) == (1, 0)
    assert first.cut
    assert kept.cut
    with pytest.raises(MindFailed, match="raise max_tokens"):
        await mind.ask(PROMPT, seed=1, read=number, whole=True)
    await board.close()


async def test_samples_are_kept_apart_where_no_seed_is_sent(tmp_path: Path) -> None:
    counter = itertools.count()
    board = Switchboard(cache=AnswerCache(tmp_path / "a.sqlite"))
    spec = ModelSpec(model="custom:x", forward_seed=False)
    chat = FunctionChat(answer=lambda asked: str(next(counter)))
    mind = Mind(chat, role="judge", spec=spec, board=board)
    answers = [(await mind.ask(PROMPT, seed=seed, read=number)).value for seed in (1, 2, 1)]
    assert answers == [0, 1, 0]
    await board.close()


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("so {6}?</think>\n7", "7"),
        ("<think>6</think> hm <think>no</think>\n7", "7"),
        ("<think>6</think>7<think>or", "7"),
        ("6 or 7?</think>", ""),
        ("plain  words ", "plain  words "),
    ],
)
async def test_an_answer_begins_after_the_last_thought(said: str, heard: str) -> None:
    mind, _ = minded(Script(said), attempts=1)
    answer = await mind.ask(PROMPT, seed=1, read=str, optional=True)
    assert answer.text == heard


async def test_thinking_that_used_up_its_tokens_is_not_repeated_in_vain() -> None:
    calls: list[int | None] = []

    def answer(asked: Asked) -> str:
        calls.append(asked.seed)
        return "<think>on and on"

    mind = Mind(Ended(answer=answer), role="judge", spec=ModelSpec(model="custom:x"))
    with pytest.raises(MindFailed, match=r"used up.*raise max_tokens of the judge's spec"):
        await mind.ask(PROMPT, seed=1, read=number)
    assert len(calls) == len(set(calls)) == 2
    missing = await mind.ask(PROMPT, seed=1, read=number, optional=True)
    assert "max_tokens" in str(missing.failure)


@pytest.mark.parametrize("ending", ["length", "MAX_TOKENS", "max_output_tokens"])
async def test_an_answer_that_is_cut_says_so(ending: str) -> None:
    mind = Mind(Ended(answer=lambda asked: "7", ending=ending), role="client")
    assert (await mind.ask(PROMPT, seed=1, read=number)).cut


@pytest.mark.parametrize("structured", ["auto", "schema", "prompt"])
async def test_a_server_that_rejects_everything_pauses_the_run(structured: str) -> None:
    script = Script(Server(400, "temperature: not supported"))
    mind, _ = minded(script, structured=structured)
    for seed in range(4):
        with pytest.raises(MindFailed, match="not supported"):
            await mind.ask(PROMPT, seed=seed, read=Form(Rating))
    with pytest.raises(EndpointDown, match="correct the spec's parameters") as caught:
        await mind.ask(PROMPT, seed=4, read=Form(Rating))
    assert not caught.value.passing


async def test_a_library_that_does_not_know_schemas_is_asked_in_words() -> None:
    def answer(asked: Asked) -> str:
        if asked.schema is not None:
            raise TypeError("create() got an unexpected keyword argument 'response_format'")
        return '{"score": 3}'

    mind, _ = minded(answer)
    assert (await mind.ask(PROMPT, seed=1, read=Form(Rating))).attempts == 2
    assert (await mind.ask(PROMPT, seed=2, read=Form(Rating))).attempts == 1
    strict, _ = minded(answer, structured="schema")
    with pytest.raises(MindFailed, match="response_format"):
        await strict.ask(PROMPT, seed=1, read=Form(Rating))
    mind, _ = minded(Script(TypeError("'response_format'")))
    with pytest.raises(TypeError):
        await mind.ask(PROMPT, seed=1, read=number)


async def test_one_wrong_request_does_not_cost_the_others_their_schema() -> None:
    def answer(asked: Asked) -> str:
        if "broken" in asked.text:
            raise Server(400, "bad image")
        return '{"score": 3}' if asked.schema else "?"

    mind, _ = minded(answer)
    with pytest.raises(MindFailed, match="bad image"):
        await mind.ask([user("broken")], seed=1, read=Form(Rating))
    assert (await mind.ask(PROMPT, seed=1, read=Form(Rating))).value == Rating(score=3)
