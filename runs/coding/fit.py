"""Fits the coder's two linear maps on coded transcripts. The same file gives the same bytes.

A label is told from the rest by the mean of two balanced logistic regressions on hashed features,
of which one leans on features that tell much of the label by themselves; raters who differ weigh by
their share. Folds are whole transcripts. Logits from inner folds give the calibration
(slope and offset a label, by cross-entropy) and the decision shifts (by macro-F1). Weights are kept
in half precision, and none for a feature seen in one transcript only: nothing that is particular to
a conversation is in the file.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, hstack

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.coding.features import BLOCKS, BUCKETS, features
from mirrorplay.policies.coding.linear import LABELS, Learned, Linear
from mirrorplay.runs.coding.embedding import Vectors, dense
from mirrorplay.runs.coding.figures import Floats, macro_f1
from mirrorplay.runs.coding.transcripts import Transcript, Utterance

SEED = 20_240_501
FOLDS = 5
SALT = "mirrorplay-coder"
_SCALES = {
    "client": (1.0, 0.7, 1.0, 0.7, 1.0, 0.8, 0.5, 0.7),
    "therapist": (1.0, 0.7, 0.7, 0.7, 0.0, 0.3, 0.5, 0.0),
}
"""Weight of each block of `BLOCKS`."""
_DENSE = {"client": (2.0, 1.0), "therapist": (1.0, 0.5)}
"""Weight of the embedding of the utterance and of the one before it, where there are embeddings."""
_STRENGTH = {"client": 0.3, "therapist": 1.0}
_DENSE_STRENGTH = {"client": 0.15, "therapist": 1.0}
"""Inverse regularisation, without and with embeddings."""
_SHIFTS = np.linspace(-0.8, 0.8, 9)
_LEAST_TRANSCRIPTS = 10


@dataclass(frozen=True)
class Samples:
    """Utterances of one speaker. `matrix`: (utterances, BUCKETS, and more for embeddings); `truth`:
    shares of raters; `groups`: number of the transcript, from 0."""

    speaker: str
    matrix: csr_matrix
    truth: Floats
    groups: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> "Samples":
        """Those that are chosen."""
        return replace(
            self,
            matrix=self.matrix[chosen],
            truth=self.truth[chosen],
            groups=self.groups[chosen],
        )


def samples(
    transcripts: Sequence[Transcript], speaker: str, vectors: Vectors | None = None
) -> Samples:
    """Features and labels of a speaker's utterances; with `vectors`, embeddings beside them."""
    scales = _SCALES[speaker]
    values: list[float] = []
    numbers: list[int] = []
    ends = [0]
    truth: list[list[float]] = []
    groups: list[int] = []
    lines: list[Utterance] = []
    for group, transcript in enumerate(transcripts):
        for line in transcript.utterances:
            if line.speaker != speaker:
                continue
            lines.append(line)
            found = features(line.text, speaker, line.before)
            for block, scale in zip(BLOCKS, scales, strict=True):
                of = sorted(found[block])
                if of and scale:
                    numbers += of
                    values += [scale / len(of) ** 0.5] * len(of)
            ends.append(len(numbers))
            truth.append([line.labels.get(label, 0.0) for label in LABELS[speaker]])
            groups.append(group)
    matrix = csr_matrix((values, numbers, ends), shape=(len(groups), BUCKETS), dtype=np.float64)
    matrix.sum_duplicates()
    if vectors is not None:
        matrix = hstack([matrix, dense(lines, vectors, _DENSE[speaker])], format="csr")
    shape = (len(truth), len(LABELS[speaker]))
    return Samples(
        speaker, matrix, np.array(truth).reshape(shape), np.array(groups, dtype=np.int64)
    )


def folds(groups: NDArray[np.int64], count: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each utterance, whole groups together, drawn with a fixed seed."""
    names = np.unique(groups)
    order = np.random.default_rng(SEED).permutation(len(names))
    fold = {int(names[at]): place % count for place, at in enumerate(order)}
    return np.array([fold[int(group)] for group in groups])


def library() -> Any:
    """scikit-learn's logistic regression. Raises UserError when it is not installed."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise UserError(
            "scikit-learn is not installed",
            where="coder fit",
            hint="pip install 'mirrorplay[analysis]'",
        ) from None
    return LogisticRegression


def one_thread() -> AbstractContextManager[object]:
    """Linear algebra on one thread while it lasts: matrices are small here, and on a busy machine
    threads wait for each other longer than they work. Needs scikit-learn."""
    limits: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(1)
    return limits


def _weigh(data: Samples) -> tuple[Floats, Floats]:
    """Weights (features, labels) and biases, in half precision."""
    regression = library()
    dense_too = data.matrix.shape[1] > BUCKETS
    strength = (_DENSE_STRENGTH if dense_too else _STRENGTH)[data.speaker]
    shared = _shared(data)
    matrix = data.matrix[:, shared]
    weights = np.zeros((data.matrix.shape[1], data.truth.shape[1]))
    bias = np.zeros(data.truth.shape[1])
    for at in range(data.truth.shape[1]):
        said = data.truth[:, at]
        yes, no = np.flatnonzero(said > 0), np.flatnonzero(said < 1)
        if not len(yes) or not len(no):
            bias[at] = -10.0 if not len(yes) else 10.0
            continue
        rows = np.concatenate([yes, no])
        truth = np.concatenate([np.ones(len(yes)), np.zeros(len(no))])
        heft = np.concatenate([said[yes], 1 - said[no]])
        share = said.mean()
        heft *= np.where(truth == 1, 0.5 / share, 0.5 / (1 - share))
        for told in (np.ones(len(shared)), np.where(shared < BUCKETS, _tells(matrix, said), 1.0)):
            model = regression(
                C=strength,
                solver="liblinear",
                dual=True,
                tol=1e-2,
                max_iter=100,
                random_state=SEED,
            )
            model.fit((matrix @ diags(told))[rows], truth, sample_weight=heft)
            weights[shared, at] += model.coef_[0] * told / 2
            bias[at] += model.intercept_[0] / 2
    return weights.astype(np.float16).astype(np.float64), bias


