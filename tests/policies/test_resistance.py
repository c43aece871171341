"""What a client does next, and when it leaves."""

import random
from collections import Counter

import pytest

from mirrorplay.personas.schema import ResistanceProfile, ResistanceType
from mirrorplay.policies.acts import CLIENT_ACTS, RESISTANT_ACTS, THERAPIST_ACTS
from mirrorplay.policies.resistance import (
    ActContext,
    choose_act,
    resist_probability,
    wants_to_leave,
)
from mirrorplay.policies.situation import hear
from mirrorplay.policies.state import ClientState, Intercepts, initial_state, load_dynamics

DYNAMICS = load_dynamics()
CALM = ClientState(
    trust=0.75, ambivalence=0.3, confrontation=0.05, withdrawal=0.05, distress=0.4, conviction=0.4
)
TENSE = ClientState(
    trust=0.25, ambivalence=0.7, confrontation=0.5, withdrawal=0.5, distress=0.7, conviction=0.8
)


def acts_of(
    kind: ResistanceType, context: ActContext, state: ClientState | None = None, n: int = 400
) -> Counter[str]:
    who = ResistanceProfile(type=kind, intensity=0.8)
    start = state or initial_state(who, Intercepts(), DYNAMICS)
    rngs = (random.Random(seed) for seed in range(n))
    return Counter(choose_act(start, who, context, DYNAMICS, rng) for rng in rngs)


def resistant(counted: Counter[str]) -> float:
    return sum(counted[act] for act in RESISTANT_ACTS) / sum(counted.values())


@pytest.mark.parametrize(
    ("kind", "typical"),
    [
        ("emotional", {"minimum_talk", "reluctance", "minimizing", "inattention"}),
        ("cognitive", {"disagreeing", "discounting", "challenging", "pessimism"}),
        ("behavioral", {"unwillingness", "limit_setting", "excusing", "blaming", "sidetracking"}),
    ],
)
def test_each_type_resists_in_its_own_way(kind: ResistanceType, typical: set[str]) -> None:
    counted = acts_of(kind, ActContext("question", about="other"))
    own = sum(counted[act] for act in typical)
    assert own > 0.55 * sum(counted[act] for act in RESISTANT_ACTS)
    assert resistant(counted) > 0.35


def test_a_client_without_resistance_cooperates() -> None:
    assert resistant(acts_of("none", ActContext("question", about="other"))) < 0.3


def test_a_tense_state_resists_more_than_a_calm_one() -> None:
    context = ActContext("reflection")
    assert resist_probability(TENSE, context, DYNAMICS) > 0.7
    assert resist_probability(CALM, context, DYNAMICS) < 0.2


def test_clients_differ_more_than_the_therapists_code_explains() -> None:
    probabilities = [
        resist_probability(CALM, ActContext("question", intercepts=Intercepts(resist=sd)), DYNAMICS)
        for sd in (-0.8, 0.8)
    ]
    by_code = [
        resist_probability(CALM, ActContext(kind), DYNAMICS)
        for kind in ("reflection", "question", "advice", "affirm")
    ]
    assert probabilities[1] - probabilities[0] > max(by_code) - min(by_code)


def test_homework_is_met_with_a_yes_a_no_or_an_excuse() -> None:
    willing = acts_of("none", ActContext("homework", progress=0.8), CALM)
    assert willing["committing"] > 0.4 * sum(willing.values())
    unwilling = acts_of("behavioral", ActContext("homework", progress=0.8), TENSE)
    assert unwilling["unwillingness"] + unwilling["excusing"] > 0.4 * sum(unwilling.values())


def test_a_reflection_is_often_just_agreed_with() -> None:
    counted = acts_of("none", ActContext("reflection"), CALM)
    assert counted.most_common(1)[0][0] == "agreeing"


def test_the_opening_presents_the_concern() -> None:
    counted = acts_of("cognitive", ActContext("opening"))
    assert not {"inattention", "sidetracking", "minimum_talk", "agreeing"} & counted.keys()


def test_every_act_can_happen() -> None:
    seen: set[str] = set()
    for kind in ("emotional", "cognitive", "behavioral", "none"):
        for act in THERAPIST_ACTS:
            for state in (CALM, TENSE):
                context = ActContext(hear([act], "What then?").kind, progress=0.9)
                seen |= acts_of(kind, context, state, 60).keys()
    assert seen == set(CLIENT_ACTS)


def leaves(state: ClientState, exchange: int) -> Counter[str | None]:
    rngs = (random.Random(seed) for seed in range(400))
    return Counter(wants_to_leave(state, exchange, DYNAMICS, rng) for rng in rngs)


@pytest.mark.parametrize("kind", ["confrontation", "withdrawal"])
def test_either_rupture_can_end_the_session_but_never_before_the_third_exchange(kind: str) -> None:
    gone = TENSE.model_copy(update={"confrontation": 0.2, "withdrawal": 0.2, kind: 0.95})
    assert leaves(gone, 5)[kind] > 40
    assert set(leaves(gone, 2)) == {None}


def test_trust_holds_a_client() -> None:
    strained = TENSE.model_copy(update={"confrontation": 0.8})
    trusting = strained.model_copy(update={"trust": 0.9})
    assert leaves(trusting, 5)[None] > leaves(strained, 5)[None]
    assert set(leaves(CALM, 9)) == {None}
