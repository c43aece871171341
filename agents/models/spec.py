"""Which model, where, how it samples and what it costs: one spec a role.

A bare string stands for a spec: `openai:qwen2.5-vl-7b`, `smollm2`. Keys are given by the name of
an environment variable or of a file and are read when a call is made: a spec can be written into
a run's record as it is.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from mirrorplay.agents.models.key import secrets_in
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen

PACKAGED: Mapping[str, str] = {"smollm2": "transformers:smollm2"}
"""Short names of models that come as Python packages."""
OWN_PROVIDERS = ("openai", "transformers", "replay", "custom")
"""Made here: OpenAI-compatible servers, local models, recorded runs, a class of one's own."""
LANGCHAIN_PROVIDERS = (
    "anthropic",
    "anthropic_bedrock",
    "azure_ai",
    "azure_openai",
    "baseten",
    "bedrock",
    "bedrock_converse",
    "bedrock_mantle_anthropic",
    "bedrock_mantle_openai",
    "cohere",
    "deepseek",
    "fireworks",
    "google_anthropic_vertex",
    "google_genai",
    "google_vertexai",
    "groq",
    "huggingface",
    "ibm",
    "langsmith",
    "litellm",
    "meta",
    "mistralai",
    "nvidia",
    "ollama",
    "openrouter",
    "perplexity",
    "together",
    "upstage",
    "xai",
)
"""The further names that LangChain's `init_chat_model` knows."""
PROVIDERS = (*OWN_PROVIDERS, *LANGCHAIN_PROVIDERS)
TAKE_SEEDS = frozenset(
    (
        "openai",
        "transformers",
        "replay",
        "custom",
        "azure_openai",
        "deepseek",
        "fireworks",
        "groq",
        "litellm",
        "openrouter",
        "together",
        "xai",
    )
)
"""Providers whose call accepts `seed`."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


class Price(Frozen):
    """US dollars for a million tokens."""

    prompt: Annotated[float, Field(ge=0)] = 0.0
    """For what is read."""
    completion: Annotated[float, Field(ge=0)] = 0.0
    """For what is written."""

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """US dollars for a call."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


def _mistake(
    predicate: str, *, allowed: str | None = None, hint: str | None = None, show: bool = True
) -> PydanticCustomError:
    """A mistake in the terms in which configurations tell theirs (`runs.values.mistake`)."""
    context = {"predicate": predicate, "allowed": allowed, "hint": hint, "path": (), "show": show}
    return PydanticCustomError("mistake", "{predicate}", context)


