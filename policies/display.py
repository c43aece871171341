"""A face in words, and words back into a face.

`caption` names what is displayed, never what is meant by it; `contrast` names what the face does
not do, for a negative prompt. `parse_display` knows the caption's own words and those that people
write in stage directions; what it does not know it leaves out.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from mirrorplay.personas.document import read_yaml
from mirrorplay.policies.facs import ActionUnit, Expression, Side

_LEXICON_FILE = Path(__file__).parent / "display_words.yaml"
SEEN = 0.25
"""Gaze and head offsets from here on are worth a word."""

_WORDS: dict[int, str] = {
    1: "inner brows {}raised",
    2: "outer brows {}raised",
    4: "brows {}drawn together",
    5: "upper eyelids {}raised",
    6: "cheeks {}raised",
    7: "eyes {}narrowed",
    9: "nose {}wrinkled",
    10: "upper lip {}raised",
    12: "mouth corners {}raised in a smile",
    14: "mouth corners {}tightened",
    15: "mouth corners {}turned down",
    16: "lower lip {}pulled down",
    17: "chin {}pushed up",
    18: "lips {}pursed",
    20: "lips {}stretched sideways",
    22: "lips {}funnelled",
    23: "lips {}tightened",
    24: "lips {}pressed together",
    25: "lips {}parted",
    26: "jaw {}dropped",
    27: "mouth {}stretched open",
    28: "lips {}rolled in",
    43: "eyelids {}drooping",
}
_ONE_SIDE: dict[int, str] = {
    1: "{} inner brow {}raised",
    2: "{} outer brow {}raised",
    12: "{} mouth corner {}raised in a half-smile",
    14: "{} mouth corner {}tightened",
}
_ANY_SIDE = "{} side only: "


def caption(face: Expression) -> str:
    """What the face displays, in words: "brows drawn together, lips pressed together, looking
    down"."""
    by_unit = {unit.au: unit for unit in face.action_units if unit.intensity >= 0.5}
    parts: list[str] = []
    inner, outer = by_unit.get(1), by_unit.get(2)
    if inner and outer and inner.side == outer.side == "both":
        parts.append(f"brows {_degree(max(inner.intensity, outer.intensity))}raised")
        del by_unit[1], by_unit[2]
    parts += [_unit_words(by_unit[au]) for au in sorted(by_unit)]
    parts += _pose_words(face)
    if not by_unit and len(parts) <= 1 and not (inner and outer):
        parts.insert(0, "face at rest")
    return ", ".join(parts)


def contrast(face: Expression) -> str:
    """What the face does not do, in words."""
    seen = {unit.au for unit in face.action_units if unit.intensity >= 0.5}
    parts: list[str] = []
    if 12 in seen and 6 in seen:
        parts += ["mouth corners turned down", "brows drawn together"]
    elif 12 in seen:
        parts += ["broad open smile", "cheeks raised"]
    elif seen & {15, 17, 23, 24, 4}:
        parts += ["broad open smile", "relaxed brow"]
    elif 43 in seen:
        parts += ["eyes wide open", "broad open smile"]
    elif seen & {1, 2, 5, 26}:
        parts += ["brows lowered", "lips pressed together"]
    else:
        parts += ["broad open smile", "brows drawn together"]
    away = abs(face.gaze_x) >= SEEN or abs(face.gaze_y) >= SEEN
    parts.append("looking straight ahead" if away else "looking away")
    return ", ".join(parts)


def _degree(intensity: float) -> str:
    if intensity < 1.5:
        return "slightly "
    return "strongly " if intensity > 3.0 else ""


def _unit_words(unit: ActionUnit) -> str:
    degree = _degree(unit.intensity)
    if unit.au == 43 and unit.intensity > 3.0:
        return "eyes closed"
    if unit.side != "both":
        if unit.au in _ONE_SIDE:
            return _ONE_SIDE[unit.au].format(unit.side, degree)
        return _ANY_SIDE.format(unit.side) + _WORDS[unit.au].format(degree)
    return _WORDS[unit.au].format(degree)


def _pose_words(face: Expression) -> list[str]:
    side = "left" if face.gaze_x > 0 else "right"
    vertical = "down" if face.gaze_y <= -SEEN else "up" if face.gaze_y >= SEEN else ""
    aside = f"away to the {side}" if abs(face.gaze_x) >= SEEN else ""
    gaze = " and ".join(part for part in (vertical, aside) if part)
    parts = [f"looking {gaze}" if gaze else "looking straight ahead"]
    if abs(face.head_yaw) >= SEEN:
        parts.append(f"head turned to the {'left' if face.head_yaw > 0 else 'right'}")
    if face.head_pitch <= -SEEN:
        parts.append("head lowered")
    elif face.head_pitch >= SEEN:
        parts.append("head tipped back")
    if abs(face.head_roll) >= SEEN:
        parts.append(f"head tilted to the {'left' if face.head_roll > 0 else 'right'}")
    return parts


def described(face: Expression) -> Expression:
    """The same face with its caption and contrast."""
    return face.model_copy(update={"caption": caption(face), "contrast": contrast(face)})