def _tells(matrix: csr_matrix, said: Floats) -> Floats:
    """How much each feature tells of a label: .5 and the size of its log odds ratio, counts
    smoothed by one (after Wang and Manning, 2012, "Baselines and bigrams")."""
    seen = (matrix != 0).astype(np.float64)
    yes, no = seen.T @ said + 1, seen.T @ (1 - said) + 1
    ratio = np.log(yes / (said.sum() + 2)) - np.log(no / ((1 - said).sum() + 2))
    return np.asarray(0.5 + np.abs(ratio))


def _shared(data: Samples) -> NDArray[np.int64]:
    """Features seen in two transcripts or more."""
    names, at = np.unique(data.groups, return_inverse=True)
    member = csr_matrix((np.ones(len(at)), (at, np.arange(len(at)))), shape=(len(names), len(at)))
    seen = (member @ (data.matrix != 0).astype(np.float64)) > 0
    return np.flatnonzero(np.asarray(seen.sum(axis=0)).ravel() >= min(2, len(names)))


def _logits(data: Samples) -> Floats:
    """Of each utterance, by maps that did not see its transcript."""
    found = np.zeros_like(data.truth)
    fold = folds(data.groups)
    for number in np.unique(fold):
        weights, bias = _weigh(data.only(fold != number))
        found[fold == number] = data.matrix[fold == number] @ weights + bias
    return found


def _calibrate(logits: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Slope and offset a label that minimise cross-entropy, lightly held at 1 and 0."""
    count = truth.shape[1]

    def loss(values: Floats) -> float:
        lines = logits * values[:count] + values[count:]
        lines = lines - lines.max(axis=1, keepdims=True)
        told = lines - np.log(np.exp(lines).sum(axis=1, keepdims=True))
        held = 1e-3 * float(((values[:count] - 1) ** 2).sum() + (values[count:] ** 2).sum())
        return -float((truth * told).sum(axis=1).mean()) + held

    best = minimize(loss, np.concatenate([np.ones(count), np.zeros(count)]), method="L-BFGS-B").x
    return best[:count], best[count:]


def _shift(lines: Floats, truth: Floats) -> Floats:
    """Shifts of the calibrated logits (the first is 0) with the best macro-F1; the mean of the best
    twentieth of a grid, which moves less from sample to sample than the single best."""
    count = truth.shape[1]
    prior = truth.mean(axis=0)
    base = np.log(prior.max() / np.maximum(prior, 1e-6)) * 0.5
    tried = []
    for shifts in product(_SHIFTS, repeat=count - 1):
        shift = base + np.array([0.0, *shifts])
        tried.append((macro_f1(truth, (lines + shift).argmax(axis=1)), tuple(shift)))
    tried.sort(reverse=True)
    best = np.array([shift for _, shift in tried[: max(1, len(tried) // 20)]]).mean(axis=0)
    return np.asarray(best - best[0])


def fit_map(data: Samples) -> Linear:
    """The map of one speaker."""
    library()
    with one_thread():
        logits = _logits(data)
        slope, offset = _calibrate(logits, data.truth)
        shift = _shift(logits * slope + offset, data.truth)
        weights, bias = _weigh(data)
    scales = _SCALES[data.speaker]
    return Linear(data.speaker, weights, scales, list(bias), list(slope), list(offset), list(shift))


def fit(transcripts: Sequence[Transcript], vectors: Vectors | None = None) -> Learned:
    """Both maps; with `vectors`, over embeddings as well. Raises UserError for fewer than
    ten transcripts."""
    if len(transcripts) < _LEAST_TRANSCRIPTS:
        raise UserError(
            f"{len(transcripts)} transcripts are too few to fit on",
            allowed=f"{_LEAST_TRANSCRIPTS} or more",
        )
    maps = {speaker: fit_map(samples(transcripts, speaker, vectors)) for speaker in LABELS}
    return Learned(maps, SALT, frozenset(digest_of(one) for one in transcripts))


def digest_of(transcript: Transcript) -> str:
    """Salted digest by which a transcript is known again: of its words, not of its number."""
    text = "\n".join(line.text.strip() for line in transcript.utterances)
    return sha256(f"{SALT}\n{text}".encode()).hexdigest()[:16]


def write_weights(learned: Learned, path: Path) -> None:
    """Write the maps as a compressed .npz, the same bytes for the same maps."""
    arrays: dict[str, Any] = {
        "salt": np.array(learned.salt),
        "fitted_on": np.array(sorted(learned.fitted_on)),
    }
    for speaker, one in learned.maps.items():
        arrays |= {f"{speaker}_{name}": value for name, value in one.arrays().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
