"""Where the lips are: units 10 to 28 pull on the two corners, on the four edges of the lips (each
at the middle and half-way to either side) and on the jaw."""

from mirrorplay.agents.faces.pose import Point
from mirrorplay.agents.faces.sitter import Sitter

_HALF_WIDTH = 22.5


class Lips:
    """Heights and places of the lips in the face frame, by side: -1, 0 (the middle) and 1."""

    def __init__(self, sitter: Sitter) -> None:
        identity, muscles = sitter.identity, sitter.muscles
        self.y = sitter.mouth_y
        m, on = muscles.mean, muscles.on
        pucker, funnel, tight, press, roll = m(18), m(22), m(23), m(24), m(28)
        parted = m(25)
        half = _HALF_WIDTH * identity.mouth_width * (1 - 0.03 * identity.youth)
        half *= (1 - 0.40 * pucker) * (1 - 0.28 * funnel) * (1 - 0.12 * tight)
        half *= (1 - 0.10 * m(26)) * (1 - 0.22 * m(27))
        self.corner: dict[int, Point] = {}
        for side in (-1, 1):
            smile, dimple, sad, stretch = (on(au, side) for au in (12, 14, 15, 20))
            x = half + 9.5 * smile + 3.4 * dimple + 10.0 * stretch + 1.0 * sad
            y = -1.3 - 11.0 * smile - 2.2 * dimple + 9.6 * sad + 2.6 * stretch
            y += 0.44 * sitter.drop - 0.8 * on(17, side) + 1.1 * identity.age_lines
            y += 0.5 * side * identity.mouth_asymmetry
            self.corner[side] = (side * x, self.y + y)
        thin = (1 - 0.50 * tight) * (1 - 0.58 * press) * (1 - 0.90 * roll) * (1 - 0.25 * m(20))
        thin *= (1 - 0.20 * m(12)) * (1 + 0.32 * pucker) * (1 + 0.45 * funnel)
        thin *= 1 - 0.22 * identity.age_lines
        self.upper_thickness = 5.2 * identity.upper_lip * thin * (1 - 0.12 * m(10))
        self.lower_thickness = 7.4 * identity.lower_lip * thin * (1 + 0.14 * m(17))
        self.top: dict[int, float] = {}
        self.bottom: dict[int, float] = {}
        both = (self.corner[-1][1] + self.corner[1][1]) / 2 - self.y - 0.44 * sitter.drop
        for side in (-1, 0, 1):

            def pull(au: int, side: int = side) -> float:
                return on(au, side) if side else m(au)

            away = 1.0 if side == 0 else 0.0
            if side:
                follow = 0.30 * (self.corner[side][1] - self.y) - 0.08 * sitter.drop
            else:
                follow = 0.06 * both + 1.6 * m(12)
            rise = pull(17) * (3.4 if side == 0 else 2.0)
            raised = 6.6 * pull(10) * (1.0 if side == 0 else 1.08) + 2.2 * pull(9)
            meet = self.y + follow + 0.9 * away - rise
            meet -= 0.6 * raised * (1 - 0.8 * parted)
            lifted = (
                raised * (0.4 + 0.48 * parted) + 3.0 * pull(12) * parted + 1.6 * pull(20) * parted
            )
            lifted += 2.4 * parted + 1.6 * funnel + 1.6 * m(27)
            fallen = 5.4 * pull(16) + 3.6 * parted * (1.0 if side == 0 else 0.8) + 2.6 * funnel
            fallen += pull(12) * parted * (5.0 if side == 0 else 4.2)
            fallen += pull(20) * parted * (1.8 if side == 0 else 2.6)
            fallen += sitter.drop * (0.92 if side == 0 else 0.85 + 0.05 * pull(20))
            closed = max(press, roll)
            self.top[side] = meet - lifted * (1 - 0.7 * closed)
            self.bottom[side] = meet + fallen * (1 - 0.7 * closed)
        self.gap = self.bottom[0] - self.top[0]
        self.press = max(tight * 0.6, press, roll)
        self.roll = roll
        self.closed_smile = m(12) * (1 - parted)
