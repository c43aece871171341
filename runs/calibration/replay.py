"""Simulated clients hear the experts' therapist codes, turn for turn.

For every transcript many clients are drawn from a mixture of profiles; each hears the same codes
in the same order, with the manner that goes with the session's quality and the length of the real
reply. What it means to do becomes a talk type, which passes through the raters' confusions wherever
a single rater coded the transcript. Every random number is drawn once, so that two sets of
coefficients are compared on the same people and the same luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtr

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import RESISTANCE_TYPES
from mirrorplay.policies.acts import CLIENT_ACTS
from mirrorplay.policies.state import Dynamics
from mirrorplay.runs.calibration.corpus import CODES, QUALITIES, TALKS
from mirrorplay.runs.calibration.population import (
    NOBODY,
    Clients,
    Floats,
    Ints,
    Population,
    Replies,
    ReplyKind,
)
from mirrorplay.runs.calibration.tables import Layout

_HERE = Path(__file__).parent
MAPPING_FILE = _HERE / "mapping.yaml"
MIXTURE_FILE = _HERE / "mixture.yaml"
_RESISTANT_KINDS = np.array([RESISTANCE_TYPES.index(kind) for kind in RESISTANCE_TYPES[:3]])
_NONE = RESISTANCE_TYPES.index("none")


@dataclass(frozen=True, slots=True)
class Mixture:
    """Who the clients are. All shares and means in (0, 1); concentration > 0."""

    resistant: float
    intensity: float
    reactivity: float
    concentration: float


@dataclass(frozen=True, slots=True)
class Translation:
    """Expert codes → kinds of reply, client acts → talk types, and the raters' confusions."""

    kinds: tuple[ReplyKind, ...]
    """For each quality the codes in order, and last the silence before a client's opening."""
    talk: Ints
    """Talk type of each client act."""
    confusion: Floats
    carry: float
    """Correlation of a rater's leaning from one turn to the next, in [0, 1)."""

    def reply_kinds(self, of: Layout) -> Ints:
        return np.where(of.code < 0, len(self.kinds) - 1, of.quality * len(CODES) + of.code)


@lru_cache(maxsize=1)
def load_translation(path: Path = MAPPING_FILE) -> Translation:
    """The mapping, from its file. Raises UserError where an act has no talk type or two."""
    rules: Mapping[str, Any] = read_yaml(path).value
    kinds = []
    for quality in QUALITIES:
        manner = rules["manner"][quality]
        for code in CODES:
            asked = manner["permission"] and code in rules["permission_codes"]
            acts = tuple(rules["acts"][code][quality])
            kinds.append(ReplyKind(acts, asked, manner["hedging"], manner["fit"]))
    kinds.append(ReplyKind(None))
    talk = []
    for act in CLIENT_ACTS:
        found = [number for number, name in enumerate(TALKS) if act in rules["talk"][name]]
        if len(found) != 1:
            raise UserError(f"{act!r} has {len(found)} talk types", where=str(path), allowed="one")
        talk.append(found[0])
    rater = rules["rater"]
    return Translation(
        tuple(kinds), np.array(talk), np.array(rater["confusion"], float), float(rater["carry"])
    )


def load_mixture(path: Path = MIXTURE_FILE) -> Mixture:
    entries = read_yaml(path).value
    return Mixture(**{field.name: float(entries[field.name]["value"]) for field in fields(Mixture)})


