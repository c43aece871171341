"""One line of figures a session, read from the columns that hold them and no others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from mirrorplay.policies.instruments.trajectory import level
from mirrorplay.policies.stopping import Outcome
from mirrorplay.runs.store import iter_rows

COLUMNS = (
    "session_id",
    "cell",
    "factors",
    "replicate",
    "persona_id",
    "resistance",
    "turns.speaker",
    "turns.codes",
    "turns.state",
    "outcome",
    "scores",
)
MEASURES = (
    "alliance",
    "skill",
    "resistance_first",
    "resistance_peak",
    "resistance_last",
    "resistance_area",
    "trust_last",
    "exchanges",
    "resolved",
)
"""What a session is compared by. `alliance`: mean of the WAI subscales, 1–5. `skill`: mean of the
CTRS items, 0–6. `resistance_*`: coded level, 0–1, the area as its mean over the client's turns.
`trust_last`: the hidden trust at the client's last turn, 0–1, where there is one. `resolved`: 1 or
0, null after a safety stop."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one session; a measure that is missing is absent."""

    session_id: str
    cell: str
    factors: dict[str, Any]
    replicate: int
    persona_id: str
    resistance: str
    masking: float
    outcome: Outcome
    measures: dict[str, float]


def iter_figures(run_dir: Path) -> Iterator[Figures]:
    """Figures of every finished session, streaming."""
    for row in iter_rows(run_dir, COLUMNS, include_spooled=True):
        scores: dict[str, list[float]] = {}
        measures: dict[str, float] = {}
        for score in row["scores"]:
            if score["instrument"] == "resistance_trajectory":
                measures[f"resistance_{score['item']}"] = score["value"]
            else:
                scores.setdefault(score["instrument"], []).append(score["value"])
        if row["outcome"] != "safety_stop":
            measures["resolved"] = float(row["outcome"] == "resolved")
            if "wai" in scores:
                measures["alliance"] = fmean(scores["wai"])
        if "ctrs" in scores:
            measures["skill"] = fmean(scores["ctrs"])
        spoke = [turn for turn in row["turns"] if turn["speaker"] == "client"]
        measures["resistance_area"] = fmean(level(turn["codes"]) for turn in spoke)
        if spoke[-1]["state"] is not None:
            measures["trust_last"] = spoke[-1]["state"]["trust"]
        measures["exchanges"] = len(row["turns"]) / 2
        yield Figures(
            session_id=row["session_id"],
            cell=row["cell"],
            factors=json.loads(row["factors"]),
            replicate=row["replicate"],
            persona_id=row["persona_id"],
            resistance=row["resistance"]["type"],
            masking=row["resistance"]["masking"],
            outcome=row["outcome"],
            measures=measures,
        )
