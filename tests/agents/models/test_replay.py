from contextlib import nullcontext
from pathlib import Path

import pytest

from mirrorplay.agents.minds.planning import parse_plan
from mirrorplay.agents.models.message import user
from mirrorplay.agents.models.mind import Mind
from mirrorplay.agents.models.replay import NotRecorded, Player, playing
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.personas.errors import UserError
from mirrorplay.runs.api import Run, run

CONFIG = {
    "seed": 3,
    "sample": {"limit": 1, "resistance": ["emotional", "none"]},
    "face": {"kind": "none"},
    "therapist": {"kind": "scripted", "mode": "p"},
    "session": {"max_exchanges": 3},
    "executor": {"kind": "inline"},
    "grid": {"therapist.policy": ["mi_consistent", "directive"]},
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("recorded")
    return run({**CONFIG, "output": {"dir": str(folder)}})


def mind(path: object, role: str) -> Mind:
    return Mind(ModelSpec(model=f"replay:{path}"), role=role)


async def test_a_role_says_again_what_it_said(recorded: Run) -> None:
    client, therapist = mind(recorded.path, "client"), mind(recorded.path, "therapist")
    sessions = list(recorded.sessions())
    assert len(sessions) == 4
    for session in sessions:
        player = Player(
            session.persona_id, session.resistance.type, session.replicate, session.cell
        )
        with playing(player):
            for turn in session.turns:
                asked = client if turn.speaker == "client" else therapist
                answer = await asked.ask([user("…")], seed=1, read=str, turn=turn.index)
                assert answer.text.endswith(turn.text)
                if turn.stage_direction:
                    assert answer.text == f"[{turn.stage_direction}] {turn.text}"
            planned = next(turn for turn in session.turns if turn.plan)
            plan = await therapist.ask(
                [user("…")], seed=1, read=parse_plan, turn=planned.index, purpose="plan"
            )
            assert plan.value is not None
            assert planned.plan is not None
            assert plan.value.steps == planned.plan.steps


@pytest.mark.parametrize(
    ("role", "player", "turn", "told"),
    [
        ("client", None, 0, "outside a session"),
        ("client", Player("?", "none", 0, "x"), 0, "no session"),
        ("client", "known", 1, "no client turn 1"),
        ("client", "known", None, "without its turn"),
        ("client", "elsewhere", 0, "2 cells"),
    ],
)
async def test_what_was_not_recorded_is_not_made_up(
    recorded: Run, role: str, player: Player | str | None, turn: int | None, told: str
) -> None:
    first = next(recorded.sessions())
    if isinstance(player, str):
        cell = first.cell if player == "known" else "another"
        player = Player(first.persona_id, first.resistance.type, first.replicate, cell)
    asked = mind(recorded.path, role)
    with nullcontext() if player is None else playing(player), pytest.raises(NotRecorded) as caught:
        await asked.ask([user("…")], seed=1, read=str, turn=turn)
    assert told in str(caught.value)


async def test_mistakes_are_told(recorded: Run, tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    with playing(Player("a", "none", 0, "")):
        with pytest.raises(UserError, match="no recorded sessions"):
            await mind(tmp_path, "client").ask([user("…")], seed=1, read=str, turn=0)
        (tmp_path / "sessions" / "part-00000.parquet").write_bytes(b"PAR1 not")
        with pytest.raises(UserError, match="cannot be read"):
            await mind(tmp_path, "client").ask([user("…")], seed=1, read=str, turn=0)
        with pytest.raises(UserError, match="cannot be replayed"):
            await mind(recorded.path, "judge").ask([user("…")], seed=1, read=str, turn=0)
