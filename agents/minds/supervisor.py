"""A supervisor played by a model: codes, danger, and whether to go on.

One call an exchange, answered in a type of ours. The rule-based crisis screen always runs beside
it: a model can add findings, with words that were really said, and never take one away. How a
session ends when nobody resolves it (safety, leaving, the limit) is never the model's to decide. An
answer that was refused or could not be read leaves the exchange without codes.
"""

from functools import lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from mirrorplay.agents.minds.reading import AsName, seed_from
from mirrorplay.agents.minds.tape import observed_text
from mirrorplay.agents.models.message import Message, system, user
from mirrorplay.agents.models.mind import Form, Mind
from mirrorplay.agents.prompts.catalogue import FOLDER, prompt
from mirrorplay.agents.roles import ObservedLine, Review, SupervisorScene
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.acts import CLIENT_ACTS, THERAPIST_ACTS, ClientAct, TherapistAct
from mirrorplay.policies.coding.lexical import TALK_CODES
from mirrorplay.policies.safety import (
    QUOTED,
    SafetyCategory,
    SafetyFinding,
    TherapistHarm,
    screen,
    screen_therapist,
)
from mirrorplay.policies.stopping import (
    IMPASSE_FROM,
    RESOLVED_FROM,
    EndedBy,
    Outcome,
    decide,
    suggest_replan,
)

Stopping = Literal["model", "rules"]
Watched = Literal["words", "words+stage"]
CODES_FILE = FOLDER / "supervisor" / "codes.yaml"
NOTE_LIMIT = 300
"""Characters of a note that are kept."""


class Danger(BaseModel):
    """One sign of danger as the model reports it."""

    model_config = ConfigDict(frozen=True)

    kind: Annotated[SafetyCategory | TherapistHarm, AsName]
    line: int
    quote: str


class ExchangeAnswer(BaseModel):
    """What a model answers about one exchange."""

    model_config = ConfigDict(frozen=True)

    client: Annotated[ClientAct, AsName]
    talk: Annotated[Literal["talk:change", "talk:sustain", "talk:neutral"], AsName]
    therapist: tuple[Annotated[TherapistAct, AsName], ...] = ()
    danger: tuple[Danger, ...] = ()
    decision: Annotated[Literal["continue", "resolved", "impasse"], AsName] = "continue"
    new_plan: bool = False
    note: str | None = Field(default=None, max_length=4000)


_FORM = Form(ExchangeAnswer)


class ModelSupervisor:
    """Watches with a model.

    stopping: `model` lets it end a session as resolved or at an impasse, not before the exchanges
    from which the rules could; `rules` leaves that to `policies/stopping.py` over the model's
    codes. variant: `words`, or `words+stage` to show it the client's stage directions.
    """

    def __init__(
        self, mind: Mind, stopping: Stopping = "model", variant: Watched = "words"
    ) -> None:
        for where, given, allowed in (
            ("supervisor.stopping", stopping, get_args(Stopping)),
            ("supervisor.variant", variant, get_args(Watched)),
        ):
            if given not in allowed:
                raise UserError(f"{given!r} is not known", where=where, allowed=allowed)
        self._mind = mind
        self._stopping = stopping
        self._stage = variant == "words+stage"

    async def review(self, scene: SupervisorScene) -> Review:
        client, reply = _last_exchange(scene.lines)
        before = _asked(scene.lines, client)
        messages = supervisor_messages(scene, self._stage)
        answer = await self._mind.ask(
            messages,
            seed=seed_from(messages[-1].text),
            read=_FORM,
            turn=reply.index if reply else None,
            optional=True,
        )
        read = answer.value
        heard = screen(client.text, before) if client else ()
        harms = screen_therapist(reply.text) if reply else ()
        if read is not None:
            heard = _with(heard, read.danger, client, get_args(SafetyCategory))
            harms = _with(harms, read.danger, reply, get_args(TherapistHarm))
        codes = (read.client, read.talk) if read is not None and client is not None else ()
        history = [line.codes for line in scene.lines if line.speaker == "client"][:-1]
        history.append(codes)
        ending = self._ending(scene, heard, read, history)
        replan = False
        if ending is None and scene.planned and read is not None:
            by_rule = suggest_replan(history)
            replan = by_rule if self._stopping == "rules" else read.new_plan
        return Review(
            client_codes=codes,
            therapist_codes=tuple(dict.fromkeys(read.therapist)) if read and reply else (),
            safety=(*heard, *harms),
            outcome=ending[0] if ending else None,
            ended_by=ending[1] if ending else None,
            replan=replan,
            note=_note(read.note) if read else f"not coded: {answer.failure}",
            usage=answer.usage,
        )

    def _ending(
        self,
        scene: SupervisorScene,
        heard: tuple[SafetyFinding, ...],
        read: ExchangeAnswer | None,
        history: list[tuple[str, ...]],
    ) -> tuple[Outcome, EndedBy] | None:
        by_rule = decide(
            history if self._stopping == "rules" else (),
            scene.exchange,
            scene.max_exchanges,
            scene.leaving,
            heard,
        )
        if self._stopping == "rules" or read is None:
            return by_rule
        if by_rule is not None and by_rule[0] != "max_exchanges":
            return by_rule
        if read.decision == "resolved" and scene.exchange >= RESOLVED_FROM:
            return "resolved", "supervisor"
        if read.decision == "impasse" and scene.exchange >= IMPASSE_FROM:
            return "impasse", "supervisor"
        return by_rule


