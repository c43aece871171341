"""Ratings that came back, checked and added to the run as one more rater, `human:<name>`.

A session rated on several sheets gets the mean of its ratings; so does a pair that was shown twice.
A choice is kept as instrument `preference`, item `over:<other session>`: 1 chosen, 0 not, 0.5
equal. What was left empty is missing. Real transcripts keep the names that the key gives them.

Each set of sheets that was exported makes a part of its own: who rates a second set adds to the
first, and only the same set by the same person is a duplicate.
"""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.item import items
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.judging.agreement import OVER
from mirrorplay.runs.ratings.export import read_key
from mirrorplay.runs.ratings.real import is_real
from mirrorplay.runs.ratings.sheet import PREFERENCE, SIDES, Key
from mirrorplay.runs.ratings.table import Answers, read_table
from mirrorplay.runs.scorebook import (
    Scored,
    note_of,
    path_of,
    raters,
    write_scores,
    written_parts,
)
from mirrorplay.runs.store import iter_rows

HUMAN = "human:"
PART = "ratings-"
"""Before the id of the export."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_WORTH = {"A": 1.0, "equal": 0.5, "B": 0.0}
"""Of A; B has the rest."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a rater did. `chose_a`: share of choices between unequal ones that fell on A, near a
    half without a leaning to one side. `repeats`: pairs shown twice with a choice both times, and
    of them `consistent` with the same session chosen. `exports`: sets of sheets that this rater
    has scores from now. `means`: where real transcripts were mixed in, what they and the simulated
    sessions got."""

    rater: str
    sheets: int
    of: int
    sessions: int
    scores: int
    missing: int
    chose_a: float | None
    repeats: int
    consistent: int
    exports: int = 1
    means: tuple["Means", ...] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """Mean score of an instrument's asked items, and how many scores, of simulated sessions and of
    real ones. A mean of none is None. Of preference: how often a session was chosen, 0 to 1."""

    instrument: str
    simulated: float | None
    of_simulated: int
    real: float | None
    of_real: int


def import_ratings(
    run: RunDirectory, table: Path, key_path: Path, name: str, *, replace: bool = False
) -> Imported:
    """Checks a filled-in table and adds it to the run's scores.

    name: letters, digits, dots, dashes and underscores. replace: this rater may have rated these
    sheets before.
    Raises UserError for a name that is none or is another's, sheets that this rater has rated, a
    key of another run, and whatever `read_table` refuses; nothing is written then.
    """
    rater = _rater(run.path, name)
    key = read_key(key_path)
    before = _rated_before(run.path, rater, key.export)
    if before and not replace:
        raise UserError(
            f"{name!r} has rated this run already, on these very sheets",
            where="--rater",
            hint="another name, or --replace with this very name",
        )
    _check_run(run, key, key_path)
    answers = read_table(table, key)
    if not answers:
        raise UserError("no sheet is filled in", where=str(table))
    scores = list(_scores(rater, key, answers))
    note = {"export": key.export, "sheets": len(answers)}
    part = f"{PART}{key.export}"
    write_scores(run.path, rater, part, scores, note)
    for old in before - {part}:
        path_of(run.path, rater, old).unlink(missing_ok=True)
    told = _told(rater, key, answers, scores)
    return dataclasses.replace(told, exports=len(written_parts(run.path, rater)))


def _rated_before(run_dir: Path, rater: str, export: str) -> frozenset[str]:
    """Parts that hold this rater's ratings of an export."""
    return frozenset(
        part
        for part in written_parts(run_dir, rater)
        if (note_of(run_dir, rater, part) or {}).get("export") == export
    )


def _rater(run_dir: Path, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no name for a rater",
            where="--rater",
            allowed="up to 40 letters, digits, dots, dashes and underscores",
        )
    rater = f"{HUMAN}{name}"
    taken = next((one for one in raters(run_dir) if one.lower() == rater.lower()), rater)
    if taken != rater:
        raise UserError(
            f"{taken.removeprefix(HUMAN)!r} has rated this run already",
            where="--rater",
            hint="this very name for the same person, quite another one for somebody else",
        )
    return rater


