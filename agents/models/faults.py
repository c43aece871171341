"""What can go wrong with a call, by kind, whichever library and server it came from.

Every client library names and nests its errors in its own way; they are told apart here by what
they all have: the status, the headers and body of the reply, and the built-in errors underneath.
An exception that is none of these is a bug and is left alone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

Kind = Literal[
    "rate_limited",
    "overloaded",
    "server",
    "timeout",
    "reset",
    "damaged",
    "empty",
    "spent",
    "refusal",
    "filtered",
    "overflow",
    "malformed",
    "rejected",
    "denied",
    "unknown_model",
]
CONTENT: frozenset[Kind] = frozenset(
    ("empty", "spent", "refusal", "filtered", "overflow", "malformed")
)
"""The endpoint answered, and with this question it is of no use."""

_OVERFLOW = re.compile(
    r"context[ _]length|context window|maximum context|max_model_len|prompt is too long"
    r"|input is too long|too many (?:input )?tokens|exceeds? the (?:maximum|available) (?:number of"
    r" tokens|context)",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content[_ -](?:filter|polic|management|moderation)|safety system|moderat(?:ion|ed)\b|flagged"
    r"|(?:usage|acceptable use) polic",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:account|organi[sz]ation|project|key)\b[^.]{0,40}\b(?:flagged|suspended|disabled|banned)",
    re.IGNORECASE,
)
"""Somebody is shut out, which is no matter of what was asked."""
_QUOTA = re.compile(r"insufficient_quota|billing|exceeded your current quota", re.IGNORECASE)
_NO_MODEL = re.compile(r"model.{0,80}(?:not (?:be )?found|does not exist|no such)", re.IGNORECASE)
_REFUSAL = re.compile(
    r"""[\s"'*(\[]*(?:i['’]?m\ (?:really\ |very\ )?sorry,?\ (?:but\ )?|sorry,?\ (?:but\ )?
    |i\ apologi[sz]e,?\ (?:but\ )?)?
    (?:as\ an\ ai\b
    |i(?:\ can(?:no|['’])t|\ am\ (?:unable|not\ able)\ to|['’]m\ (?:unable|not\ able)\ to)\ (?:
        assist\ (?:you\ )?with\ (?:that|this)
        |(?:comply|help|continue)\ with\ (?:that|this|your|the)\ request
        |fulfil?l\ (?:that|this|your|the)\ request))""",
    re.IGNORECASE | re.VERBOSE,
)
"""How instruction-tuned models begin a refusal; nothing that a reluctant client would say."""
_TIMEOUTS = frozenset(("APITimeoutError", "TimeoutException", "ReadTimeoutError", "Timeout"))
_RESETS = frozenset(
    ("APIConnectionError", "TransportError", "ClientConnectionError", "ClientPayloadError")
)
_DAMAGED = frozenset(("APIResponseValidationError", "DamagedReply"))
_ENDINGS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""Where providers' answers say why they end."""
_CUT = frozenset(("length", "max_tokens", "max_output_tokens", "model_length"))
_HELD_BACK = frozenset(("content_filter", "content_filtered", "safety", "prohibited_content"))


class DamagedReply(ValueError):
    """A reply of the server's that is not what its protocol says."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed attempt. `told` is for a person, on one line of any length, and may hold a key
    until it is cleaned (`key.told_line`); `wait_s` is what the server asked for."""

    kind: Kind
    told: str
    wait_s: float | None = None


def fault_of(error: BaseException) -> Fault | None:
    """What kind of failure an exception is; None when it is no failure of a call."""
    chain = list(_chain(error))
    for one in chain:
        status = _status(one)
        if status is not None:
            return _by_status(status, one)
    names = {cls.__name__ for one in chain for cls in type(one).__mro__}
    if any(isinstance(one, TimeoutError) for one in chain):
        return Fault("timeout", "no answer in time")
    told = _line(str(chain[-1]) or type(chain[-1]).__name__)
    # A connection that breaks is reported by some as a time-out while connecting.
    if any(isinstance(one, ConnectionError) for one in chain) or "ClientConnectionError" in names:
        return Fault("reset", told)
    if names & _TIMEOUTS:
        return Fault("timeout", "no answer in time")
    if names & _RESETS:
        return Fault("reset", told)
    if names & _DAMAGED or any(isinstance(one, json.JSONDecodeError) for one in chain):
        return Fault("damaged", f"the reply is not what it should be: {told}")
    if any(cls.__name__ == "APIError" for cls in type(error).__mro__):
        return Fault("server", told)
    return None


def fault_in(text: str, metadata: Mapping[str, Any], extra: Mapping[str, Any]) -> Fault | None:
    """What is wrong with an answer that arrived: `metadata` and `extra` are LangChain's
    `response_metadata` and `additional_kwargs`."""
    if refusal := extra.get("refusal"):
        return Fault("refusal", _line(f"the model refused: {refusal}"))
    if _ending(metadata) in _HELD_BACK:
        return Fault("filtered", "the server's content filter held the answer back")
    if not text.strip():
        if was_cut(metadata):
            return Fault("spent", "max_tokens was used up before the answer began")
        return Fault("empty", "an empty answer")
    if _REFUSAL.match(text):
        return Fault("refusal", _line(f"the model refused: {text}"))
    return None


def was_cut(metadata: Mapping[str, Any]) -> bool:
    """Whether an answer ends where the limit of its tokens ended it, in any provider's words."""
    return _ending(metadata) in _CUT


def _ending(metadata: Mapping[str, Any]) -> str:
    """Why an answer ends, in lower case; empty when nobody says."""
    given = next((metadata[name] for name in _ENDINGS if metadata.get(name)), None)
    if given is None and isinstance(more := metadata.get("incomplete_details"), Mapping):
        given = more.get("reason")
    return str(given or "").rpartition(".")[2].lower()


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those underneath it, outermost first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "http_status"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and 300 <= status < 600:
                return status
    return None


def _by_status(status: int, error: BaseException) -> Fault:
    words = f"{getattr(error, 'code', '') or ''} {error} {getattr(error, 'body', '') or ''}"
    told = _line(f"HTTP {status}: {_message(error)}")
    wait = _retry_after(getattr(getattr(error, "response", None), "headers", None) or {})
    if status == 429:
        return Fault("denied", told) if _QUOTA.search(words) else Fault("rate_limited", told, wait)
    filtered = _FILTERED.search(words) and not _ACCOUNT.search(words)
    if status in (401, 402, 403, 407):
        return Fault("filtered" if filtered else "denied", told)
    if status in (503, 529):
        return Fault("overloaded", told, wait)
    if status in (408, 504):
        return Fault("timeout", told, wait)
    if status >= 500 or status in (409, 425):
        return Fault("server", told, wait)
    if _OVERFLOW.search(words) or status == 413:
        return Fault("overflow", told)
    if filtered:
        return Fault("filtered", told)
    if status == 404 or _NO_MODEL.search(words):
        return Fault("unknown_model", told)
    return Fault("rejected", told)


def _message(error: BaseException) -> str:
    """The server's own words where there are some."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            inner = inner.get("message") or inner
        return str(inner)
    return str(error)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds asked for by `retry-after-ms` or `Retry-After` (RFC 9110 §10.2.3)."""
    milliseconds, given = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if given:
            return max(0.0, float(given))
    except ValueError:
        pass
    try:
        if given:
            return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        pass
    return None


def _line(text: str) -> str:
    return " ".join(text.split())
