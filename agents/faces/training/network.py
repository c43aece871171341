"""The network: it finds the face in a thumbnail, then reads it in an upright close-up.

Finding and reading are trained side by side, each on its own pictures; only the exported graph
joins them. A close-up takes head movement out before units are read: what is left is small and
always in the same place, so that few weights and a short training are enough.

Plain 3×3 convolutions train faster on a processor than separable ones of the same quality. The last
map is flattened rather than averaged: the face is aligned, so place is meaning (a line beside the
mouth is not a line beside the eye). Intensities are ordinal (A–E): each channel has a logit for
each letter, the chance that the face shows at least so much, and their sum is the intensity.
"""

import torch
from torch import Tensor, nn

from mirrorplay.agents.faces.readout import CHANNELS, CLOSE, COARSE, LEVELS, POSE
from mirrorplay.agents.faces.training.place import PLACE

WIDTHS: tuple[tuple[int, int, int], ...] = (
    (16, 3, 2), (32, 3, 2), (32, 3, 1), (64, 3, 2), (64, 3, 1), (96, 3, 2), (96, 3, 1),
)  # fmt: skip
"""Channels, kernel and stride of each convolution of the reader."""
SQUEEZED, HIDDEN = 32, 224
FINDER_WIDTHS: tuple[tuple[int, int, int], ...] = ((16, 3, 1), (24, 3, 2), (32, 3, 2))
FINDER_HIDDEN = 48
_RARE = (-2.6, -2.8, -3.5, -4.4, -5.5)
"""Where the logits of the five letters start: most units are at rest most of the time."""


LEAST_SPREAD = 8.0
"""Grey levels: flatter pictures are not amplified further."""


def evened(x: Tensor) -> Tensor:
    """Pictures of bytes, each with its own brightness and contrast taken out."""
    x = x - x.mean((1, 2, 3), keepdim=True)
    spread = x.square().mean((1, 2, 3), keepdim=True).sqrt()
    return x / spread.clamp_min(LEAST_SPREAD)


class Layer(nn.Module):
    """Convolution, normalisation, ReLU, and the input added where shapes allow it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.adds = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm(self.conv(x)))
        return x + y if self.adds else y


def _stack(widths: tuple[tuple[int, int, int], ...], side: int) -> tuple[list[Layer], int]:
    """Layers on RGB of `side` pixels, and how many numbers come out."""
    inputs, layers = 3, list[Layer]()
    for outputs, kernel, stride in widths:
        layers.append(Layer(inputs, outputs, kernel, stride))
        inputs, side = outputs, side // stride
    return layers, inputs * side * side


class Finder(nn.Module):
    """RGB 0–255, shape (n, 3, COARSE, COARSE), to the place of the face (n, 4)."""

    def __init__(self) -> None:
        super().__init__()
        layers, size = _stack(FINDER_WIDTHS, COARSE)
        self.layers = nn.ModuleList(layers)
        self.hidden = nn.Linear(size, FINDER_HIDDEN)
        self.place = nn.Linear(FINDER_HIDDEN, len(PLACE))

    def forward(self, x: Tensor) -> Tensor:
        x = evened(x)
        for layer in self.layers:
            x = layer(x)
        found: Tensor = self.place(torch.relu(self.hidden(x.flatten(1))))
        return found


class Reader(nn.Module):
    """RGB 0–255, shape (n, 3, CLOSE, CLOSE), to unit logits (n, channels, LEVELS), pose (n, 5)
    and a face logit (n)."""

    def __init__(self) -> None:
        super().__init__()
        layers, size = _stack(WIDTHS, CLOSE)
        layers.append(Layer(WIDTHS[-1][0], SQUEEZED, 1, 1))
        self.layers = nn.ModuleList(layers)
        self.hidden = nn.Linear(size // WIDTHS[-1][0] * SQUEEZED, HIDDEN)
        self.units = nn.Linear(HIDDEN, len(CHANNELS) * LEVELS)
        self.pose = nn.Linear(HIDDEN, len(POSE))
        self.face = nn.Linear(HIDDEN, 1)
        with torch.no_grad():
            self.units.bias.copy_(torch.tensor(_RARE).repeat(len(CHANNELS)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = evened(x)
        for layer in self.layers:
            x = layer(x)
        x = torch.relu(self.hidden(x.flatten(1)))
        units = self.units(x).unflatten(1, (len(CHANNELS), LEVELS))
        return units, self.pose(x), self.face(x).squeeze(1)


class Network(nn.Module):
    """Both parts."""

    def __init__(self) -> None:
        super().__init__()
        self.finder, self.reader = Finder(), Reader()


def letters(intensities: Tensor) -> Tensor:
    """Intensities 0–5 as targets of the logits: 2.4 is (1, 1, .4, 0, 0), which sums to itself."""
    steps = torch.arange(LEVELS, dtype=intensities.dtype)
    return (intensities[..., None] - steps).clamp(0.0, 1.0)
