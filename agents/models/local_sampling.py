"""Sampling in a batch as if each request were alone.

Rows of a batch have their own temperature, nucleus, length and random generator. One uniform number
a token decides by the inverse of the cumulative distribution, so that a row's words depend on its
own prompt and seed and not on its neighbours, as far as the model's floating-point numbers do.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

HEAD = 1024
"""Most likely tokens in which the nucleus is looked for before all are sorted."""


@dataclass(slots=True)
class Sampling:
    """How one answer is drawn. Temperature 0 takes the likeliest token. `top_k` 0 is off.
    `abandoned` is set when nobody waits for the answer any more."""

    seed: int
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    abandoned: bool = field(default=False, compare=False)


class RowSampler:
    """A logits processor for `generate(do_sample=False)`: where a row is sampled, the token drawn
    is the only one left."""

    def __init__(self, rows: Sequence[Sampling], exempt: Sequence[int], device: Any) -> None:
        self._rows = rows
        self._random = [random.Random(row.seed) for row in rows]
        self._exempt = torch.tensor(sorted(set(exempt)), dtype=torch.long, device=device)

        def column(values: Sequence[float]) -> Any:
            return torch.tensor(values, dtype=torch.float32, device=device)[:, None]

        self._temperature = column([row.temperature for row in rows])
        self._top_p = column([row.top_p for row in rows])
        self._penalty = column([row.repetition_penalty for row in rows])
        self._samples = any(row.temperature > 0 for row in rows)
        self._penalises = any(row.repetition_penalty != 1 for row in rows)
        self._cuts = any(row.top_p < 1 or row.top_k for row in rows)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores (rows × vocabulary) of which the highest is each row's next token."""
        if self._penalises:
            scores = self._penalised(input_ids, scores)
        if not self._samples:
            return scores
        sampled = self._temperature > 0
        chances = (scores / torch.where(sampled, self._temperature, 1.0)).softmax(-1)
        if self._cuts:
            chances = self._nucleus(chances)
        # Sums of 50,000 small numbers: float32 would lose the rare ones. MPS has nothing wider.
        wide = torch.float32 if scores.device.type == "mps" else torch.float64
        rising = chances.cumsum(-1, dtype=wide)
        drawn = torch.tensor([one.random() for one in self._random], dtype=wide)
        level = drawn.to(scores.device)[:, None] * rising[:, -1:]
        chosen = torch.searchsorted(rising, level, right=True).clamp_max(scores.shape[-1] - 1)
        only = torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)
        return torch.where(sampled, only, scores)

    def _penalised(self, input_ids: Any, scores: Any) -> Any:
        """Keskar et al. 2019 (CTRL), §4.1; tokens that end or pad a turn go free."""
        said = scores.gather(1, input_ids)
        weighed = torch.where(said < 0, said * self._penalty, said / self._penalty)
        weighed = torch.where(torch.isin(input_ids, self._exempt), said, weighed)
        return scores.scatter(1, input_ids, weighed)

    def _nucleus(self, chances: Any) -> Any:
        """Chances outside each row's top-k and top-p set to 0 (Holtzman et al. 2020)."""
        width = min(HEAD, chances.shape[-1])
        head = chances.topk(width, dim=-1).values
        if bool((head.sum(-1, keepdim=True) < self._top_p).any()):
            width, head = chances.shape[-1], chances.sort(dim=-1, descending=True).values
        inside = head.cumsum(-1) - head < self._top_p
        most = [min(row.top_k, width) if row.top_k else width for row in self._rows]
        ranks = torch.arange(width, device=chances.device)[None]
        inside &= ranks < torch.tensor(most, device=chances.device)[:, None]
        inside[:, 0] = True
        lowest = torch.where(inside, head, torch.inf).amin(-1, keepdim=True)
        whole = (self._top_p >= 1) & (torch.tensor(most, device=chances.device)[:, None] == width)
        return torch.where(whole | (chances >= lowest), chances, 0.0)


class RowStop:
    """A stopping criterion: a row ends at its own length, at one of its stop strings, or when
    nobody waits for it."""

    def __init__(self, rows: Sequence[Sampling], prompt: int, decode: Callable[[Any], str]) -> None:
        self._rows, self._prompt, self._decode = rows, prompt, decode

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        written = input_ids.shape[1] - self._prompt
        over = [
            row.abandoned
            or written >= row.max_tokens
            or (bool(row.stop) and self._stopped(row, input_ids[at]))
            for at, row in enumerate(self._rows)
        ]
        return torch.tensor(over, dtype=torch.bool, device=input_ids.device)

    def _stopped(self, row: Sampling, ids: Any) -> bool:
        text = self._decode(ids[self._prompt :])
        return any(word in text for word in row.stop)
