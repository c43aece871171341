"""The client's hidden state, and how it moves.

The state moves on the therapist's reply as code × manner, never on its words: a push (a directive
act, less what good manner takes away) raises discord and costs trust; repair works in proportion
to the discord there is; exploring opens; conviction falls only where there is calm and trust.
Every coefficient stands in `dynamics.yaml` with its source. Updates are pure.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast, get_args

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Frozen, ResistanceProfile, Unit
from mirrorplay.policies.acts import Manner

DynamicsVariant = Literal["full", "memoryless", "static"]
"""full: the state persists. memoryless: each update starts from the initial state. static: the
state never moves."""
DYNAMICS_VARIANTS: tuple[DynamicsVariant, ...] = get_args(DynamicsVariant)
DYNAMICS_FILE = Path(__file__).parent / "dynamics.yaml"


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

    @property
    def discord(self) -> float:
        """Confrontation or withdrawal, as one number in [0, 1]."""
        return 1.0 - (1.0 - self.confrontation) * (1.0 - self.withdrawal)


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The coefficients by section and name, and where each comes from (`section.name`)."""

    values: Mapping[str, Mapping[str, float]]
    sources: Mapping[str, str]
    worked_out: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What follows from the coefficients alone, kept by those who need it every turn."""

    def __getitem__(self, section: str) -> Mapping[str, float]:
        return self.values[section]

    def scaled(self, names: Iterable[str], factor: float) -> "Dynamics":
        """The same with some coefficients (`repair.affirm`) multiplied: for runs at 0, ½, 1, 2×.

        Raises UserError for a name that is not a coefficient.
        """
        changed = {}
        for name in names:
            if name not in self.sources:
                raise UserError(f"{name!r} is not a coefficient", allowed=sorted(self.sources))
            section, _, key = name.partition(".")
            changed[name] = self.values[section][key] * factor
        return self.changed(changed)

    def changed(self, coefficients: Mapping[str, float]) -> "Dynamics":
        """The same with other numbers (`{"repair.affirm": 0.2}`), sources as they were.

        Raises UserError for a name that is not a coefficient.
        """
        values = {section: dict(of) for section, of in self.values.items()}
        for name, value in coefficients.items():
            if name not in self.sources:
                raise UserError(f"{name!r} is not a coefficient", allowed=sorted(self.sources))
            section, _, key = name.partition(".")
            values[section][key] = value
        return Dynamics(values, self.sources)


@lru_cache(maxsize=4)
def load_dynamics(path: Path = DYNAMICS_FILE) -> Dynamics:
    """Coefficients from a file, read once. Raises UserError for one without value or source."""
    document = read_yaml(path)
    if not isinstance(document.value, dict):
        raise UserError("not a mapping of sections", where=str(path))
    values: dict[str, Mapping[str, float]] = {}
    sources: dict[str, str] = {}
    for section, entries in document.value.items():
        if not isinstance(entries, dict):
            raise UserError(f"{section}: not a mapping", where=document.where((section,)))
        if entries.keys() == {"source", "values"} and isinstance(entries["values"], dict):
            shared = entries["source"]
            entries = {
                name: {"value": v, "source": shared} for name, v in entries["values"].items()
            }
        numbers: dict[str, float] = {}
        for name, entry in entries.items():
            value = entry.get("value") if isinstance(entry, dict) else None
            source = entry.get("source") if isinstance(entry, dict) else None
            if isinstance(value, bool) or not isinstance(value, int | float) or not source:
                raise UserError(
                    f"{section}.{name} is {entry!r}",
                    where=document.where((section, name)),
                    allowed="{value: a number, source: a citation, [A] or H}",
                )
            numbers[name] = float(value)
            sources[f"{section}.{name}"] = str(source)
        values[section] = MappingProxyType(numbers)
    return Dynamics(MappingProxyType(values), MappingProxyType(sources))


class Intercepts(NamedTuple):
    """What is this client's own, whatever the profile. `resist` and `change` are logits; as a
    rater sees them through the talk, their SD is about .8 [A]. The others shift the start."""

    resist: float = 0.0
    change: float = 0.0
    trust: float = 0.0
    distress: float = 0.0
    conviction: float = 0.0


def draw_intercepts(rng: random.Random, dynamics: Dynamics) -> Intercepts:
    """One client's intercepts. The generator must depend on persona and replicate alone."""
    sd = dynamics["intercept"]
    trust, state = sd["trust_sd"], sd["state_sd"]
    return Intercepts(
        rng.gauss(0.0, sd["resist_sd"]),
        rng.gauss(0.0, sd["change_sd"]),
        rng.gauss(0.0, trust),
        rng.gauss(0.0, state),
        rng.gauss(0.0, state),
    )


def initial_state(
    profile: ResistanceProfile, intercepts: Intercepts, dynamics: Dynamics
) -> ClientState:
    """Where a client starts: the base, lifted by the type in proportion to its intensity."""
    base = dynamics["initial"]
    lift = {} if profile.type == "none" else dynamics[f"lift_{profile.type}"]
    own = {
        "trust": intercepts.trust,
        "distress": intercepts.distress,
        "conviction": intercepts.conviction,
    }
    return ClientState(
        **{
            name: _unit(value + profile.intensity * lift.get(name, 0.0) + own.get(name, 0.0))
            for name, value in base.items()
        }
    )


