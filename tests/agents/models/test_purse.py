import pytest

from mirrorplay.agents.models.purse import Limits, Purse, Spent
from mirrorplay.agents.models.spec import ModelSpec, Price
from mirrorplay.agents.roles import Usage
from mirrorplay.personas.errors import UserError

PRICE = Price(prompt=1.0, completion=10.0)


def used(prompt: int | None, completion: int | None, calls: int = 1) -> Usage:
    return Usage("m", calls, prompt, completion)


def test_tokens_and_dollars_by_role() -> None:
    purse = Purse()
    purse.spend("client", used(100, 10), PRICE)
    purse.spend("client", used(100, 10, 2), PRICE)
    purse.spend("judge", used(None, None))
    roles = purse.spent.roles
    assert (roles["client"].calls, roles["client"].prompt_tokens) == (3, 200)
    assert roles["client"].usd == pytest.approx(400e-6)
    assert roles["judge"].calls == 1
    assert purse.spent.total.calls == 4
    assert purse.exhausted is None


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(usd=0.001), "limits.usd"),
        (Limits(tokens=200), "limits.tokens"),
        (Limits(minutes=2), "limits.minutes"),
    ],
)
def test_each_limit_stops_in_words(limits: Limits, told: str) -> None:
    now = [0.0]
    purse = Purse(limits, clock=lambda: now[0])
    assert purse.exhausted is None
    purse.spend("client", used(100, 40), PRICE)
    assert purse.exhausted is None
    now[0] = 130.0
    purse.spend("client", used(10, 90), PRICE)
    assert told in str(purse.exhausted)


def test_sums_go_across_workers_and_sittings() -> None:
    now = [0.0]
    earlier = Purse(clock=lambda: now[0])
    earlier.spend("client", used(50, 0))
    now[0] = 60.0
    kept = Spent.model_validate_json(earlier.spent.model_dump_json())
    purse = Purse(Limits(tokens=150, minutes=10), already=kept, clock=lambda: now[0])
    worker = Purse(clock=lambda: now[0])
    worker.spend("therapist", used(40, 0))
    purse.spend("client", used(10, 0))
    assert purse.spent.total.prompt_tokens == 60
    for _ in range(2):
        purse.hear([worker.own])
        assert purse.spent.total.prompt_tokens == 100
    worker.spend("therapist", used(50, 0))
    purse.hear([worker.own])
    assert "limits.tokens" in str(purse.exhausted)
    now[0] = 120.0
    assert purse.spent.minutes == pytest.approx(2.0)


def test_a_limit_in_dollars_needs_prices() -> None:
    paid = ModelSpec(model="openai:x", price=PRICE)
    free = ModelSpec(model="openai:x")
    Limits(usd=1).check({"client": paid})
    Limits(tokens=5).check({"client": free})
    with pytest.raises(UserError, match="judge"):
        Limits(usd=1).check({"client": paid, "judge": free})
