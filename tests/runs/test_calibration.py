"""Reading coded transcripts, counting them, and replaying them to simulated clients."""

import csv
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import RESISTANCE_TYPES, ResistanceProfile
from mirrorplay.policies.acts import CLIENT_ACTS
from mirrorplay.policies.resistance import ActContext, act_probabilities
from mirrorplay.policies.situation import hear
from mirrorplay.policies.state import ClientState, Intercepts, initial_state, load_dynamics, update
from mirrorplay.runs.calibration.corpus import CODES, TALKS, Transcript, Turn, read_corpus
from mirrorplay.runs.calibration.explained import explain
from mirrorplay.runs.calibration.fit import fit_corpus, load_parameters, placed, values_of
from mirrorplay.runs.calibration.population import (
    NOBODY,
    STATE,
    Clients,
    Population,
    Replies,
)
from mirrorplay.runs.calibration.replay import (
    Replay,
    load_mixture,
    load_translation,
)
from mirrorplay.runs.calibration.report import compare, lines
from mirrorplay.runs.calibration.tables import Cell, Tables, intervals, labels, layout

DYNAMICS = load_dynamics()
ANNOMI = Path(__file__).parents[2].parent / "shared/data/annomi/annomi_dev.csv"
needs_annomi = pytest.mark.skipif(not ANNOMI.is_file(), reason="the transcripts are not here")
COLUMNS = (
    *("mi_quality", "transcript_id", "utterance_id", "interlocutor", "utterance_text"),
    *("annotator_id", "therapist_input_subtype", "reflection_subtype", "question_subtype"),
    *("main_therapist_behaviour", "client_talk_type"),
)


def row(
    number: int, who: str, text: str, label: str, rater: int = 1, **more: str
) -> dict[str, str]:
    main, talk = ("n/a", label) if who == "client" else (label, "n/a")
    found = dict.fromkeys(COLUMNS, "n/a") | {
        "mi_quality": "high",
        "transcript_id": "0",
        "utterance_id": str(number),
        "interlocutor": who,
        "utterance_text": text,
        "annotator_id": str(rater),
        "main_therapist_behaviour": main,
        "client_talk_type": talk,
    }
    return found | more


def written(folder: Path, rows: list[dict[str, str]]) -> Path:
    file = folder / "coded.csv"
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


SMALL = [
    row(
        0, "therapist", "What would you like to look at today?", "question", question_subtype="open"
    ),
    row(1, "client", "My sleep.", "neutral"),
    row(2, "therapist", "Mm-hmm, okay.", "other"),
    row(3, "client", "I want it to be better.", "change"),
    row(4, "therapist", "It matters.", "reflection", reflection_subtype="simple"),
    row(5, "client", "I guess.", "neutral", 1),
    row(5, "client", "I guess.", "sustain", 2),
    row(5, "client", "I guess.", "sustain", 3),
]


def test_back_channels_are_dropped_pieces_merged_and_raters_settled(tmp_path: Path) -> None:
    (found,) = read_corpus(written(tmp_path, SMALL))
    assert found.turns == (
        Turn("change", "open_question", 8),
        Turn("sustain", "simple_reflection", 2),
    )
    assert found.quality == "high"


def test_a_client_who_speaks_first_has_heard_nothing(tmp_path: Path) -> None:
    rows = [
        row(0, "client", "Hello there.", "neutral"),
        *(r | {"utterance_id": str(9 + i)} for i, r in enumerate(SMALL)),
    ]
    (found,) = read_corpus(written(tmp_path, rows))
    assert found.turns[0] == Turn("neutral", None, 0)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [SMALL[1] | {"client_talk_type": "maybe"}],
        [SMALL[1] | {"transcript_id": "first"}],
        [SMALL[1] | {"mi_quality": "fair"}],
        [SMALL[0] | {"main_therapist_behaviour": "humming"}],
    ],
)
def test_a_file_that_cannot_be_used_is_a_users_mistake(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    with pytest.raises(UserError):
        read_corpus(written(tmp_path, rows))


def test_a_missing_file_or_column_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        read_corpus(tmp_path / "none.csv")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="lacks the columns"):
        read_corpus(other)


