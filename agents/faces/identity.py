"""Who the face belongs to: everything about a portrait that no expression changes.

An identity is a pure function of the persona id and what the persona says about itself. Each trait
is drawn with a purpose of its own, so a trait that the appearance fixes moves no other trait, and
the same persona has the same face in every run, arm and process.
"""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Literal, TypeVar

from mirrorplay.personas.schema import Appearance, FaceShape, HairStyle
from mirrorplay.policies.seeds import seed_of

EyeShape = Literal["almond", "round", "hooded", "narrow"]
BrowShape = Literal["soft", "arched", "straight"]
Beard = Literal["none", "stubble", "moustache", "full"]
Glasses = Literal["none", "round", "square"]
Collar = Literal["crew", "v", "shirt", "roll"]

MONK_SCALE: tuple[str, ...] = (
    "#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96",
    "#a07e56", "#825c43", "#604134", "#3a312a", "#292420",
)  # fmt: skip
"""Monk skin tones 1–10 as published by Ellis Monk and Google (skintone.google, 2022)."""

EYE_COLOURS: Mapping[str, str] = {
    "brown": "#5b3a22",
    "hazel": "#7d5f31",
    "green": "#5f7a52",
    "blue": "#5580a0",
    "grey": "#78858c",
}
HAIR_COLOURS: Mapping[str, str] = {
    "black": "#211c1c",
    "brown": "#4a3125",
    "auburn": "#6d3826",
    "blond": "#c19a5b",
    "red": "#a4512b",
    "grey": "#8f8d8b",
    "white": "#cdc9c2",
}
_CLOTHES: tuple[str, ...] = (
    "#3f5b73", "#6b7f6a", "#7a4b4f", "#4b4a63", "#8a6f52", "#2f3e46", "#a0685a", "#5d7288",
    "#77658a", "#c2b8a3",
)  # fmt: skip
_BACKGROUNDS: tuple[str, ...] = (
    "#d5dcd8", "#dcd6cc", "#cfd8de", "#ddd3d0", "#d3d6c8", "#d8d4de", "#c9d3d0", "#e0dacf",
)  # fmt: skip
T = TypeVar("T")
_WOMAN = frozenset({"female", "woman", "f", "girl", "she", "trans woman"})
_MAN = frozenset({"male", "man", "m", "boy", "he", "trans man"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A face at rest. Numbers without a stated unit are factors around 1 or offsets around 0."""

    age: int
    """Years, 16–100."""
    femininity: float
    """0 masculine to 1 feminine proportions."""
    skin_tone: int
    """Monk scale, 1–10."""
    face_shape: FaceShape
    face_width: float
    face_length: float
    jaw: float
    """Width of the jaw as a factor, 0.85–1.15."""
    chin: float
    """Chin length as a factor, 0.85–1.15."""
    cheeks: float
    """Fullness, 0–1."""
    age_lines: float
    """Depth of resting lines, 0 at about 25 years to 1 at 80."""
    eye_shape: EyeShape
    eye_colour: str
    eye_size: float
    eye_spacing: float
    eye_tilt: float
    """Rise of the outer corner in picture units, -1.5 to 2.5."""
    brow_shape: BrowShape
    brow_thickness: float
    brow_height: float
    """Picture units above the usual height, -2 to 2."""
    nose_width: float
    nose_length: float
    nose_tip: float
    """Roundness of the tip, 0–1."""
    mouth_width: float
    upper_lip: float
    lower_lip: float
    ear_size: float
    hair_style: HairStyle
    hair_colour: str
    hair_volume: float
    hair_parting: float
    """-1 parted at picture left to 1 at picture right."""
    hairline: float
    """Height of the hairline, 0 low to 1 receding."""
    beard: Beard
    glasses: Glasses
    freckles: bool
    clothing: str
    collar: Collar
    scarf: str
    """Colour of a head covering, used when the hair is covered."""
    background: str
    shoulders: float
    neck: float
    brow_asymmetry: float
    """Picture units by which the picture-left brow stands higher, -1.2 to 1.2."""
    eye_asymmetry: float
    """Relative difference in opening of the two eyes, -0.06 to 0.06."""
    mouth_asymmetry: float
    """Picture units by which the picture-left corner stands higher, -1 to 1."""
    nose_asymmetry: float
    """Picture units by which the tip is off the middle, -0.8 to 0.8."""

    @property
    def skin(self) -> str:
        """The Monk colour of the skin."""
        return MONK_SCALE[self.skin_tone - 1]


class _Traits:
    """Independent draws in the persona's name, one per purpose."""

    def __init__(self, persona_id: str) -> None:
        self._persona_id = persona_id

    def unit(self, purpose: str) -> float:
        """A number in [0, 1)."""
        # 53 bits are what a float holds: the result never rounds up to 1.
        return (seed_of(0, self._persona_id, 0, 0, "face", purpose) >> 11) / 2.0**53

    def between(self, purpose: str, low: float, high: float) -> float:
        """Middle values are likelier than the ends: the mean of two draws."""
        mean = (self.unit(purpose) + self.unit(purpose + "/2")) / 2
        return low + (high - low) * mean

    def one_of(self, purpose: str, choices: Sequence[T]) -> T:
        return choices[int(self.unit(purpose) * len(choices))]

    def weighted(self, purpose: str, choices: Mapping[T, float]) -> T:
        bounds = list(accumulate(choices.values()))
        place = bisect(bounds, self.unit(purpose) * bounds[-1], hi=len(bounds) - 1)
        return list(choices)[place]


def _femininity(traits: _Traits, gender: str | None) -> float:
    word = (gender or "").strip().lower()
    if word in _WOMAN:
        return traits.between("femininity", 0.7, 1.0)
    if word in _MAN:
        return traits.between("femininity", 0.0, 0.3)
    return traits.between("femininity", 0.2, 0.8)


def _hair_style(traits: _Traits, femininity: float, age: int) -> HairStyle:
    if femininity >= 0.5:
        return traits.weighted(
            "hair_style",
            {"long": 3.0, "medium": 3.0, "bun": 1.5, "curly": 2.0, "short": 0.6 + age / 50},
        )
    bald = 0.1 + max(0.0, (age - 30) / 25)
    return traits.weighted(
        "hair_style", {"short": 6.0, "curly": 1.6, "medium": 0.9, "bald": bald, "long": 0.15}
    )


def _hair_colour(traits: _Traits, skin_tone: int, age: int) -> str:
    grey = traits.between("greying", 42, 78)
    if age > grey:
        return "white" if age > grey + 14 else "grey"
    if skin_tone >= 6:
        return traits.weighted("hair_colour", {"black": 4.0, "brown": 1.5})
    return traits.weighted(
        "hair_colour", {"brown": 4.0, "black": 2.0, "blond": 2.0, "auburn": 1.2, "red": 0.6}
    )


def _eye_colour(traits: _Traits, skin_tone: int) -> str:
    if skin_tone >= 6:
        return traits.weighted("eye_colour", {"brown": 6.0, "hazel": 1.0})
    return traits.weighted(
        "eye_colour", {"brown": 4.0, "blue": 2.0, "hazel": 1.5, "green": 1.2, "grey": 0.8}
    )


@lru_cache(maxsize=1024)
def identity_of(
    persona_id: str, age: int | None, gender: str | None, appearance: Appearance
) -> Identity:
    """The face of a persona. Unknown age is drawn between 22 and 62; every field of `appearance`
    that is not null replaces the draw."""
    traits = _Traits(persona_id)
    years = min(100, max(16, age if age is not None else int(traits.between("age", 22, 62))))
    femininity = _femininity(traits, gender)
    tone = appearance.skin_tone or 1 + int(traits.unit("skin_tone") * 10)
    style = appearance.hair_style or _hair_style(traits, femininity, years)
    hair = appearance.hair_color or _hair_colour(traits, tone, years)
    eyes = appearance.eye_color or _eye_colour(traits, tone)
    beards: dict[Beard, float] = {"none": 5.0, "stubble": 2.5, "full": 2.0, "moustache": 0.6}
    drawn_beard = traits.weighted("beard", beards) if femininity < 0.4 and years > 19 else "none"
    wears = appearance.glasses
    if wears is None:
        wears = traits.unit("glasses") < 0.18 + years / 300
    frames: tuple[Glasses, ...] = ("round", "square")
    frame = traits.one_of("frames", frames)
    shapes: Sequence[FaceShape] = ("oval", "round", "square", "long", "heart")
    drawn_shape: FaceShape = traits.one_of("face_shape", shapes)
    eye_shapes: dict[EyeShape, float] = {"almond": 4.0, "round": 2.5, "hooded": 2.0, "narrow": 1.5}
    brows: tuple[BrowShape, ...] = ("soft", "arched", "straight")
    collars: tuple[Collar, ...] = ("crew", "v", "shirt", "roll")
    return Identity(
        age=years,
        femininity=femininity,
        skin_tone=tone,
        face_shape=appearance.face_shape or drawn_shape,
        face_width=traits.between("face_width", 0.94, 1.06),
        face_length=traits.between("face_length", 0.95, 1.05),
        jaw=traits.between("jaw", 0.90, 1.10) + 0.05 * (0.5 - femininity),
        chin=traits.between("chin", 0.88, 1.12),
        cheeks=traits.between("cheeks", 0.0, 1.0),
        age_lines=min(1.0, max(0.0, (years - 26) / 50)),
        eye_shape=traits.weighted("eye_shape", eye_shapes),
        eye_colour=EYE_COLOURS[eyes],
        eye_size=traits.between("eye_size", 0.92, 1.08) + 0.05 * (femininity - 0.5),
        eye_spacing=traits.between("eye_spacing", 0.94, 1.06),
        eye_tilt=traits.between("eye_tilt", -1.5, 2.5),
        brow_shape=traits.one_of("brow_shape", brows),
        brow_thickness=traits.between("brow_thickness", 0.8, 1.25) + 0.3 * (0.5 - femininity),
        brow_height=traits.between("brow_height", -2.0, 2.0) + 1.5 * (femininity - 0.5),
        nose_width=traits.between("nose_width", 0.82, 1.22) + 0.08 * (0.5 - femininity),
        nose_length=traits.between("nose_length", 0.92, 1.08),
        nose_tip=traits.unit("nose_tip"),
        mouth_width=traits.between("mouth_width", 0.88, 1.12),
        upper_lip=traits.between("upper_lip", 0.7, 1.35) + 0.15 * (femininity - 0.5),
        lower_lip=traits.between("lower_lip", 0.75, 1.3) + 0.15 * (femininity - 0.5),
        ear_size=traits.between("ear_size", 0.88, 1.12) + years / 1000,
        hair_style=style,
        hair_colour=HAIR_COLOURS[hair],
        hair_volume=traits.between("hair_volume", 0.8, 1.2),
        hair_parting=traits.between("hair_parting", -1.0, 1.0),
        hairline=min(
            1.0, traits.unit("hairline") * 0.4 + max(0, years - 30) / 90 * (1.2 - femininity)
        ),
        beard=appearance.beard or drawn_beard,
        glasses=frame if wears else "none",
        freckles=tone <= 4 and traits.unit("freckles") < 0.2,
        clothing=(appearance.clothing or traits.one_of("clothing", _CLOTHES)).lower(),
        collar=traits.one_of("collar", collars),
        scarf=traits.one_of("scarf", _CLOTHES),
        background=traits.one_of("background", _BACKGROUNDS),
        shoulders=traits.between("shoulders", 0.94, 1.06) + 0.1 * (0.5 - femininity),
        neck=traits.between("neck", 0.92, 1.08) + 0.12 * (0.5 - femininity),
        brow_asymmetry=traits.between("brow_asymmetry", -1.2, 1.2),
        eye_asymmetry=traits.between("eye_asymmetry", -0.06, 0.06),
        mouth_asymmetry=traits.between("mouth_asymmetry", -1.0, 1.0),
        nose_asymmetry=traits.between("nose_asymmetry", -0.8, 0.8),
    )
