import subprocess
import sys

import pytest
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from mirrorplay.agents.models.providers import chat_model
from mirrorplay.agents.models.scripted import FunctionChat
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.personas.errors import UserError


def make_model() -> BaseChatModel:
    return FunctionChat(answer=lambda asked: "made")


def make_nothing() -> int:
    return 3


def test_a_model_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "my_models", sys.modules[__name__])
    made = chat_model(ModelSpec(model="custom:my_models:make_model"))
    assert made.invoke("x").content == "made"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("custom:my_models", "custom:module:Class"),
        ("custom:no_such_module_x:make", "'no_such_module_x' cannot be found"),
        ("custom:my_models:make_modle", "did you mean 'make_model'?"),
        ("custom:my_models:make_nothing", "makes a int"),
        ("anthropic:claude", "pip install langchain-anthropic"),
        ("ollama:qwen", "pip install langchain-ollama"),
        ("openai:gpt", "api_key_env"),
        ("replay:/no/such/run", "no recorded sessions"),
    ],
)
def test_what_cannot_be_made_is_told(
    model: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "my_models", sys.modules[__name__])
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError) as caught:
        chat_model(ModelSpec(model=model))
    assert told in str(caught.value)


def test_other_providers_are_langchains(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModelSpec(model="azure_openai:gpt", extra={"api_version": "2024-10-21"}, max_tokens=7)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9/")
    made = chat_model(spec, SecretStr("sk-planted-123456"))
    assert type(made).__name__ == "AzureChatOpenAI"
    assert vars(made)["max_retries"] == 0
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
    with pytest.raises(UserError) as caught:
        chat_model(
            ModelSpec(model="azure_openai:gpt", extra={"api_version": ["?"]}), SecretStr("p")
        )
    assert "azure_openai" in str(caught.value)


async def test_the_users_own_key_does_not_go_to_a_server_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-for-the-real-one")
    made = chat_model(ModelSpec(model="openai:x", base_url="http://127.0.0.1:9/v1"))
    sent = vars(made)["root_async_client"].api_key
    assert "planted" not in sent
    await vars(made)["http_async_client"].aclose()


def test_specs_and_messages_need_no_model_library() -> None:
    code = (
        "import sys; import mirrorplay.agents.models.spec, mirrorplay.agents.models.purse;"
        "bad = {'torch', 'transformers', 'aiohttp', 'openai', 'langchain_core'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
