"""How a role asks a model: one call, tried until it is answered and can be read.

All failure policy of model calls is here and in `retry`: the role says what it asks and how an
answer is read; it gets a value, or the reason why there is none.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from pydantic import SecretStr

from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.agents.models.cache import CachedAnswer, answer_key
from mirrorplay.agents.models.faults import CONTENT, Fault, fault_in, fault_of, was_cut
from mirrorplay.agents.models.key import hushed_error, read_key, told_line
from mirrorplay.agents.models.message import Message, to_langchain
from mirrorplay.agents.models.replay import Purpose
from mirrorplay.agents.models.retry import REMEDIES, repaired, reseeded, shortened, wait_s
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.models.structured import Form, Unreadable
from mirrorplay.agents.models.switchboard import Line, Switchboard
from mirrorplay.agents.roles import Usage

__all__ = ["Answer", "EndpointDown", "Form", "Mind", "MindFailed", "Unreadable"]

T = TypeVar("T")
Cue = dict[str, Any]
"""What a replay is told beside the prompt."""

SEED_BITS = 31
"""What every server takes: some read a signed 32-bit number."""
TOKEN = 4
"""Characters a token, where a server does not count."""
IMAGE_TOKENS = 300
_THOUGHT = ("<think>", "</think>")


class MindFailed(RuntimeError):
    """Every attempt of a call failed, or none could help: this session fails, the run goes on."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came back. `value` is None when no attempt could be read; `failure` then says why.
    `usage` sums all attempts; no call and no tokens when the answer was kept from before. `cut`:
    the text ends where `max_tokens` ended it."""

    value: T | None
    text: str
    usage: Usage
    attempts: int
    failure: str | None = None
    cut: bool = False


@dataclass(slots=True)
class _Reply:
    text: str
    cut: bool


class _Bill:
    """Tokens of a call's attempts; None as long as no server told any. What is not told is guessed
    for the purse alone, so that a limit holds all the same."""

    def __init__(self) -> None:
        self.calls = 0
        self.prompt: int | None = None
        self.completion: int | None = None
        self._guessed = [0, 0]

    def add(self, reply: AIMessage, asked: Sequence[Message]) -> None:
        used = reply.usage_metadata
        if used is not None:
            self.prompt = (self.prompt or 0) + used["input_tokens"]
            self.completion = (self.completion or 0) + used["output_tokens"]
            return
        for message in asked:
            self._guessed[0] += len(message.text) // TOKEN + IMAGE_TOKENS * len(message.images)
        self._guessed[1] += len(reply.text) // TOKEN

    def usage(self, model: str) -> Usage:
        return Usage(model, self.calls, self.prompt, self.completion)

    def owed(self, model: str) -> Usage:
        """What the purse is told."""
        prompt, completion = self._guessed
        return Usage(
            model, self.calls, (self.prompt or 0) + prompt, (self.completion or 0) + completion
        )


class Mind:
    """A role's way to its model.

    model: a spec, whose model the switchboard makes at the first call, or a chat model.
    role: whose tokens these are. spec: sampling, time-out and attempts for a chat model given as
    such. board: what is shared with other minds; one of its own when None.
    """

    def __init__(
        self,
        model: BaseChatModel | ModelSpec,
        *,
        role: str,
        spec: ModelSpec | None = None,
        board: Switchboard | None = None,
    ) -> None:
        self.role = role
        self.board = board or Switchboard()
        self._chat: BaseChatModel | None = None
        self._key: SecretStr | None = None
        if isinstance(model, ModelSpec):
            self.spec = model
            endpoint = model.endpoint
        else:
            self.spec = spec or ModelSpec(model=f"custom:{type(model).__name__}")
            self._chat = model
            endpoint = f"{self.spec.model} ({id(model):x})"
        # Nothing tells one chat model of somebody else's making from another.
        self._cacheable = self._chat is None or spec is not None
        most, local = self.spec.concurrency, self.spec.provider == "transformers"
        if local:  # a batch being written and one that waits: the time-out covers both
            most = min(most, 2 * self.spec.batch)
        self._line: Line = self.board.line(endpoint, most)
        asked_for = ("schema",) if local else ("schema", "auto")
        self._sends_schema = self.spec.structured in asked_for

    @property
    def model(self) -> str:
        """The model's name as records tell it."""
        return self.spec.model

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        seed: int,
        read: Callable[[str], T],
        form: Form[Any] | None = None,
        turn: int | None = None,
        purpose: Purpose = "turn",
        optional: bool = False,
        whole: bool = False,
    ) -> Answer[T]:
        """Ask until `read` accepts the answer.

        seed: the call's own, of any size; sent where the provider takes one. read: makes a value
        of the text or raises Unreadable. form: whose schema is sent along; `read` itself when it
        is one. turn, purpose: index of the turn this is for, and whether its words or its plan
        are asked for, which only a replay needs. optional: whether the session can do without:
        when the last of all attempts was answered with nothing of use (empty, refused, filtered,
        too long), the value is None. whole: whether an answer that `max_tokens` cut is of no use.

        Raises MindFailed when the attempts are used up or cannot help, EndpointDown when the run
        must pause, UserError for a model that cannot be made.
        """
        if form is None and isinstance(read, Form):
            form = read
        key = ""
        cache = self.board.cache if self._cacheable else None
        if cache is not None:
            schema = None if form is None else form.schema
            key = answer_key(messages, self.spec.sampling(), seed, schema)
            kept = await cache.get(key)
            if kept is not None and not (whole and kept.cut):
                free = Usage(self.model, 0, 0, 0)
                try:
                    return Answer(read(kept.text), kept.text, free, 0, cut=kept.cut)
                except Unreadable:
                    pass  # read otherwise today than when it was kept: ask
        bill = _Bill()
        try:
            cue: Cue = {"role": self.role, "turn": turn, "purpose": purpose}
            answer = await self._until_read(messages, seed, read, form, cue, bill, optional, whole)
        finally:
            if bill.calls:
                self.board.purse.spend(self.role, bill.owed(self.model), self.spec.price)
        if cache is not None and answer.failure is None:
            usage = answer.usage
            kept = CachedAnswer(
                answer.text, usage.prompt_tokens, usage.completion_tokens, answer.cut
            )
            await cache.put(key, kept)
        return answer

    async def _until_read(
        self,
        messages: Sequence[Message],
        seed: int,
        read: Callable[[str], T],
        form: Form[Any] | None,
        cue: Cue,
        bill: _Bill,
        optional: bool,
        whole: bool,
    ) -> Answer[T]:
        base = prompt = list(messages)
        call_seed, waits, in_words = seed, 0, False
        useless: dict[str, int] = {}
        unread: tuple[_Reply, str] | None = None
        fault = Fault("server", "not asked")
        while bill.calls < self.spec.attempts:
            sent = form if self._sends_schema and not in_words else None
            result = await self._attempt(prompt, call_seed, sent, cue, bill)
            if in_words and (isinstance(result, _Reply) or result.kind in CONTENT):
                self._sends_schema = False  # it was the schema that was refused
            if isinstance(result, _Reply) and whole and result.cut:
                result = Fault("spent", "max_tokens was used up before the end")
            if isinstance(result, _Reply):
                try:
                    value = read(result.text)
                except Unreadable as error:
                    unread = (result, error.reason)
                    fault = Fault("malformed", error.reason)
                else:
                    return Answer(
                        value, result.text, bill.usage(self.model), bill.calls, cut=result.cut
                    )
            else:
                fault = result
            remedy = REMEDIES[fault.kind]
            self._report(fault, bill.calls)
            if remedy.again == "down":
                raise self._line.breaker.refuse(fault)
            if remedy.again == "never":
                if sent is not None and self.spec.structured == "auto":
                    in_words = True  # it may have been refused for its schema
                    continue
                break
            if remedy.waits:
                if bill.calls < self.spec.attempts:
                    await self.board.sleep(wait_s(fault, waits, seed))
                waits += 1
                continue
            times = useless[fault.kind] = useless.get(fault.kind, 0) + 1
            if times == 1 and remedy.again != "once":
                continue
            if times > 1 and remedy.again == "once":
                break
            call_seed = reseeded(seed, sum(useless.values()))
            if remedy.again == "repair" and unread is not None:
                prompt = repaired(base, unread[0].text, unread[1])
            elif remedy.again == "shorten":
                less = shortened(base)
                if less is None:
                    break
                base = prompt = less
        if unread is not None and fault.kind == "malformed":
            reply, reason = unread
            return Answer(
                None, reply.text, bill.usage(self.model), bill.calls, reason, cut=reply.cut
            )
        if self._line.breaker.is_open:
            raise self._line.breaker.down()
        told = f"{fault.told} ({fault.kind})"
        if fault.kind == "spent":
            told += f": raise max_tokens of the {self.role}'s spec"
        if optional and fault.kind in CONTENT:
            return Answer(None, "", bill.usage(self.model), bill.calls, told)
        raise MindFailed(
            f"{self.role}: {self.model} gave no answer in {bill.calls} "
            f"attempt{'s' if bill.calls != 1 else ''}; last: {told}"
        )

    async def _attempt(
        self,
        prompt: Sequence[Message],
        seed: int,
        form: Form[Any] | None,
        cue: Cue,
        bill: _Bill,
    ) -> "_Reply | Fault":
        """One call: its text, or what went wrong."""
        pace, breaker = self._line.pace, self._line.breaker
        chat = self._chat or self._made()
        settings: dict[str, Any] = {}
        if self.spec.sends_seed:
            settings["seed"] = seed % (1 << SEED_BITS)
        if form is not None:
            settings["response_format"] = form.response_format
        if getattr(chat, "replays", False):
            settings |= cue
        asked = to_langchain(prompt)
        fault: Fault | None = None
        reply: AIMessage | None = None
        stray: Exception | None = None
        async with pace.place() as place:
            breaker.check()
            bill.calls += 1
            try:
                async with asyncio.timeout(self.spec.timeout_s):
                    reply = await chat.ainvoke(asked, **settings)
            except Exception as error:
                fault = fault_of(error) or _schema_unknown(error, form)
                if fault is None:
                    stray = hushed_error(error, self._key)
                    if stray is error:
                        raise
            if fault is not None:
                fault = Fault(fault.kind, told_line(fault.told, self._key), fault.wait_s)
                self._count(fault, form)
                if REMEDIES[fault.kind].slows:
                    place.too_much()
            elif reply is not None:
                breaker.succeeded()
                place.answered()
        if stray is not None:
            raise stray
        if fault is not None or reply is None:
            return fault or Fault("empty", "an empty answer")
        bill.add(reply, prompt)
        text = _spoken(reply.text)
        unfit = fault_in(text, reply.response_metadata, reply.additional_kwargs)
        if unfit is not None:
            return Fault(unfit.kind, told_line(unfit.told, self._key))
        return _Reply(text, was_cut(reply.response_metadata))

    def _count(self, fault: Fault, form: Form[Any] | None) -> None:
        """Tell the breaker of a fault."""
        breaker, remedy = self._line.breaker, REMEDIES[fault.kind]
        if remedy.counts:
            breaker.failed(fault)
        elif fault.kind in CONTENT:
            breaker.succeeded()
        elif remedy.again == "never" and (form is None or self.spec.structured != "auto"):
            breaker.rejected(fault)
        elif remedy.again == "never":
            breaker.heard()  # it lives; whether the schema was at fault, the next attempt tells

    def _made(self) -> BaseChatModel:
        self._key = read_key(self.spec)
        self._chat = self.board.model(self.spec)
        return self._chat

    def _report(self, fault: Fault, attempt: int) -> None:
        self.board.report(
            "model_fault",
            {
                "role": self.role,
                "model": self.model,
                "kind": fault.kind,
                "told": fault.told,
                "attempt": attempt,
            },
        )


def _spoken(text: str) -> str:
    """An answer without the thinking aloud that some models put before it; nothing when it was cut
    off while thinking. Where the prompt has the opening tag already, the answer has none."""
    begins, ends = _THOUGHT
    if begins not in text and ends not in text:
        return text
    return text.rpartition(ends)[2].partition(begins)[0].strip()


def _schema_unknown(error: Exception, form: Form[Any] | None) -> Fault | None:
    """A client library that does not know the parameter refuses it as a server would."""
    if form is not None and isinstance(error, TypeError) and "response_format" in str(error):
        return Fault("rejected", str(error))
    return None
