"""What is counted: the same tables for real and for simulated talk.

Every table is a ratio of sums over turns, so that a transcript is one vector of counts; bootstrap
intervals resample transcripts, since turns of one person are not independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mirrorplay.runs.calibration.corpus import CODES, QUALITIES, TALKS, Transcript

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAGS = 5
FIFTHS = 5
MOVED: tuple[str, ...] = ("change", "sustain")
"""Neutral is what is left."""
ENOUGH = 50
"""Turns from which a cell is held against its interval."""
_CHANGE, _NEUTRAL, _SUSTAIN = range(3)
_PREVIOUS_ORDER = (_CHANGE, _NEUTRAL, _SUSTAIN)
_DIRECTIVE: Mapping[str, tuple[str, ...]] = {"information or advice": ("information", "advice")}


@dataclass(frozen=True, slots=True)
class Layout:
    """The part of a corpus that is the same in every replay, one entry a client turn.

    transcript: number of its session. code: index into CODES, -1 where the client opens. quality:
    index into QUALITIES. words: length of the therapist's turn. step: number of the client turn in
    its session. position: (step) / (turns - 1), in [0, 1]. raters: people who coded it.
    """

    transcript: Ints
    code: Ints
    quality: Ints
    words: Ints
    step: Ints
    position: Floats
    raters: Ints
    lengths: Ints
    """Client turns a transcript."""

    @property
    def transcripts(self) -> int:
        return len(self.lengths)


def layout(corpus: Sequence[Transcript]) -> Layout:
    """The layout of a corpus."""
    lengths = np.array([len(one.turns) for one in corpus])
    turns = [turn for one in corpus for turn in one.turns]
    step = np.concatenate([np.arange(n) for n in lengths])
    return Layout(
        transcript=np.repeat(np.arange(len(corpus)), lengths),
        code=np.array([-1 if turn.code is None else CODES.index(turn.code) for turn in turns]),
        quality=np.repeat([QUALITIES.index(one.quality) for one in corpus], lengths),
        words=np.array([turn.words for turn in turns]),
        step=step,
        position=step / np.maximum(1, np.repeat(lengths, lengths) - 1),
        raters=np.repeat([one.raters for one in corpus], lengths),
        lengths=lengths,
    )


def labels(corpus: Sequence[Transcript]) -> Ints:
    """The client's talk, index into TALKS, one a turn."""
    return np.array([TALKS.index(turn.talk) for one in corpus for turn in one.turns])


class Cell(NamedTuple):
    """Where a number stands: its table, row and column."""

    table: str
    row: str
    column: str


