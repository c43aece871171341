"""What changes between two looks at the same picture: shift, mirror, light, blur, noise, cover."""

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import avg_pool2d

from mirrorplay.agents.faces.pictures import Pixels
from mirrorplay.agents.faces.readout import CLOSE, MIRRORED, MIRRORED_POSE
from mirrorplay.agents.faces.training.place import MIRRORED_PLACE
from mirrorplay.agents.faces.training.renders import MARGIN, Renders


def batch(renders: Renders, numbers: list[int], rng: Generator) -> dict[str, Tensor]:
    """Some pictures of a set, varied, as what the network takes and should give: `x` the
    close-ups, `coarse` the thumbnails, and the targets by their names in Renders."""
    count = len(numbers)
    pixels = np.empty((count, CLOSE, CLOSE, 3), np.uint8)
    thumbnails = np.array(renders.thumbnails[numbers])
    shifts = rng.integers(0, 2 * MARGIN + 1, (count, 2))
    mirrored = rng.random(count) < 0.5
    for place, (number, (down, right)) in enumerate(zip(numbers, shifts, strict=True)):
        part = renders.pixels[number, down : down + CLOSE, right : right + CLOSE]
        pixels[place] = part[:, ::-1] if mirrored[place] else part
    thumbnails[mirrored] = thumbnails[mirrored][:, :, ::-1]
    x, coarse = _floats(pixels), _floats(thumbnails)
    _light(x, rng)
    _light(coarse, rng)
    _blur(x, rng)
    _noise(x, rng)
    _cover(x, rng)
    out = {name: torch.from_numpy(np.array(getattr(renders, name)[numbers]))
           for name in ("place", "units", "pose", "units_count", "pose_count", "face")}  # fmt: skip
    flip = torch.from_numpy(mirrored)
    for name in ("units", "units_count"):
        out[name][flip] = out[name][flip][:, list(MIRRORED)]
    out["pose"][flip] *= torch.tensor(MIRRORED_POSE)
    out["place"][flip] *= torch.tensor(MIRRORED_PLACE)
    return {"x": x, "coarse": coarse, **out}


def _floats(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32)


def _light(x: Tensor, rng: Generator) -> None:
    """Contrast, brightness (up to clipping) and a tint."""
    count = len(x)
    gain = rng.uniform(0.6, 1.35, (count, 1, 1, 1))
    tint = rng.normal(0.0, 6.0, (count, 3, 1, 1)) + rng.uniform(-25.0, 25.0, (count, 1, 1, 1))
    x.mul_(torch.from_numpy(gain.astype(np.float32)))
    x.add_(torch.from_numpy(tint.astype(np.float32))).clamp_(0.0, 255.0)


def _blur(x: Tensor, rng: Generator) -> None:
    for place in np.flatnonzero(rng.random(len(x)) < 0.12):
        one = x[int(place) : int(place) + 1]
        for _ in range(int(rng.integers(1, 4))):
            soft = avg_pool2d(one, 3, stride=1, padding=1, count_include_pad=False)
            one = one.lerp(soft, float(rng.uniform(0.3, 1.0)))
        x[int(place)] = one[0]


def _noise(x: Tensor, rng: Generator) -> None:
    for place in np.flatnonzero(rng.random(len(x)) < 0.12):
        strength = np.float32(rng.uniform(2.0, 24.0))
        grain = rng.standard_normal(x.shape[1:], dtype=np.float32) * strength
        x[int(place)].add_(torch.from_numpy(grain)).clamp_(0.0, 255.0)


def _cover(x: Tensor, rng: Generator) -> None:
    """A rectangle in one colour, as a hand or a cup would be."""
    for place in np.flatnonzero(rng.random(len(x)) < 0.15):
        height, width = (int(side) for side in rng.integers(8, 34, 2))
        top, left = int(rng.integers(0, CLOSE - height)), int(rng.integers(0, CLOSE - width))
        colour = torch.from_numpy(rng.uniform(0, 255, (3, 1, 1)).astype(np.float32))
        x[int(place), :, top : top + height, left : left + width] = colour
