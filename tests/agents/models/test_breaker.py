import pickle

import pytest

from mirrorplay.agents.models.breaker import (
    FAILURES,
    PAUSE_S,
    REJECTIONS,
    SPAN_S,
    Breaker,
    EndpointDown,
)
from mirrorplay.agents.models.faults import Fault

GONE = Fault("reset", "connection refused")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("http://host/v1", clock=clock)


def fail(breaker: Breaker, clock: Clock, times: int, each: float) -> None:
    for _ in range(times):
        breaker.failed(GONE)
        clock.now += each


def test_failures_in_a_row_over_some_time_open_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, clock, FAILURES + 1, SPAN_S / FAILURES + 0.1)
    with pytest.raises(EndpointDown) as caught:
        breaker.check()
    line = str(caught.value)
    assert "\n" not in line
    for part in ("http://host/v1", "connection refused", "failures in a row", "start the server"):
        assert part in line


def test_a_restart_that_resets_everything_at_once_does_not(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, clock, 500, 0.001)
    breaker.check()


def test_a_success_in_between_keeps_it_closed(breaker: Breaker, clock: Clock) -> None:
    for _ in range(20):
        fail(breaker, clock, FAILURES - 1, SPAN_S)
        breaker.succeeded()
    breaker.check()


def test_after_a_pause_one_call_tries_and_a_success_closes_it(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, clock, FAILURES + 1, SPAN_S)
    clock.now += PAUSE_S + 1
    breaker.check()
    with pytest.raises(EndpointDown):
        breaker.check()
    breaker.succeeded()
    breaker.check()
    assert not breaker.is_open


def test_a_try_that_fails_keeps_it_open(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, clock, FAILURES + 1, SPAN_S)
    clock.now += PAUSE_S + 1
    breaker.check()
    breaker.failed(GONE)
    with pytest.raises(EndpointDown):
        breaker.check()


def test_a_refused_key_opens_it_at_once(breaker: Breaker) -> None:
    down = breaker.refuse(Fault("denied", "HTTP 401: bad key"))
    assert "api_key_env" in str(down)
    with pytest.raises(EndpointDown):
        breaker.check()


def test_requests_called_wrong_open_it_only_before_any_was_answered(breaker: Breaker) -> None:
    wrong = Fault("rejected", "HTTP 400: top_k is not supported")
    for _ in range(REJECTIONS - 1):
        breaker.rejected(wrong)
    breaker.check()
    breaker.rejected(wrong)
    with pytest.raises(EndpointDown, match="top_k"):
        breaker.check()
    other = Breaker("http://other/v1")
    other.succeeded()
    for _ in range(100):
        other.rejected(wrong)
    other.check()


def test_the_error_travels_between_processes() -> None:
    down = EndpointDown("http://host/v1", "gone", "start it", 3.0)
    read = pickle.loads(pickle.dumps(down))
    assert (str(read), read.hint, read.retry_in_s) == (str(down), "start it", 3.0)