class Replay:
    """One corpus heard by `replicates` clients a transcript. Same seed, same luck."""

    def __init__(
        self, of: Layout, translation: Translation, replicates: int = 40, seed: int = 1
    ) -> None:
        self._layout, self._translation, self._replicates = of, translation, replicates
        rng = np.random.default_rng(seed)
        turns, people = len(of.step), (of.transcripts, replicates)
        self._choice = rng.random((turns, replicates))
        self._rater = _leanings(of, translation.carry, rng, replicates)
        self._noise = rng.standard_normal((turns, replicates, 6))
        # Stratified within a transcript, so that few replicates already cover the mixture.
        self._person = {
            name: _strata(rng, people) for name in ("resistant", "kind", "intensity", "reactivity")
        }
        self._own = {
            name: rng.standard_normal(people)
            for name in ("resist", "change", "trust", "distress", "conviction")
        }
        starts = np.concatenate([[0], np.cumsum(of.lengths)[:-1]])
        self._order = np.argsort(-of.lengths, kind="stable")
        self._first = starts[self._order]
        self._long = of.lengths[self._order]

    def clients(self, dynamics: Dynamics, mixture: Mixture) -> Clients:
        """The people, longest transcript first."""
        drawn = {name: values[self._order].ravel() for name, values in self._person.items()}
        own = {name: values[self._order].ravel() for name, values in self._own.items()}
        sd = dynamics["intercept"]
        kind = np.where(
            drawn["resistant"] < mixture.resistant,
            _RESISTANT_KINDS[np.minimum(2, (3 * drawn["kind"]).astype(int))],
            _NONE,
        )

        def beta(mean: float, at: Floats) -> Floats:
            n = mixture.concentration
            return np.asarray(betaincinv(n * mean, n * (1.0 - mean), at))

        return Clients(
            kind=kind,
            intensity=beta(mixture.intensity, drawn["intensity"]),
            reactivity=beta(mixture.reactivity, drawn["reactivity"]),
            resist=sd["resist_sd"] * own["resist"],
            change=sd["change_sd"] * own["change"],
            trust=sd["trust_sd"] * own["trust"],
            distress=sd["state_sd"] * own["distress"],
            conviction=sd["state_sd"] * own["conviction"],
        )

    def acts(self, dynamics: Dynamics, mixture: Mixture) -> Ints:
        """What every client means to do, index into CLIENT_ACTS, shape (replicates, turns)."""
        of, wide = self._layout, self._replicates
        population = Population(dynamics, self._translation.kinds)
        everyone = self.clients(dynamics, mixture)
        kinds = self._translation.reply_kinds(of)
        states = population.start(everyone)
        acts = np.zeros((wide, len(of.step)), np.int64)
        previous = np.full(len(states), NOBODY)
        for step in range(int(self._long[0])):
            going = int(np.count_nonzero(self._long > step))
            lanes = slice(0, going * wide)
            turns = self._first[:going] + step
            clients = everyone.at(lanes)
            heard = Replies(np.repeat(kinds[turns], wide), np.repeat(of.words[turns], wide))
            spoken = np.repeat(of.code[turns] >= 0, wide)
            noise = self._noise[turns].reshape(-1, 6)
            now = population.update(states[lanes], clients, heard, noise)
            now = np.where(spoken[:, None], now, states[lanes])
            chances = population.probabilities(
                now,
                clients,
                heard,
                np.repeat(of.position[turns], wide),
                previous[lanes],
            )
            drawn = self._choice[turns].ravel()
            chosen = (chances.cumsum(axis=1) < drawn[:, None]).sum(axis=1)
            chosen = np.minimum(chosen, len(CLIENT_ACTS) - 1)
            states, previous = now, chosen
            acts[:, turns] = chosen.reshape(going, wide).T
        return acts

    def talk(self, dynamics: Dynamics, mixture: Mixture) -> Ints:
        """Talk types as raters would see them, index into TALKS, shape (replicates, turns)."""
        meant = self._translation.talk[self.acts(dynamics, mixture)]
        certain = np.log(self._translation.confusion)[meant]
        rated = (certain + self._rater.swapaxes(0, 1)).argmax(axis=-1)
        return np.where(self._layout.raters == 1, rated, meant)


def _leanings(of: Layout, carry: float, rng: np.random.Generator, replicates: int) -> Floats:
    """A rater's leaning towards each label, turn by turn, shape (turns, replicates, labels).

    Gumbel noise: the label with the largest log confusion plus leaning has exactly the confusion's
    chances. Its normal scores follow an AR(1), so that a rater errs alike on neighbouring turns.
    """
    fresh = rng.standard_normal((len(of.step), replicates, len(TALKS)))
    score = fresh.copy()
    for turn in np.flatnonzero(of.step > 0):
        score[turn] = carry * score[turn - 1] + np.sqrt(1.0 - carry**2) * fresh[turn]
    return np.asarray(-np.log(-np.log(np.clip(ndtr(score), 1e-12, 1.0 - 1e-12))))


def _strata(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Uniform numbers, one in each of `shape[1]` equal strata a row, in random order."""
    rows = [rng.permutation(shape[1]) for _ in range(shape[0])]
    return np.asarray((np.array(rows) + rng.random(shape)) / shape[1])
