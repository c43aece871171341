"""All that can be read off a tape, by name: features for items' formulas, and measures."""

from collections.abc import Callable

from mirrorplay.policies.instruments.measures import MEASURES as _DIRECT
from mirrorplay.policies.instruments.response import CLIENT_FEATURES
from mirrorplay.policies.instruments.rupture import RUPTURE_MEASURES
from mirrorplay.policies.instruments.skill import THERAPIST_FEATURES
from mirrorplay.policies.instruments.tape import Feature, Tape

Reader = Callable[[Tape], Feature | None]
FEATURES: dict[str, Reader] = {**THERAPIST_FEATURES, **CLIENT_FEATURES}
"""Each in [0, 1], or None where it cannot be told."""
MEASURES: dict[str, Reader] = {**_DIRECT, **RUPTURE_MEASURES}
"""Each on its own scale, or None."""
BODILY = frozenset(name for name in CLIENT_FEATURES if name.startswith("shows_"))
"""Features of what is seen and not of what is said."""
