"""A run directory of stored sessions, and judges that count what they are asked."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mirrorplay.agents.roles import Scores, Transcript
from mirrorplay.graphs.record import SessionRecord
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.dataset import to_batch
from mirrorplay.runs.judging.rescore import Rater
from mirrorplay.runs.part import part_path, write_part
from mirrorplay.runs.spool import Frame

Store = Callable[..., Path]


class Counter:
    """Scores the number of lines, and remembers whom it was asked about."""

    def __init__(self, rater: str = "counter-v1:words") -> None:
        self.rater = rater
        self.asked: list[Transcript] = []

    async def score(self, transcript: Transcript) -> Scores:
        self.asked.append(transcript)
        return Scores(
            (
                self._of("ctrs", "focus", float(len(transcript.lines))),
                self._of("wai", "bond", 2.0),
            )
        )

    def _of(self, instrument: str, item: str, value: float) -> Score:
        return Score(instrument=instrument, item=item, value=value, rater=self.rater)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """store(shard, records, retry=0) commits a part of a run in `tmp_path`."""

    def commit(shard: int, records: Sequence[SessionRecord], retry: int = 0) -> Path:
        path = part_path(tmp_path, shard, retry)
        frames = []
        for one in records:
            batch = to_batch(one)
            frames.append(Frame(one.session_id, batch, 0, batch.nbytes))
        path.unlink(missing_ok=True)
        write_part(path, shard, frames, {})
        return path

    return commit


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def as_rater() -> Callable[..., Rater]:
    def made(judge: Counter, instruments: Sequence[str] | None = None, variant="words") -> Rater:
        asked = None if instruments is None else frozenset(instruments)
        return Rater(judge, judge.rater, variant, asked)

    return made
