"""The client's hidden state, and how it moves."""

from mirrorplay.personas.schema import Frozen, Unit


class ClientState(Frozen):
    """Six numbers in [0, 1]. Sustain talk comes from ambivalence; confrontation and withdrawal
    are discord with the therapist."""

    trust: Unit
    ambivalence: Unit
    confrontation: Unit
    withdrawal: Unit
    distress: Unit
    conviction: Unit
    """How firmly the automatic thought is believed."""