def _check_run(run: RunDirectory, key: Key, path: Path) -> None:
    asked = {one for sheet in key.sheets.values() for one in (sheet.a, sheet.b) if not is_real(one)}
    rows = iter_rows(run.path, ["session_id"], include_spooled=True)
    lost = asked - {row["session_id"] for row in rows}
    if lost:
        raise UserError(
            f"is the key of run {key.run!r}: {len(lost):,} of its {len(asked):,} sessions are not "
            f"in {run.name!r}",
            where=str(path),
        )


def _scores(rater: str, key: Key, answers: Sequence[Answers]) -> Iterator[Scored]:
    rated: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for answer in answers:
        shown = key.sheets[answer.sheet]
        session_of = {"a": shown.a, "b": shown.b}
        for question in key.questions:
            for side in SIDES:
                value = answer.values.get(question.column(side))
                if value is not None:
                    what = (session_of[side], question.instrument, question.item)
                    rated[what].append(value)
        if answer.choice is not None:
            worth = _WORTH[answer.choice]
            rated[shown.a, PREFERENCE, f"{OVER}{shown.b}"].append(worth)
            rated[shown.b, PREFERENCE, f"{OVER}{shown.a}"].append(1 - worth)
    means = {what: fmean(values) for what, values in rated.items()}
    means.update(_subscales(key, means))
    for (session, instrument, item), value in sorted(means.items()):
        yield Scored(session, Score(instrument=instrument, item=item, value=value, rater=rater))


def _subscales(
    key: Key, means: Mapping[tuple[str, str, str], float]
) -> dict[tuple[str, str, str], float]:
    """Means of asked items, for sessions on which none of them is missing."""
    asked = {(question.instrument, question.item) for question in key.questions}
    sessions = {session for session, _, _ in means}
    found = {}
    for item in items():
        members = [(item.instrument, member) for member in item.mean_of]
        if not members or not asked.issuperset(members):
            continue
        for session in sessions:
            given = [means.get((session, *member)) for member in members]
            whole = [value for value in given if value is not None]
            if len(whole) == len(members):
                found[session, item.instrument, item.item] = fmean(whole)
    return found


def _told(rater: str, key: Key, answers: Sequence[Answers], scores: Sequence[Scored]) -> Imported:
    choices = {one.sheet: one.choice for one in answers if one.choice is not None}
    sided = [choice for choice in choices.values() if choice != "equal"]
    chosen_of: defaultdict[int, list[str]] = defaultdict(list)
    for sheet, choice in choices.items():
        shown = key.sheets[sheet]
        chosen_of[shown.pair].append({"A": shown.a, "B": shown.b}.get(choice, "equal"))
    twice = [chosen for chosen in chosen_of.values() if len(chosen) == 2]
    given = sum(len(one.values) for one in answers) + len(choices)
    return Imported(
        rater=rater,
        sheets=len(answers),
        of=len(key.sheets),
        sessions=len({score.session_id for score in scores}),
        scores=len(scores),
        missing=len(answers) * len(key.columns) - given,
        chose_a=sided.count("A") / len(sided) if sided else None,
        repeats=len(twice),
        consistent=sum(first == second for first, second in twice),
        means=_means(key, scores),
    )


def _means(key: Key, scores: Sequence[Scored]) -> tuple[Means, ...]:
    """Nothing where no transcript was real. Subscales count by their items."""
    if not any(is_real(one) for sheet in key.sheets.values() for one in (sheet.a, sheet.b)):
        return ()
    asked = {(question.instrument, question.item) for question in key.questions}
    given: defaultdict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for session, score in scores:
        if score.instrument == PREFERENCE or (score.instrument, score.item) in asked:
            given[score.instrument][is_real(session)].append(score.value)
    return tuple(
        Means(
            instrument,
            fmean(simulated) if simulated else None,
            len(simulated),
            fmean(real) if real else None,
            len(real),
        )
        for instrument, (simulated, real) in given.items()
    )
