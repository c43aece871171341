"""How the client's state starts and moves."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import RESISTANCE_TYPES, ResistanceProfile, ResistanceType
from mirrorplay.policies.acts import THERAPIST_ACTS, Manner
from mirrorplay.policies.state import (
    ClientState,
    Intercepts,
    draw_intercepts,
    initial_state,
    load_dynamics,
    push,
    update,
)

DYNAMICS = load_dynamics()
GOOD = Manner(permission=True, hedging=0.8, words=15, fit=0.9)
POOR = Manner(words=40, fit=0.2)
UNIT = st.floats(0.0, 1.0)
STATES = st.builds(
    ClientState,
    trust=UNIT,
    ambivalence=UNIT,
    confrontation=UNIT,
    withdrawal=UNIT,
    distress=UNIT,
    conviction=UNIT,
)
PROFILES = st.builds(
    ResistanceProfile,
    type=st.sampled_from(RESISTANCE_TYPES),
    intensity=UNIT,
    reactivity=UNIT,
    masking=UNIT,
)
MANNERS = st.builds(
    Manner, permission=st.booleans(), hedging=UNIT, words=st.integers(0, 500), fit=UNIT
)
MIDDLE = ClientState(
    trust=0.5, ambivalence=0.6, confrontation=0.4, withdrawal=0.4, distress=0.5, conviction=0.7
)


def profile(kind: ResistanceType = "cognitive", reactivity: float = 0.6) -> ResistanceProfile:
    return ResistanceProfile(type=kind, intensity=0.7, reactivity=reactivity)


def moved(
    state: ClientState,
    acts: tuple[str, ...],
    manner: Manner,
    who: ResistanceProfile | None = None,
    times: int = 1,
) -> ClientState:
    """The state after the same reply `times` times, without noise: averaged over seeds."""
    quiet = DYNAMICS.scaled(["drift.noise_sd"], 0.0)
    for _ in range(times):
        state = update(state, acts, manner, who or profile(), quiet, random.Random(1))
    return state


@given(
    STATES,
    st.lists(st.sampled_from(THERAPIST_ACTS), max_size=5),
    MANNERS,
    PROFILES,
    st.integers(0, 2**32),
)
def test_every_update_stays_in_the_unit_interval_and_is_pure(
    state: ClientState, acts: list[str], manner: Manner, who: ResistanceProfile, seed: int
) -> None:
    after = update(state, tuple(acts), manner, who, DYNAMICS, random.Random(seed))
    assert all(0.0 <= value <= 1.0 for value in after.model_dump().values())
    assert after == update(state, tuple(acts), manner, who, DYNAMICS, random.Random(seed))


@given(PROFILES, st.integers(0, 2**32))
def test_every_start_is_in_the_unit_interval(who: ResistanceProfile, seed: int) -> None:
    intercepts = draw_intercepts(random.Random(seed), DYNAMICS)
    start = initial_state(who, intercepts, DYNAMICS)
    assert all(0.0 <= value <= 1.0 for value in start.model_dump().values())


@pytest.mark.parametrize("act", ["confront", "persuade", "homework_prescribed"])
def test_a_push_costs_trust_and_raises_the_discord_of_the_type(act: str) -> None:
    arguing = moved(MIDDLE, (act,), POOR, profile("cognitive"))
    leaving = moved(MIDDLE, (act,), POOR, profile("emotional"))
    assert arguing.trust < MIDDLE.trust
    rise = arguing.confrontation - MIDDLE.confrontation
    assert rise > arguing.withdrawal - MIDDLE.withdrawal
    assert leaving.withdrawal - MIDDLE.withdrawal > leaving.confrontation - MIDDLE.confrontation


def test_good_manner_takes_most_of_a_push_away() -> None:
    poor = push(("persuade",), POOR, profile(), DYNAMICS)
    assert push(("persuade",), GOOD, profile(), DYNAMICS) < 0.25 * poor


def test_reactive_clients_feel_more_and_those_without_resistance_less() -> None:
    calm, touchy = profile(reactivity=0.1), profile(reactivity=0.9)
    assert push(("confront",), POOR, touchy, DYNAMICS) > 2 * push(
        ("confront",), POOR, calm, DYNAMICS
    )
    none = profile("none")
    assert push(("confront",), POOR, none, DYNAMICS) < push(
        ("confront",), POOR, profile(), DYNAMICS
    )


def test_repair_is_in_proportion_to_discord_and_small_at_once() -> None:
    calm = MIDDLE.model_copy(update={"confrontation": 0.1})
    heated = MIDDLE.model_copy(update={"confrontation": 0.8})
    acts = ("affirm", "emphasize_autonomy")
    small = calm.confrontation - moved(calm, acts, GOOD).confrontation
    large = heated.confrontation - moved(heated, acts, GOOD).confrontation
    assert 0.0 < small < large < 0.3


def test_conviction_falls_only_where_there_is_calm_and_trust() -> None:
    open_client = MIDDLE.model_copy(update={"trust": 0.7, "confrontation": 0.1, "withdrawal": 0.1})
    acts = ("socratic_question",)
    assert moved(open_client, acts, GOOD).conviction < open_client.conviction
    heated = open_client.model_copy(update={"confrontation": 0.8})
    assert moved(heated, acts, GOOD).conviction == heated.conviction
    wary = open_client.model_copy(update={"trust": 0.2})
    assert moved(wary, acts, GOOD).conviction == wary.conviction


def test_a_refused_reframe_adds_to_confrontation() -> None:
    quiet = MIDDLE.model_copy(update={"trust": 0.2, "confrontation": 0.3})
    refused = moved(quiet, ("reframe_offer",), GOOD)
    asked = moved(quiet, ("open_question",), GOOD)
    assert refused.confrontation > asked.confrontation


def test_naming_a_mismatch_closes_a_client_without_trust_and_repairs_one_with_it() -> None:
    wary = MIDDLE.model_copy(update={"trust": 0.2})
    trusting = MIDDLE.model_copy(update={"trust": 0.8})
    assert moved(wary, ("naming_mismatch",), GOOD).withdrawal > wary.withdrawal
    assert moved(trusting, ("naming_mismatch",), GOOD).withdrawal < trusting.withdrawal


def test_exploring_opens_and_ambivalence_falls_slowly() -> None:
    after = moved(MIDDLE, ("complex_reflection", "open_question"), GOOD)
    assert after.withdrawal < MIDDLE.withdrawal
    assert after.trust > MIDDLE.trust
    assert MIDDLE.ambivalence - 0.1 < after.ambivalence < MIDDLE.ambivalence
    later = moved(MIDDLE, ("affirm", "socratic_question"), GOOD, times=8)
    assert later.ambivalence < MIDDLE.ambivalence - 0.1


def test_pressure_does_not_harden_the_thought_unless_asked_to() -> None:
    assert moved(MIDDLE, ("confront",), POOR).conviction == MIDDLE.conviction
    assert DYNAMICS["pressure"]["backfire"] == 0.0


def test_a_stronger_profile_starts_further_away_and_none_starts_cooperative() -> None:
    mild = initial_state(ResistanceProfile(type="emotional", intensity=0.2), Intercepts(), DYNAMICS)
    hard = initial_state(ResistanceProfile(type="emotional", intensity=0.9), Intercepts(), DYNAMICS)
    none = initial_state(ResistanceProfile(type="none", intensity=0.9), Intercepts(), DYNAMICS)
    assert hard.withdrawal > mild.withdrawal > none.withdrawal
    assert hard.trust < mild.trust < none.trust


def test_every_coefficient_has_a_source_and_can_be_scaled() -> None:
    assert all(DYNAMICS.sources.values())
    doubled = DYNAMICS.scaled(["repair.affirm", "alliance.affirm"], 2.0)
    assert doubled["repair"]["affirm"] == 2 * DYNAMICS["repair"]["affirm"]
    assert DYNAMICS["repair"]["affirm"] == load_dynamics()["repair"]["affirm"]


def test_an_unknown_coefficient_is_a_users_mistake() -> None:
    with pytest.raises(UserError, match=r"repair\.afirm"):
        DYNAMICS.scaled(["repair.afirm"], 2.0)


@pytest.mark.parametrize(
    "text",
    [
        "repair:\n  affirm: {value: 0.1}\n",
        "repair:\n  affirm: {value: yes, source: H}\n",
        "repair:\n  affirm: 0.1\n",
        "repair: 3\n",
        "- repair\n",
    ],
)
def test_a_coefficient_without_value_or_source_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dynamics.yaml"
    file.write_text(text)
    with pytest.raises(UserError):
        load_dynamics(file)
