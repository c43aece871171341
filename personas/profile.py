"""How a persona resists when a run assigns it a type."""

from typing import Final, Literal

from mirrorplay.personas.schema import Persona, ResistanceProfile, ResistanceType

ASSIGNED_INTENSITY: Final = 0.6
"""Least intensity of an assigned type where the persona's own is none (H)."""
ASSIGNED_MASKING: Final = 0.5
"""Least masking of an assigned emotional type: hiding what is felt belongs to it (H)."""


def resistance_profile(
    persona: Persona,
    resistance: ResistanceType | Literal["default"],
    intensity: float | None = None,
) -> ResistanceProfile:
    """How a persona resists when run with a type.

    Its own type (and `default`) keeps its own profile. Another type keeps its reactivity and
    masking, with masking at least 0.5 for `emotional`, and its intensity, at least 0.6 where its
    own type is `none`. `none` has intensity 0. `intensity` in [0, 1] replaces that of any other
    type.
    """
    own = persona.resistance
    profile = own
    if resistance not in ("default", own.type):
        masking = max(own.masking, ASSIGNED_MASKING) if resistance == "emotional" else own.masking
        least = ASSIGNED_INTENSITY if own.type == "none" else 0.0
        changed = {"type": resistance, "masking": masking, "intensity": max(own.intensity, least)}
        profile = own.model_copy(update=changed)
    if profile.type == "none":
        return profile.model_copy(update={"intensity": 0.0})
    return profile if intensity is None else profile.model_copy(update={"intensity": intensity})
