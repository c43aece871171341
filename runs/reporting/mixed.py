"""The mixed model: a measure by cell and resistance type, with a random intercept for the persona.

It uses every session, paired or not, and says how much of what is left varies between personas. It
may fail to converge or have nothing to estimate; then it says so, and the report goes on without.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.analysis.figures import Figures

LEAST_PERSONAS = 5
"""Groups below which a variance between them is not worth estimating."""
MOST_SESSIONS = 50_000
OPTIMISERS = ("bfgs", "powell")
"""The first that converges to a finite likelihood is taken. Not lbfgs, the first of statsmodels'
own choice: it was seen to stop at a variance of 0 with an infinite likelihood."""
_SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class Term:
    """A cell against the baseline: estimate, 95% Wald interval and p."""

    cell: str
    estimate: float
    interval: tuple[float, float]
    p: float


@dataclass(frozen=True, slots=True)
class MixedModel:
    """`between`: the share of the residual variance that lies between personas, 0–1. With a
    `reason` nothing was estimated."""

    measure: str
    sessions: int
    personas: int
    terms: tuple[Term, ...] = ()
    between: float | None = None
    reason: str = ""


def mixed_model(sessions: Sequence[Figures], measure: str, base: str) -> MixedModel:
    """Fit by restricted maximum likelihood (statsmodels). Never raises for what the data are like;
    UserError without statsmodels."""
    used = [one for one in sessions if measure in one.measures]
    people = sorted({one.persona_id for one in used})
    plain = MixedModel(measure, len(used), len(people))
    others = [cell for cell in dict.fromkeys(one.cell for one in used) if cell != base]
    kinds = sorted({one.resistance for one in used})[1:]
    values = np.array([one.measures[measure] for one in used])
    reason = _unfit(used, people, others, base, values)
    if reason:
        return _without(plain, reason)
    columns = [np.ones(len(used))]
    columns += [np.array([one.cell == cell for one in used], dtype=float) for cell in others]
    columns += [np.array([one.resistance == kind for one in used], dtype=float) for kind in kinds]
    design = np.column_stack(columns)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return _without(plain, "cells and resistance types cannot be told apart")
    return _fitted(plain, values, design, [one.persona_id for one in used], others)


def _unfit(
    used: Sequence[Figures], people: list[str], others: list[str], base: str, values: np.ndarray
) -> str:
    if not others or all(one.cell != base for one in used):
        return "fewer than two cells have the measure"
    if len(people) < LEAST_PERSONAS:
        return f"fewer than {LEAST_PERSONAS} personas"
    if len(used) == len(people):
        return "every persona has a single session"
    if len(used) > MOST_SESSIONS:
        return f"more than {MOST_SESSIONS:,} sessions"
    if float(np.std(values)) < _SMALL:
        return "the measure does not vary"
    return ""


def _without(plain: MixedModel, reason: str) -> MixedModel:
    return MixedModel(plain.measure, plain.sessions, plain.personas, reason=reason)


def _fitted(
    plain: MixedModel,
    values: np.ndarray,
    design: np.ndarray,
    persona: list[str],
    others: list[str],
) -> MixedModel:
    try:
        from statsmodels.regression.mixed_linear_model import MixedLM
    except ImportError:
        raise UserError(
            "a report needs statsmodels, which is not installed",
            hint="pip install 'mirrorplay[analysis]'",
        ) from None
    scale = float(np.std(values))
    model = MixedLM(values / scale, design, groups=np.array(persona))
    with warnings.catch_warnings():
        # What it warns of (no convergence, a variance on its boundary) is told below.
        warnings.simplefilter("ignore")
        try:
            fits = (_converged(model.fit(reml=True, method=[name])) for name in OPTIMISERS)
            fit = next((one for one in fits if one is not None), None)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError) as error:
            return _without(plain, f"the fit failed ({type(error).__name__})")
        if fit is None:
            return _without(plain, "the fit did not converge")
        estimates = np.asarray(fit.fe_params) * scale
        errors = np.asarray(fit.bse_fe) * scale
        bounds = np.asarray(fit.conf_int())[: len(estimates)] * scale
        chances = np.asarray(fit.pvalues)[: len(estimates)]
        persona_variance = float(np.asarray(fit.cov_re)[0, 0])
        rest = float(fit.scale)
    if not np.all(np.isfinite(errors)) or not np.all(np.isfinite(bounds)):
        return _without(plain, "the fit has no standard errors")
    terms = tuple(
        Term(
            cell=cell,
            estimate=float(estimates[place]),
            interval=(float(bounds[place][0]), float(bounds[place][1])),
            p=float(chances[place]),
        )
        for place, cell in enumerate(others, 1)
    )
    whole = persona_variance + rest
    return MixedModel(
        measure=plain.measure,
        sessions=plain.sessions,
        personas=plain.personas,
        terms=terms,
        between=persona_variance / whole if whole > 0 else None,
    )


def _converged(fit: Any) -> Any:
    """The fit, or None where it did not converge or its likelihood is not finite."""
    return fit if fit.converged and np.isfinite(fit.llf) else None
