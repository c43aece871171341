import pytest
from langchain.chat_models import base

from mirrorplay.agents.models.spec import (
    LANGCHAIN_PROVIDERS,
    PACKAGED,
    TAKE_SEEDS,
    ModelSpec,
    Price,
)
from mirrorplay.personas.errors import UserError


def test_a_bare_string_stands_for_a_spec() -> None:
    spec = ModelSpec.parse("openai:qwen2.5-vl:7b")
    assert (spec.provider, spec.name) == ("openai", "qwen2.5-vl:7b")
    assert spec.attempts >= 8
    assert ModelSpec.model_validate(spec.model_dump()) == spec
    assert ModelSpec.parse(spec) is spec


def test_packaged_names() -> None:
    for name in PACKAGED:
        assert ModelSpec.parse(name).provider == "transformers"


def test_the_known_providers_are_langchains() -> None:
    known = set(vars(base)["_BUILTIN_PROVIDERS"])
    assert set(LANGCHAIN_PROVIDERS) | {"openai"} == known
    assert {*LANGCHAIN_PROVIDERS, "openai", "transformers", "replay", "custom"} >= TAKE_SEEDS


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("opnai:x", "did you mean 'openai'?"),
        ("smollm", "did you mean 'smollm2'?"),
        ("qwen", "names no provider"),
        ("openai:", "names no model"),
        ({"model": "openai:x", "temprature": 1}, "did you mean 'temperature'?"),
        ({"model": "openai:x", "top_p": 3}, "top_p"),
        ({"model": "openai:x", "base_url": "localhost:8000"}, "is not an address"),
        ({"model": "openai:x", "base_url": "http://h:port/v1"}, "is not an address"),
        ({"model": "replay:run", "base_url": "http://h/v1"}, "does not use"),
        ({"model": "openai:x", "api_key_env": "A", "api_key_file": "b"}, "keep one"),
        ({}, "model"),
        (7, "client.model"),
    ],
)
def test_mistakes_are_told(given: object, told: str) -> None:
    with pytest.raises(UserError) as caught:
        ModelSpec.parse(given, "client.model")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"model": "openai:x", "api_key_env": "sk-planted-key-123456"},
        {"model": "openai:x", "base_url": "https://me:sk-planted-key-123456@host/v1"},
        {"model": "openai:x", "base_url": "https://host/v1?key=sk-planted-key-123456"},
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_shown(given: object) -> None:
    with pytest.raises(UserError) as caught:
        ModelSpec.parse(given)
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(caught.value.__context__)


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": "hunter2222"},
        {"extra_headers": {"Authorization": "Basic hunter2222"}},
        {"default_headers": {"x-token": ["hunter2222"]}},
        {"password": {"of": "hunter2222"}},
        {"note": "sk-hunter2222"},
        {"sk-hunter2222": 1},
        {"proxy": "http://me:hunter2222@host/"},
        {"headers": [{"name": "Bearer hunter2222"}]},
    ],
)
def test_a_secret_among_further_parameters_is_refused_and_not_shown(extra: object) -> None:
    with pytest.raises(UserError, match="extra: holds what looks like a secret") as caught:
        ModelSpec.parse({"model": "openai:x", "extra": extra})
    assert "hunter2222" not in f"{caught.value}{caught.value.__context__!r}"
    assert "api_key_env" in str(caught.value)


def test_parameters_that_sound_like_secrets_are_none() -> None:
    extra = {
        "top_k": 20,
        "stop_token_ids": [1, 2],
        "eos_token": "</s>",
        "prompt_cache_key": "study-1",
        "max_completion_tokens": 5,
        "chat_template_kwargs": {"enable_thinking": False, "token": None},
    }
    assert ModelSpec.parse({"model": "openai:x", "extra": extra}).extra == extra


def test_where_a_model_is_served_does_not_decide_its_answers() -> None:
    near = ModelSpec(model="openai:x", base_url="http://a/v1")
    far = ModelSpec(model="openai:x", base_url="http://b/v1/", api_key_env="KEY")
    assert near.sampling() == far.sampling()
    assert far.base_url == "http://b/v1"
    assert near.endpoint != far.endpoint
    assert near.sampling() != ModelSpec(model="openai:x", temperature=0.1).sampling()


def test_prices_are_for_a_million_tokens() -> None:
    assert Price(prompt=2.0, completion=8.0).of(1_000_000, 500_000) == pytest.approx(6.0)


def test_seeds_go_to_providers_that_take_them() -> None:
    assert ModelSpec(model="openai:x").sends_seed
    assert not ModelSpec(model="anthropic:x").sends_seed
    assert not ModelSpec(model="openai:x", forward_seed=False).sends_seed
