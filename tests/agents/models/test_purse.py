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
    roles = purse.own.roles
    assert (roles["client"].calls, roles["client"].prompt_tokens) == (3, 200)
    assert roles["client"].usd == pytest.approx(400e-6)
    assert roles["judge"].calls == 1
    assert purse.own.total.calls == 4
    assert purse.own.exhausts(Limits()) is None


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
    purse = Purse(clock=lambda: now[0])
    assert purse.own.exhausts(limits) is None
    purse.spend("client", used(100, 40), PRICE)
    assert purse.own.exhausts(limits) is None
    now[0] = 130.0
    purse.spend("client", used(10, 90), PRICE)
    assert told in str(purse.own.exhausts(limits))


def test_sums_go_across_workers() -> None:
    now = [0.0]
    one, other = Purse(clock=lambda: now[0]), Purse(clock=lambda: now[0])
    one.spend("client", used(50, 0))
    other.spend("client", used(10, 0))
    other.spend("therapist", used(40, 0))
    now[0] = 60.0
    kept = Spent.model_validate_json(one.own.model_dump_json())
    together = kept + other.own
    assert together.roles["client"].prompt_tokens == 60
    assert together.total.prompt_tokens == 100
    assert together.minutes == pytest.approx(1.0)


def test_a_limit_in_dollars_needs_prices() -> None:
    paid = ModelSpec(model="openai:x", price=PRICE)
    free = ModelSpec(model="openai:x")
    Limits(usd=1).check({"client": paid})
    Limits(tokens=5).check({"client": free})
    with pytest.raises(UserError, match="judge"):
        Limits(usd=1).check({"client": paid, "judge": free})