_LOOKS = r"\b(?:look|glanc|gaz|star(?=es|ing|ed)|eyes (?:\w+ )?(?:on|drop|go|cast|fixed|turn))\w*\b"
_NEGATED = re.compile(
    r"\b(?:not|no|never|without|isn't|doesn't|don't|didn't|avoids?|hardly|barely)\s+(?:\w+\s+){0,2}$"
)
_STRONG = re.compile(r"\b(?:strongly|hard|deep|deeply|broad|broadly|wide|widely|big|firmly|very)\b")
_SIDED = re.compile(r"\b(left|right)\b")
_SLIGHT = re.compile(
    r"\b(?:slight|slightly|faint|faintly|small|a little|a bit|weak|weakly|brief|briefly|hint"
    r"|trace)\b"
)
_DOWN = re.compile(
    _LOOKS
    + r"[^,.;]*?\b(?:down|downwards?|floor|ground|carpet|laps?|hands?|feet|shoes?|knees?|table"
    r"|sleeve|cup|ring|fingers|papers?)\b"
    r"|\b(?:downcast|lowers? (?:\w+ )?(?:gaze|eyes)|eyes lowered)\b"
)
_UP = re.compile(_LOOKS + r"[^,.;]*?\b(?:up(?! at\b)|upwards?|ceiling)\b")
_AWAY = re.compile(
    _LOOKS + r"[^,.;]*?\b(?:away|aside|window|door|clock|wall|elsewhere|phone|bookcase|shelf|watch"
    r"|distance|around|corner|past)\b(?:[^,.;]*\bleft\b)?"
    r"|\b(?:avoid\w*|breaks?|no|without|little|averts?|averted) (?:\w+ )?"
    r"(?:eye contact|gaze|eyes)\b"
    r"|\bturns? away\b"
)
_LOWERED = re.compile(
    r"\bhead (?:\w+ )?(?:down|low\w*|bow\w*|drop\w*|hang\w*)\b"
    r"|\b(?:bow|hang|lower|drop)s? (?:\w+ )?head\b"
)
_TIPPED = re.compile(
    r"\bhead (?:\w+ )?(?:tipped |thrown |leans )?back\b|\bchin (?:lifted|raised|up)\b"
)
_TURNED = re.compile(r"\bhead turned\b[^,.;]*|\bturns? (?:\w+ )?head\b[^,.;]*|\bturns? away\b")
_TILTED = re.compile(r"\bhead tilted\b[^,.;]*|\btilts? (?:\w+ )?head\b[^,.;]*")


class _Words(NamedTuple):
    pattern: re.Pattern[str]
    units: tuple[int, ...]
    side: Side


@lru_cache(maxsize=1)
def _lexicon() -> tuple[_Words, ...]:
    sections = read_yaml(_LEXICON_FILE).value
    return tuple(
        _Words(
            re.compile(r"\b(?:" + "|".join(entry["words"]) + ")"),
            tuple(entry["units"]),
            entry.get("side", "both"),
        )
        for section in ("captions", "directions")
        for entry in sections[section]
    )


def parse_display(text: str) -> Expression:
    """The face that a caption or a stage direction describes; at rest where it says nothing.

    Body and voice are not read, an eye roll neither (a movement, not a moment), and "no smile" is
    no smile. A side that is not named is the right. The result has its own caption and contrast.
    """
    lowered = text.lower().replace("\u2019", "'")
    units: dict[int, ActionUnit] = {}
    for clause in re.split(r"[,.;:()\[\]]", lowered):
        if clause.strip():
            _read_units(clause, units)
    away, turned, tilted = (found.search(lowered) for found in (_AWAY, _TURNED, _TILTED))
    pitch = -0.5 if _LOWERED.search(lowered) else 0.4 if _TIPPED.search(lowered) else 0.0
    return described(
        Expression(
            action_units=tuple(units[au] for au in sorted(units)),
            gaze_x=0.6 * _towards(away[0]) if away else 0.0,
            gaze_y=-0.6 if _DOWN.search(lowered) else 0.6 if _UP.search(lowered) else 0.0,
            head_yaw=0.4 * _towards(turned[0]) if turned else 0.0,
            head_pitch=pitch,
            head_roll=0.4 * _towards(tilted[0]) if tilted else 0.0,
        )
    )


def _read_units(clause: str, units: dict[int, ActionUnit]) -> None:
    for pattern, numbers, usual in _lexicon():
        found = pattern.search(clause)
        if found is None:
            continue
        before = clause[: found.start()]
        clause = before + " ~ " + clause[found.end() :]
        if _NEGATED.search(before):
            continue
        near = before[-24:] + found[0]
        intensity = 4.0 if "close" in found[0] or _STRONG.search(near) else 2.0
        if _SLIGHT.search(near):
            intensity = 1.0
        named = _SIDED.search(near)
        side: Side = usual if named is None else "left" if named[1] == "left" else "right"
        for au in numbers:
            units.setdefault(au, ActionUnit(au=au, intensity=intensity, side=side))


def _towards(words: str) -> float:
    """+1 for the client's own left, -1 for the right."""
    return 1.0 if "left" in words else -1.0