class Tables:
    """Counts turns into cells. One object a corpus: what to count where is worked out once."""

    def __init__(self, of: Layout) -> None:
        self._layout = of
        self._plan()

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(self._cells)

    def _plan(self) -> None:
        lay = self._layout
        self._cells: list[Cell] = []
        # A group is a set of turns; each is counted by (group, talk). Groups that need the talk
        # before are split by it.
        heard = lay.code >= 0
        follows = heard & (lay.step > 0)
        groups: list[tuple[str, str, NDArray[np.bool_]]] = []
        for number, quality in enumerate(QUALITIES):
            groups.append(("carry-over", quality, follows & (lay.quality == number)))
        for number, code in enumerate(CODES):
            groups.append(("code", code.replace("_", " "), follows & (lay.code == number)))
        self._after = groups
        plain: list[tuple[str, str, NDArray[np.bool_]]] = []
        for name, codes in _DIRECTIVE.items():
            said = np.isin(lay.code, [CODES.index(code) for code in codes])
            for number, quality in enumerate(QUALITIES):
                plain.append(("manner", f"{name}, {quality}", said & (lay.quality == number)))
        lengths = lay.lengths[lay.transcript]
        fifth = lay.step * FIFTHS // lengths
        plain += [("session", f"fifth {i + 1}", fifth == i) for i in range(FIFTHS)]
        plain.append(("all", "all turns", np.ones(len(lay.step), bool)))
        self._plain = plain
        for table, row, _ in self._after:
            for previous in _PREVIOUS_ORDER:
                for talk in MOVED:
                    self._cells.append(Cell(table, f"{row} | {TALKS[previous]} before", talk))
        for table, row, _ in self._plain:
            for talk in MOVED:
                self._cells.append(Cell(table, row, talk))
        for talk in MOVED:
            for lag in range(1, LAGS + 1):
                self._cells.append(Cell("autocorrelation", f"lag {lag}", talk))
        for talk in MOVED:
            for lag in range(1, LAGS + 1):
                self._cells.append(Cell("autocorrelation within", f"lag {lag}", talk))

    def counts(self, talk: Ints) -> Floats:
        """Sums a transcript, shape (transcripts, sums). `talk`: (turns,) or (replicates, turns)."""
        lay = self._layout
        series = np.atleast_2d(talk)
        columns: list[Floats] = []

        def by_transcript(weights: Floats, mask: NDArray[np.bool_]) -> None:
            columns.append(
                np.bincount(lay.transcript[mask], weights[mask], minlength=lay.transcripts).astype(
                    np.float64
                )
            )

        shares = [(series == kind).astype(float) for kind in range(3)]
        total = [share.sum(axis=0) for share in shares]
        before: list[Floats] = []
        for kind in range(3):
            shifted = np.zeros_like(shares[kind])
            shifted[:, 1:] = shares[kind][:, :-1]
            before.append(shifted)
        joint = [[(before[p] * shares[k]).sum(axis=0) for k in range(3)] for p in range(3)]
        for _, _, mask in self._after:
            for previous in _PREVIOUS_ORDER:
                for kind in (_CHANGE, _SUSTAIN):
                    by_transcript(joint[previous][kind], mask)
                by_transcript(np.sum(joint[previous], axis=0), mask)
        every = np.ones(len(lay.step), bool)
        whole = np.full(len(lay.step), float(len(series)))
        for _, _, mask in self._plain:
            for kind in (_CHANGE, _SUSTAIN):
                by_transcript(total[kind], mask)
            by_transcript(whole, mask)
        for kind in (_CHANGE, _SUSTAIN):
            for lag in range(1, LAGS + 1):
                late = np.zeros(len(lay.step), bool)
                late[lag:] = lay.step[lag:] >= lag
                early = np.zeros(len(lay.step), bool)
                early[:-lag] = late[lag:]
                product = np.zeros(len(lay.step))
                product[lag:] = (shares[kind][:, lag:] * shares[kind][:, :-lag]).sum(axis=0)
                by_transcript(product, late)
                by_transcript(total[kind], late)
                by_transcript(total[kind], early)
                by_transcript(whole, late)
        starts = np.concatenate([[0], np.cumsum(lay.lengths)[:-1]])
        for kind in (_CHANGE, _SUSTAIN):
            mean = np.add.reduceat(shares[kind], starts, axis=1) / lay.lengths
            own = shares[kind] - mean[:, lay.transcript]
            spread = (own * own).sum(axis=0)
            for lag in range(1, LAGS + 1):
                late = np.zeros(len(lay.step), bool)
                late[lag:] = lay.step[lag:] >= lag
                product = np.zeros(len(lay.step))
                product[lag:] = (own[:, lag:] * own[:, :-lag]).sum(axis=0)
                by_transcript(product, late)
                by_transcript(whole, late)
                by_transcript(spread, every)
                by_transcript(whole, every)
        return np.stack(columns, axis=1)

    def values(self, sums: Floats) -> tuple[Floats, Floats]:
        """Cell values and the turns under each, from sums of shape (..., sums). NaN where none."""
        under = len(self._after) * 3 + len(self._plain)
        blocks = sums[..., : under * 3].reshape(*sums.shape[:-1], under, 3)
        n = np.repeat(blocks[..., 2], 2, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = (blocks[..., :2] / blocks[..., 2:]).reshape(*sums.shape[:-1], under * 2)
            lagged = sums[..., under * 3 :].reshape(*sums.shape[:-1], 2, 2 * LAGS, 4)
            both, late, early, pairs = (lagged[..., 0, :, i] for i in range(4))
            mean_late, mean_early = late / pairs, early / pairs
            spread = np.sqrt(mean_late * (1 - mean_late) * mean_early * (1 - mean_early))
            across = (both / pairs - mean_late * mean_early) / spread
            product, within_pairs, squares, turns = (lagged[..., 1, :, i] for i in range(4))
            within = (product / within_pairs) / (squares / turns)
        return (
            np.concatenate([shares, across, within], axis=-1),
            np.concatenate([n, pairs, within_pairs], axis=-1),
        )


def intervals(tables: Tables, sums: Floats, draws: int = 2000, seed: int = 1) -> Floats:
    """95% bootstrap intervals over transcripts, shape (2, cells)."""
    rng = np.random.default_rng(seed)
    size = len(sums)
    weights = rng.multinomial(size, np.full(size, 1.0 / size), size=draws).astype(float)
    values, _ = tables.values(weights @ sums)
    return np.asarray(np.nanpercentile(values, [2.5, 97.5], axis=0))
