"""Colours of one identity: skin, lips, hair and cloth with their light and shade.

Light falls from the upper left of the picture. Shade is made by multiplying with a warm factor, as
skin scatters red light furthest; that holds over the whole Monk scale.
"""

from dataclasses import dataclass
from functools import lru_cache

from mirrorplay.agents.faces.identity import Identity

Channels = tuple[float, float, float]


def channels(colour: str) -> Channels:
    """`#rrggbb` as three numbers 0–255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(rgb: Channels) -> str:
    return "#" + "".join(f"{min(255, max(0, round(value))):02x}" for value in rgb)


def mix(colour: str, other: str, share: float) -> str:
    """`share` (0–1) of `other` in `colour`."""
    a, b = channels(colour), channels(other)
    return _hex((
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    ))  # fmt: skip


def multiply(colour: str, red: float, green: float, blue: float) -> str:
    """Each channel times its factor."""
    rgb = channels(colour)
    return _hex((rgb[0] * red, rgb[1] * green, rgb[2] * blue))


@dataclass(frozen=True, slots=True)
class Palette:
    """`#rrggbb` strings."""

    skin: str
    light: str
    shade: str
    deep: str
    fold: str
    """Beside a line in the skin: its shadow, or on dark skin the light on its edge."""
    line: str
    blush: str
    lip: str
    lip_dark: str
    lip_light: str
    mouth: str
    teeth: str
    sclera: str
    iris: str
    iris_dark: str
    iris_light: str
    caruncle: str
    lash: str
    hair: str
    hair_light: str
    hair_dark: str
    brow: str
    brow_dark: str
    cloth: str
    cloth_light: str
    cloth_dark: str
    background: str
    halo: str


@lru_cache(maxsize=1024)
def palette_of(identity: Identity) -> Palette:
    """The colours an identity is painted with."""
    tone = identity.skin_tone
    skin = identity.skin
    darkness = (tone - 1) / 9
    if tone <= 4:
        # The palest tones of the scale are nearly white and the middle ones yellow: some blood
        # under them reads as alive.
        skin = mix(skin, "#e8a98a", 0.22)
    elif tone <= 6:
        skin = mix(skin, "#c9805c", 0.14)
    elif tone >= 9:
        # The darkest are nearly grey: lit skin shows its warmth.
        skin = mix(skin, "#80492f", 0.40)
    light = mix(
        skin,
        "#fff3e6" if tone <= 5 else "#e0a27a",
        0.42 if tone <= 5 else 0.22 + 0.02 * max(0, tone - 7),
    )
    shade = multiply(skin, 0.86 - 0.16 * darkness, 0.74 - 0.14 * darkness, 0.70 - 0.12 * darkness)
    deep = multiply(skin, 0.66 - 0.24 * darkness, 0.48 - 0.14 * darkness, 0.42 - 0.10 * darkness)
    line = multiply(skin, 0.46 - 0.20 * darkness, 0.30 - 0.08 * darkness, 0.27 - 0.06 * darkness)
    red = "#b8474a" if tone <= 5 else "#8f3f40"
    lip = mix(skin, red, 0.36 + 0.12 * identity.femininity)
    hair = identity.hair_colour
    pale = sum(channels(hair)) > 380
    brow = mix(multiply(hair, 0.72, 0.68, 0.66), skin, 0.08 if not pale else 0.14)
    cloth = identity.clothing
    return Palette(
        skin=skin,
        light=light,
        shade=shade,
        deep=deep,
        fold=shade if tone <= 7 else mix(skin, light, 0.55 + 0.1 * (tone - 7)),
        line=line,
        blush=mix(skin, "#d8584f" if tone <= 5 else "#a8433a", 0.5),
        lip=lip,
        lip_dark=multiply(lip, 0.78, 0.68, 0.68),
        lip_light=mix(lip, "#ffe3da" if tone <= 5 else "#d99a86", 0.35),
        mouth="#43181b",
        teeth="#f3ede4",
        sclera="#f4efea" if tone <= 6 else "#ece4dc",
        iris=identity.eye_colour,
        iris_dark=multiply(identity.eye_colour, 0.42, 0.42, 0.45),
        iris_light=mix(identity.eye_colour, "#f2dcae", 0.28),
        caruncle=mix(skin, "#c9605c", 0.45),
        lash="#2a1d1a" if not pale else "#4a3730",
        hair=hair,
        hair_light=mix(hair, "#ffe4c8" if not pale else "#ffffff", 0.27 if not pale else 0.36),
        hair_dark=multiply(hair, 0.62, 0.58, 0.56),
        brow=brow,
        brow_dark=multiply(brow, 0.66, 0.62, 0.60),
        cloth=cloth,
        cloth_light=mix(cloth, "#ffffff", 0.16),
        cloth_dark=multiply(cloth, 0.72, 0.72, 0.75),
        background=identity.background,
        halo=mix(identity.background, "#ffffff", 0.55),
    )
