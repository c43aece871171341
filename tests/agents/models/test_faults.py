import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from mirrorplay.agents.models.faults import (
    DamagedReply,
    Kind,
    fault_in,
    fault_of,
    was_cut,
)


class Reply:
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = headers or {}


class StatusError(Exception):
    def __init__(self, status: int, words: str = "no", headers: dict[str, str] | None = None):
        super().__init__(words)
        self.status_code = status
        self.response = Reply(status, headers)


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (429, "slow down", "rate_limited"),
        (429, "You exceeded your current quota: insufficient_quota", "denied"),
        (503, "overloaded", "overloaded"),
        (529, "overloaded", "overloaded"),
        (500, "oops", "server"),
        (502, "bad gateway", "server"),
        (504, "gateway time-out", "timeout"),
        (408, "time-out", "timeout"),
        (401, "bad key", "denied"),
        (403, "forbidden", "denied"),
        (403, "flagged by content policy", "filtered"),
        (403, "Your input requires moderation and was flagged", "filtered"),
        (403, "openai/x requires moderation on the provider's side", "filtered"),
        (400, "Input data may contain inappropriate text: blocked by usage policies", "filtered"),
        (400, "prompt was moderated", "filtered"),
        (403, "Your account has been flagged for abuse", "denied"),
        (403, "This key was disabled by moderation", "denied"),
        (404, "not found", "unknown_model"),
        (400, "The model `x` does not exist", "unknown_model"),
        (400, "maximum context length is 4096 tokens", "overflow"),
        (400, "prompt is too long: 210000 tokens", "overflow"),
        (413, "request too large", "overflow"),
        (400, "content_filter triggered", "filtered"),
        (400, "temperature is not supported", "rejected"),
        (422, "bad field", "rejected"),
    ],
)
def test_kinds_by_status(status: int, words: str, kind: Kind) -> None:
    fault = fault_of(StatusError(status, words))
    assert fault is not None
    assert fault.kind == kind
    assert str(status) in fault.told
    assert words in fault.told


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_what_the_server_asks_to_wait(headers: dict[str, str], wait: float | None) -> None:
    fault = fault_of(StatusError(429, headers=headers))
    assert fault is not None
    assert fault.wait_s == wait


def test_retry_after_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    fault = fault_of(StatusError(503, headers={"retry-after": date}))
    assert fault is not None
    assert fault.wait_s == pytest.approx(100, abs=5)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionResetError("reset"), "reset"),
        (ConnectionRefusedError(111, "refused"), "reset"),
        (json.JSONDecodeError("cut", "{", 1), "damaged"),
        (DamagedReply("no choices"), "damaged"),
    ],
)
def test_kinds_by_what_lies_underneath(error: Exception, kind: Kind) -> None:
    assert fault_of(error) is not None
    wrapped = RuntimeError("library says: failed")
    wrapped.__cause__ = error
    fault = fault_of(wrapped)
    assert fault is not None
    assert fault.kind == kind


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("y"), ZeroDivisionError()])
def test_a_bug_is_no_fault(error: Exception) -> None:
    assert fault_of(error) is None


@pytest.mark.parametrize(
    ("text", "metadata", "extra", "kind"),
    [
        ("", {}, {}, "empty"),
        (" \n", {}, {}, "empty"),
        ("", {"finish_reason": "content_filter"}, {}, "filtered"),
        ("", {"finish_reason": "SAFETY"}, {}, "filtered"),
        ("", {"finish_reason": "length"}, {}, "spent"),
        ("", {"stop_reason": "max_tokens"}, {}, "spent"),
        ("", {"finish_reason": "stop"}, {}, "empty"),
        ("", {}, {"refusal": "no"}, "refusal"),
        ("I'm sorry, but I can't assist with that.", {}, {}, "refusal"),
        ("I cannot fulfill your request.", {}, {}, "refusal"),
        ("As an AI language model, I have no feelings.", {}, {}, "refusal"),
        ("Fine.", {"finish_reason": "length"}, {}, None),
        ("I'm sorry, I can't do that today. It's too much.", {}, {}, None),
        ("Sorry, but I can't help with it when he shouts.", {}, {}, None),
        ("I can't assist my mother any more.", {}, {}, None),
        ("I am unable to sleep.", {}, {}, None),
    ],
)
def test_what_is_wrong_with_an_answer(
    text: str, metadata: dict[str, Any], extra: dict[str, Any], kind: Kind | None
) -> None:
    fault = fault_in(text, metadata, extra)
    assert (fault and fault.kind) == kind


@pytest.mark.parametrize(
    ("metadata", "cut"),
    [
        ({"finish_reason": "length"}, True),
        ({"stop_reason": "max_tokens"}, True),
        ({"finish_reason": "MAX_TOKENS"}, True),
        ({"finish_reason": "FinishReason.MAX_TOKENS"}, True),
        ({"stopReason": "max_tokens"}, True),
        ({"done_reason": "length"}, True),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, True),
        ({"finish_reason": "stop"}, False),
        ({"stop_reason": "end_turn", "finish_reason": None}, False),
        ({"incomplete_details": None}, False),
        ({}, False),
    ],
)
def test_cut_in_every_providers_words(metadata: dict[str, Any], cut: bool) -> None:
    assert was_cut(metadata) is cut


def test_what_is_told_is_one_line() -> None:
    fault = fault_of(StatusError(500, "long\n" * 1000))
    assert fault is not None
    assert "\n" not in fault.told