class ModelSpec(Frozen):
    """One model for one role. Null leaves a value to the server or to the model's own default."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, protected_namespaces=()
    )

    model: Annotated[str, Field(min_length=1, max_length=1000)]
    """`provider:name` or a packaged name."""
    base_url: str | None = None
    """Where an OpenAI-compatible server listens: `http://host:8000/v1`."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; never the key."""
    api_key_file: str | None = None
    """File whose first line is the key."""
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    """How freely it samples; 0 always takes the likeliest word."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of the likeliest words that it samples from."""
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = 512
    """Longest answer, in tokens."""
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    """For one attempt of a call, from sending it to the last byte of the answer."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Tries of one call, whatever goes wrong."""
    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Most calls in flight to one endpoint from one process; fewer when it says it is too much."""
    price: Price = Price()
    """For `limits.usd` and the summary."""
    forward_seed: bool | None = None
    """Whether each call carries its own seed; null: where the provider takes one."""
    structured: Literal["auto", "schema", "prompt"] = "auto"
    """How typed answers are asked for: `schema` sends a JSON schema as `response_format`, `prompt`
    only says it in words, `auto` sends the schema until the server refuses it."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further request parameters, sent as they are (`{"top_k": 20}`)."""
    device: str = "auto"
    """For local models, as the following: cpu, cuda, cuda:1, mps, or auto."""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """Of a local model's weights."""
    quantisation: Literal["int8", "int4"] | None = None
    """Of a local model's weights; needs a GPU and bitsandbytes."""
    attention: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    """How a local model computes attention."""
    batch: Annotated[int, Field(ge=1, le=1024)] = 16
    """Most sessions generated together."""
    revision: str | None = None
    """Commit or tag of a model from a hub."""

    @model_validator(mode="before")
    @classmethod
    def _bare_string(cls, given: Any) -> Any:
        return {"model": given} if isinstance(given, str) else given

    @field_validator("model")
    @classmethod
    def _known_provider(cls, model: str) -> str:
        if model in PACKAGED:
            return model
        provider, colon, name = model.partition(":")
        if not colon:
            raise _mistake(
                "names no provider",
                allowed=f"provider:name, or {', '.join(PACKAGED)}",
                hint=nearest(model, (*PACKAGED, *PROVIDERS)),
            )
        if provider not in PROVIDERS:
            raise _mistake(
                f"has no known provider: {provider!r}",
                allowed=", ".join((*PROVIDERS, *PACKAGED)),
                hint=nearest(provider, PROVIDERS),
            )
        if not name:
            raise _mistake("names no model after its provider", allowed=f"{provider}:name")
        return model

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - raises for a port that is none
        except ValueError:
            raise _mistake("is not an address", allowed="http://host:port/v1") from None
        if parts.username or parts.password or parts.query:
            raise _mistake(
                "holds a user name, a password or a query, which a run would write down",
                allowed="http://host:port/v1",
                hint="name the key's environment variable in api_key_env",
                show=False,
            )
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _mistake("is not an address", allowed="http://host:port/v1")
        return url.rstrip("/")

    @field_validator("extra")
    @classmethod
    def _without_keys(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in secrets_in(extra):
            raise _mistake(
                f"holds what looks like a secret{f' under {name!r}' if name else ''}, which a run "
                "would write down",
                hint="name the key's environment variable in api_key_env",
                show=False,
            )
        return extra

    @field_validator("api_key_env")
    @classmethod
    def _name_of_variable(cls, name: str | None) -> str | None:
        if name is not None and not _VARIABLE.fullmatch(name):
            raise _mistake(
                "is not the name of an environment variable",
                allowed="a name such as OPENAI_API_KEY",
                hint="put the key into the environment and its name here",
                show=False,
            )
        return name

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        if self.api_key_env is not None and self.api_key_file is not None:
            raise _mistake("has both api_key_env and api_key_file", hint="keep one", show=False)
        if self.base_url and self.provider in ("transformers", "replay", "custom"):
            raise _mistake(
                f"has a base_url, which {self.provider} does not use", hint="remove it", show=False
            )
        return self

    @classmethod
    def parse(cls, given: Any, where: str | None = None) -> "ModelSpec":
        """A spec from a string, a mapping or a spec. Raises UserError naming what is wrong; never
        shows a value that might be a key."""
        if isinstance(given, ModelSpec):
            return given
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
        raise _told(first, given, where)

    @property
    def provider(self) -> str:
        return PACKAGED.get(self.model, self.model).partition(":")[0]

    @property
    def name(self) -> str:
        """The model's name without its provider."""
        return PACKAGED.get(self.model, self.model).partition(":")[2]

    @property
    def endpoint(self) -> str:
        """What shares a pace and a breaker: the server, the provider, or the model made here."""
        if self.provider in ("transformers", "replay", "custom"):
            return self.model
        return self.base_url or self.provider

    @property
    def sends_seed(self) -> bool:
        return self.provider in TAKE_SEEDS if self.forward_seed is None else self.forward_seed

    def sampling(self) -> dict[str, Any]:
        """What decides an answer beside the prompt and the seed: never where it is served."""
        return {
            "model": PACKAGED.get(self.model, self.model),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "extra": self.extra,
            "dtype": self.dtype,
            "quantisation": self.quantisation,
            "revision": self.revision,
        }


def _told(detail: Any, given: Any, where: str | None) -> UserError:
    """The first mistake that pydantic found, in a user's words."""
    key = ".".join(str(part) for part in detail["loc"])
    place = ".".join(part for part in (where, key) if part) or None
    context = detail.get("ctx", {})
    if detail["type"] == "mistake":
        value = given.get(key) if isinstance(given, Mapping) else given
        shown = f"{value!r} " if context["show"] and isinstance(value, str) else ""
        return UserError(
            f"{shown}{context['predicate']}",
            where=place,
            allowed=context["allowed"],
            hint=context["hint"],
        )
    if detail["type"] == "extra_forbidden":
        known = list(ModelSpec.model_fields)
        return UserError("unknown key", where=place, allowed=known, hint=nearest(key, known))
    return UserError(detail["msg"], where=place)
