"""How a state shows: the face that goes with an act, and what the words hide.

Words and face are separate channels, and masking sets how far they disagree. The numbers of a face
(`policies/facs.py`) and its words (`policies/display.py`) are handed on from here.
"""

import random
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from mirrorplay.personas.schema import ResistanceProfile
from mirrorplay.policies.acts import ClientAct
from mirrorplay.policies.display import described, parse_display
from mirrorplay.policies.facs import ACTION_UNITS, ActionUnit, Expression, Perception, Side, Signed
from mirrorplay.policies.state import ClientState

__all__ = [
    "ACTION_UNITS",
    "OVERLAYS",
    "ActionUnit",
    "Expression",
    "Overlay",
    "Perception",
    "Side",
    "Signed",
    "express",
    "parse_display",
]


class _Display(NamedTuple):
    """A pattern: units with their usual intensity and side ("one" is drawn), gaze and head."""

    units: tuple[tuple[int, float], ...] = ()
    one_sided: frozenset[int] = frozenset()
    sometimes: tuple[tuple[int, float], ...] = ()
    gaze: tuple[float, float] = (0.0, 0.0)
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """yaw, pitch, roll; gaze x and yaw are mirrored at random."""


_DISPLAYS: Mapping[str, _Display] = {
    "smile": _Display(((6, 1.8), (12, 2.2)), sometimes=((25, 1.5),)),
    "sadness": _Display(
        ((1, 2.0), (4, 1.6), (15, 2.0)), sometimes=((17, 1.6),), gaze=(0.1, -0.35)
    ),
    "lowered": _Display(
        ((1, 1.8), (4, 1.6), (15, 1.8)), gaze=(0.1, -0.7), head=(0.05, -0.5, 0.0)
    ),
    "anger": _Display(((4, 2.4), (5, 1.4), (7, 2.0), (23, 2.0)), sometimes=((24, 1.8),)),
    "held_back": _Display(((17, 1.8), (24, 2.2)), sometimes=((4, 1.6),)),
    "contempt": _Display(
        ((12, 1.5), (14, 1.8)), one_sided=frozenset({12, 14}), head=(0.0, 0.12, 0.1)
    ),
    "doubt": _Display(
        ((2, 1.8), (4, 1.3)), one_sided=frozenset({2}), sometimes=((14, 1.3),), head=(0, 0, 0.2)
    ),
    "controlled_smile": _Display(((12, 1.5),), sometimes=()),
    "leak": _Display(((1, 1.3), (4, 1.1), (15, 1.3)), gaze=(0.2, -0.15)),
    "averted": _Display((), sometimes=((24, 1.3), (4, 1.2)), gaze=(0.65, -0.15),
                        head=(0.4, -0.05, 0.0)),
    "flat": _Display(((43, 1.5),), gaze=(0.0, -0.15)),
    "worry": _Display(((1, 1.8), (2, 1.4), (4, 1.8)), sometimes=((20, 1.5), (5, 1.2))),
    "surprise": _Display(((1, 1.8), (2, 1.8), (5, 1.6), (26, 1.5))),
    "thinking": _Display((), sometimes=((4, 1.3), (14, 1.1), (18, 1.2)), gaze=(0.4, 0.4),
                         head=(0.1, 0.05, 0.1)),
    "held_breath": _Display(((22, 1.8), (28, 1.6))),
    "tongue_in_cheek": _Display(((18, 2.0), (27, 1.2)), gaze=(0.0, 0.5)),
    "shut_away": _Display(((6, 1.6), (43, 2.2)), head=(0.0, 0.4, -0.2)),
    "rest": _Display((), sometimes=((24, 1.0), (14, 1.0), (25, 1.0), (4, 1.0))),
}  # fmt: skip
"""EMFACS prototypes at everyday strength (sadness 1+4+15, anger 4+5+7+23, surprise 1+2+5+26,
happiness 6+12, contempt one-sided 12+14) and overlays (H) from the psychology of masking."""

_CONTROLS = ((14, 1.3), (15, 1.3), (17, 1.5), (24, 1.5))
_UNFAMILIAR: Mapping[str, float] = {"held_breath": 1.5, "tongue_in_cheek": 1.0, "shut_away": 1.0}
"""Masking in displays that no table of the embedded therapist knows: for misspecification runs."""
_HIDING = frozenset(
    {"minimizing", "minimum_talk", "agreeing", "answering", "committing", "limit_setting"}
)
"""Acts whose words can hide what is felt."""
_OPEN_FACE: Mapping[str, Mapping[str, float]] = {
    "challenging": {"anger": 3.0, "contempt": 1.6, "doubt": 1.0},
    "discounting": {"contempt": 2.0, "doubt": 2.0, "held_back": 1.0},
    "blaming": {"anger": 2.4, "contempt": 0.8, "averted": 0.8},
    "disagreeing": {"doubt": 2.0, "held_back": 1.4, "anger": 1.4, "contempt": 0.7},
    "excusing": {"averted": 1.5, "worry": 1.0, "controlled_smile": 1.0},
    "minimizing": {"controlled_smile": 2.0, "averted": 1.2, "flat": 0.6},
    "pessimism": {"sadness": 2.2, "flat": 1.0, "lowered": 1.0},
    "reluctance": {"averted": 1.6, "worry": 1.4, "lowered": 1.0},
    "unwillingness": {"held_back": 2.0, "anger": 0.9, "averted": 1.0},
    "minimum_talk": {"flat": 1.6, "averted": 1.6, "lowered": 1.0, "held_back": 0.8},
    "limit_setting": {"held_back": 2.0, "averted": 1.2, "anger": 0.7},
    "inattention": {"averted": 2.4, "flat": 1.4, "thinking": 0.6},
    "sidetracking": {"averted": 1.2, "controlled_smile": 1.4, "smile": 0.5},
    "answering": {"thinking": 2.0, "worry": 0.8, "averted": 0.5},
    "disclosing": {"sadness": 2.2, "lowered": 1.8, "worry": 0.8, "averted": 0.6},
    "change_talk": {"thinking": 1.6, "worry": 0.8, "sadness": 0.7, "smile": 0.7},
    "insight": {"surprise": 1.6, "thinking": 1.8, "sadness": 0.8},
    "agreeing": {"smile": 0.8, "thinking": 0.8, "sadness": 0.6},
    "asking": {"doubt": 0.8, "worry": 0.8, "thinking": 1.0},
    "committing": {"smile": 1.8, "worry": 0.8, "thinking": 0.8},
}
"""What each act looks like when nothing is hidden: relative weights (H)."""


