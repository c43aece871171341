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
Glasses = Literal["none", "round", "square", "oval", "browline", "rimless"]
Collar = Literal["crew", "v", "shirt", "roll", "scoop", "hood", "jacket"]
Texture = Literal["straight", "wavy", "coily"]
Cut = Literal["swept", "parted", "fringe", "cropped", "brushed_up"]
Covering = Literal["scarf", "wrap"]
Earrings = Literal["none", "stud", "hoop", "drop"]

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
    "grey": "#94918e",
    "white": "#d3cfc9",
}
_CLOTHES: tuple[str, ...] = (
    "#3f5b73", "#6b7f6a", "#7a4b4f", "#4b4a63", "#8a6f52", "#2f3e46", "#a0685a", "#5d7288",
    "#77658a", "#c2b8a3", "#b08a3e", "#35595a", "#8c3f4a", "#46566e", "#9aa48c", "#cfc7bd",
    "#5b4636", "#2e4a3c",
)  # fmt: skip
_BACKGROUNDS: tuple[str, ...] = (
    "#cfd8d3", "#d9d1c3", "#c7d3db", "#dacdc9", "#cdd2bd", "#d2cdda", "#bfcecb", "#ded5c4",
    "#c5c9cf", "#d6c6b8",
)  # fmt: skip
_FRAMES: tuple[str, ...] = ("#2f2422", "#57371f", "#6d6a68", "#8a2f35", "#27405c", "#b39a6b")
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
    undertone: float
    """-1 cool and rosy to 1 warm and golden."""
    face_shape: FaceShape
    face_width: float
    face_length: float
    jaw: float
    """Width of the jaw as a factor, 0.85–1.15."""
    chin: float
    """Chin length as a factor, 0.85–1.15."""
    cheeks: float
    """Fullness, 0–1."""
    cheekbones: float
    """How clearly they show, 0–1."""
    forehead: float
    """Height as a factor, 0.94–1.06."""
    age_lines: float
    """Depth of resting lines, 0 at about 25 years to 1 at 80."""
    eye_shape: EyeShape
    eye_colour: str
    eye_size: float
    eye_spacing: float
    eye_tilt: float
    """Rise of the outer corner in picture units, -1.5 to 2.5."""
    eye_fold: float
    """Depth of the crease above the lid, 0 (none shows) to 1."""
    eye_depth: float
    """How deep the eyes lie, 0–1."""
    brow_shape: BrowShape
    brow_thickness: float
    brow_height: float
    """Picture units above the usual height, -2 to 2."""
    nose_width: float
    nose_length: float
    nose_tip: float
    """Roundness of the tip, 0–1."""
    nose_bridge: float
    """Height of the bridge, 0 flat to 1 high."""
    mouth_width: float
    upper_lip: float
    lower_lip: float
    lip_bow: float
    """Depth of the notch in the upper lip, 0–1."""
    ear_size: float
    ear_stand: float
    """How far the ears stand off, 0–1."""
    hair_style: HairStyle
    hair_colour: str
    grey: float
    """Share of grey hair, 0–1; greying begins at the temples."""
    hair_texture: Texture
    hair_cut: Cut
    hair_volume: float
    hair_parting: float
    """-1 parted at picture left to 1 at picture right."""
    hairline: float
    """Height of the hairline, 0 low to 1 receding."""
    beard: Beard
    beard_length: float
    """0 trimmed to 1 long."""
    glasses: Glasses
    frame: str
    """Colour of the frames."""
    earrings: Earrings
    freckles: bool
    moles: tuple[tuple[float, float], ...]
    """Places on the face: -1 to 1 across, 0 (eyes) to 1 (chin) down."""
    clothing: str
    collar: Collar
    scarf: str
    """Colour of a head covering, used when the hair is covered."""
    covering: Covering
    """What covers the hair: a scarf around head and neck, or cloth wound around the head."""
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
    jaw_asymmetry: float
    """Relative difference in width of the two sides of the jaw, -0.03 to 0.03."""
    eye_level: float
    """Picture units by which the picture-left eye stands higher, -0.8 to 0.8."""
    grain: tuple[float, ...]
    """Eight numbers in [-1, 1] for what is irregular in strands and lines."""

    @property
    def youth(self) -> float:
        """1 at 16 years, 0 from 26."""
        return min(1.0, max(0.0, (26 - self.age) / 10))

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