def supervisor_messages(scene: SupervisorScene, stage: bool = False) -> list[Message]:
    """What the model is given: the tape as data, and the codes."""
    client, reply = _last_exchange(scene.lines)
    table = _codes()
    standing = f"This was exchange {scene.exchange} of at most {scene.max_exchanges}."
    return [
        system(prompt("supervisor/system").render()),
        user(
            prompt("supervisor/exchange").render(
                session=observed_text(scene.lines, stage),
                client_line=str(client.index) if client else "none",
                therapist_line=str(reply.index) if reply else "none",
                client_codes=table["client"],
                talk_codes=table["talk"],
                therapist_codes=table["therapist"],
                dangers=", ".join(get_args(SafetyCategory)),
                harms=", ".join(get_args(TherapistHarm)),
                standing=standing,
            )
        ),
    ]


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    table: dict[str, Any] = read_yaml(CODES_FILE).value
    for section, known in (
        ("client", CLIENT_ACTS),
        ("talk", TALK_CODES),
        ("therapist", THERAPIST_ACTS),
    ):
        if set(table[section]) != set(known):
            raise UserError(f"{section}: not every code", where=str(CODES_FILE), allowed=known)
    return {
        section: "\n".join(f"- {code}: {meaning}" for code, meaning in codes.items())
        for section, codes in table.items()
    }


def _last_exchange(
    lines: tuple[ObservedLine, ...],
) -> tuple[ObservedLine | None, ObservedLine | None]:
    client = next((line for line in reversed(lines) if line.speaker == "client"), None)
    reply = next((line for line in reversed(lines) if line.speaker == "therapist"), None)
    if client is not None and reply is not None and reply.index < client.index:
        reply = None
    return client, reply


def _asked(lines: tuple[ObservedLine, ...], client: ObservedLine | None) -> str | None:
    """The therapist's words before the client's."""
    earlier = [line for line in lines if client is not None and line.index < client.index]
    return next((line.text for line in reversed(earlier) if line.speaker == "therapist"), None)


def _with(
    found: tuple[SafetyFinding, ...],
    reported: tuple[Danger, ...],
    line: ObservedLine | None,
    allowed: tuple[str, ...],
) -> tuple[SafetyFinding, ...]:
    """Findings with those the model adds: of a kind that fits the speaker, in words of the line."""
    if line is None:
        return found
    said = _bare(line.text)
    known = {finding.category for finding in found}
    added = []
    for danger in reported:
        quote = _bare(danger.quote)
        if danger.kind not in allowed or danger.kind in known or not quote or quote not in said:
            continue
        known.add(danger.kind)
        added.append(
            SafetyFinding(category=danger.kind, cue=" ".join(danger.quote.split())[:QUOTED])
        )
    return (*found, *added)


def _bare(text: str) -> str:
    """Words alone, for finding a quote however it was punctuated."""
    kept = text.lower().replace("\u2019", "'")
    return " ".join("".join(c if c.isalnum() or c == "'" else " " for c in kept).split())


def _note(text: str | None) -> str | None:
    return " ".join(text.split())[:NOTE_LIMIT] or None if text else None
