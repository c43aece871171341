"""Who is blamed for a worker's death, and when."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cluster.deaths import DEATHS, Deaths
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.driver import prepare
from mirrorplay.runs.plan import Plan
from mirrorplay.runs.worker import Lease

DIED = RuntimeError("\x1b[36mThe actor died.\x1b[0m\nDetails: many")
Tiny = Callable[..., RunConfig]


@pytest.fixture
def plan(tiny: Tiny) -> Plan:
    """72 sessions in shards of two."""
    return prepare(tiny(sample={"limit": 8, "resistance": ["none"], "replicates": 9})).plan


def test_a_shared_death_blames_nobody(tmp_path: Path, plan: Plan) -> None:
    deaths = Deaths(tmp_path, plan)
    for _ in range(2 * DEATHS):
        assert deaths.after(Lease(0), DIED) == (Lease(0, solo=True), {})


def test_the_first_session_without_a_row_is_given_up_after_three(
    tmp_path: Path, plan: Plan, fill_spool: Callable[..., Path]
) -> None:
    done, killer = plan.shard(4)
    fill_spool(4, done.session_id)
    deaths = Deaths(tmp_path, plan)
    lease, _ = deaths.after(Lease(4), DIED)
    lease, failed = deaths.after(lease, DIED)
    assert (lease, failed) == (Lease(4, solo=True), {})
    lease, failed = deaths.after(lease, DIED)
    assert lease == Lease(4, failed, solo=True)
    assert failed == {
        killer.session_id: {
            "cell": killer.cell,
            "persona_id": killer.persona_id,
            "error": "its worker died 3 times: The actor died.",
            "where": "worker",
            "attempts": 3,
        }
    }


def test_each_session_has_deaths_of_its_own(tmp_path: Path, plan: Plan) -> None:
    first, second = (session.session_id for session in plan.shard(0))
    deaths = Deaths(tmp_path, plan)
    lease, blamed = Lease(0, solo=True), []
    for _ in range(4):
        lease, failed = deaths.after(lease, DIED)
        blamed.append(list(failed))
    assert blamed == [[], [first], [], [second]]
    assert set(lease.failed) == {first, second}


def test_a_quarantined_session_is_not_suspected(tmp_path: Path, plan: Plan) -> None:
    first, second = (session.session_id for session in plan.shard(0))
    deaths = Deaths(tmp_path, plan)
    lease = Lease(0, {first: {"error": "earlier"}}, solo=True)
    deaths.after(lease, DIED)
    assert list(deaths.after(lease, DIED)[1]) == [second]


def test_deaths_while_a_shard_is_written_stop_the_run(
    tmp_path: Path, plan: Plan, fill_spool: Callable[..., Path]
) -> None:
    fill_spool(0, *(session.session_id for session in plan.shard(0)))
    deaths = Deaths(tmp_path, plan)
    deaths.after(Lease(0, solo=True), DIED)
    with pytest.raises(UserError, match=r"writes shard 0 died 3 times: The actor died\."):
        deaths.after(Lease(0, solo=True), DIED)
