"""A key is planted, everything that can go wrong goes wrong, and nobody has seen it."""

import io
import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
import structlog
from model_server import ALWAYS, KINDS, Faults, ModelServer
from pydantic import SecretStr

from mirrorplay.agents.models.cache import AnswerCache
from mirrorplay.agents.models.key import (
    HIDDEN,
    MAX_TOLD,
    hushed,
    hushed_error,
    read_key,
    told_line,
)
from mirrorplay.agents.models.message import user
from mirrorplay.agents.models.mind import EndpointDown, Mind, MindFailed
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.models.switchboard import Switchboard
from mirrorplay.personas.errors import UserError

KEY = "sk-zq81kw55rt0123456789"


async def no_sleep(seconds: float) -> None:
    """Nothing waits."""


def test_keys_come_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    (tmp_path / "key").write_text(f"{KEY}\nmore\n")
    for spec in (
        ModelSpec(model="openai:x", api_key_env="MY_KEY"),
        ModelSpec(model="openai:x", api_key_file=str(tmp_path / "key")),
    ):
        key = read_key(spec)
        assert key is not None
        assert key.get_secret_value() == KEY
        assert KEY not in repr(key) + str(key)
    assert read_key(ModelSpec(model="openai:x")) is None


def test_a_key_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY", " ")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "odd").write_bytes(b"\xff\xfe\x00")
    for given, told in (
        ({"api_key_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE"),
        ({"api_key_env": "EMPTY"}, "EMPTY"),
        ({"api_key_file": str(tmp_path / "none")}, "cannot be read"),
        ({"api_key_file": str(tmp_path / "empty")}, "holds no key"),
        ({"api_key_file": str(tmp_path / "odd")}, "holds no key"),
    ):
        with pytest.raises(UserError, match=told):
            read_key(ModelSpec.parse({"model": "openai:x", **given}))


def test_hushing_leaves_other_words_alone() -> None:
    assert hushed(f"bad key {KEY}!", SecretStr(KEY)) == f"bad key {HIDDEN}!"
    assert hushed("masked sk-abcd****wxyz here", None) == f"masked {HIDDEN} here"
    assert hushed("Authorization: Bearer abc.def", None) == f"Authorization: Bearer {HIDDEN}"
    assert hushed("none of it", SecretStr("none")) == "none of it"
    assert hushed("a risk-taking task-oriented one", None) == "a risk-taking task-oriented one"


@pytest.mark.parametrize("before", range(MAX_TOLD - len(KEY) - 2, MAX_TOLD + 2))
def test_a_key_at_the_end_of_a_line_is_not_cut_but_hidden(before: int) -> None:
    told = told_line(f"{'x' * before} {KEY} and more", SecretStr(KEY))
    assert KEY[:4] not in told
    assert len(told) <= MAX_TOLD + 1
    assert told_line("one\n two", None) == "one two"


class Odd(Exception):
    """Made of two things, one of them a request."""

    def __init__(self, request: str, code: int) -> None:
        super().__init__(f"request {request} failed with {code}")


class Plain(ValueError):
    """Made of words."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError(f"header {KEY}"), ValueError),
        (Plain(f"header {KEY}"), Plain),
        (KeyError(KEY), KeyError),
        (Odd(KEY, 3), RuntimeError),
        (OSError(28, f"no space for {KEY}"), OSError),
        (UnicodeDecodeError("utf-8", KEY.encode(), 0, 1, KEY), RuntimeError),
        (UserError(f"no {KEY}", where=KEY, hint=KEY), UserError),
    ],
)
async def test_an_exception_that_is_no_fault_leaves_without_the_key(
    error: Exception, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED", KEY)
    spec = ModelSpec(model="openai:tiny", base_url="http://127.0.0.1:9/v1", api_key_env="PLANTED")
    mind = Mind(spec, role="client")

    def fail(*given: Any, **settings: Any) -> None:
        raise error from RuntimeError(f"while sending {KEY}")

    monkeypatch.setattr(type(mind.board.model(spec)), "_agenerate", fail)
    with pytest.raises(kind) as caught:
        await mind.ask([user("hello")], seed=1, read=str)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.args)
    assert type(caught.value) is kind
    assert "zq81" not in told
    assert HIDDEN in told
    assert caught.value.__cause__ is caught.value.__context__ is None
    if isinstance(error, OSError):
        assert caught.value.errno == 28  # type: ignore[attr-defined]
    await mind.board.close()


def test_where_there_is_no_key_a_bug_keeps_its_traceback() -> None:
    bug = ZeroDivisionError("mine")
    assert hushed_error(bug, None) is bug
    assert hushed_error(bug, SecretStr(KEY)) is not bug
    told = hushed_error(ValueError(f"with {KEY}"), None)
    assert "zq81" not in str(told)


@pytest.mark.parametrize("kind", [None, "wrong_key", *sorted(set(KINDS) - {"timeout"}), *ALWAYS])
async def test_a_planted_key_is_nowhere(
    kind: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("PLANTED", KEY)
    caplog.set_level(logging.DEBUG)
    log = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.WriteLogger(log),
        processors=[
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
    )

    def report(event: str, fields: dict[str, Any]) -> None:
        logger.info(event, **fields)

    seen: list[str] = []
    faults = Faults(1.0, (kind,)) if kind not in (None, "wrong_key") else None
    # Tracebacks in logs show local variables; the key is in none of this function's.
    async with ModelServer(
        faults=faults, key="another-key" if kind == "wrong_key" else KEY
    ) as server:
        spec = ModelSpec(
            model="openai:tiny", base_url=server.base_url, api_key_env="PLANTED", attempts=2
        )
        cache = AnswerCache(tmp_path / "answers.sqlite")
        board = Switchboard(cache=cache, sleep=no_sleep, report=report)
        mind = Mind(spec, role="client", board=board)
        try:
            answer = await mind.ask([user("hello")], seed=1, read=str)
            seen += [repr(answer), answer.text]
        except (MindFailed, EndpointDown) as error:
            logger.exception("failed")
            seen += [str(error), repr(error), "".join(traceback.format_exception(error))]
            seen += [repr(pickle.dumps(error)), repr(error.__cause__), repr(error.__context__)]
        seen += [repr(mind), repr(board), repr(board.model(spec)), str(board.model(spec).asdict())]
        seen += [spec.model_dump_json(), repr(spec), board.purse.own.model_dump_json()]
        await board.close()
    seen += [log.getvalue()]
    seen += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    for text in seen:
        assert "zq81" not in text
    # The client library's own debug log, should somebody switch it on.
    assert "zq81" not in caplog.text
