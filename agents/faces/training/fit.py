"""The training loop: two processes of one thread each, the same result on any number of cores.

Each process keeps its own copy of the network, works through its half of every batch and averages
gradients with the other through shared memory. Threads inside an operation would make sums depend
on the machine, and stall whenever another job holds a core.
"""

import math
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.multiprocessing
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from mirrorplay.agents.faces.training.augment import batch
from mirrorplay.agents.faces.training.network import Network, letters
from mirrorplay.agents.faces.training.renders import Renders, allocate, fill, on_disk

WORKERS = 2
SPLIT = "train"


class Recipe(NamedTuple):
    """Everything that a training depends on besides the drawing."""

    pictures: int = 40_000
    epochs: int = 10
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-2
    seed: int = 7

    @property
    def steps(self) -> int:
        return self.epochs * (self.pictures // self.batch)


class _Shared(NamedTuple):
    gradients: Tensor
    """One row for each process."""
    norms: Tensor
    barrier: Barrier


def train(recipe: Recipe, folder: Path) -> Network:
    """Draws the pictures into `folder` and trains on them. Two processes are started."""
    allocate(folder, recipe.pictures)
    model = _fresh(recipe)
    size = sum(parameter.numel() for parameter in model.parameters())
    buffers = sum(buffer.numel() for buffer in model.buffers())
    context = torch.multiprocessing.get_context("spawn")
    shared = _Shared(
        torch.zeros(WORKERS, size).share_memory_(),
        torch.zeros(WORKERS, buffers).share_memory_(),
        context.Barrier(WORKERS),
    )
    torch.multiprocessing.spawn(_work, (recipe, folder, shared), nprocs=WORKERS)
    model.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
    model.eval()
    return model


def _fresh(recipe: Recipe) -> Network:
    torch.manual_seed(recipe.seed)
    return Network()


def _work(rank: int, recipe: Recipe, folder: Path, shared: _Shared) -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    started = time.monotonic()
    if not (folder / "drawn").exists():
        share = range(rank, recipe.pictures, WORKERS)
        fill(on_disk(folder, writable=True), SPLIT, share)
    shared.barrier.wait()
    if rank == 0:
        (folder / "drawn").touch()
        print(f"{recipe.pictures} pictures drawn in {time.monotonic() - started:.0f} s", flush=True)
    model = _fresh(recipe)
    _epochs(rank, recipe, on_disk(folder), model, shared)
    if rank == 0:
        torch.save(model.state_dict(), folder / "weights.pt")


def _epochs(
    rank: int, recipe: Recipe, renders: Renders, model: Network, shared: _Shared
) -> None:  # fmt: skip
    model.to(memory_format=torch.channels_last)
    parameters = list(model.parameters())
    sizes = [parameter.numel() for parameter in parameters]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, recipe.steps))
    order = np.random.default_rng(recipe.seed)
    varied = np.random.default_rng([recipe.seed, rank])
    torch.manual_seed(recipe.seed + 1000 * (rank + 1))
    own = recipe.batch // WORKERS
    started = time.monotonic()
    for epoch in range(recipe.epochs):
        shuffled = order.permutation(recipe.pictures)
        total = 0.0
        for first in range(0, recipe.pictures - recipe.batch + 1, recipe.batch):
            numbers = shuffled[first + rank * own : first + (rank + 1) * own]
            loss = loss_of(model, batch(renders, numbers.tolist(), varied))
            optimiser.zero_grad()
            loss.backward()
            shared.gradients[rank] = torch.cat([_gradient(p) for p in parameters])
            shared.barrier.wait()
            mean = shared.gradients.mean(0)
            shared.barrier.wait()
            for parameter, part in zip(parameters, mean.split(sizes), strict=True):
                parameter.grad = part.view_as(parameter)
            torch.nn.utils.clip_grad_norm_(parameters, 5.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        if rank == 0:
            steps = recipe.pictures // recipe.batch
            spent = time.monotonic() - started
            print(f"epoch {epoch + 1}: loss {total / steps:.4f} ({spent:.0f} s)", flush=True)
    _average_norms(rank, model, shared)


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros(parameter.numel()) if parameter.grad is None else parameter.grad.flatten()


def _average_norms(rank: int, model: Network, shared: _Shared) -> None:
    """Each process has seen its own half of the batches: their running averages are averaged."""
    buffers = list(model.buffers())
    shared.norms[rank] = torch.cat([buffer.flatten().float() for buffer in buffers])
    shared.barrier.wait()
    parts = shared.norms.mean(0).split([buffer.numel() for buffer in buffers])
    for buffer, part in zip(buffers, parts, strict=True):
        buffer.copy_(part.view_as(buffer))
    shared.barrier.wait()


def _rate(step: int, steps: int) -> float:
    """A short warm-up, then half a cosine."""
    warm = min(1.0, (step + 1) / (0.06 * steps))
    return warm * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-4


def loss_of(model: Network, data: dict[str, Tensor]) -> Tensor:
    """Cross-entropy of letters and face, distances of gaze, head and place; what cannot be seen
    does not count."""
    layout = torch.channels_last
    place = model.finder(data["coarse"].contiguous(memory_format=layout))
    units, pose, face = model.reader(data["x"].contiguous(memory_format=layout))
    unit_loss = binary_cross_entropy_with_logits(units, letters(data["units"]), reduction="none")
    pose_loss = smooth_l1_loss(pose, data["pose"], reduction="none", beta=0.05)
    face_loss = binary_cross_entropy_with_logits(face, data["face"])
    place_loss = smooth_l1_loss(place, data["place"], reduction="none", beta=0.02)
    seen, posed = data["units_count"][..., None], data["pose_count"]
    return (
        10.0 * (unit_loss * seen).mean()
        + 2.0 * (pose_loss * posed).mean()
        + 2.0 * (place_loss * data["face"][:, None]).mean()
        + 0.3 * face_loss
    )
