"""Ratings that came back, checked and added to the run as one more rater, `human:<name>`.

A session rated on several sheets gets the mean of its ratings; so does a pair that was shown twice.
A choice is kept as instrument `preference`, item `over:<other session>`: 1 chosen, 0 not, 0.5
equal. What was left empty is missing. Real transcripts keep the names that the key gives them.
"""

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
from mirrorplay.runs.scorebook import Scored, raters, write_scores
from mirrorplay.runs.store import iter_rows

HUMAN = "human:"
PART = "ratings"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_WORTH = {"A": 1.0, "equal": 0.5, "B": 0.0}
"""Of A; B has the rest."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a rater did. `chose_a`: share of choices between unequal ones that fell on A, near a
    half without a leaning to one side. `repeats`: pairs shown twice with a choice both times, and
    of them `consistent` with the same session chosen."""

    rater: str
    sheets: int
    of: int
    sessions: int
    scores: int
    missing: int
    chose_a: float | None
    repeats: int
    consistent: int


def import_ratings(
    run: RunDirectory, table: Path, key_path: Path, name: str, *, replace: bool = False
) -> Imported:
    """Checks a filled-in table and adds it to the run's scores.

    name: letters, digits, dots, dashes and underscores. replace: a rater of this name may be there.
    Raises UserError for a name that is none or is taken, a key of another run, and whatever
    `read_table` refuses; nothing is written then.
    """
    rater = _rater(run.path, name, replace)
    key = read_key(key_path)
    _check_run(run, key, key_path)
    answers = read_table(table, key)
    if not answers:
        raise UserError("no sheet is filled in", where=str(table))
    scores = list(_scores(rater, key, answers))
    note = {"export": key.export, "sheets": len(answers)}
    write_scores(run.path, rater, PART, scores, note)
    return _told(rater, key, answers, scores)


def _rater(run_dir: Path, name: str, replace: bool) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no name for a rater",
            where="--rater",
            allowed="up to 40 letters, digits, dots, dashes and underscores",
        )
    rater = f"{HUMAN}{name}"
    taken = next((one for one in raters(run_dir) if one.lower() == rater.lower()), None)
    if taken is not None and not (replace and taken == rater):
        raise UserError(
            f"{taken.removeprefix(HUMAN)!r} has rated this run already",
            where="--rater",
            hint="another name, or --replace with this very name",
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
    )
