"""Action units as pulls on a face: 0 at rest to 1 at maximum, for each side.

FACS intensities are ordinal (A trace … E maximum). The exponent 0.8 lifts the traces, so that a
change of one letter can be seen in a drawing of 336 pixels.
"""

from mirrorplay.policies.expression import Expression

LEFT, RIGHT = 1, -1
"""The client's own sides, as the sign of x in the picture."""
_SIDES = {"both": (LEFT, RIGHT), "left": (LEFT,), "right": (RIGHT,)}


class Muscles:
    """Pull of each action unit on each side. Units that are not active pull with 0."""

    __slots__ = ("_pull",)

    def __init__(self, expression: Expression) -> None:
        pull: dict[tuple[int, int], float] = {}
        for unit in expression.action_units:
            strength = (unit.intensity / 5) ** 0.8
            for side in _SIDES[unit.side]:
                key = (unit.au, side)
                pull[key] = max(pull.get(key, 0.0), strength)
        self._pull = pull

    def on(self, au: int, side: int) -> float:
        """Pull of one unit on one side, 0–1."""
        return self._pull.get((au, side), 0.0)

    def mean(self, au: int) -> float:
        """Pull averaged over both sides, 0–1."""
        return (self._pull.get((au, LEFT), 0.0) + self._pull.get((au, RIGHT), 0.0)) / 2
