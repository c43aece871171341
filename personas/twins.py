"""Counterfactual twins: the same person with another name, gender, age, culture or skin.

Everything else is held: problem, beliefs, memories, way of speaking, resistance. A twin shares its
original's draws (`Persona.root`), so that what differs between the two sessions is owed to what was
changed. What a persona's story hangs on (`twin.fixed`, `twin.ages`) cannot be changed.
"""

import random
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import HERITAGES, Frozen, Heritage, Line, Persona

TwinGender = Literal["woman", "man", "nonbinary"]
TWIN_GENDERS: tuple[TwinGender, ...] = get_args(TwinGender)
NAMES_FILE = Path(__file__).with_name("names.yaml")


class Background(Frozen):
    """Names, skin tones (Monk scale, from and to) and cultures of a heritage."""

    woman: tuple[Line, ...]
    man: tuple[Line, ...]
    neutral: tuple[Line, ...]
    family: tuple[Line, ...]
    skin_tones: tuple[int, int]
    cultures: tuple[Line, ...]


def twin(
    persona: Persona,
    *,
    gender: TwinGender | None = None,
    heritage: Heritage | None = None,
    age: int | None = None,
    skin_tone: int | None = None,
    name: str | None = None,
    culture: str | None = None,
) -> Persona:
    """The persona with what is given changed and all else the same.

    A change of gender or heritage brings a fitting name, a change of heritage also a culture and a
    skin tone (1–10, Monk scale), unless they are given; they are drawn from the original's id, so
    the twin is the same every time. age in years, 16 or more. Raises UserError for nothing to
    change, a name that is not known, an age outside `twin.ages`, or what the story hangs on.
    """
    intake, appearance = persona.intake, persona.appearance
    _check(persona, gender, heritage, age)
    _check_texts(name=name, culture=culture)
    if (gender, heritage, age, skin_tone, name, culture) == (None,) * 6:
        raise UserError("a twin needs something to change", allowed=", ".join(_CHANGES))
    rng = random.Random(f"{persona.root}/{gender}/{heritage}")
    background = _backgrounds()[heritage or intake.heritage or "european"]
    new_name = name or (
        _name(persona, gender, heritage, background, rng) if gender or heritage else intake.name
    )
    changed: dict[str, Any] = {"name": new_name}
    if gender is not None:
        changed["gender"] = gender
    if age is not None:
        changed["age"] = age
    if heritage is not None:
        changed |= {"heritage": heritage, "culture": rng.choice(background.cultures)}
        tone = rng.randint(*background.skin_tones)
        appearance = appearance.model_copy(update={"skin_tone": tone})
    if culture is not None:
        changed["culture"] = culture
    if skin_tone is not None:
        appearance = appearance.model_copy(update={"skin_tone": skin_tone})
    if gender == "woman":
        appearance = appearance.model_copy(update={"beard": "none"})
    form = _form(gender or intake.gender)
    texts = persona.model_dump(exclude={"id", "intake", "twin", "source", "appearance", "twin_of"})
    rewrite = _rewriter(persona, new_name, form)
    made = {
        **_rewritten(texts, rewrite),
        "id": _id(persona, gender, heritage, age, skin_tone, name, culture),
        "intake": {
            **_rewritten(intake.model_dump(exclude={"name", "culture"}), rewrite),
            "culture": intake.culture,
            **changed,
        },
        "appearance": _rewritten(appearance.model_dump(), rewrite),
        "twin": persona.twin.model_dump(),
        "source": persona.source.model_dump(),
        "twin_of": persona.root,
    }
    return Persona.model_validate(made)


def counterfactuals(persona: Persona) -> tuple[Persona, ...]:
    """One twin for every other combination of gender and heritage that the persona allows."""
    fixed, intake = persona.twin.fixed, persona.intake
    genders = (None,) if "gender" in fixed else (None, *TWIN_GENDERS)
    heritages = (None,) if "culture" in fixed else (None, *HERITAGES)
    return tuple(
        twin(persona, gender=gender, heritage=heritage)
        for gender, heritage in product(genders, heritages)
        if (gender, heritage) != (None, None)
        and gender != intake.gender
        and heritage != intake.heritage
    )


