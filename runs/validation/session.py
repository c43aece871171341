"""A played session as the validation needs it: words, who it is, and the hidden truth beside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mirrorplay.agents.roles import ObservedLine, Transcript
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.policies.state import ClientState
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.store import iter_rows
from mirrorplay.runs.validation.statistics import Array

COLUMNS = (
    *("session_id", "factors", "replicate", "persona_id", "persona", "resistance", "outcome"),
    *("turns.index", "turns.speaker", "turns.text", "turns.stage_direction", "turns.codes"),
    *("turns.intended_act", "turns.state", "scores"),
)


@dataclass(frozen=True, slots=True)
class Session:
    """One session. `codes` (the supervisor's coder on the words) and `intended` have one entry a
    turn, `states` one a client turn. `stored`: the scores its own judge gave, by instrument and
    item."""

    session_id: str
    policy: str
    manner: str
    persona: str
    kind: str
    replicate: int
    card: IntakeCard
    traits: dict[str, Any]
    """Gender, heritage, skin tone and whose twin, of the persona."""
    lines: tuple[ObservedLine, ...]
    codes: tuple[tuple[str, ...], ...]
    intended: tuple[str | None, ...]
    states: tuple[ClientState, ...]
    outcome: Any
    stored: dict[tuple[str, str], float]

    @property
    def style(self) -> tuple[str, str]:
        """Policy and manner: one known group."""
        return self.policy, self.manner

    @property
    def cell(self) -> tuple[str, str, str]:
        """Policy, manner and resistance type: nothing is pooled over these."""
        return self.policy, self.manner, self.kind

    @property
    def client(self) -> tuple[str, str, int]:
        """Who is met: the same in every cell and bank."""
        return self.persona, self.kind, self.replicate

    @property
    def transcript(self) -> Transcript:
        return Transcript(self.card, self.lines, self.outcome)

    @property
    def words(self) -> tuple[int, int]:
        """Words of the client and of the therapist."""
        spoken = {"client": 0, "therapist": 0}
        for line in self.lines:
            spoken[line.speaker] += len(line.text.split())
        return spoken["client"], spoken["therapist"]


def read_sessions(run_dir: Path) -> list[Session]:
    """The finished sessions of a run, by client and cell. Safety stops are left out: they are
    neither success nor failure."""
    block = RunDirectory.open(run_dir).config().therapist
    policy = getattr(block, "policy", "custom")
    manner = getattr(block, "manner", "good")
    rows = iter_rows(run_dir, COLUMNS, include_spooled=True)
    found = [_session(row, policy, manner) for row in rows if row["outcome"] != "safety_stop"]
    return sorted(found, key=lambda one: (one.persona, one.kind, one.replicate, one.style))


def _session(row: dict[str, Any], policy: str, manner: str) -> Session:
    factors = json.loads(row["factors"])
    person = json.loads(row["persona"])
    intake = person["intake"]
    turns = row["turns"]
    return Session(
        session_id=row["session_id"],
        policy=factors.get("therapist.policy", policy),
        manner=factors.get("therapist.manner", manner),
        persona=row["persona_id"],
        kind=row["resistance"]["type"],
        replicate=row["replicate"],
        card=IntakeCard(**{name: intake.get(name) for name in IntakeCard.model_fields}),
        traits={
            "gender": intake.get("gender"),
            "heritage": intake.get("heritage"),
            "skin_tone": person.get("appearance", {}).get("skin_tone"),
            "twin_of": person.get("twin_of"),
        },
        lines=tuple(
            ObservedLine(turn["index"], turn["speaker"], turn["text"], turn["stage_direction"])
            for turn in turns
        ),
        codes=tuple(tuple(turn["codes"]) for turn in turns),
        intended=tuple(turn["intended_act"] for turn in turns),
        states=tuple(
            ClientState.model_construct(**turn["state"]) for turn in turns if turn["state"]
        ),
        outcome=row["outcome"],
        stored={(one["instrument"], one["item"]): one["value"] for one in row["scores"]},
    )


def cells(sessions: Sequence[Session]) -> Iterator[tuple[tuple[str, str, str], list[int]]]:
    """Positions of the sessions of each policy × manner × type."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for at, one in enumerate(sessions):
        found.setdefault(one.cell, []).append(at)
    yield from sorted(found.items())


def last_trust(sessions: Sequence[Session]) -> Array:
    """Hidden trust at the client's last turn, 0–1; NaN where the client has no state."""
    return np.array([one.states[-1].trust if one.states else np.nan for one in sessions])


def pairs(first: Sequence[Session], second: Sequence[Session]) -> list[tuple[int, int]]:
    """Positions of the same client with the same therapist in both."""
    at = {(*one.client, *one.style): number for number, one in enumerate(second)}
    return [
        (number, at[key])
        for number, one in enumerate(first)
        if (key := (*one.client, *one.style)) in at
    ]
