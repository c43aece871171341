"""A person in front of the artist: identity, pulls of the muscles, pose and colours in one hand.

The layout of the face follows the classical canon: eyes half-way down the head, nose a third of
the way from brow to chin; identity moves each line a little.
"""

from collections.abc import Sequence

from mirrorplay.agents.faces.identity import Identity
from mirrorplay.agents.faces.muscles import Muscles
from mirrorplay.agents.faces.palette import palette_of
from mirrorplay.agents.faces.pose import Point, Pose
from mirrorplay.policies.expression import Expression

_WIDTH = {"oval": 1.0, "round": 1.05, "square": 1.03, "long": 0.95, "heart": 1.01}
_LENGTH = {"oval": 1.0, "round": 0.955, "square": 0.98, "long": 1.05, "heart": 1.0}
_JAW = {"oval": 0.98, "round": 1.06, "square": 1.13, "long": 1.0, "heart": 0.90}
_CHIN = {"oval": 1.0, "round": 1.12, "square": 1.32, "long": 1.0, "heart": 0.80}


class Sitter:
    """What every feature needs to be drawn. Lengths are in units of the face frame."""

    def __init__(self, identity: Identity, expression: Expression) -> None:
        self.identity = identity
        self.expression = expression
        self.muscles = muscles = Muscles(expression)
        self.pose = Pose(expression)
        self.palette = palette_of(identity)
        covered = identity.hair_style == "covered"
        self.scarf = covered and identity.covering == "scarf"
        self.wrap = covered and identity.covering == "wrap"
        self.face = self.pose.face
        self.rim = self.pose.rim
        length = identity.face_length * _LENGTH[identity.face_shape]
        youth = identity.youth
        self.width = identity.face_width * _WIDTH[identity.face_shape] * (1 + 0.015 * youth)
        self.jaw = identity.jaw * _JAW[identity.face_shape] * (1.02 - 0.05 * identity.femininity)
        self.jaw *= 1 - 0.03 * youth
        self.chin_width = _CHIN[identity.face_shape] * (1.12 - 0.26 * identity.femininity)
        self.eye_y = -7.0 + 1.5 * youth
        self.eye_x = 28.6 * identity.eye_spacing * (0.5 + 0.5 * self.width)
        self.brow_y = self.eye_y - 17.6 - 0.55 * identity.brow_height
        nose = 35 * identity.nose_length * (1 - 0.06 * youth + 0.04 * identity.age_lines)
        self.nose_y = self.eye_y + nose * (0.4 + 0.6 * length)
        self.mouth_y = self.nose_y + 21 * (0.3 + 0.7 * length) * (1 + 0.08 * identity.age_lines)
        self.chin_y = self.mouth_y + 36 * identity.chin * (0.3 + 0.7 * length) * (1 - 0.06 * youth)
        self.drop = 16 * muscles.mean(26) + 26 * muscles.mean(27)
        """How far the jaw has fallen."""

    def fallen(self, y: float) -> float:
        """Where a resting height of the lower face lies once the jaw has dropped."""
        share = (y - self.mouth_y + 6) / (self.chin_y - self.mouth_y + 6)
        share = min(1.0, max(0.0, share))
        return y + self.drop * share * share * (3 - 2 * share)

    def across(self, rows: Sequence[tuple[float, float, float]]) -> list[Point]:
        """A symmetric line of the rim from picture left to picture right. `rows` give its right
        half from the end to the middle as x, y and depth; the last row lies on the middle."""
        left = [self.rim(-x, y, forward) for x, y, forward in rows]
        right = [self.rim(x, y, forward) for x, y, forward in rows[-2::-1]]
        return left + right

    def outline(self, grow: float = 0.0) -> dict[int, list[Point]]:
        """The face's edge from the temple (first) to the chin (last) for each side, by the sign of
        x; `grow` units outside the skin."""
        cheek = 1.2 * self.identity.cheeks + 1.0 * self.identity.youth
        wide = self.width
        span = self.chin_y - self.mouth_y
        low = 31.5 * wide * (0.55 * self.jaw + 0.45 * self.chin_width)
        jowl = 2.6 * max(0.0, self.identity.age_lines - 0.35)
        edges: dict[int, list[Point]] = {}
        for side in (-1, 1):
            jaw = self.jaw * (1 + side * self.identity.jaw_asymmetry)
            rows = (
                (62.5 * wide, -28.0, 0.0),
                (63.0 * wide, -6.0, 0.0),
                ((60.5 + cheek) * wide, 16.0, 0.02),
                ((54.5 + cheek) * wide * (0.5 + 0.5 * jaw), self.mouth_y - 8, 0.10),
                (47.0 * wide * jaw + jowl, self.mouth_y + 0.30 * span, 0.24),
                (low, self.mouth_y + 0.74 * span, 0.52),
                (12.5 * self.chin_width, self.chin_y - 1.2, 0.72),
                (0.0, self.chin_y, 0.76),
            )  # fmt: skip
            edges[side] = [
                self.rim(
                    side * (x + grow * min(1.0, x / 20)),
                    self.fallen(y) + (grow if x < 20 else grow * 0.5),
                    forward,
                )
                for x, y, forward in rows
            ]
        return edges