_CHANGES = ("gender", "heritage", "age", "skin_tone", "name", "culture")


@lru_cache(maxsize=1)
def _backgrounds() -> Mapping[str, Background]:
    return {
        heritage: Background.model_validate(entry)
        for heritage, entry in read_yaml(NAMES_FILE).value.items()
    }


def _check(persona: Persona, gender: str | None, heritage: str | None, age: int | None) -> None:
    rules = persona.twin
    if persona.twin_of is not None:
        raise UserError(
            f"{persona.id!r} is a twin already", hint=f"make twins of {persona.twin_of!r}"
        )
    same = {"gender": persona.intake.gender, "heritage": persona.intake.heritage}
    for given, what in ((gender, "gender"), (heritage, "heritage")):
        if given is not None and given == same[what]:
            raise UserError(f"{what} {given!r} is {persona.id!r}'s own", hint="leave it out")
    for given, known, what in ((gender, TWIN_GENDERS, "gender"), (heritage, HERITAGES, "heritage")):
        if given is not None and given not in known:
            raise UserError(f"{given!r} is no {what}", allowed=known, hint=nearest(given, known))
    for given, held in ((gender, "gender"), (heritage, "culture")):
        if given is not None and held in rules.fixed:
            raise UserError(
                f"the story of {persona.id!r} hangs on its {held}",
                where=persona.id,
                hint="choose another persona, or change something else",
            )
    if age is not None:
        own = persona.intake.age
        low, high = rules.ages or ((own, own) if own is not None else (18, 100))
        if not low <= age <= high:
            raise UserError(
                f"the story of {persona.id!r} does not hold at {age}",
                where="twin.ages",
                allowed=f"{low} to {high}" if low < high else str(low),
            )


def _check_texts(**texts: str | None) -> None:
    for what, text in texts.items():
        if text is not None and not (text.strip() and text.isprintable() and len(text) <= 300):
            raise UserError(
                f"{what} {text[:40]!r} cannot be used", allowed="1–300 printable characters"
            )


def _name(
    persona: Persona,
    gender: str | None,
    heritage: str | None,
    background: Background,
    rng: random.Random,
) -> str:
    """A given name of the form's; the family name stays unless the heritage changes."""
    given, _, family = persona.intake.name.partition(" ")
    pool = getattr(background, _form(gender or persona.intake.gender))
    new = rng.choice([one for one in pool if one != given])
    if heritage is not None or not family:
        family = rng.choice(background.family)
    return f"{new} {family}"


def _form(gender: str | None) -> Literal["woman", "man", "neutral"]:
    return "woman" if gender == "woman" else "man" if gender == "man" else "neutral"


def _rewriter(
    persona: Persona, name: str, form: Literal["woman", "man", "neutral"]
) -> Callable[[str], str]:
    """Puts the twin's own names and gendered words in the place of the original's."""
    swaps: dict[str, str] = {}
    for words in persona.twin.gendered:
        for old in (words.woman, words.man, words.neutral):
            new = getattr(words, form)
            swaps[old] = new
            swaps[_capital(old)] = _capital(new)
    # Names with their case: a client called Will must not lose every "will".
    old_given, _, old_family = persona.intake.name.partition(" ")
    given, _, family = name.partition(" ")
    swaps[old_given] = given
    if old_family and family:
        swaps[old_family] = family
    longest = sorted(swaps, key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b")
    return lambda text: pattern.sub(lambda found: swaps[found[0]], text)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _rewritten(value: Any, rewrite: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, dict):
        return {key: _rewritten(one, rewrite) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_rewritten(one, rewrite) for one in value)
    return value


def _id(persona: Persona, *changes: object) -> str:
    """The original's id and what was changed, cut to 64 characters with a hash where needed."""
    named = [str(c).lower().replace("_", "-") for c in changes[:2] if c is not None]
    other = [c for c in changes[2:] if c is not None]
    if other:
        named.append(blake2b(repr(changes[2:]).encode(), digest_size=3).hexdigest())
    tail = "-".join(named)
    return f"{persona.root[: 63 - len(tail)].rstrip('-')}-{tail}"
