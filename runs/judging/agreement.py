"""Raters of one run compared, item by item: judges, people, and the simulation's latent truth.

Sessions that both raters scored are compared, all others are missing. Latent truth is what the
simulator had in mind; it has scales of its own, so that ranks alone are compared with it. Since it
also made the words, agreement with it says that an instrument works as built, not that it is
valid. What the run's own judge gave stands in the rows and counts as one more rater, unless the
same judge gave the very same scores again: then the two are one. All raters together are judges
and people, each once: of a judge's variants only one is taken, since three looks of one judge at a
session would pass for three opinions.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.policies.instruments.tape import VARIANTS
from mirrorplay.policies.instruments.trajectory import WINDOW
from mirrorplay.runs.judging.coefficients import (
    Difference,
    Estimate,
    bland_altman,
    icc_2_1,
    krippendorff_alpha,
    spearman,
)
from mirrorplay.runs.judging.summary import ItemName, in_order
from mirrorplay.runs.scorebook import iter_scores
from mirrorplay.runs.store import iter_rows

LATENT = "latent truth"
PLAYED = " (in the run)"
"""Behind the name of the run's own judge where the same rater scored the run again."""
PEOPLE = "human:"
PREFERENCE = "preference"
"""The instrument of pairwise choices: an item a pair, compared as one."""
OVER = "over:"
"""Before the other session of a choice, in the item's name."""

LATENT_FOR: dict[str, str] = {
    "wai": "trust_last",
    "wai12": "trust_last",
    "resistance_trajectory": "resistance",
}
"""Instrument → the latent quantity that it is meant to follow. Trust is what alliance should show
(H); resistance is the greater of confrontation and withdrawal, over the same turns (H)."""
SAME_COURSE = ("first", "peak", "last")
"""Items of the resistance trajectory that have the same figure of the latent level."""

Given = dict[ItemName, dict[str, float]]
"""Item → session → value."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """Two raters on one item. `n` sessions have a value from both; a coefficient that is not
    defined on them is None. With latent truth only `rank` is there."""

    first: str
    second: str
    instrument: str
    item: str
    n: int
    alpha: float | None
    icc: Estimate | None
    rank: Estimate | None
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Together:
    """All raters of an item at once, one column a judge or person: alpha over every session that
    two or more of them scored (missing allowed), ICC over those that all did."""

    raters: tuple[str, ...]
    instrument: str
    item: str
    sessions: int
    alpha: float | None
    icc: Estimate | None
    complete: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Everything compared. `sessions`: finished ones of the run. `same`: judges whose scores in
    the run and scored again are the same; they are one rater here."""

    raters: tuple[str, ...]
    sessions: int
    pairs: tuple[Agreed, ...]
    together: tuple[Together, ...]
    same: tuple[str, ...] = ()


def compare(run_dir: Path, against: str | None = None) -> Agreement:
    """Compares every two raters, or every one with `against`.

    Raises UserError for an unknown rater, and where there is only one.
    """
    given, truth, sessions, same = _collect(run_dir)
    names = tuple(sorted(given, key=_kind))
    _check(run_dir, names, bool(truth) or bool(same), against)
    pairs = [
        _agreed(first, given[first], second, given[second], item)
        for first, second in combinations(names, 2)
        if against is None or against in (first, second)
        for item in in_order(given[first].keys() & given[second].keys())
    ]
    if truth and against in (None, LATENT, *names):
        pairs += [
            _with_truth(name, given[name][item], truth[item], item)
            for name in names
            if against in (None, LATENT, name)
            for item in in_order(given[name].keys() & truth.keys())
        ]
    together = [] if against is not None else list(_together(names, given))
    told = (*names, LATENT) if truth else names
    return Agreement(told, sessions, tuple(pairs), tuple(together), same)


def _check(run_dir: Path, names: Sequence[str], more: bool, against: str | None) -> None:
    if not names:
        raise UserError(
            "nobody has scored this run",
            where=str(run_dir),
            hint=f"mirrorplay judge {run_dir}",
        )
    known = (*names, LATENT) if more else names
    if against is not None and against not in known:
        raise UserError(
            f"no rater {against!r}",
            where="--against",
            allowed=known,
            hint=nearest(against, known),
        )
    if len(known) < 2:
        raise UserError(
            f"{names[0]!r} is the only rater of this run, and agreement takes two",
            where=str(run_dir),
            hint=f"mirrorplay judge {run_dir} --variant …, or import-ratings, adds one",
        )


def _kind(name: str) -> tuple[bool, str]:
    """People behind judges."""
    return name.startswith(PEOPLE), name


def _judge_of(name: str) -> str:
    """Who looked, whatever they were shown and whenever it was."""
    whole = name.removesuffix(PLAYED)
    who, _, shown = whole.rpartition(":")
    return who if shown in VARIANTS and not whole.startswith(PEOPLE) else whole


