"""Small sessions to store."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import pyvips

from mirrorplay.graphs.record import (
    FaceAttemptRecord,
    RecordedImage,
    ResistanceRecord,
    SessionRecord,
    Turn,
    UsageRecord,
)
from mirrorplay.personas.schema import Intake, Persona, ResistanceProfile
from mirrorplay.policies.expression import ActionUnit, Expression, Perception
from mirrorplay.policies.instruments.score import Score
from mirrorplay.policies.reframing import Plan
from mirrorplay.policies.state import ClientState
from mirrorplay.runs.dataset import to_batch
from mirrorplay.runs.spool import SpoolWriter

MakeRecord = Callable[..., SessionRecord]


def picture(shade: int = 0) -> bytes:
    """A PNG of 8 × 8 pixels of which one, at (3, 3), has that shade of red."""
    canvas = pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb").cast("uchar")
    data: bytes = canvas.draw_rect([shade, 0, 0], 3, 3, 1, 1).pngsave_buffer()
    return data


def record(session_id: str = "s-1", **changes: object) -> SessionRecord:
    """A session of two exchanges in which every column holds something."""
    state = ClientState(
        trust=0.5, ambivalence=0.4, confrontation=0.3, withdrawal=0.2, distress=0.1, conviction=0.9
    )
    units = (ActionUnit(au=1, intensity=2.0), ActionUnit(au=14, intensity=1.5, side="left"))
    turns = []
    for exchange in range(2):
        turns.append(
            Turn(
                index=2 * exchange,
                exchange=exchange,
                speaker="client",
                text="I could maybe look at it.",
                stage_direction="looks away",
                intended_act="reluctance",
                codes=("reluctance", "answering"),
                state=state,
                expression=Expression(
                    action_units=units, gaze_x=-0.5, caption="one corner tight", contrast="smiling"
                ),
                face=exchange,
                face_attempts=(
                    FaceAttemptRecord(
                        seed=2**63 - 1,
                        scores={"size": 0.5, "edge": 0.25},
                        reasons=("dark",),
                        accepted=False,
                    ),
                    FaceAttemptRecord(seed=7),
                ),
                latency_ms=1.25,
            )
        )
        turns.append(
            Turn(
                index=2 * exchange + 1,
                exchange=exchange,
                speaker="therapist",
                text="What would it cost you?",
                codes=("open_question",),
                perception=Perception(action_units=units, valence=-0.25, caption="guarded"),
                plan=Plan(technique="pie_chart", steps=("draw it", "fill it"), stage=1),
                note="permission first",
                model="scripted",
                prompt_tokens=11,
                completion_tokens=5,
                latency_ms=2.5,
            )
        )
    whole = SessionRecord(
        session_id=session_id,
        run="test",
        cell="p",
        factors={"therapist.mode": "p"},
        replicate=0,
        seed=2**64 - 1,
        attempt=0,
        persona_id="ada",
        persona=Persona(
            id="ada",
            intake=Intake(name="Ada", age=41, reason="The review on Tuesday."),
            resistance=ResistanceProfile(type="cognitive"),
        ),
        resistance=ResistanceRecord(
            type="cognitive", intensity=0.6, reactivity=0.5, masking=0.3, dynamics="full"
        ),
        therapist="mi_consistent",
        mode="p",
        turns=tuple(turns),
        faces=tuple(RecordedImage(data=picture(shade), mime="image/png") for shade in (10, 20)),
        outcome="resolved",
        ended_by="supervisor",
        scores=(Score(instrument="ctrs", item="focus", value=3.5, rater="r:words", evidence=(1,)),),
        usage=UsageRecord(calls=2, prompt_tokens=22, completion_tokens=10),
        provenance={"parent": None},
    )
    return whole.model_copy(update=changes)


def spool(run_dir: Path, shard: int, records: Sequence[SessionRecord]) -> Path:
    """A closed spool of the next attempt with these sessions."""
    with SpoolWriter(run_dir, shard) as writer:
        for one in records:
            writer.append(to_batch(one))
    return writer.path


@pytest.fixture
def make_record() -> MakeRecord:
    return record


@pytest.fixture
def make_picture() -> Callable[[int], bytes]:
    return picture


@pytest.fixture
def fill_spool(tmp_path: Path) -> Callable[..., Path]:
    """fill_spool(shard, ids or records…) writes a spool in `tmp_path`."""

    def fill(shard: int, *sessions: str | SessionRecord) -> Path:
        return spool(
            tmp_path,
            shard,
            [record(one) if isinstance(one, str) else one for one in sessions],
        )

    return fill
