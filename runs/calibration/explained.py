"""Who explains the talk: the client, the talk before, the therapist's code, or the time.

A multinomial logit of talk (reference: neutral) with one penalised intercept a transcript. What a
block explains is the held-out loss that leaving it out costs, in nats a turn.
"""

from typing import NamedTuple

import numpy as np

from mirrorplay.runs.calibration.corpus import CODES, TALKS
from mirrorplay.runs.calibration.tables import Floats, Ints, Layout

BLOCKS: tuple[str, ...] = ("client", "previous talk", "therapist code", "position")
PRIOR_SD = 0.75
"""SD of the transcript intercepts' prior while losses are compared."""
WEAK = 1e-3
"""Ridge on everything else, so that a fold without some code still has a solution."""
FOLDS = 5
_NO_SD = 1e-3
_MOVED = (0, 2)
EFFECTS: tuple[str, ...] = (
    "intercept",
    "prev change",
    "prev sustain",
    *(code.replace("_", " ") for code in CODES[1:]),
    "low quality",
    "position 0 to 1",
)


class Explained(NamedTuple):
    """Losses in nats a turn by block; SDs of transcript intercepts and log odds by talk."""

    losses: dict[str, float]
    client_sd: dict[str, float]
    effects: dict[tuple[str, str], float]


def explain(of: Layout, talk: Ints, seed: int = 1) -> Explained:
    """The analysis of one series of talk, one entry a turn."""
    follows = (of.step > 0) & (of.code >= 0)
    rows = np.flatnonzero(follows)
    y, before = talk[rows], talk[rows - 1]
    fixed = np.column_stack(
        [
            np.ones(len(rows)),
            before == 0,
            before == 2,
            *(of.code[rows] == code for code in range(1, len(CODES))),
            of.quality[rows] == 1,
            of.position[rows] - 0.5,
        ]
    ).astype(float)
    who, people = of.transcript[rows], of.transcripts
    blocks = {
        "previous talk": [1, 2],
        "therapist code": list(range(3, 2 + len(CODES))),
        "position": [fixed.shape[1] - 1],
    }
    folds = np.random.default_rng(seed).permutation(len(rows)) % FOLDS

    def loss(columns: Floats, sd: float) -> float:
        """Held-out loss; an SD of next to nothing leaves the client out."""
        lost = 0.0
        for fold in range(FOLDS):
            train, held = folds != fold, folds == fold
            data = _Data(columns[train], who[train], people, y[train])
            at, _ = _fit(data, np.full(2, sd))
            chances = _probabilities(_scores(columns[held], who[held], at))
            lost -= float(np.log(chances[np.arange(held.sum()), y[held]]).sum())
        return lost / len(rows)

    full = loss(fixed, PRIOR_SD)
    losses = {"client": loss(fixed, _NO_SD) - full}
    for name, columns in blocks.items():
        keep = np.setdiff1d(np.arange(fixed.shape[1]), columns)
        losses[name] = loss(fixed[:, keep], PRIOR_SD) - full
    at, sd = _with_variance(_Data(fixed, who, people, y))
    return Explained(
        {name: losses[name] for name in BLOCKS},
        {TALKS[kind]: float(sd[column]) for column, kind in enumerate(_MOVED)},
        {
            (TALKS[kind], name): float(at[number, column])
            for column, kind in enumerate(_MOVED)
            for number, name in enumerate(EFFECTS)
        },
    )


class _Data(NamedTuple):
    """Columns of everybody, whose turn each row is, and the talk. Coefficients stand in one array:
    first those of the columns, then one intercept a transcript."""

    columns: Floats
    who: Ints
    people: int
    y: Ints


def _scores(columns: Floats, who: Ints, at: Floats) -> Floats:
    width = columns.shape[1]
    return np.asarray(columns @ at[:width] + at[width:][who])


def _probabilities(moved: Floats) -> Floats:
    scores = np.zeros((len(moved), 3))
    scores[:, _MOVED] = moved
    scores -= scores.max(axis=1, keepdims=True)
    odds = np.exp(scores)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _fit(data: _Data, sd: Floats) -> tuple[Floats, Floats]:
    """Penalised maximum likelihood by Newton's method: coefficients (size, 2), Hessian.

    A transcript's intercept touches its own turns alone, so its part of the Hessian is group sums.
    """
    columns, who, people, y = data
    width = columns.shape[1]
    size = width + people
    ridge = np.full((size, 2), WEAK)
    ridge[width:] = 1.0 / sd**2
    wanted = np.column_stack([y == kind for kind in _MOVED]).astype(float)
    order = np.argsort(who, kind="stable")
    present, starts = np.unique(who[order], return_index=True)

    def summed(rows: Floats) -> Floats:
        found = np.zeros((people, rows.shape[1]))
        found[present] = np.add.reduceat(rows[order], starts, axis=0)
        return found

    at, hessian = np.zeros((size, 2)), np.zeros((2 * size, 2 * size))
    for _ in range(25):
        moved = _probabilities(_scores(columns, who, at))[:, _MOVED]
        missed = wanted - moved
        slope = np.vstack([columns.T @ missed, summed(missed)]) - ridge * at
        for a, b in ((0, 0), (0, 1), (1, 1)):
            weight = (moved[:, a] * ((a == b) - moved[:, b]))[:, None]
            weighted = columns * weight
            block = np.zeros((size, size))
            block[:width, :width] = columns.T @ weighted
            block[width:, :width] = summed(weighted)
            block[:width, width:] = block[width:, :width].T
            own = np.arange(width, size)
            block[own, own] = summed(weight)[:, 0]
            hessian[a * size : (a + 1) * size, b * size : (b + 1) * size] = block
            hessian[b * size : (b + 1) * size, a * size : (a + 1) * size] = block
        hessian[np.arange(2 * size), np.arange(2 * size)] += ridge.T.ravel()
        step = np.linalg.solve(hessian, slope.T.ravel()).reshape(2, size).T
        at = at + step
        if np.abs(step).max() < 1e-4:
            break
    return at, hessian


def _with_variance(data: _Data) -> tuple[Floats, Floats]:
    """Coefficients and intercept SDs by empirical Bayes (Laplace EM)."""
    width = data.columns.shape[1]
    sd = np.full(2, PRIOR_SD)
    at, hessian = _fit(data, sd)
    for _ in range(15):
        variance = np.diag(np.linalg.inv(hessian)).reshape(2, -1).T
        found = np.sqrt((at[width:] ** 2 + variance[width:]).mean(axis=0))
        if np.abs(found - sd).max() < 2e-3:
            break
        sd = found
        at, hessian = _fit(data, sd)
    return at, sd
