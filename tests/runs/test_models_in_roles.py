"""Models in every role: whole runs, their records, limits, outages and prompts."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.agents.models.purse import Spent, Sum
from mirrorplay.agents.roles import MODES
from mirrorplay.personas.errors import UserError
from mirrorplay.runs import Run, run
from mirrorplay.runs.account import Account, relimit
from mirrorplay.runs.cli.running import resume
from mirrorplay.runs.cli.showing import show
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.outage import Outage
from mirrorplay.runs.prompting import prompts_of

TROUPE: dict[str, Any] = {
    "model": "custom:troupe:Troupe",
    "price": {"prompt": 1.0, "completion": 2.0},
}

SLOW = {"model": "custom:troupe:Slow"}


def invoke(command: Any, *arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def played(folder: Path, mode: str = "p+ec", **changes: Any) -> Run:
    asked: dict[str, Any] = {
        "sample": {"limit": 2, "resistance": ["emotional", "cognitive"]},
        "session": {"max_exchanges": 3},
        "face": {"kind": "portrait", "size": 64},
        "executor": "inline",
        "output": {"dir": str(folder)},
        "client": {"kind": "model", "spec": TROUPE},
        "therapist": {"kind": "model", "spec": TROUPE, "mode": mode},
        "perceiver": {"kind": "model", "spec": TROUPE},
        "supervisor": {"kind": "model", "spec": TROUPE},
        "judge": {"kind": "model", "spec": TROUPE},
    }
    return run({**asked, **changes})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return played(tmp_path_factory.mktemp("models"))


def test_a_run_with_a_model_in_every_role_makes_an_ordinary_data_set(whole: Run) -> None:
    sessions = list(whole.sessions())
    assert len(sessions) == 4
    for one in sessions:
        assert one.therapist == "model:custom:troupe:Troupe"
        assert one.usage.calls > 10
        assert {score.instrument for score in one.scores} == {"ctrs", "wai"}
        assert all(turn.model == "custom:troupe:Troupe" for turn in one.turns)
        assert all(turn.state and turn.expression for turn in one.turns[::2])
        assert one.turns[2].perception is not None
        assert one.turns[3].plan is not None
        assert one.turns[0].codes


def test_what_was_spent_is_kept_by_role(whole: Run) -> None:
    spent = Spent.model_validate(json.loads((whole.path / "spent.json").read_text()))
    assert set(spent.roles) == {"client", "therapist", "perceiver", "supervisor", "judge"}
    assert spent.total.usd > 0.01
    told = [one.usage for one in whole.sessions()]
    assert sum(usage.calls for usage in told) == spent.total.calls
    assert sum(usage.prompt_tokens for usage in told) == spent.total.prompt_tokens


@pytest.mark.parametrize("mode", MODES)
def test_every_arm_runs(mode: str, tmp_path: Path) -> None:
    done = played(tmp_path, mode, sample={"limit": 1, "resistance": ["none"]})
    (one,) = done.sessions()
    assert one.mode == mode
    assert (one.turns[0].perception is not None) == (mode in ("ec", "p+ec"))


def test_prompts_are_shown_as_they_were_given(whole: Run) -> None:
    record = next(iter(whole.sessions()))
    given = prompts_of(RunDirectory.open(whole.path), record)
    roles = [one.role for one in given]
    exchanges = len(record.turns) // 2
    assert roles.count("therapist") == roles.count("supervisor") == exchanges
    assert roles.count("perceiver") == exchanges
    assert roles.count("plan") >= 1
    assert roles.count("client") >= exchanges
    assert roles.count("judge") > 6
    answered = next(one for one in given if one.role == "therapist" and one.turn == 3)
    assert record.turns[2].text in answered.messages[-1].text
    assert answered.messages[-1].images


def test_show_prints_the_prompts_of_a_turn(whole: Run) -> None:
    record = next(iter(whole.sessions()))
    found = CliRunner().invoke(
        show, [str(whole.path), record.session_id, "--prompts", "3"], standalone_mode=False
    )
    assert found.exception is None
    assert "therapist, turn 3" in found.output
    assert "[picture: image/jpeg" in found.output


@pytest.mark.parametrize("turn", [-1, 99])
def test_a_turn_that_is_not_there(whole: Run, turn: int) -> None:
    record = next(iter(whole.sessions()))
    with pytest.raises(UserError, match="no turn"):
        prompts_of(RunDirectory.open(whole.path), record, turn)


def test_a_session_without_models_has_no_prompts(tmp_path: Path) -> None:
    done = run({
        "sample": {"limit": 1, "resistance": ["none"]}, "session": {"max_exchanges": 1},
        "face": "none", "therapist": {"mode": "text"}, "executor": "inline",
        "output": {"dir": str(tmp_path)},
    })  # fmt: skip
    assert not (done.path / "spent.json").exists()
    with pytest.raises(UserError, match="no prompts"):
        prompts_of(RunDirectory.open(done.path), next(iter(done.sessions())))


def test_a_recorded_run_can_be_played_again(whole: Run, tmp_path: Path) -> None:
    replay = {"model": f"replay:{whole.path}"}
    again = played(
        tmp_path,
        client={"kind": "model", "spec": replay},
        therapist={"kind": "model", "spec": replay, "mode": "p+ec"},
    )
    first = {one.session_id: [turn.text for turn in one.turns] for one in whole.sessions()}
    second = {one.session_id: [turn.text for turn in one.turns] for one in again.sessions()}
    assert sorted(first.values()) == sorted(second.values())


def test_a_limit_stops_the_run_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        limits={"tokens": 1},
        client={"kind": "model", "spec": SLOW},
        executor={"kind": "inline", "in_flight": 1},
    )
    assert len(list(done.sessions())) < 4
    stuck = invoke(resume, str(done.path))
    assert stuck.exit_code == 0
    assert stuck.return_value == 130
    assert "limits.tokens=…" in stuck.output
    assert invoke(resume, str(done.path), "limits.tokens=9000000").return_value == 0
    assert len(list(done.sessions())) == 4


def test_sessions_that_run_when_a_limit_is_reached_are_finished(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        limits={"tokens": 1},
        client={"kind": "model", "spec": SLOW},
        executor={"kind": "inline", "in_flight": 2, "shutdown_grace_s": 0.0},
    )
    assert len(list(done.sessions())) == 2


def test_only_limits_are_changed_when_a_run_goes_on(whole: Run) -> None:
    with pytest.raises(UserError, match="only limits"):
        relimit(RunDirectory.open(whole.path), ["seed=8"])


def test_a_key_that_is_missing_on_resume_quarantines_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROUPE_KEY", "abcdefgh")
    keyed = {**SLOW, "api_key_env": "TROUPE_KEY"}
    done = played(
        tmp_path,
        limits={"tokens": 1},
        client={"kind": "model", "spec": keyed},
        executor={"kind": "inline", "in_flight": 1},
    )
    monkeypatch.delenv("TROUPE_KEY")
    with pytest.raises(UserError, match="TROUPE_KEY"):
        done.resume()
    assert not (done.path / "quarantine.jsonl").exists()
    assert prompts_of(RunDirectory.open(done.path), next(iter(done.sessions())))


@pytest.mark.parametrize(
    ("role", "spec", "said"),
    [
        ("judge", "replay:somewhere", "can be replayed"),
        ("client", "transformers:/no/such/model", "no/such/model"),
    ],
)
def test_models_that_cannot_be_made_stop_a_run_before_it_begins(
    role: str, spec: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        played(tmp_path, **{role: {"kind": "model", "spec": spec}})


def test_a_model_writes_a_whole_session(tmp_path: Path) -> None:
    writer = {"kind": "model", "spec": TROUPE}
    done = played(
        tmp_path,
        graph={"kind": "screenplay", "writer": writer},
        client="scripted",
        therapist={"mode": "p"},
        perceiver="embedded",
        sample={"limit": 1, "resistance": ["none"]},
    )
    (one,) = done.sessions()
    assert one.therapist == "writer:custom:troupe:Troupe"
    assert one.turns[0].stage_direction
    assert done.config.specs()["writer"].max_tokens == 4096


def test_dollars_need_prices(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="price"):
        played(
            tmp_path,
            limits={"usd": 1.0},
            client={"kind": "model", "spec": "custom:troupe:Troupe"},
        )


def test_a_damaged_account_is_not_passed_over(whole: Run, tmp_path: Path) -> None:
    (tmp_path / "spent.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        Account.open(tmp_path, whole.config)


def test_an_account_goes_on_where_the_last_sitting_ended(whole: Run, tmp_path: Path) -> None:
    spent = Spent(roles={"client": Sum(calls=3, prompt_tokens=40, completion_tokens=2)})
    first = Account.open(tmp_path, whole.config)
    first.take(spent)
    first.write()
    second = Account.open(tmp_path, whole.config)
    second.take(spent)
    assert second.spent.total.calls == 6


class Log:
    def warning(self, *told: Any, **fields: Any) -> None: ...


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_an_outage_is_waited_for_and_then_halts_the_run() -> None:
    clock = Clock()
    outage = Outage(100.0, clock, clock.sleep)
    down = EndpointDown("http://here", "reset", "start the server", 30.0)
    assert await outage.wait(down, Log())  # type: ignore[arg-type]
    assert "http://here" in (outage.waiting or "")
    outage.over()
    assert outage.waiting is None
    clock.now += 1000.0  # open in between: patience begins anew
    tries = 0
    while await outage.wait(down, Log()):  # type: ignore[arg-type]
        tries += 1
    assert tries == 4
    assert outage.halt is not None
    assert "start the server" in outage.halt


@pytest.mark.parametrize("passing", [True, False])
def test_an_outage_burns_no_session(passing: bool, tmp_path: Path) -> None:
    cut_off = {"closed": 3, "passing": passing}
    done = played(
        tmp_path,
        client={"kind": "custom", "target": "troupe:CutOff", "args": cut_off},
        session={"max_exchanges": 2, "attempts": 1},
    )
    assert not (done.path / "quarantine.jsonl").exists()
    finished = len(list(done.sessions()))
    assert finished == 4 if passing else finished < 4


async def test_what_waiting_cannot_cure_halts_at_once() -> None:
    outage = Outage()
    refused = EndpointDown("http://here", "401", "correct the key", 30.0, False)
    assert not await outage.wait(refused, Log())  # type: ignore[arg-type]