Overlay = Literal["familiar", "unfamiliar"]
OVERLAYS: tuple[Overlay, ...] = get_args(Overlay)
"""How masking shows: in ways the embedded therapist's table knows, or in others."""
RELIABILITY = 0.5
"""Share of turns in which a face of ordinary expressivity shows anything (science: at most .5)."""


def express(
    state: ClientState,
    act: ClientAct,
    profile: ResistanceProfile,
    expressivity: float,
    rng: random.Random,
    *,
    reliability: float = RELIABILITY,
    overlay: Overlay = "familiar",
) -> Expression:
    """The face that goes with a state and an act.

    Display is probabilistic (`reliability` in [0, 1], the share of turns that show something at
    ordinary expressivity) and mostly at intensity A–B. Where the words hide what is felt, masking
    is the chance that the face tells it anyway, as a controlled smile or a leak; a client who does
    not mask shows what the words say. `overlay`: which displays masking has.
    """
    felt = max(state.distress, state.discord)
    shown, masked, which, strength = (rng.random() for _ in range(4))
    if act in _HIDING and masked < profile.masking * (0.35 + 0.65 * felt):
        weights = _masked(state, profile) if overlay == "familiar" else _UNFAMILIAR
        shows = 0.35 + 0.4 * expressivity
    else:
        weights = _leaning(state, act)
        shows = 0.08 + 0.5 * expressivity + 0.2 * felt * expressivity
    name = _choose(weights, which) if shown < shows * reliability / RELIABILITY else "rest"
    scale = 0.6 + 0.5 * expressivity + 0.5 * felt * strength + 0.25 * (strength - 0.5)
    return _perform(name, scale, rng)


def _masked(state: ClientState, profile: ResistanceProfile) -> dict[str, float]:
    weights = {
        "controlled_smile": 1.6,
        "leak": 1.8 * state.distress,
        "averted": 0.5,
        "held_back": 2.0 * state.confrontation,
        "contempt": 0.8 * state.confrontation,
        "lowered": 0.7 * state.withdrawal,
    }
    if profile.type == "emotional":
        weights["controlled_smile"] *= 1.5
        weights["leak"] *= 1.5
    return weights


def _leaning(state: ClientState, act: ClientAct) -> dict[str, float]:
    lean = {
        "anger": 0.15 + 1.6 * state.confrontation,
        "contempt": 0.2 + 1.3 * state.confrontation,
        "held_back": 0.4 + state.discord,
        "flat": 0.3 + state.withdrawal,
        "averted": 0.5 + state.withdrawal,
        "lowered": 0.2 + state.withdrawal * state.distress * 1.5,
        "sadness": 0.3 + state.distress,
        "worry": 0.3 + state.distress,
        "smile": 0.1 + 1.4 * state.trust * (1.0 - state.distress),
    }
    return {name: weight * lean.get(name, 1.0) for name, weight in _OPEN_FACE[act].items()}


def _perform(name: str, scale: float, rng: random.Random) -> Expression:
    display = _DISPLAYS[name]
    side: Side = "right" if rng.random() < 0.7 else "left"
    towards = 1.0 if rng.random() < 0.5 else -1.0
    units: list[ActionUnit] = []
    planned = list(display.units)
    chance = 0.03 if name == "rest" else 0.35
    planned += [unit for unit in display.sometimes if rng.random() < chance]
    if name == "controlled_smile":
        planned.append(_CONTROLS[rng.randrange(len(_CONTROLS))])
    for au, usual in sorted(planned):
        intensity = min(5.0, max(1.0, usual * scale + rng.gauss(0.0, 0.2)))
        units.append(
            ActionUnit(
                au=au,
                intensity=round(intensity, 1),
                side=side if au in display.one_sided else "both",
            )
        )
    yaw, pitch, roll = display.head
    return described(
        Expression(
            action_units=tuple(units),
            gaze_x=_signed(towards * display.gaze[0] + rng.gauss(0.0, 0.05)),
            gaze_y=_signed(display.gaze[1] + rng.gauss(0.0, 0.05)),
            head_yaw=_signed(towards * yaw + rng.gauss(0.0, 0.04)),
            head_pitch=_signed(pitch + rng.gauss(0.0, 0.04)),
            head_roll=_signed(towards * roll + rng.gauss(0.0, 0.04)),
        )
    )


def _signed(value: float) -> float:
    return round(min(1.0, max(-1.0, value)), 2)


def _choose(weights: Mapping[str, float], drawn: float) -> str:
    left = drawn * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0.0:
            return name
    return next(reversed(list(weights)))
