"""Is the data set worth analysing: repetition, variety, length, safety stops, missing scores."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mirrorplay.runs.analysis.variety import COLUMNS as VARIETY_COLUMNS
from mirrorplay.runs.analysis.variety import LONGER_THAN, SPEAKERS, masked, self_bleu
from mirrorplay.runs.reporting.document import (
    Facts,
    Group,
    Section,
    Table,
    Text,
    Value,
    number,
    percent,
)
from mirrorplay.runs.reporting.material import Material
from mirrorplay.runs.reporting.reading import Reading
from mirrorplay.runs.store import iter_rows

SAMPLED = 1_000
"""Sessions in which the variety of talk is measured, evenly spaced over the run."""
COMPARED = 100
"""Utterances of each speaker that self-BLEU is the mean of, evenly spaced: it is slow."""
NONE_SAID = "nothing was said"


def talk(m: Material) -> Section:
    """Repetition, variety and length."""
    reading = m.reading
    lengths = sorted(reading.lengths.elements())
    words = reading.words.total()
    stops = {cell: ended["safety_stop"] for cell, ended in reading.ended.items()}
    facts = [
        ("Sessions that repeat another of their cell", _count(reading.repeated, reading.sessions)),
        ("Utterances without a word", f"{reading.empty:,}"),
        (
            "Client turns a session",
            f"median {lengths[len(lengths) // 2]}, from {lengths[0]} to {lengths[-1]}",
        ),
        ("Sessions of one client turn or none",
         _count(reading.lengths[0] + reading.lengths[1], reading.sessions)),
        ("Client’s share of all words",
         f"{100 * reading.words['client'] / words:.0f}%" if words else "– (no words)"),
        ("Safety stops", _count(reading.stops, reading.sessions) + _by_cell(stops)),
    ]  # fmt: skip
    step = max(1, -(-reading.sessions // SAMPLED))
    rows: list[tuple[Value, ...]] = []
    for speaker, one in _varieties(m, step).items():
        rows.append(
            (
                speaker,
                f"{one.utterances:,}",
                number(one.median_words, 0, why=NONE_SAID),
                number(100 * one.duplicates, 1, why="no utterance of more than three words"),
                number(one.distinct_1, 3, why=NONE_SAID),
                number(one.distinct_2, 3, why=NONE_SAID),
                number(one.self_bleu, 2, why="fewer than two utterances"),
            )
        )
    many = -(-reading.sessions // step)
    return Section(
        "Talk",
        (
            Facts(tuple(facts)),
            Table(
                ("speaker", "utterances", "median words", "duplicates, %", "distinct-1",
                 "distinct-2", "self-BLEU"),
                tuple(rows),
                f"Variety in {many:,} sessions"
                + (", evenly spaced over the run." if step > 1 else "."),
            ),
            Text(
                "Duplicates: utterances of more than three words that were said before, the "
                "persona’s own names and topics hidden. Lower is more varied there and in "
                "self-BLEU; distinct-n falls with the number of utterances, so compare runs of "
                "one size.",
                "note",
            ),
        ),
    )  # fmt: skip


def missing_scores(m: Material) -> Section:
    """Which scores are not there, by rater, instrument and item."""
    reading = m.reading
    if not reading.raters:
        return Section("Missing scores", (Text("The run’s judge gave no score."),))
    rows: list[tuple[Value, ...] | Group] = []
    for rater in reading.raters:
        rows.append(Group(rater))
        rows += _missing_rows(reading, rater)
    return Section(
        "Missing scores",
        (
            Table(
                ("instrument", "values missing", "of", "share", "of them safety stops"),
                tuple(rows),
                "What the run’s own judge left out. Missing is missing: it enters no mean as 0.",
            ),
        ),
    )


def _missing_rows(reading: Reading, rater: str) -> Iterator[tuple[Value, ...]]:
    """One row an instrument, or one an item where its items differ."""
    items: dict[str, list[str]] = {}
    for name, instrument, item in reading.scored:
        if name == rater:
            items.setdefault(instrument, []).append(item)
    for instrument, names in items.items():
        counts = {
            item: (
                reading.sessions - reading.scored[rater, instrument, item],
                reading.stops - reading.stops_scored[rater, instrument, item],
            )
            for item in names
        }
        if len(set(counts.values())) == 1:
            told = f"{instrument} ({len(names)} items)" if len(names) > 1 else instrument
            lost, stopped = next(iter(counts.values()))
            many = len(names)
            yield _missing_row(told, lost * many, reading.sessions * many, stopped * many)
        else:
            for item, (lost, stopped) in counts.items():
                yield _missing_row(f"{instrument}: {item}", lost, reading.sessions, stopped)


def _missing_row(told: str, lost: int, whole: int, stopped: int) -> tuple[Value, ...]:
    share = percent(lost, whole, why="no sessions", digits=1)
    return told.replace("_", " "), f"{lost:,}", f"{whole:,}", share, f"{stopped:,}"


@dataclass(frozen=True, slots=True)
class _Variety:
    """As `Variety` of `runs/analysis/variety.py`; NaN where there was nothing to count."""

    utterances: int
    median_words: float
    duplicates: float
    distinct_1: float
    distinct_2: float
    self_bleu: float


def _varieties(m: Material, step: int) -> dict[str, _Variety]:
    said: dict[str, list[str]] = {speaker: [] for speaker in SPEAKERS}
    words: dict[str, list[int]] = {speaker: [] for speaker in SPEAKERS}
    rows = iter_rows(m.run.path, VARIETY_COLUMNS, include_spooled=True)
    for place, row in enumerate(rows):
        if place % step:
            continue
        persona = row["persona"]
        if isinstance(persona, str):
            persona = json.loads(persona)
        for turn in row["turns"]:
            words[turn["speaker"]].append(len(turn["text"].split()))
            said[turn["speaker"]].append(masked(turn["text"], persona))
    return {speaker: _variety(said[speaker], sorted(words[speaker])) for speaker in SPEAKERS}


def _variety(said: Sequence[str], words: Sequence[int]) -> _Variety:
    longer = [text for text in said if text.count(" ") >= LONGER_THAN]
    tokens = [text.split() for text in said]
    return _Variety(
        utterances=len(said),
        median_words=float(words[len(words) // 2]) if words else math.nan,
        duplicates=1.0 - len(set(longer)) / len(longer) if longer else math.nan,
        distinct_1=_distinct([word for line in tokens for word in line]),
        distinct_2=_distinct([pair for line in tokens for pair in pairwise(line)]),
        self_bleu=self_bleu(longer[:: max(1, -(-len(longer) // COMPARED))]),
    )


def _distinct(grams: Sequence[object]) -> float:
    return len(set(grams)) / len(grams) if grams else math.nan


def _count(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else "–"


def _by_cell(stops: dict[str, int]) -> str:
    found = Counter(stops)
    some = [f"{cell} {count:,}" for cell, count in found.most_common(6) if count]
    return f" ({'; '.join(some)})" if some and len(stops) > 1 else ""
