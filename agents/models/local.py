"""Models in this process: `transformers:<folder, GGUF file or id>` and the packaged `smollm2`.

A LangChain chat model like any other. All roles, cells and sessions of a process share one copy of
the same weights and one batcher, whose single thread runs it. Torch and transformers are imported
when the first answer is asked for.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel, ConfigDict, Field

from mirrorplay.agents.models.batcher import Batcher
from mirrorplay.agents.models.message import Message, from_langchain
from mirrorplay.agents.models.smollm2 import smollm2_file
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.models.structured import Form, Unreadable
from mirrorplay.personas.errors import UserError, nearest

if TYPE_CHECKING:
    from mirrorplay.agents.models.local_model import LocalModel, Question, Written

NEEDED = ("torch", "transformers", "accelerate", "PIL")
EXTRAS = ("top_k", "repetition_penalty")
"""What `extra` of a spec may hold for a local model."""


class LocalEngine:
    """One model with its thread. `load` is called there, once, by the first batch; when it fails,
    every caller of that batch is told and the next batch tries again."""

    def __init__(self, load: "Callable[[], LocalModel]", *, most: int = 16) -> None:
        self._load, self._most = load, most
        self._model: LocalModel | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="local-model")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._batcher: Batcher[Any, Written] | None = None
        self.batches = 0
        """How many batches ran."""

    async def ask(self, request: "Request") -> "Written":
        loop = asyncio.get_running_loop()
        if self._batcher is None or self._loop is not loop:
            self._loop = loop
            self._batcher = Batcher(self._work, self._thread, most=self._most)
        try:
            # Images go with images: a model pads pictures as well as words.
            return await self._batcher.submit(request, request.sees)
        except asyncio.CancelledError:
            request.abandon()
            raise

    def ask_now(self, request: "Request") -> "Written":
        """For callers without an event loop: a batch of one."""
        answer = self._thread.submit(self._work, [request]).result()[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _work(self, requests: "Sequence[Request]") -> "list[Written | BaseException]":
        if self._model is None:
            self._model = self._load()
        model = self._model
        self.batches += 1
        return model.answer([request.question(model.defaults) for request in requests])


class Request:
    """One call: what is asked, and the sampling as far as the caller gave it."""

    def __init__(self, messages: tuple[Message, ...], settings: Mapping[str, Any]) -> None:
        self._messages, self._settings = messages, settings
        self._question: Question | None = None
        self._abandoned = False
        self.sees = any(message.images for message in messages)

    def abandon(self) -> None:
        """Nobody waits any more: its row of a running batch ends with the next token."""
        self._abandoned = True
        if self._question is not None:
            self._question.sampling.abandoned = True

    def question(self, defaults: Mapping[str, Any]) -> "Question":
        from mirrorplay.agents.models.local_model import Question
        from mirrorplay.agents.models.local_sampling import Sampling

        given = {name: value for name, value in self._settings.items() if value is not None}
        sampling = Sampling(**{**defaults, **given}, abandoned=self._abandoned)
        self._question = Question(self._messages, sampling)
        return self._question


class LocalChat(BaseChatModel):
    """A local model as LangChain sees it. Takes `seed` and any sampling parameter with a call;
    without a seed it is 0, so that the same question has the same answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())

    model: str
    engine: LocalEngine = Field(exclude=True, repr=False)
    revision: str | None = None
    dtype: str = "auto"
    quantisation: str | None = None
    attention: str | None = None
    temperature: float | None = None
    """None: as the model's makers sample it; so `top_p`, `top_k`, `repetition_penalty`."""
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_tokens: int = 512
    seed: int = 0

    @property
    def _llm_type(self) -> str:
        return "transformers"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return self.model_dump(include=set(_IDENTIFYING))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(await self.engine.ask(self._request(messages, stop, kwargs)), self.model)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(self.engine.ask_now(self._request(messages, stop, kwargs)), self.model)

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, given: Mapping[str, Any]
    ) -> Request:
        if given.get("response_format") is not None:
            raise SchemaUnsupported(
                "response_format is not supported here: ask for the form in the prompt"
            )
        own = {name: given.get(name, getattr(self, name)) for name in _SAMPLING}
        own["stop"] = tuple(stop or ())
        return Request(from_langchain(messages), own)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[Any, Any]:
        """The form is asked for in words and read from what comes back. `schema` is a pydantic
        model. What cannot be read raises Unreadable, or is told with `include_raw`."""
        if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
            raise TypeError(f"a form is a pydantic model, not {schema!r}")
        form = Form(schema)

        async def ask(given: Any) -> Any:
            asked = self._convert_input(given).to_messages()
            told = Message("system", (form.instruction,))
            read = (told, *from_langchain(asked))
            reply = await self.ainvoke(_langchain(_one_system(read)))
            return _read(form, reply, include_raw)

        def ask_now(given: Any) -> Any:
            return asyncio.run(ask(given))

        return RunnableLambda(ask_now, afunc=ask)


