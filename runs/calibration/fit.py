"""Coefficients by simulated minimum distance.

Residuals are the distances of simulated cells from real ones in standard errors, and the distances
of coefficients from where they started in scales of their own; least squares over both, with the
same people and the same luck in every evaluation. The development transcripts alone are used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.state import Dynamics
from mirrorplay.runs.calibration.corpus import Transcript
from mirrorplay.runs.calibration.replay import Mixture, Replay, load_translation
from mirrorplay.runs.calibration.tables import Floats, Tables, intervals, labels, layout

PARAMETERS_FILE = Path(__file__).parent / "parameters.yaml"
FEWEST = 20
"""Cells of fewer turns say nothing."""
SMALLEST_ERROR = 0.01
"""Standard errors below this count as this."""
STEP = 0.25
"""Of a parameter's scale: finite differences must be wider than the luck of a draw."""
_MIXTURE = "mixture."


@lru_cache(maxsize=1)
def load_parameters(path: Path = PARAMETERS_FILE) -> Mapping[str, tuple[float, float, float]]:
    """Lowest, highest and scale of everything the fit may move."""
    return {
        name: (float(a), float(b), float(c)) for name, (a, b, c) in read_yaml(path).value.items()
    }


def values_of(dynamics: Dynamics, mixture: Mixture) -> dict[str, float]:
    """Where the parameters stand now."""
    found = {}
    for name in load_parameters():
        section, _, key = name.partition(".")
        found[name] = getattr(mixture, key) if name.startswith(_MIXTURE) else dynamics[section][key]
    return found


def placed(
    values: Mapping[str, float], dynamics: Dynamics, mixture: Mixture
) -> tuple[Dynamics, Mixture]:
    """The coefficients and the mixture with these values put in."""
    own = {name: value for name, value in values.items() if not name.startswith(_MIXTURE)}
    people = {
        name.removeprefix(_MIXTURE): value
        for name, value in values.items()
        if name.startswith(_MIXTURE)
    }
    return dynamics.changed(own), replace(mixture, **people)


def fit(
    replay: Replay,
    tables: Tables,
    real: Floats,
    turns: Floats,
    interval: Floats,
    dynamics: Dynamics,
    mixture: Mixture,
    rounds: int = 12,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """The values that bring the simulated cells nearest to the real ones.

    real: cell values, over so many turns; interval: their 95% intervals, shape (2, cells).
    rounds: damped Gauss–Newton steps at most. `told` hears about progress.
    """
    allowed = load_parameters()
    names = list(allowed)
    low, high, scale = (np.array([allowed[name][i] for name in names]) for i in range(3))
    begin = values_of(dynamics, mixture)
    start = np.clip(np.array([begin[name] for name in names]), low + 1e-6, high - 1e-6)
    error = np.maximum(SMALLEST_ERROR, (interval[1] - interval[0]) / 3.92)
    use = np.isfinite(real) & np.isfinite(error) & (turns >= FEWEST)

    def residuals(at: Floats) -> Floats:
        moved = placed(dict(zip(names, map(float, at * scale), strict=True)), dynamics, mixture)
        cells, _ = tables.values(tables.counts(replay.talk(*moved)).sum(axis=0))
        gaps = ((cells - real) / error)[use]
        return np.concatenate([gaps, at - start / scale])

    at, found = start / scale, residuals(start / scale)
    damping = 0.3
    for number in range(rounds):
        slope = np.column_stack(
            [(residuals(_step(at, i, low / scale, high / scale)) - found) for i in range(len(at))]
        ) / np.array([_step(at, i, low / scale, high / scale)[i] - at[i] for i in range(len(at))])
        for _ in range(4):
            normal = slope.T @ slope
            normal[np.diag_indices_from(normal)] *= 1.0 + damping
            move = np.linalg.solve(normal, -slope.T @ found)
            tried = np.clip(at + move, low / scale, high / scale)
            after = residuals(tried)
            if after @ after < found @ found:
                damping /= 3.0
                break
            damping *= 4.0
        else:
            break
        gained = 1.0 - (after @ after) / (found @ found)
        at, found = tried, after
        told(f"round {number + 1}: distance {found @ found:.1f}")
        if gained < 0.002:
            break
    return {name: round(float(x), 3) for name, x in zip(names, at * scale, strict=True)}


def _step(at: Floats, number: int, low: Floats, high: Floats) -> Floats:
    moved = at.copy()
    room = high[number] - at[number]
    moved[number] += STEP if room > STEP else -STEP
    return moved


def fit_corpus(
    corpus: Sequence[Transcript],
    dynamics: Dynamics,
    mixture: Mixture,
    *,
    replicates: int = 80,
    rounds: int = 12,
    seed: int = 1,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """The fitted values for a corpus, starting from these coefficients."""
    of = layout(corpus)
    tables = Tables(of)
    sums = tables.counts(labels(corpus))
    real, turns = tables.values(sums.sum(axis=0))
    return fit(
        Replay(of, load_translation(), replicates, seed),
        tables,
        real,
        turns,
        intervals(tables, sums),
        dynamics,
        mixture,
        rounds,
        told,
    )
