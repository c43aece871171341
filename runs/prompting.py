"""What each model was given at a turn: the session is played once more with the recorded answers.

Everything that is not a model draws the same again, so every prompt is made anew from the same
scene; what a model said comes from the record. Roles that answer in codes or numbers (supervisor,
judge, perceiver) are asked by the same functions and answered from their columns. Not kept, and so
not shown: requests for a repair, and a client's second try (`tries` says that there was one).
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.text import Text

from mirrorplay.agents.models.message import Message
from mirrorplay.agents.models.scripted import Asked, FunctionChat
from mirrorplay.agents.models.spec import ModelSpec
from mirrorplay.agents.models.switchboard import Switchboard
from mirrorplay.agents.roles import (
    Face,
    FaceBrief,
    Image,
    Review,
    Scores,
    SupervisorScene,
    TherapistScene,
    Transcript,
)
from mirrorplay.graphs.context import Cast
from mirrorplay.graphs.record import SessionRecord
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.reframing import Plan
from mirrorplay.runs.casting import cast_of, extend_import_path
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.grid import cells
from mirrorplay.runs.model_blocks import BY_MODEL
from mirrorplay.runs.plan import PlannedSession
from mirrorplay.runs.play import play


@dataclass(frozen=True, slots=True)
class Given:
    """One prompt: which role, at which turn (None: after the session), and the messages."""

    role: str
    turn: int | None
    messages: tuple[Message, ...]


class _Rehearsal(Switchboard):
    """Models that give back what was recorded, and note what they were given."""

    def __init__(self, record: SessionRecord) -> None:
        super().__init__()
        self.record = record
        self.given: list[Given] = []
        self.turn = 0
        self.judging = False

    def model(self, spec: ModelSpec) -> Any:
        return FunctionChat(answer=self._answer, model=spec.model)

    def note(self, role: str, turn: int | None, messages: Sequence[Message]) -> None:
        self.given.append(Given(role, turn, tuple(messages)))

    def _answer(self, asked: Asked) -> str:
        if self.judging:
            if all(one.messages != asked.messages for one in self.given):
                self.note("judge", None, asked.messages)
            return '{"reason": "", "evidence": [], "score": null}'
        turn = self.record.turns[min(self.turn, len(self.record.turns) - 1)]
        self.note(turn.speaker, turn.index, asked.messages)
        return f"[{turn.stage_direction}] {turn.text}" if turn.stage_direction else turn.text


@dataclass(slots=True)
class _Artist:
    """The recorded faces."""

    record: SessionRecord

    async def draw(self, brief: FaceBrief) -> Face:
        turn = self.record.turns[2 * brief.turn]
        if turn.face is None:
            return Face(None)
        kept = self.record.faces[turn.face]
        return Face(Image(kept.data, kept.mime, 0, 0))


def prompts_of(run: RunDirectory, record: SessionRecord, turn: int | None = None) -> list[Given]:
    """Every prompt of a session in the order they were given, or those of a turn and the judge's.

    Raises UserError for a turn that there is not, a session without models or of a screenplay, and
    one that does not play as it was recorded.
    """
    if turn is not None and not 0 <= turn < len(record.turns):
        raise UserError(
            f"there is no turn {turn}",
            where=f"session {record.session_id}",
            allowed=f"0 to {len(record.turns) - 1}",
        )
    config = next(cell.config for cell in cells(run.config()) if cell.name == record.cell)
    if not config.specs():
        raise UserError(
            "no role of this session has a model, so there are no prompts",
            where=f"session {record.session_id}",
        )
    if config.graph.kind != "session":
        raise UserError("a screenplay is not played turn by turn", where=record.session_id)
    extend_import_path((".", *run.import_path()))
    rehearsal = _Rehearsal(record)
    played = asyncio.run(_rehearse(run, config, rehearsal))
    said = [one.text for one in record.turns]
    if [one.text for one in played.turns] != said:
        raise UserError(
            "the session does not play again as it was recorded",
            where=f"session {record.session_id}",
            hint="was it made by another version? run.json tells",
        )
    return [one for one in rehearsal.given if turn is None or one.turn in (turn, None)]


async def _rehearse(
    run: RunDirectory, config: RunConfig, rehearsal: _Rehearsal
) -> SessionRecord:  # fmt: skip
    record = rehearsal.record
    planned = PlannedSession(
        session_id=record.session_id,
        cell=record.cell,
        persona_id=record.persona_id,
        resistance=record.resistance.type,
        replicate=record.replicate,
        seed=record.seed,
        shard=0,
    )
    cell = next(one for one in cells(run.config()) if one.name == record.cell)
    cast = _recorded(cast_of(_keyless(config), rehearsal), config, rehearsal)
    return await play(planned, cell, record.persona, cast, record.run, record.attempt)


def _keyless(config: RunConfig) -> RunConfig:
    """Nothing is asked, so nobody's key is needed."""
    changes: dict[str, Any] = {}
    for name in ("client", "perceiver", "therapist", "supervisor", "judge"):
        block = getattr(config, name)
        if isinstance(block, BY_MODEL):
            spec = block.spec.model_copy(update={"api_key_env": None, "api_key_file": None})
            changes[name] = block.model_copy(update={"spec": spec})
    return config.model_copy(update=changes)