_SAMPLING = ("seed", "max_tokens", "temperature", "top_p", "top_k", "repetition_penalty")
_IDENTIFYING = ("model", "revision", "dtype", "quantisation", "attention", *_SAMPLING)


class SchemaUnsupported(ValueError):
    """A JSON schema was sent to a model that cannot be held to it. Looks like a server's 400."""

    status_code = 400


def _one_system(messages: Sequence[Message]) -> list[Message]:
    """All that systems say, first and in one message."""
    said = [message for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    return [Message("system", ("\n\n".join(message.text for message in said),)), *rest]


def _langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    from mirrorplay.agents.models.message import to_langchain

    return to_langchain(messages)


def _read(form: Form[Any], reply: BaseMessage, include_raw: bool) -> Any:
    try:
        parsed, mistake = form.read(str(reply.content)), None
    except Unreadable as error:
        if not include_raw:
            raise
        parsed, mistake = None, error
    return {"raw": reply, "parsed": parsed, "parsing_error": mistake} if include_raw else parsed


def _result(written: "Written", model: str) -> ChatResult:
    message = AIMessage(
        content=written.text,
        usage_metadata={
            "input_tokens": written.prompt_tokens,
            "output_tokens": written.completion_tokens,
            "total_tokens": written.prompt_tokens + written.completion_tokens,
        },
        response_metadata={"finish_reason": written.finish_reason, "model_name": model},
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def local_chat(spec: ModelSpec) -> LocalChat:
    """The local model of a spec, not yet loaded. Raises UserError for a file or a package that is
    missing, and for an `extra` that a local model does not know."""
    where = f"model {spec.model!r}"
    for name in spec.extra:
        if name not in EXTRAS:
            raise UserError(
                f"unknown extra {name!r}", where=where, allowed=EXTRAS, hint=nearest(name, EXTRAS)
            )
    folder, gguf = _place(spec.name, where)
    packages = [*NEEDED]
    packages += ["gguf"] if gguf else []
    packages += ["bitsandbytes"] if spec.quantisation else []
    for package in packages:
        if find_spec(package) is None:
            hint = 'pip install "mirrorplay[local]"'
            raise UserError(
                f"needs a package that is not installed ({package})",
                where=where,
                hint="pip install bitsandbytes" if package == "bitsandbytes" else hint,
            )
    given = (spec.device, spec.dtype, spec.quantisation, spec.attention)
    engine = _engine((folder, gguf, spec.revision, *given, spec.name), spec.batch)
    return LocalChat(
        model=spec.name,
        engine=engine,
        revision=spec.revision,
        dtype=spec.dtype,
        quantisation=spec.quantisation,
        attention=spec.attention,
        temperature=spec.temperature,
        top_p=spec.top_p,
        max_tokens=spec.max_tokens or 512,
        **spec.extra,
    )


def _place(name: str, where: str) -> tuple[str, str | None]:
    """The folder or id, and the GGUF file in it."""
    if name == "smollm2":
        file = smollm2_file()
        return str(file.parent), file.name
    path = Path(name).expanduser()
    if path.suffix == ".gguf" and path.is_file():
        return str(path.resolve().parent), path.name
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise UserError(
                f"{name!r} holds no model",
                where=where,
                allowed="a folder with config.json, or a .gguf file",
            )
        return str(path.resolve()), None
    if name.startswith(("/", ".", "~")) or path.suffix == ".gguf" or name.count("/") > 1:
        raise UserError(
            f"there is no {name!r}", where=where, allowed="a folder, a .gguf file or an id"
        )
    return name, None


@lru_cache(maxsize=8)
def _engine(weights: tuple[Any, ...], most: int) -> LocalEngine:
    def load() -> "LocalModel":
        from mirrorplay.agents.models.local_loading import Weights, load

        return load(Weights(*weights))

    return LocalEngine(load, most=most)
