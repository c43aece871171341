"""Whether a session was a good or a poor demonstration, from how much the therapist does of what.

One logistic regression on four shares, scored by whole transcripts left out. Beside it what needs
no coder at all: the title, the length, and the raters' own share of reflections; and the share of
reflections that the coder finds. In acted demonstrations titles and reflections give nearly
everything away, so behaviour must be held against that.
"""

import re
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

from mirrorplay.runs.coding.figures import Floats, auc
from mirrorplay.runs.coding.fit import SEED, library, one_thread
from mirrorplay.runs.coding.transcripts import Transcript

_TITLE_BUCKETS = 512
_REPEATS = 10
_FOLDS = 5


def quality(transcripts: Sequence[Transcript], chances: Floats) -> dict[str, Any]:
    """`quality_auc`, `quality_auc_title`, `quality_auc_length`, `quality_auc_reflection` (the
    coder's share), `quality_auc_reflection_raters` (theirs) and `quality_n` (high, low); None where
    a class has fewer than two transcripts. `chances`: a row each therapist utterance, in order."""
    shares: list[list[float]] = []
    reflected: list[float] = []
    lengths: list[float] = []
    titles: list[list[float]] = []
    high: list[bool] = []
    start = 0
    for one in transcripts:
        count = sum(line.speaker == "therapist" for line in one.utterances)
        rows = chances[start : start + count]
        start += count
        if one.quality is None or not count:
            continue
        shares.append([float(value) for value in rows.mean(axis=0)])
        spoken = [line for line in one.utterances if line.speaker == "therapist"]
        reflected.append(sum(line.labels.get("reflection", 0.0) for line in spoken) / count)
        lengths.append(float(sum(len(line.text.split()) for line in one.utterances)))
        titles.append(_title(one.title))
        high.append(one.quality == "high")
    told = {
        "quality_auc": _crossed(np.array(shares), high),
        "quality_auc_title": _crossed(np.array(titles), high),
        "quality_auc_length": _crossed(np.log1p(np.array(lengths))[:, None], high)
        if lengths
        else None,
        "quality_auc_reflection": auc([share[1] for share in shares], high),
        "quality_auc_reflection_raters": auc(reflected, high),
    }
    return {**told, "quality_n": [sum(high), len(high) - sum(high)]}


def _title(title: str) -> list[float]:
    row = [0.0] * _TITLE_BUCKETS
    for word in re.findall(r"[a-z]+", title.lower()):
        row[crc32(word.encode()) % _TITLE_BUCKETS] = 1.0
    return row


def _crossed(features: Floats, high: Sequence[bool]) -> float | None:
    """Mean AUC over repeated stratified folds; None where they cannot be made."""
    truth = np.array(high, dtype=bool)
    least = int(min(truth.sum(), (~truth).sum())) if len(truth) else 0
    if least < 2:
        return None
    regression = library()
    found: list[float] = []
    with one_thread():
        for repeat in range(_REPEATS):
            random = np.random.default_rng(SEED + repeat)
            fold = np.zeros(len(truth), dtype=int)
            for of in (np.flatnonzero(truth), np.flatnonzero(~truth)):
                fold[random.permutation(of)] = np.arange(len(of)) % min(_FOLDS, least)
            scores = np.zeros(len(truth))
            for number in np.unique(fold):
                out = fold == number
                mean, spread = features[~out].mean(axis=0), features[~out].std(axis=0)
                spread[spread < 1e-9] = 1.0
                model = regression(C=1.0, class_weight="balanced", max_iter=500)
                model.fit((features[~out] - mean) / spread, truth[~out])
                scores[out] = model.decision_function((features[out] - mean) / spread)
            found.append(auc(list(scores), list(truth)) or 0.0)
    return float(np.mean(found))