def _recorded(cast: Cast, config: RunConfig, rehearsal: _Rehearsal) -> Cast:
    """The cast, with whoever answers in numbers answering from the record."""
    changes: dict[str, Any] = {
        "artist": _Artist(rehearsal.record),
        "client": _Speaking(cast.client, rehearsal),
        "therapist": _Replying(cast.therapist, rehearsal, config.therapist.kind == "model"),
        "supervisor": _Watching(rehearsal, config.supervisor.kind == "model"),
        "judge": _Rating(cast.judge, rehearsal),
    }
    if cast.perceiver is not None:
        changes["perceiver"] = _Looking(rehearsal, config.perceiver.kind == "model")
    return replace(cast, **changes)


@dataclass(slots=True)
class _Speaking:
    """The client, who speaks first in each exchange."""

    client: Any
    rehearsal: _Rehearsal

    async def speak(self, scene: Any) -> Any:
        self.rehearsal.turn = scene.turn
        return await self.client.speak(scene)


@dataclass(slots=True)
class _Replying:
    therapist: Any
    rehearsal: _Rehearsal
    asked: bool

    async def plan(self, scene: TherapistScene) -> Plan:
        from mirrorplay.agents.minds.therapist import plan_messages

        if not self.asked:
            plan: Plan = await self.therapist.plan(scene)
            return plan
        self.rehearsal.note("plan", scene.turn, plan_messages(scene))
        made = self.rehearsal.record.turns[scene.turn].plan
        if made is None:
            raise UserError("the record has no plan here", where=f"turn {scene.turn}")
        return made.model_copy(update={"stage": 0})

    async def respond(self, scene: TherapistScene) -> Any:
        self.rehearsal.turn = scene.turn
        return await self.therapist.respond(scene)


@dataclass(slots=True)
class _Looking:
    rehearsal: _Rehearsal
    asked: bool

    async def look(self, image: Image) -> Perception:
        from mirrorplay.agents.minds.perceiver import perceiver_messages

        turn = self.rehearsal.turn
        if self.asked:
            self.rehearsal.note("perceiver", turn, perceiver_messages(image))
        return self.rehearsal.record.turns[turn].perception or Perception()


@dataclass(slots=True)
class _Watching:
    rehearsal: _Rehearsal
    asked: bool

    async def review(self, scene: SupervisorScene) -> Review:
        from mirrorplay.agents.minds.supervisor import supervisor_messages

        record = self.rehearsal.record
        at = scene.lines[-1].index
        if self.asked:
            self.rehearsal.note("supervisor", at, supervisor_messages(scene))
        client, reply = record.turns[at - 1], record.turns[at]
        last = at == len(record.turns) - 1
        later = None if last or at + 2 >= len(record.turns) else record.turns[at + 2].plan
        return Review(
            client_codes=client.codes,
            therapist_codes=reply.codes,
            outcome=record.outcome if last else None,
            ended_by=record.ended_by if last else None,
            replan=_new(reply.plan, later),
            note=client.note,
        )


def _new(plan: Plan | None, later: Plan | None) -> bool:
    """Whether the next reply works on another plan."""
    return plan is not None and later is not None and plan.steps != later.steps


@dataclass(slots=True)
class _Rating:
    judge: Any
    rehearsal: _Rehearsal

    @property
    def looks_at_faces(self) -> bool:
        return bool(getattr(self.judge, "looks_at_faces", False))

    async def score(self, transcript: Transcript) -> Scores:
        from mirrorplay.agents.minds.judge import ModelJudge

        if isinstance(self.judge, ModelJudge):
            self.rehearsal.judging = True
            await self.judge.score(transcript)
        return Scores(())


def print_prompts(console: Console, given: Sequence[Given]) -> None:
    """Each prompt, message by message, as the model got it; a picture as its size and hash."""
    for one in given:
        at = "after the session" if one.turn is None else f"turn {one.turn}"
        console.print(Text(f"{one.role}, {at}", style="bold"))
        for message in one.messages:
            console.print(Text(f"── {message.role}", style="dim"))
            for part in _parts(message):
                console.print(Text(part), soft_wrap=True)
        console.print()


def _parts(message: Message) -> Iterator[str]:
    for part in message.parts:
        if isinstance(part, Image):
            yield f"[picture: {part.mime}, {len(part.data):,} bytes, sha256 {part.sha256[:16]}]"
        else:
            yield part
