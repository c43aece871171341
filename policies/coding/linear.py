"""The learned part of the coder: one linear map a speaker, from hashed features to probabilities.

`coder.npz` holds numbers alone: weights by feature number, biases, calibration and decision shifts.
Whoever fits it (`mirrorplay coder fit`) folds its models into one table, so that reading an
utterance is a sum of rows. Sums are taken in float64, row by row, so a batch changes nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.coding.features import BLOCKS, BUCKETS, RulesReading, features

WEIGHTS = Path(__file__).with_name("coder.npz")
LABELS: Mapping[str, tuple[str, ...]] = {
    "client": ("change", "neutral", "sustain"),
    "therapist": ("question", "reflection", "input", "other"),
}
"""What the map of each speaker tells apart. `input` holds information, advice, negotiation and
options."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Calibrated probabilities, summing to 1, and the label decided on: the one with the highest
    probability after the shift that macro-F1 asks for (rare labels are decided on earlier)."""

    probabilities: Mapping[str, float]
    label: str


class Linear:
    """The map of one speaker.

    `weights`: (BUCKETS, labels); rows after those are for sentence embeddings, which only fitting
    and scoring make (`mirrorplay coder fit --embeddings`). `scales`: one a block. `slope`,
    `offset`: logits to calibrated logits. `shift`: added to log probabilities before deciding.
    """

    def __init__(
        self,
        speaker: str,
        weights: NDArray[np.floating],
        scales: Sequence[float],
        bias: Sequence[float],
        slope: Sequence[float],
        offset: Sequence[float],
        shift: Sequence[float],
    ) -> None:
        self.labels = LABELS[speaker]
        count = len(self.labels)
        if weights.ndim != 2 or weights.shape[1] != count or len(scales) != len(BLOCKS):
            raise ValueError(f"weights of shape {weights.shape} for {speaker}")
        if len(weights) < BUCKETS:
            raise ValueError(f"weights of shape {weights.shape} for {speaker}")
        self._weights = np.ascontiguousarray(weights, dtype=np.float64)
        self._scales = [float(scale) for scale in scales]
        self._bias = [float(value) for value in bias]
        self._slope = [float(value) for value in slope]
        self._offset = [float(value) for value in offset]
        self._shift = [float(value) for value in shift]
        self._speaker = speaker

    def arrays(self) -> dict[str, NDArray[np.floating]]:
        """What a file of weights keeps of it."""
        return {
            "weights": self._weights.astype(np.float16),
            "scales": np.array(self._scales),
            "bias": np.array(self._bias),
            "slope": np.array(self._slope),
            "offset": np.array(self._offset),
            "shift": np.array(self._shift),
        }

    @property
    def embeds(self) -> bool:
        """Whether it weighs sentence embeddings, so that hashed features are not enough."""
        return len(self._weights) > BUCKETS

    @property
    def table(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights and biases, for many utterances at once."""
        return self._weights, np.array(self._bias)

    def logits(self, found: Mapping[str, Sequence[int]]) -> list[float]:
        """Sums of weights, one a label."""
        total = np.array(self._bias, dtype=np.float64)
        for block, scale in zip(BLOCKS, self._scales, strict=True):
            numbers = found[block]
            if numbers and scale:
                rows = self._weights.take(numbers, axis=0)
                total += rows.sum(axis=0) * (scale / math.sqrt(len(numbers)))
        return [float(value) for value in total]

    def settle(self, logits: Sequence[float]) -> Reading:
        """Probabilities and the decision, from logits."""
        lines = [a * z + b for a, z, b in zip(self._slope, logits, self._offset, strict=True)]
        top = max(lines)
        powers = [math.exp(line - top) for line in lines]
        whole = sum(powers)
        chances = [round(power / whole, 6) for power in powers]
        shifted = [line + shift for line, shift in zip(lines, self._shift, strict=True)]
        label = self.labels[shifted.index(max(shifted))]
        return Reading(dict(zip(self.labels, chances, strict=True)), label)

    def read(
        self, text: str, before: Sequence[tuple[str, str]], rules: RulesReading | None = None
    ) -> Reading:
        """What the map makes of an utterance with up to two before it; `rules` as in `features`."""
        return self.settle(self.logits(features(text, self._speaker, before, rules)))


@dataclass(frozen=True, slots=True)
class Learned:
    """Both maps and what they were fitted on: salted digests of transcripts, never their text."""

    maps: Mapping[str, Linear]
    salt: str
    fitted_on: frozenset[str]


def read_weights(path: Path) -> Learned:
    """The maps of a file. Raises UserError for a file that is not one."""
    try:
        with np.load(path, allow_pickle=False) as data:
            maps = {
                speaker: Linear(
                    speaker,
                    data[f"{speaker}_weights"],
                    *(
                        data[f"{speaker}_{part}"]
                        for part in ("scales", "bias", "slope", "offset", "shift")
                    ),
                )
                for speaker in LABELS
            }
            return Learned(maps, str(data["salt"]), frozenset(map(str, data["fitted_on"])))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"not a file of coder weights: {error}",
            where=str(path),
            hint="write one with: mirrorplay coder fit --annomi FILE",
        ) from None


@lru_cache(maxsize=1)
def learned() -> Learned:
    """The maps that come with the package."""
    return read_weights(WEIGHTS)
