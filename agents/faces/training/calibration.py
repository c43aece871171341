"""How far to trust a weak reading: one gain for each unit, chosen on people of a split of its own.

A network that is unsure whether a unit is there says half of it, so units that are hard to see are
read too weakly. The gain brings the reading from which a unit is best told from its absence (by F1)
to the intensity from which it counts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver
from mirrorplay.agents.faces.readout import CHANNELS
from mirrorplay.agents.faces.training.evaluation import SHOWN, Look, drawn, looks
from mirrorplay.agents.faces.training.renders import counted
from mirrorplay.agents.faces.training.samples import in_letters, sample
from mirrorplay.policies.facs import ACTION_UNITS

SPLIT = "tune"
LARGEST = 2.0
_GAINS = np.linspace(1.0, LARGEST, 21)


def gains(perceiver: EmbeddedPerceiver, people: int) -> NDArray[np.float32]:
    """A gain for each channel, from 1 to LARGEST, the same on both sides."""
    found = looks(perceiver, drawn(in_letters(sample(SPLIT, number)) for number in range(people)))
    by_unit = {au: _gain(au, found) for au in ACTION_UNITS}
    return np.array([by_unit[au] for au, _ in CHANNELS], np.float32)


def _gain(au: int, found: Sequence[Look]) -> float:
    channels = [place for place, (unit, _) in enumerate(CHANNELS) if unit == au]
    visible = [look for look in found if counted(look.sample.expression)[0][channels].min() > 0]
    shown = np.array([_shown(look, au) for look in visible])
    read = np.array([look.readout.intensities[channels].max() for look in visible])
    f1 = [_f1(shown, read * gain >= SHOWN) for gain in _GAINS]
    return float(_GAINS[int(np.argmax(f1))])


def _shown(look: Look, au: int) -> bool:
    units = look.sample.expression.action_units
    return any(unit.au == au and unit.intensity >= SHOWN for unit in units)


def _f1(shown: NDArray[np.bool_], seen: NDArray[np.bool_]) -> float:
    return float(2 * (shown & seen).sum() / max(1, shown.sum() + seen.sum()))
