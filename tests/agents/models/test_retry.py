import typing

from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.agents.models.breaker import SPAN_S
from mirrorplay.agents.models.faults import Fault, Kind
from mirrorplay.agents.models.message import assistant, system, user
from mirrorplay.agents.models.retry import (
    CAP_S,
    MAX_WAIT_S,
    REMEDIES,
    repaired,
    reseeded,
    shortened,
    wait_s,
)
from mirrorplay.agents.roles import Image

FACE = Image(b"1", "image/jpeg", 1, 1)
LATER = Image(b"2", "image/jpeg", 1, 1)
RESET = Fault("reset", "gone")


def test_every_kind_has_a_remedy() -> None:
    assert set(REMEDIES) == set(typing.get_args(Kind))


def test_errors_of_content_say_nothing_about_the_endpoint() -> None:
    for kind in ("empty", "refusal", "filtered", "malformed", "overflow", "rejected"):
        remedy = REMEDIES[typing.cast(Kind, kind)]
        assert not remedy.slows
        assert not remedy.counts


@given(st.integers(0, 12), st.integers(0, 2**64 - 1))
def test_waits_grow_with_jitter_up_to_a_cap(waits: int, seed: int) -> None:
    full = min(CAP_S, 0.5 * 2**waits)
    assert full / 2 <= wait_s(RESET, waits, seed) <= full
    assert wait_s(RESET, waits, seed) == wait_s(RESET, waits, seed)


def test_sessions_do_not_come_back_together() -> None:
    assert len({wait_s(RESET, 3, seed) for seed in range(50)}) == 50


@given(st.floats(0, 1e6), st.integers(0, 2**64 - 1))
def test_retry_after_is_a_lower_bound_up_to_a_limit(asked: float, seed: int) -> None:
    waited = wait_s(Fault("rate_limited", "", asked), 0, seed)
    assert min(asked, MAX_WAIT_S) <= waited <= MAX_WAIT_S


def test_a_call_of_eight_attempts_outlasts_the_span_of_the_breaker() -> None:
    assert min(sum(wait_s(RESET, n, seed) for n in range(7)) for seed in range(200)) > 2 * SPAN_S


def test_reseeding_gives_other_seeds() -> None:
    assert len({7, *(reseeded(7, n) for n in range(20)), reseeded(8, 1)}) == 22


def test_a_repair_shows_the_answer_and_the_reason_as_they_are() -> None:
    made = repaired([user("ask")], "{text} %s", "no {reason} here")
    assert [one.role for one in made] == ["user", "assistant", "user"]
    assert made[1].text == "{text} %s"
    assert "no {reason} here" in made[2].text


def test_shortening_drops_old_faces_then_old_words_never_the_last_message() -> None:
    prompt = [system("s"), user("1", FACE), assistant("2"), user("3", LATER)]
    without = shortened(prompt)
    assert without == [system("s"), user("1"), assistant("2"), user("3", LATER)]
    fewer = shortened(without)
    assert fewer == [system("s"), assistant("2"), user("3", LATER)]
    last = shortened(fewer)
    assert last == [system("s"), user("3", LATER)]
    assert shortened(last) is None
    assert shortened([user(FACE), user("x")]) == [user("x")]