def made(transcripts: int = 6, turns: int = 30, seed: int = 1) -> tuple[Transcript, ...]:
    """Coded sessions of nobody, at random."""
    rng = random.Random(seed)
    return tuple(
        Transcript(
            str(number),
            "high" if number % 3 else "low",
            10 if number == 0 else 1,
            tuple(
                Turn(
                    rng.choices(TALKS, (0.25, 0.6, 0.15))[0],
                    None if not step and number % 2 else rng.choice(CODES),
                    rng.randrange(2, 70),
                )
                for step in range(turns)
            ),
        )
        for number in range(transcripts)
    )


def test_tables_count_what_is_there() -> None:
    talks = ("change", "change", "neutral", "sustain", "sustain", "neutral")
    turns = tuple(Turn(talk, "open_question", 10) for talk in talks)  # type: ignore[arg-type]
    corpus = (Transcript("0", "high", 1, turns),)
    tables = Tables(layout(corpus))
    values, n = tables.values(tables.counts(labels(corpus)).sum(axis=0))
    found = dict(zip(tables.cells, zip(values, n, strict=True), strict=True))
    assert found[Cell("carry-over", "high | change before", "change")] == (0.5, 2)
    assert found[Cell("code", "open question | sustain before", "sustain")] == (0.5, 2)
    assert found[Cell("all", "all turns", "sustain")] == (pytest.approx(1 / 3), 6)
    assert np.isnan(found[Cell("carry-over", "low | change before", "change")][0])
    lagged, pairs = found[Cell("autocorrelation", "lag 1", "change")]
    early, late = np.array([1, 1, 0, 0, 0]), np.array([1, 0, 0, 0, 0])
    assert lagged == pytest.approx(np.corrcoef(early, late)[0, 1])
    assert pairs == 5


def test_several_replicates_count_as_their_sum() -> None:
    corpus = made()
    tables, one, two = Tables(layout(corpus)), labels(corpus), labels(made(seed=2))
    both = tables.counts(np.stack([one, two]))
    np.testing.assert_allclose(both, tables.counts(one) + tables.counts(two), atol=1e-9)


def test_intervals_hold_the_value_and_are_the_same_every_time() -> None:
    corpus = made(20)
    tables = Tables(layout(corpus))
    sums = tables.counts(labels(corpus))
    low, high = intervals(tables, sums, 300)
    real, n = tables.values(sums.sum(axis=0))
    many = n > 100
    assert np.all((low <= real)[many])
    assert np.all((real <= high)[many])
    np.testing.assert_array_equal(np.stack([low, high]), intervals(tables, sums, 300))


def test_a_block_that_matters_is_seen_to_matter() -> None:
    """Talk that follows the code alone is explained by the code alone."""
    rng = random.Random(3)
    chances = {code: (0.8, 0.2, 0.0) if i % 2 else (0.1, 0.9, 0.0) for i, code in enumerate(CODES)}
    corpus = tuple(
        one._replace(
            turns=tuple(
                turn._replace(talk=rng.choices(TALKS, chances[turn.code or CODES[0]])[0])
                for turn in one.turns
            )
        )
        for one in made(10)
    )
    losses = explain(layout(corpus), labels(corpus)).losses
    assert losses["therapist code"] > 0.1
    assert all(abs(losses[name]) < 0.03 for name in losses if name != "therapist code")