def _collect(run_dir: Path) -> tuple[dict[str, Given], Given, int, tuple[str, ...]]:
    """Values by rater, the latent truth, the number of sessions, and the judges that gave the same
    scores twice."""
    again: defaultdict[str, Given] = defaultdict(lambda: defaultdict(dict))
    times: defaultdict[tuple[str, ItemName, str], int] = defaultdict(int)
    for session, score in iter_scores(run_dir):
        if score.instrument == PREFERENCE and f"{OVER}{session}" > score.item:
            # Each choice is there from both sides.
            continue
        item, unit = (
            _item(score.instrument, score.item),
            _unit(session, score.instrument, score.item),
        )
        values = again[score.rater][item]
        if unit in values and score.rater.startswith(PEOPLE):
            # Rated on the sheets of several exports: the mean, as on several sheets of one.
            times[score.rater, item, unit] += 1
            values[unit] += (score.value - values[unit]) / (1 + times[score.rater, item, unit])
        else:
            values[unit] = score.value
    played: defaultdict[str, Given] = defaultdict(lambda: defaultdict(dict))
    truth: Given = defaultdict(dict)
    sessions = 0
    columns = ("session_id", "scores", "turns.speaker", "turns.state")
    for row in iter_rows(run_dir, columns, include_spooled=True):
        sessions += 1
        session = row["session_id"]
        for score in row["scores"]:
            played[score["rater"]][score["instrument"], score["item"]][session] = score["value"]
        latent = _latent(row["turns"])
        for name, value in latent.items():
            truth["", name][session] = value
    same = []
    for name, items in played.items():
        if name not in again:
            again[name] = items
        elif _is_same(items, again[name]):
            same.append(name)
            for item, values in items.items():
                again[name][item].update(values)
        else:
            again[f"{name}{PLAYED}"] = items
    scored = {item for items in again.values() for item in items}
    return dict(again), _truth_by_item(truth, scored), sessions, tuple(sorted(same))


def _is_same(one: Given, other: Given) -> bool:
    """Whether there is a value that both gave, and no difference in any of them."""
    both = [
        (one[item][session], other[item][session])
        for item in one.keys() & other.keys()
        for session in one[item].keys() & other[item].keys()
    ]
    return bool(both) and all(mine == yours for mine, yours in both)


def _item(instrument: str, item: str) -> ItemName:
    return (instrument, "chosen" if instrument == PREFERENCE else item)


def _unit(session: str, instrument: str, item: str) -> str:
    """What was rated: a session, or for a choice the two of them."""
    return f"{session} {item}" if instrument == PREFERENCE else session


def _latent(turns: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Latent figures of one session, from the hidden state at the client's turns."""
    states = [turn["state"] for turn in turns if turn["speaker"] == "client"]
    if not states or any(state is None for state in states):
        return {}
    found = {"trust_last": states[-1]["trust"]}
    levels = [max(state["confrontation"], state["withdrawal"]) for state in states]
    if len(levels) >= WINDOW:
        means = [sum(levels[at : at + WINDOW]) / WINDOW for at in range(len(levels) - WINDOW + 1)]
        found.update(first=means[0], peak=max(means), last=means[-1])
    return found


def _truth_by_item(truth: Given, scored: set[ItemName]) -> Given:
    """The latent figure that each scored item is meant to follow, where there is one."""
    found: Given = {}
    for instrument, item in scored:
        quantity = LATENT_FOR.get(instrument)
        if quantity == "resistance":
            quantity = item if item in SAME_COURSE else None
        if quantity is not None and ("", quantity) in truth:
            found[instrument, item] = truth["", quantity]
    return found


def _agreed(first: str, mine: Given, second: str, theirs: Given, item: ItemName) -> Agreed:
    both = sorted(mine[item].keys() & theirs[item].keys())
    a = [mine[item][session] for session in both]
    b = [theirs[item][session] for session in both]
    table = list(zip(a, b, strict=True))
    return Agreed(
        first,
        second,
        *item,
        n=len(both),
        alpha=krippendorff_alpha(table),
        icc=icc_2_1(table),
        rank=spearman(a, b),
        difference=bland_altman(a, b),
    )


def _with_truth(
    name: str, mine: Mapping[str, float], truth: Mapping[str, float], item: ItemName
) -> Agreed:
    both = sorted(mine.keys() & truth.keys())
    rank = spearman([mine[session] for session in both], [truth[session] for session in both])
    return Agreed(
        name, LATENT, *item, n=len(both), alpha=None, icc=None, rank=rank, difference=None
    )


def _together(names: Sequence[str], given: Mapping[str, Given]) -> Iterator[Together]:
    """Items that three judges and people or more scored; two are a pair."""
    for item in in_order({item for name in names for item in given[name]}):
        whose = _one_each([name for name in names if item in given[name]])
        if len(whose) < 3:
            continue
        sessions = sorted({session for name in whose for session in given[name][item]})
        rows = [
            [given[name][item][session] for name in whose if session in given[name][item]]
            for session in sessions
        ]
        complete = [row for row in rows if len(row) == len(whose)]
        yield Together(
            whose,
            *item,
            sessions=sum(len(row) > 1 for row in rows),
            alpha=krippendorff_alpha(rows),
            icc=icc_2_1(complete),
            complete=len(complete),
        )


def _one_each(names: Sequence[str]) -> tuple[str, ...]:
    """One name a judge: the words alone before other variants, scored again before in the run."""
    chosen: dict[str, str] = {}
    for name in sorted(names, key=lambda one: (not _of_words(one), one.endswith(PLAYED))):
        chosen.setdefault(_judge_of(name), name)
    return tuple(name for name in names if name in chosen.values())


def _of_words(name: str) -> bool:
    return name.removesuffix(PLAYED).endswith(":words")
