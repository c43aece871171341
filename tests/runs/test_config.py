"""The configuration model: defaults, short forms, and what it refuses."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.runs.config import KINDS, RunConfig
from mirrorplay.runs.values import is_secret_name

WARM = {"kind": "custom", "target": "my_package.therapists:Warm"}


def test_the_default_is_complete_and_survives_json() -> None:
    config = RunConfig()
    assert config.sample.resistance == RESISTANCE_TYPES
    assert (config.executor.kind, config.therapist.mode, config.session.max_exchanges) == (
        "ray",
        "p",
        10,
    )
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


def test_a_bare_word_and_a_block_without_kind() -> None:
    config = RunConfig.model_validate(
        {"executor": "inline", "face": {"size": 64}, "graph": {"kind": "screenplay"}}
    )
    assert config.executor.kind == "inline"
    assert config.face.model_dump() == {"kind": "portrait", "size": 64}
    assert config.graph.model_dump()["writer"] == {"kind": "scripted"}


@pytest.mark.parametrize(
    "role", [path for path, kinds in KINDS.items() if "custom" in kinds], ids=".".join
)
def test_every_role_accepts_a_custom_class(role: tuple[str, ...]) -> None:
    block: Any = {"kind": "custom", "target": "pkg.mod:Class", "args": {"warmth": 0.5}}
    if role == ("graph", "writer"):
        role, block = ("graph",), {"kind": "screenplay", "writer": block}
    RunConfig.model_validate({role[0]: block})


def test_a_custom_therapist_may_see_faces() -> None:
    config = RunConfig.model_validate(
        {"therapist": {**WARM, "mode": "p+ec"}, "perceiver": {"kind": "custom", "target": "a:B"}}
    )
    assert config.therapist.mode == "p+ec"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"therapist": {"mode": "ec"}, "perceiver": "none"}, "needs a perceiver that reads"),
        ({"therapist": {**WARM, "mode": "base"}, "face": "none"}, "needs a face to look at"),
        ({"therapist": {"mode": "p+ec"}, "perceiver": "none"}, "needs a perceiver that reads"),
        ({"therapist": {**WARM, "mode": "ec"}, "perceiver": "none"}, "needs a perceiver"),
    ],
)
def test_modes_that_need_an_eye(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RunConfig.model_validate(document)


@pytest.mark.parametrize("mode", ["text", "p"])
def test_modes_that_do_without_a_face(mode: str) -> None:
    RunConfig.model_validate({"therapist": {**WARM, "mode": mode}, "face": "none"})


@pytest.mark.parametrize(
    "document",
    [
        {"name": "../up"},
        {"name": ""},
        {"name": "a" * 65},
        {"name": "end."},
        {"name": ".hidden"},
        {"name": 5},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": True},
        {"seed": "7"},
        {"seed": 7.0},
        {"sample": {"limit": 0}},
        {"sample": {"replicates": 0}},
        {"sample": {"resistance": []}},
        {"sample": {"resistance": ["odd"]}},
        {"sample": {"resistance": ["none", "none"]}},
        {"sample": {"resistance": 4}},
        {"sample": {"intensity": 1.01}},
        {"sample": {"intensity": float("nan")}},
        {"sample": {"personas": " "}},
        {"sample": None},
        {"face": {"kind": "portrait", "size": 63}},
        {"face": {"kind": "portrait", "size": 1025}},
        {"face": {"kind": "none", "size": 336}},
        {"face": "painted"},
        {"face": None},
        {"therapist": {"crisis_line": ""}},
        {"therapist": {"crisis_line": "call\x07"}},
        {"therapist": {"policy": "stern"}},
        {"client": {"kind": "custom"}},
        {"client": {"kind": "custom", "target": "no_colon"}},
        {"client": {"kind": "custom", "target": "os:system;x"}},
        {"client": {"kind": "custom", "target": "../a:B"}},
        {"session": {"max_exchanges": 0}},
        {"session": {"max_exchanges": 101}},
        {"session": {"attempts": 11}},
        {"session": {"time_limit_s": 0}},
        {"session": {"time_limit_s": float("inf")}},
        {"session": {"time_limit_s": True}},
        {"executor": {"kind": "ray", "workers": 0}},
        {"executor": {"kind": "ray", "workers": "many"}},
        {"executor": {"kind": "inline", "workers": 2}},
        {"executor": {"in_flight": 0}},
        {"executor": {"shutdown_grace_s": -1}},
        {"checkpoints": "redis"},
        {"output": {"dir": "a\0b"}},
        {"grid": []},
        {"grid": {"client.args.x": [float("nan")]}},
        {"grid": {1: [2]}},
        {"surprise": 1},
    ],
    ids=str,
)
def test_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunConfig.model_validate(document)


@pytest.mark.parametrize(
    "args",
    [
        {"api_key": "sk-1"},
        {"apiKey": "sk-1"},
        {"HF_TOKEN": "hf"},
        {"password": "x"},
        {"client_secret": "x"},
        {"deep": {"token": "x"}},
        {"token": {"value": "x"}},
        {"api_keys": ["x"]},
        {"base_url": "https://me:pw@example.org"},
        {"api_key_env": "sk-literal-1"},
    ],
    ids=str,
)
def test_literal_secrets_are_refused_and_not_repeated(args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate({"judge": {"kind": "custom", "target": "a:B", "args": args}})
    (detail,) = caught.value.errors(include_url=False)
    assert detail["ctx"]["show"] is False


@pytest.mark.parametrize(
    "args",
    [
        {"api_key_env": "MY_KEY"},
        {"api_key": {"env": "MY_KEY"}},
        {"max_tokens": 512, "token_limit": 3},
        {"stop_tokens": ["</s>"]},
        {"monkey": "x", "keyboard": "y"},
        {"token": None},
        {"base_url": "https://example.org/v1"},
    ],
    ids=str,
)
def test_what_is_no_secret(args: dict[str, Any]) -> None:
    RunConfig.model_validate({"judge": {"kind": "custom", "target": "a:B", "args": args}})


def test_secrets_in_a_grid_are_refused() -> None:
    with pytest.raises(ValidationError, match="looks like a secret"):
        RunConfig.model_validate({"grid": {"client.args.x, client.args.token": [[1, "t"]]}})


def test_secret_names() -> None:
    assert is_secret_name("OPENAI_API_KEY")
    assert not is_secret_name("api_key_env")


@pytest.mark.parametrize(
    "value", [{"x": object()}, {"x": {1: 2}}, {"x": float("inf")}, {"x": b"bytes"}]
)
def test_arguments_must_fit_json(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunConfig.model_validate({"judge": {"kind": "custom", "target": "a:B", "args": value}})


def test_arguments_nested_without_end() -> None:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(ValidationError, match="nested too deeply"):
        RunConfig.model_validate(
            {"judge": {"kind": "custom", "target": "a:B", "args": {"x": nested}}}
        )


def test_importing_it_is_light() -> None:
    code = (
        "import sys, mirrorplay.runs.load\n"
        "print([m for m in ('ray', 'langgraph', 'pyarrow', 'numpy', 'scipy', 'torch') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