def lanes(seed: int, size: int) -> tuple[Clients, list[ResistanceProfile], list[Intercepts]]:
    rng = random.Random(seed)
    profiles = [
        ResistanceProfile(
            type=RESISTANCE_TYPES[i % 4], intensity=rng.random(), reactivity=rng.random()
        )
        for i in range(size)
    ]
    own = [Intercepts(*(rng.gauss(0.0, 0.3) for _ in range(5))) for _ in range(size)]
    return (
        Clients(
            kind=np.array([RESISTANCE_TYPES.index(one.type) for one in profiles]),
            intensity=np.array([one.intensity for one in profiles]),
            reactivity=np.array([one.reactivity for one in profiles]),
            **{name: np.array([getattr(one, name) for one in own]) for name in Intercepts._fields},
        ),
        profiles,
        own,
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_population_is_the_client_number_by_number(seed: int) -> None:
    quiet = DYNAMICS.changed({"drift.noise_sd": 0.0, "pressure.backfire": 0.02})
    kinds = load_translation().kinds
    population = Population(quiet, kinds)
    size, rng = 60, random.Random(seed)
    clients, profiles, own = lanes(seed, size)
    states = population.start(clients)
    people = [initial_state(p, o, quiet) for p, o in zip(profiles, own, strict=True)]
    for step in range(8):
        heard = np.array([rng.randrange(len(kinds) - 1) for _ in range(size)])
        words = np.array([rng.randrange(80) for _ in range(size)])
        previous = np.array([rng.choice([NOBODY, *range(len(CLIENT_ACTS))]) for _ in range(size)])
        progress = np.full(size, step / 8)
        replies = Replies(heard, words)
        states = population.update(states, clients, replies, np.zeros((size, 6)))
        chances = population.probabilities(states, clients, replies, progress, previous)
        pushes = population.push(clients, replies)
        for lane, (profile, intercepts) in enumerate(zip(profiles, own, strict=True)):
            kind = kinds[heard[lane]]
            assert kind.acts is not None
            manner = kind.manner.model_copy(update={"words": int(words[lane])})
            people[lane] = update(people[lane], kind.acts, manner, profile, quiet, random.Random(1))
            expected = [getattr(people[lane], name) for name in STATE]
            np.testing.assert_allclose(states[lane], expected, atol=2e-5)
            called = hear(kind.acts)
            context = ActContext(
                called.kind,
                float(pushes[lane]),
                step / 8,
                None if previous[lane] == NOBODY else CLIENT_ACTS[previous[lane]],  # type: ignore[arg-type]
                intercepts,
                about=called.about,
            )
            exact = ClientState(**dict(zip(STATE, map(float, states[lane]), strict=True)))
            found = act_probabilities(exact, profile, context, quiet)
            np.testing.assert_allclose(
                chances[lane], [found.get(act, 0.0) for act in CLIENT_ACTS], atol=1e-9
            )


def test_an_opening_is_the_same_too() -> None:
    kinds = load_translation().kinds
    clients, profiles, own = lanes(9, 20)
    population = Population(DYNAMICS, kinds)
    states = population.start(clients)
    silence = Replies(np.full(20, len(kinds) - 1), np.zeros(20, int))
    chances = population.probabilities(states, clients, silence, np.zeros(20), np.full(20, NOBODY))
    for lane, (profile, intercepts) in enumerate(zip(profiles, own, strict=True)):
        exact = ClientState(**dict(zip(STATE, map(float, states[lane]), strict=True)))
        found = act_probabilities(
            exact, profile, ActContext("opening", intercepts=intercepts), DYNAMICS
        )
        np.testing.assert_allclose(
            chances[lane], [found.get(act, 0.0) for act in CLIENT_ACTS], atol=1e-9
        )


def test_every_client_act_has_one_talk_type_and_confusions_are_chances() -> None:
    translation = load_translation()
    assert len(translation.talk) == len(CLIENT_ACTS)
    assert {TALKS[kind] for kind in translation.talk} == set(TALKS)
    np.testing.assert_allclose(translation.confusion.sum(axis=1), 1.0, atol=0.002)


def test_a_replay_is_repeatable_and_raters_keep_to_their_confusions() -> None:
    corpus = made(12, 40)
    of, translation = layout(corpus), load_translation()
    replay = Replay(of, translation, 60)
    meant = translation.talk[replay.acts(DYNAMICS, load_mixture())]
    rated = replay.talk(DYNAMICS, load_mixture())
    np.testing.assert_array_equal(rated, replay.talk(DYNAMICS, load_mixture()))
    several = of.raters > 1
    np.testing.assert_array_equal(rated[:, several], meant[:, several])
    alone = ~several
    for kind in range(3):
        seen = rated[:, alone][meant[:, alone] == kind]
        shares = np.bincount(seen, minlength=3) / len(seen)
        np.testing.assert_allclose(shares, translation.confusion[kind], atol=0.03)


def test_raters_err_alike_on_neighbouring_turns_unless_told_otherwise() -> None:
    corpus = made(12, 60)
    of, translation = layout(corpus), load_translation()

    def carried(carry: float) -> float:
        replay = Replay(of, replace(translation, carry=carry), 60)
        meant = translation.talk[replay.acts(DYNAMICS, load_mixture())]
        wrong = (replay.talk(DYNAMICS, load_mixture()) != meant)[:, of.raters == 1]
        return float(np.corrcoef(wrong[:, 1:].ravel(), wrong[:, :-1].ravel())[0, 1])

    assert abs(carried(0.0)) < 0.05
    assert carried(0.75) > 0.2


def test_the_fit_finds_a_coefficient_again() -> None:
    """A corpus simulated with another bias pulls the bias there."""
    corpus = made(30, 40)
    of = layout(corpus)
    shifted = DYNAMICS.changed({"act.bias": DYNAMICS["act"]["bias"] + 1.5})
    talk = Replay(of, load_translation(), 1, seed=5).talk(shifted, load_mixture())[0]
    simulated, start = [], 0
    for one in corpus:
        series = talk[start : start + len(one.turns)]
        turns = (
            turn._replace(talk=TALKS[kind]) for turn, kind in zip(one.turns, series, strict=True)
        )
        simulated.append(one._replace(turns=tuple(turns)))
        start += len(one.turns)
    told: list[str] = []
    values = fit_corpus(
        simulated, DYNAMICS, load_mixture(), replicates=8, rounds=2, told=told.append
    )
    before = compare(simulated, DYNAMICS, load_mixture(), replicates=10, explained=False)
    after = compare(
        simulated, *placed(values, DYNAMICS, load_mixture()), replicates=10, explained=False
    )
    assert len(after.outside) < len(before.outside)
    assert told
    limits = load_parameters()
    assert all(limits[name][0] <= value <= limits[name][1] for name, value in values.items())


def test_every_parameter_is_a_coefficient_or_of_the_mixture() -> None:
    values = values_of(DYNAMICS, load_mixture())
    assert placed(values, DYNAMICS, load_mixture())[0].values == DYNAMICS.values
    for name, (low, high, scale) in load_parameters().items():
        assert low <= values[name] <= high
        assert scale > 0


def test_the_report_marks_cells_and_counts_them() -> None:
    text = "\n".join(lines(compare(made(8, 40), DYNAMICS, load_mixture(), replicates=5)))
    assert "cells with n ≥ 50 inside the real 95% interval" in text
    assert "OUTSIDE" in text
    assert "therapist code" in text


@needs_annomi
def test_the_real_tables_are_the_published_ones() -> None:
    corpus = read_corpus(ANNOMI)
    tables = Tables(layout(corpus))
    values, n = tables.values(tables.counts(labels(corpus)).sum(axis=0))
    found = dict(zip(tables.cells, zip(values, n, strict=True), strict=True))
    for row_, column, value, turns in (
        ("high | change before", "change", 0.55, 539),
        ("high | neutral before", "change", 0.17, 1236),
        ("high | sustain before", "sustain", 0.37, 236),
        ("low | change before", "change", 0.56, 41),
        ("low | neutral before", "sustain", 0.09, 157),
        ("low | sustain before", "sustain", 0.54, 39),
    ):
        real, size = found[Cell("carry-over", row_, column)]
        assert real == pytest.approx(value, abs=0.006)
        assert size == turns


@needs_annomi
def test_the_client_agrees_with_the_transcripts() -> None:
    corpus = read_corpus(ANNOMI)
    comparison = compare(corpus, DYNAMICS, load_mixture(), replicates=60, seed=11, series=2)
    assert len(comparison.outside) <= 4, comparison.outside
    assert comparison.real is not None
    assert comparison.simulated is not None
    explained = comparison.simulated.losses
    assert explained["therapist code"] < 2 * comparison.real.losses["therapist code"]
    assert explained["client"] > explained["therapist code"]
    assert comparison.simulated.client_sd["change"] == pytest.approx(0.8, abs=0.25)
    assert comparison.simulated.client_sd["sustain"] == pytest.approx(0.8, abs=0.25)