def _greying(traits: _Traits) -> float:
    """Years at which grey hair is the greater part."""
    return traits.between("greying", 42, 78)


def _hair_colour(traits: _Traits, skin_tone: int, age: int) -> str:
    grey = _greying(traits)
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


def _hair_cut(traits: _Traits, femininity: float) -> Cut:
    if femininity >= 0.5:
        return traits.weighted("hair_cut", {"swept": 3.0, "parted": 3.0, "fringe": 2.0})
    return traits.weighted(
        "hair_cut", {"swept": 3.0, "parted": 1.0, "cropped": 3.0, "brushed_up": 2.0, "fringe": 1.0}
    )


def _earrings(traits: _Traits, femininity: float) -> Earrings:
    none = 1.4 if femininity >= 0.5 else 14.0
    return traits.weighted("earrings", {"none": none, "stud": 1.0, "hoop": 0.6, "drop": 0.4})


def _moles(traits: _Traits) -> tuple[tuple[float, float], ...]:
    count = traits.weighted("moles", {0: 7.0, 1: 2.0, 2: 0.7})
    return tuple(
        (traits.unit(f"mole_x/{n}") * 2 - 1, traits.unit(f"mole_y/{n}")) for n in range(count)
    )


@lru_cache(maxsize=1024)
def identity_of(
    persona_id: str, age: int | None, gender: str | None, appearance: Appearance
) -> Identity:
    """The face of a persona. Unknown age is drawn between 22 and 62; every field of `appearance`
    that is not null replaces the draw."""
    traits = _Traits(persona_id)
    between, unit = traits.between, traits.unit
    years = min(100, max(16, age if age is not None else int(between("age", 22, 62))))
    femininity = _femininity(traits, gender)
    masculine = 0.5 - femininity
    tone = appearance.skin_tone or 1 + int(unit("skin_tone") * 10)
    style = appearance.hair_style or _hair_style(traits, femininity, years)
    hair = appearance.hair_color or _hair_colour(traits, tone, years)
    eyes = appearance.eye_color or _eye_colour(traits, tone)
    beards: dict[Beard, float] = {"none": 5.0, "stubble": 2.5, "full": 2.0, "moustache": 0.6}
    drawn_beard = traits.weighted("beard", beards) if femininity < 0.4 and years > 19 else "none"
    wears = appearance.glasses
    if wears is None:
        wears = unit("glasses") < 0.18 + years / 300
    frames: tuple[Glasses, ...] = ("round", "square", "oval", "browline", "rimless")
    frame = traits.one_of("frames", frames)
    shapes: Sequence[FaceShape] = ("oval", "round", "square", "long", "heart")
    drawn_shape: FaceShape = traits.one_of("face_shape", shapes)
    eye_shapes: dict[EyeShape, float] = {"almond": 4.0, "round": 2.5, "hooded": 2.0, "narrow": 1.5}
    brows: tuple[BrowShape, ...] = ("soft", "arched", "straight")
    collars: dict[Collar, float] = {
        "crew": 3.0, "v": 2.0, "shirt": 3.0, "roll": 1.5, "scoop": 1.2 * femininity + 0.1,
        "hood": 1.0, "jacket": 1.6 if years > 22 else 0.4,
    }  # fmt: skip
    textures: dict[Texture, float] = {"straight": 3.0, "wavy": 3.0, "coily": 2.0}
    coverings: dict[Covering, float] = (
        {"scarf": 4.0, "wrap": 1.0} if femininity >= 0.4 else {"wrap": 1.0}
    )
    greying = 1.0 if hair in {"grey", "white"} else (years - _greying(traits) + 14) / 22
    return Identity(
        age=years,
        femininity=femininity,
        skin_tone=tone,
        undertone=between("undertone", -1.0, 1.0),
        face_shape=appearance.face_shape or drawn_shape,
        face_width=between("face_width", 0.94, 1.06),
        face_length=between("face_length", 0.95, 1.05),
        jaw=between("jaw", 0.90, 1.10) + 0.05 * masculine,
        chin=between("chin", 0.88, 1.12),
        cheeks=between("cheeks", 0.0, 1.0),
        cheekbones=unit("cheekbones"),
        forehead=between("forehead", 0.94, 1.06),
        age_lines=min(1.0, max(0.0, (years - 26) / 50)),
        eye_shape=traits.weighted("eye_shape", eye_shapes),
        eye_colour=EYE_COLOURS[eyes],
        eye_size=between("eye_size", 0.90, 1.10) - 0.05 * masculine,
        eye_spacing=between("eye_spacing", 0.93, 1.07),
        eye_tilt=between("eye_tilt", -1.5, 2.5),
        eye_fold=unit("eye_fold"),
        eye_depth=unit("eye_depth"),
        brow_shape=traits.one_of("brow_shape", brows),
        brow_thickness=between("brow_thickness", 0.72, 1.28) + 0.3 * masculine,
        brow_height=between("brow_height", -2.0, 2.0) - 1.5 * masculine,
        nose_width=between("nose_width", 0.82, 1.24) + 0.08 * masculine,
        nose_length=between("nose_length", 0.90, 1.10),
        nose_tip=unit("nose_tip"),
        nose_bridge=unit("nose_bridge"),
        mouth_width=between("mouth_width", 0.88, 1.12),
        upper_lip=between("upper_lip", 0.65, 1.40) - 0.15 * masculine,
        lower_lip=between("lower_lip", 0.70, 1.35) - 0.15 * masculine,
        lip_bow=unit("lip_bow"),
        ear_size=between("ear_size", 0.86, 1.14) + years / 1000,
        ear_stand=between("ear_stand", 0.0, 1.0),
        hair_style=style,
        hair_colour=HAIR_COLOURS[hair],
        grey=min(1.0, max(0.0, greying)),
        hair_texture=traits.weighted("hair_texture", textures),
        hair_cut=_hair_cut(traits, femininity),
        hair_volume=between("hair_volume", 0.8, 1.2),
        hair_parting=between("hair_parting", -1.0, 1.0),
        hairline=min(1.0, unit("hairline") * 0.4 + max(0, years - 30) / 90 * (0.7 + masculine)),
        beard=appearance.beard or drawn_beard,
        beard_length=between("beard_length", 0.0, 1.0),
        glasses=frame if wears else "none",
        frame=traits.one_of("frame_colour", _FRAMES),
        earrings=_earrings(traits, femininity),
        freckles=tone <= 5 and unit("freckles") < 0.2,
        moles=_moles(traits),
        clothing=(appearance.clothing or traits.one_of("clothing", _CLOTHES)).lower(),
        collar=traits.weighted("collar", collars),
        scarf=traits.one_of("scarf", _CLOTHES),
        covering=traits.weighted("covering", coverings),
        background=traits.one_of("background", _BACKGROUNDS),
        shoulders=between("shoulders", 0.93, 1.07) + 0.1 * masculine,
        neck=between("neck", 0.91, 1.09) + 0.12 * masculine,
        brow_asymmetry=between("brow_asymmetry", -1.2, 1.2),
        eye_asymmetry=between("eye_asymmetry", -0.06, 0.06),
        mouth_asymmetry=between("mouth_asymmetry", -1.0, 1.0),
        nose_asymmetry=between("nose_asymmetry", -0.8, 0.8),
        jaw_asymmetry=between("jaw_asymmetry", -0.03, 0.03),
        eye_level=between("eye_level", -0.8, 0.8),
        grain=tuple(unit(f"grain/{n}") * 2 - 1 for n in range(8)),
    )
