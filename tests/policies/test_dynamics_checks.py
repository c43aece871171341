"""Implementation checks of the client's dynamics, by simulation over many seeded steps.

They show that the client does what it was built to do; none of them is evidence that people do.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import fmean, pvariance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.personas.schema import RESISTANCE_TYPES, ResistanceProfile, ResistanceType
from mirrorplay.policies.acts import RESISTANT_ACTS, THERAPIST_ACTS, Manner
from mirrorplay.policies.resistance import (
    CHANGE_ACTS,
    ActContext,
    act_probabilities,
    choose_act,
    wants_to_leave,
)
from mirrorplay.policies.situation import hear
from mirrorplay.policies.state import (
    ClientState,
    Dynamics,
    draw_intercepts,
    initial_state,
    load_dynamics,
    push,
    update,
)

DYNAMICS = load_dynamics()
GOOD = Manner(permission=True, hedging=0.5, words=16, fit=0.8)
POOR = Manner(permission=False, hedging=0.0, words=40, fit=0.2)
EXCHANGES = 10
Acts = tuple[str, ...]

ROLLING: tuple[Acts, ...] = (
    ("simple_reflection", "open_question"),
    ("complex_reflection",),
    ("affirm", "open_question"),
    ("complex_reflection", "closed_question"),
    ("emphasize_autonomy",),
    ("socratic_question",),
)
PUSHING: tuple[Acts, ...] = (
    ("persuade",),
    ("confront",),
    ("closed_question",),
    ("giving_information", "persuade"),
)


Played = tuple[list[ClientState], list[str], str | None]
"""States, acts and how the client left, if it did."""


def play(
    kind: ResistanceType,
    seed: int,
    therapist: Sequence[Acts],
    manner: Manner,
    *,
    dynamics: Dynamics = DYNAMICS,
    exchanges: int = EXCHANGES,
    intensity: float = 0.7,
    reactivity: float = 0.6,
    stays: bool = False,
) -> Played:
    """One session without words: states, acts, and how the client left, if it did."""
    rng = random.Random(seed)
    who = ResistanceProfile(type=kind, intensity=intensity, reactivity=reactivity)
    own = draw_intercepts(rng, dynamics)
    state = initial_state(who, own, dynamics)
    states, acts = (
        [state],
        [choose_act(state, who, ActContext("opening", intercepts=own), dynamics, rng)],
    )
    for exchange in range(1, exchanges):
        said = rng.choice(therapist)
        state = update(state, said, manner, who, dynamics, rng)
        states.append(state)
        left = wants_to_leave(state, exchange + 1, dynamics, rng)
        context = ActContext(
            hear(said).kind,
            push(said, manner, who, dynamics),
            exchange / exchanges,
            acts[-1],
            own,
            about="other",
        )
        acts.append(choose_act(state, who, context, dynamics, rng))
        if left and not stays:
            return states, acts, left
    return states, acts, None


@lru_cache(maxsize=64)
def many(kind: ResistanceType, rolling: bool, good: bool, n: int = 150) -> list[Played]:
    therapist, manner = (ROLLING if rolling else PUSHING), (GOOD if good else POOR)
    return [play(kind, seed, therapist, manner) for seed in range(n)]


def resistant(played: Sequence[Played]) -> float:
    acts = [act for _, done, _ in played for act in done]
    return sum(act in RESISTANT_ACTS for act in acts) / len(acts)


def ending(
    played: Sequence[Played],
    what: Callable[[ClientState], float],
) -> float:
    return fmean(what(states[-1]) for states, _, _ in played)


# Rule 1: people differ more than anything the therapist's code does.


def test_the_therapists_code_explains_far_less_than_the_client() -> None:
    codes: tuple[Acts, ...] = (
        *(("simple_reflection",), ("complex_reflection",), ("open_question",)),
        *(("closed_question",), ("giving_information",), ("persuade_with_permission",)),
    )
    shares: dict[tuple[int, Acts], list[bool]] = {}
    for client in range(40):
        rng = random.Random(client)
        who = ResistanceProfile(type=RESISTANCE_TYPES[client % 4], intensity=0.3)
        own = draw_intercepts(rng, DYNAMICS)
        state = initial_state(who, own, DYNAMICS)
        for turn in range(120):
            said = codes[turn % len(codes)]
            context = ActContext(hear(said).kind, push(said, GOOD, who, DYNAMICS), 0.5, None, own)
            act = choose_act(state, who, context, DYNAMICS, rng)
            shares.setdefault((client, said), []).append(act in RESISTANT_ACTS)
    by_client = [fmean(fmean(shares[client, code]) for code in codes) for client in range(40)]
    by_code = [fmean(fmean(shares[client, code]) for client in range(40)) for code in codes]
    assert pvariance(by_client) > 4 * pvariance(by_code)


# Rule 2: the state persists, and the client does not just follow the last code.


def test_talk_comes_in_runs_and_the_state_in_trends() -> None:
    played = [
        play("cognitive", seed, ROLLING, GOOD, exchanges=20, stays=True) for seed in range(150)
    ]
    after: dict[bool, list[bool]] = {True: [], False: []}
    for _, acts, _ in played:
        said = [act in RESISTANT_ACTS for act in acts]
        for before, now in pairwise(said[1:]):
            after[before].append(now)
    assert fmean(after[True]) > 1.5 * fmean(after[False])
    one = played[0][0]
    assert all(abs(a.trust - b.trust) < 0.15 for a, b in pairwise(one))


def test_one_reply_cannot_turn_a_client_round() -> None:
    calm = play("none", 3, ROLLING, GOOD, exchanges=8)[0][-1]
    tense = play("cognitive", 3, PUSHING, POOR, exchanges=8, stays=True)[0][-1]
    who = ResistanceProfile(type="cognitive", intensity=0.7, reactivity=0.6)
    for state, said, manner in ((calm, ("confront",), POOR), (tense, ("affirm",), GOOD)):
        after = update(state, said, manner, who, DYNAMICS, random.Random(1))
        assert all(
            abs(getattr(after, name) - getattr(state, name)) < 0.4
            for name in ClientState.model_fields
        )
    assert update(tense, ("affirm",), GOOD, who, DYNAMICS, random.Random(1)).discord > calm.discord


# Rule 3: pushing, scaled by manner and reactivity.


@pytest.mark.parametrize("kind", ["emotional", "cognitive", "behavioral"])
def test_pushing_raises_discord_and_costs_trust_and_good_manner_spares_both(
    kind: ResistanceType,
) -> None:
    poor, good, rolled = many(kind, False, False), many(kind, False, True), many(kind, True, True)
    assert ending(poor, lambda s: s.discord) > ending(good, lambda s: s.discord) + 0.1
    assert ending(good, lambda s: s.discord) > ending(rolled, lambda s: s.discord)
    assert ending(poor, lambda s: s.trust) < ending(good, lambda s: s.trust) - 0.05
    assert resistant(poor) > resistant(good) > resistant(rolled)


def test_manner_beats_code() -> None:
    """Of a push: advice in good manner is nearer to a reflection than to advice in poor manner."""
    share = {
        (said, manner is GOOD): resistant(
            [play("cognitive", seed, ((said),), manner, stays=True) for seed in range(120)]
        )
        for said in (("persuade",), ("simple_reflection",))
        for manner in (GOOD, POOR)
    }
    by_manner = share[("persuade",), False] - share[("persuade",), True]
    by_code = share[("persuade",), True] - share[("simple_reflection",), True]
    assert by_manner > by_code


@given(st.sampled_from(("persuade", "confront", "giving_information")), st.floats(0.0, 1.0))
def test_permission_and_hedging_never_push_harder(act: str, dose: float) -> None:
    who = ResistanceProfile(type="cognitive", reactivity=0.7)
    plain = Manner(hedging=dose)
    asked = plain.model_copy(update={"permission": True})
    hedged = plain.model_copy(update={"hedging": min(1.0, dose + 0.1)})
    assert push((act,), asked, who, DYNAMICS) <= push((act,), plain, who, DYNAMICS)
    assert push((act,), hedged, who, DYNAMICS) <= push((act,), plain, who, DYNAMICS)


def test_doses_of_permission_and_of_reflection_are_monotone() -> None:
    def discord(asked: int, reflected: int) -> float:
        """Asked and reflected: how many of eight replies do so."""
        ends = []
        for seed in range(60):
            rng = random.Random(seed)
            who = ResistanceProfile(type="behavioral", intensity=0.7, reactivity=0.6)
            state = initial_state(who, draw_intercepts(rng, DYNAMICS), DYNAMICS)
            for turn in range(8):
                manner = Manner(permission=turn < asked, words=25, fit=0.5)
                said = ("complex_reflection",) if turn < reflected else ("persuade",)
                state = update(state, said, manner, who, DYNAMICS, rng)
            ends.append(state.discord)
        return fmean(ends)

    permissions = [discord(asked, 0) for asked in (0, 2, 4, 6, 8)]
    reflections = [discord(0, reflected) for reflected in (0, 2, 4, 6, 8)]
    assert permissions == sorted(permissions, reverse=True)
    assert reflections == sorted(reflections, reverse=True)
    assert permissions[0] - permissions[-1] > 0.05
    assert reflections[0] - reflections[-1] > 0.1


# Rule 4: repair works over turns.


def test_repair_takes_several_turns() -> None:
    who = ResistanceProfile(type="cognitive", intensity=0.7, reactivity=0.6)
    quiet = DYNAMICS.scaled(["drift.noise_sd"], 0.0)
    state = ClientState(
        trust=0.3, ambivalence=0.6, confrontation=0.7, withdrawal=0.3, distress=0.5, conviction=0.7
    )
    discord = [state.discord]
    for turn in range(12):
        said = ROLLING[turn % len(ROLLING)]
        state = update(state, said, GOOD, who, quiet, random.Random(turn))
        discord.append(state.discord)
    assert all(after < before + 0.01 for before, after in pairwise(discord))
    assert discord[0] - discord[1] < 0.15
    assert discord[-1] < 0.5 * discord[0]


def test_a_named_mismatch_at_low_trust_closes() -> None:
    who = ResistanceProfile(type="emotional", intensity=0.8)
    wary = initial_state(who, draw_intercepts(random.Random(5), DYNAMICS), DYNAMICS)
    after = update(wary, ("naming_mismatch",), GOOD, who, DYNAMICS, random.Random(1))
    assert wary.trust < DYNAMICS["gate"]["mismatch_trust"]
    assert after.withdrawal > wary.withdrawal


# Rule 5: what trust does not allow is not told; pushing shows as avoidance.


def test_nothing_is_disclosed_without_trust_and_more_with_it() -> None:
    who = ResistanceProfile(type="emotional")
    rising = []
    for trust in (0.0, 0.3, 0.6, 0.9):
        state = ClientState(
            trust=trust,
            ambivalence=0.4,
            confrontation=0.1,
            withdrawal=0.2,
            distress=0.5,
            conviction=0.5,
        )
        context = ActContext("question", can_disclose=trust > 0.2, about="story")
        rising.append(act_probabilities(state, who, context, DYNAMICS)["disclosing"])
    assert rising[0] == 0.0
    assert rising == sorted(rising)


def test_pushing_for_what_trust_does_not_allow_shows_as_avoidance() -> None:
    who = ResistanceProfile(type="emotional", intensity=0.7)
    state = initial_state(who, draw_intercepts(random.Random(5), DYNAMICS), DYNAMICS)
    avoiding = ("minimum_talk", "limit_setting", "inattention", "sidetracking")

    def avoids(pushed: float) -> float:
        found = act_probabilities(
            state, who, ActContext("question", pushed, about="story"), DYNAMICS
        )
        return sum(found[act] for act in avoiding)

    assert avoids(0.0) < avoids(0.5) < avoids(1.0)


# Rule 6: conviction falls through discovery alone, and pressure does not harden it.


def test_conviction_falls_through_discovery_at_low_discord_only() -> None:
    asking: tuple[Acts, ...] = (("socratic_question",),)
    found = [play("none", seed, asking, GOOD)[0] for seed in range(60)]
    assert fmean(s[-1].conviction - s[0].conviction for s in found) < -0.1
    pushed = [play("cognitive", seed, PUSHING, POOR, stays=True)[0] for seed in range(60)]
    assert abs(fmean(s[-1].conviction - s[0].conviction for s in pushed)) < 0.02


def test_hardening_is_an_ablation() -> None:
    hardening = DYNAMICS.changed({"pressure.backfire": 0.05})
    pushed = [
        play("cognitive", seed, PUSHING, POOR, dynamics=hardening, stays=True)[0]
        for seed in range(40)
    ]
    assert fmean(s[-1].conviction - s[0].conviction for s in pushed) > 0.02


# Rule 7: unanchored coefficients at 0, ½, 1 and 2×.

UNANCHORED = tuple(
    f"{section}.{act}"
    for section in ("directiveness", "repair", "alliance", "change_work")
    for act in ("affirm", "emphasize_autonomy", "confront")
    if f"{section}.{act}" in DYNAMICS.sources
)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 2.0])
def test_unanchored_coefficients_can_be_halved_and_doubled(factor: float) -> None:
    varied = DYNAMICS.scaled(UNANCHORED, factor)
    rolled = [play("cognitive", s, ROLLING, GOOD, dynamics=varied)[0][-1] for s in range(40)]
    pushed = [
        play("cognitive", s, PUSHING, POOR, dynamics=varied, stays=True)[0][-1] for s in range(40)
    ]
    for state in (*rolled, *pushed):
        assert all(0.0 <= value <= 1.0 for value in state.model_dump().values())
    assert fmean(s.discord for s in pushed) > fmean(s.discord for s in rolled)


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from(THERAPIST_ACTS), max_size=3), min_size=1, max_size=30),
    st.sampled_from(RESISTANCE_TYPES),
    st.floats(0.0, 1.0),
    st.floats(0.0, 4.0),
    st.integers(0, 2**32),
)
def test_any_session_keeps_bounds_and_its_chances_sum_to_one(
    said: list[list[str]], kind: ResistanceType, dose: float, factor: float, seed: int
) -> None:
    rng = random.Random(seed)
    varied = DYNAMICS.scaled(UNANCHORED, factor)
    who = ResistanceProfile(type=kind, intensity=dose, reactivity=1.0 - dose)
    own = draw_intercepts(rng, varied)
    state = initial_state(who, own, varied)
    for acts in said:
        manner = Manner(permission=dose > 0.5, hedging=dose, words=20, fit=1.0 - dose)
        state = update(state, tuple(acts), manner, who, varied, rng)
        assert all(0.0 <= value <= 1.0 for value in state.model_dump().values())
        context = ActContext(hear(acts).kind, push(acts, manner, who, varied), dose, None, own)
        chances = act_probabilities(state, who, context, varied)
        assert sum(chances.values()) == pytest.approx(1.0)
        assert min(chances.values()) >= 0.0


# Types, endings, variants.


def test_the_four_types_differ_in_what_they_do() -> None:
    counted = {
        kind: Counter(act for _, acts, _ in many(kind, True, True) for act in acts)
        for kind in RESISTANCE_TYPES
    }

    def share(kind: ResistanceType, *acts: str) -> float:
        return sum(counted[kind][act] for act in acts) / sum(counted[kind].values())

    away = ("minimum_talk", "reluctance", "minimizing", "inattention")
    arguing = ("disagreeing", "discounting", "challenging", "pessimism")
    refusing = ("unwillingness", "excusing", "limit_setting", "blaming")
    for own, acts in (("emotional", away), ("cognitive", arguing), ("behavioral", refusing)):
        others = [share(kind, *acts) for kind in RESISTANCE_TYPES if kind != own]
        assert share(own, *acts) > 1.5 * max(others)
    control = resistant(many("none", True, True))
    for kind in ("emotional", "cognitive", "behavioral"):
        assert resistant(many(kind, True, True)) > 1.5 * control


def test_either_rupture_ends_sessions_at_a_sensible_rate() -> None:
    left = {
        (kind, rolling): Counter(how for _, _, how in many(kind, rolling, rolling))
        for kind in RESISTANCE_TYPES
        for rolling in (True, False)
    }
    assert left["emotional", False]["withdrawal"] > left["emotional", False]["confrontation"]
    assert left["cognitive", False]["confrontation"] > left["cognitive", False]["withdrawal"]
    for kind in ("emotional", "cognitive", "behavioral"):
        rolled, pushed = (150 - left[kind, rolling][None] for rolling in (True, False))
        assert rolled < 0.15 * 150 < 0.3 * 150 < pushed < 0.95 * 150
    assert 150 - left["none", True][None] <= 3


def test_change_is_spoken_of_more_by_the_end_and_most_by_the_control() -> None:
    def share(kind: ResistanceType, half: slice) -> float:
        acts = [act for _, done, _ in many(kind, True, True) for act in done[half]]
        return sum(act in CHANGE_ACTS for act in acts) / len(acts)

    early, late = slice(0, 5), slice(5, 10)
    for kind in RESISTANCE_TYPES:
        assert share(kind, late) > 1.3 * share(kind, early)
    assert share("none", late) > max(
        share(kind, late) for kind in ("emotional", "cognitive", "behavioral")
    )
