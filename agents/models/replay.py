"""`replay:<run>`: a role that says again what it said in a recorded run.

An answer is found by who plays (persona, resistance, replicate, and the cell where several have
them), the role and the turn, all of which are told beside the prompt and never inside it. What was
not recorded fails the session: nothing is made up.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from mirrorplay.personas.errors import UserError

REPLAYED = ("client", "therapist")
Purpose = Literal["turn", "plan"]
"""What of a recorded turn is asked for: its words, or the plan that was made before it."""
_COLUMNS = ["cell", "persona_id", "resistance", "replicate", "turns"]


@dataclass(frozen=True, slots=True)
class Player:
    """Whose session is being played."""

    persona: str
    resistance: str
    replicate: int
    cell: str


_PLAYING: ContextVar[Player | None] = ContextVar("mirrorplay_player", default=None)


@contextmanager
def playing(player: Player) -> Iterator[None]:
    """Everything asked in here, and in tasks begun in here, is asked in this player's session."""
    token = _PLAYING.set(player)
    try:
        yield
    finally:
        _PLAYING.reset(token)


class NotRecorded(RuntimeError):
    """The recorded run has no such session or turn: this session cannot be replayed."""


_Lines = dict[tuple[str, int, str], str]
_Sessions = dict[tuple[str, str, int], dict[str, _Lines]]


class ReplayChat(BaseChatModel):
    """Answers from a run's sessions, which are read at the first call."""

    run: str
    """The run's directory."""
    replays: bool = True
    """Asks to be told the role and the turn with every call."""
    _sessions: _Sessions | None = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "replay"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"run": self.run}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = self._recorded(kwargs.get("role"), kwargs.get("turn"), kwargs.get("purpose", "turn"))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)

    def _recorded(self, role: str | None, turn: int | None, purpose: Purpose) -> str:
        player = _PLAYING.get()
        if role not in REPLAYED:
            raise UserError(
                f"{role!r} cannot be replayed", where=f"replay:{self.run}", allowed=REPLAYED
            )
        if player is None or turn is None:
            raise NotRecorded("a replayed call was made outside a session or without its turn")
        if self._sessions is None:
            self._sessions = read_sessions(Path(self.run))
        key = (player.persona, player.resistance, player.replicate)
        cells = self._sessions.get(key, {})
        if player.cell in cells:
            lines = cells[player.cell]
        elif len(cells) == 1:
            (lines,) = cells.values()
        else:
            what = "no session" if not cells else f"{len(cells)} cells, none {player.cell!r},"
            raise NotRecorded(f"{self.run} has {what} for {'/'.join(map(str, key))}")
        if (role, turn, purpose) not in lines:
            what = "turn" if purpose == "turn" else "plan before turn"
            raise NotRecorded(f"{self.run}: {'/'.join(map(str, key))} has no {role} {what} {turn}")
        return lines[role, turn, purpose]


def recorded_parts(run: Path) -> list[Path]:
    """The files of a run's sessions. Raises UserError for a directory without any."""
    parts = sorted(run.glob("sessions/part-*.parquet"))
    if not parts:
        raise UserError(
            "has no recorded sessions",
            where=f"replay:{run}",
            hint="give the directory of a run, such as outputs/quickstart-1",
        )
    return parts


def read_sessions(run: Path) -> _Sessions:
    """The words of all sessions of a run. Raises UserError for a directory that is none."""
    sessions: _Sessions = {}
    for part in recorded_parts(run):
        try:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(batch_size=64, columns=_COLUMNS):
                    for row in batch.to_pylist():
                        key = (row["persona_id"], row["resistance"]["type"], row["replicate"])
                        sessions.setdefault(key, {})[row["cell"]] = _lines(row["turns"])
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise UserError(
                f"cannot be read: {error}", where=str(part), hint="is it whole? resume that run"
            ) from None
    return sessions


def _lines(turns: list[Mapping[str, Any]]) -> _Lines:
    """Texts in the forms in which the roles' models write them."""
    lines: _Lines = {}
    for turn in turns:
        speaker, index, stage = turn["speaker"], turn["index"], turn["stage_direction"]
        lines[speaker, index, "turn"] = f"[{stage}] {turn['text']}" if stage else turn["text"]
        if (plan := turn["plan"]) is not None:
            steps = [f"{number}. {step}" for number, step in enumerate(plan["steps"], 1)]
            lines[speaker, index, "plan"] = "\n".join([f"Technique: {plan['technique']}", *steps])
    return lines