def readiness(state: ClientState, dynamics: Dynamics) -> float:
    """How near the client is to trying something, in [0, 1]: low ambivalence, some trust, calm."""
    by = dynamics["readiness"]
    trusting = 1.0 - by["trust"] * (1.0 - state.trust)
    return (1.0 - state.ambivalence) * trusting * (1.0 - by["discord"] * state.discord)


def softness(manner: Manner, dynamics: Dynamics) -> float:
    """The share of a push that manner takes away, in [0, 1]: permission, hedging, fit."""
    by = dynamics["manner"]
    soft = (
        by["permission"] * manner.permission
        + by["hedging"] * manner.hedging
        + by["fit"] * (2.0 * manner.fit - 1.0)
    )
    return max(0.0, min(by["most"], soft))


def push(
    acts: Iterable[str], manner: Manner, profile: ResistanceProfile, dynamics: Dynamics
) -> float:
    """How hard this client feels pushed, about [0, 1.7]: directiveness × manner × reactivity."""
    by = dynamics["pressure"]
    directive = _does(tuple(acts), dynamics).directive
    if manner.words > by["long_words"]:
        directive += by["long_push"]
    felt = by["base"] + by["reactivity"] * profile.reactivity
    if profile.type == "none":
        felt *= by["compliant"]
    return directive * felt * (1.0 - softness(manner, dynamics))


class _Does(NamedTuple):
    """What a set of acts does, before manner and state."""

    directive: float
    repair: float
    opening_up: float
    discovery: float
    change_work: float
    alliance: float
    names_mismatch: bool
    reframes: bool
    opens: bool


_MOST_KEPT = 4096


def _does(acts: tuple[str, ...], dynamics: Dynamics) -> _Does:
    kept = dynamics.worked_out.get(acts)
    if kept is not None:
        return cast("_Does", kept)

    def total(section: str) -> float:
        by = dynamics[section]
        return sum(by.get(act, 0.0) for act in acts)

    does = _Does(
        directive=max((dynamics["directiveness"].get(act, 0.0) for act in acts), default=0.0),
        repair=total("repair"),
        opening_up=total("opening_up"),
        discovery=total("discovery"),
        change_work=total("change_work"),
        alliance=total("alliance"),
        names_mismatch="naming_mismatch" in acts,
        reframes="reframe_offer" in acts,
        opens="complex_reflection" in acts or "open_question" in acts,
    )
    if len(dynamics.worked_out) < _MOST_KEPT:
        dynamics.worked_out[acts] = does
    return does


def update(
    state: ClientState,
    acts: tuple[str, ...],
    manner: Manner,
    profile: ResistanceProfile,
    dynamics: Dynamics,
    rng: random.Random,
) -> ClientState:
    """The state after one reply. Pure; every number stays in [0, 1]."""
    gate, by, drift, most = (dynamics[name] for name in ("gate", "pressure", "drift", "most"))
    does = _does(acts, dynamics)
    fit = most["fit_floor"] + (1.0 - most["fit_floor"]) * manner.fit
    pushed = push(acts, manner, profile, dynamics)

    trust, discord = state.trust, state.discord
    calm = max(0.0, 1.0 - discord)
    closed = 0.0
    if does.names_mismatch and trust < gate["mismatch_trust"]:
        closed = gate["mismatch_closes"] * (1.0 + profile.reactivity)
    repair = 0.0 if closed else min(most["repair"], does.repair * fit)
    share = dynamics["withdraws"][profile.type]

    confrontation = state.confrontation * (1.0 - repair)
    confrontation += by["discord"] * pushed * (1.0 - share) * (1.0 - state.confrontation)
    withdrawal = state.withdrawal * (1.0 - repair)
    withdrawal *= 1.0 - min(most["opening_up"], does.opening_up * trust)
    withdrawal += (by["discord"] * pushed * share + closed) * (1.0 - state.withdrawal)

    open_enough = discord < gate["discord"] and trust > gate["trust"]
    learned = does.discovery * fit if open_enough else 0.0
    if does.reframes and not open_enough:
        confrontation += gate["refused_reframe"] * (1.0 - state.confrontation)
    conviction = state.conviction * (1.0 - learned)
    conviction += by["backfire"] * pushed * (1.0 - state.conviction)

    ambivalence = state.ambivalence * (1.0 - does.change_work * fit * calm)
    ambivalence += by["ambivalence"] * pushed * (1.0 - state.ambivalence)
    trust += does.alliance * fit * (1.0 - trust) * (1.0 - most["discord_deafens"] * discord)
    trust -= by["trust"] * (pushed + closed) * state.trust
    distress = state.distress * (1.0 - drift["distress_soothed"] * manner.fit * state.trust)
    distress += drift["distress_pushed"] * pushed * (1.0 - state.distress)
    if does.opens:
        distress += drift["distress_opened"] * (1.0 - state.distress) * state.trust

    noise, sd = rng.gauss, drift["noise_sd"]
    return ClientState(
        trust=_unit(trust + noise(0.0, sd)),
        ambivalence=_unit(ambivalence + noise(0.0, sd)),
        confrontation=_unit(confrontation + noise(0.0, sd)),
        withdrawal=_unit(withdrawal + noise(0.0, sd)),
        distress=_unit(distress + noise(0.0, sd)),
        conviction=_unit(conviction + noise(0.0, sd)),
    )


def _unit(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 6)
