"""Raters of a run compared: judges, people, latent truth."""

import json
from io import StringIO

import pytest
from rich.console import Console

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.judging.agreement import LATENT, compare
from mirrorplay.runs.judging.agreement_report import as_document, print_agreement
from mirrorplay.runs.scorebook import Scored, write_scores


def score(rater: str, value: float, item: str = "focus", instrument: str = "ctrs") -> Score:
    return Score(instrument=instrument, item=item, value=value, rater=rater)


@pytest.fixture
def rated(tmp_path, store, make_record):
    """Twelve sessions; the run's own judge gave 0, ½, 1, …"""

    def made(trusts=None):
        records = []
        for at in range(12):
            record = make_record(f"s-{at:02d}", scores=(score("own:words", at / 2),))
            if trusts is not None:
                turns = [
                    turn.model_copy(
                        update={"state": turn.state.model_copy(update={"trust": trusts[at]})}
                    )
                    if turn.state
                    else turn
                    for turn in record.turns
                ]
                record = record.model_copy(update={"turns": tuple(turns)})
            records.append(record)
        store(0, records)
        return tmp_path

    return made


def add(run_dir, rater, values, **named) -> None:
    scores = [Scored(f"s-{at:02d}", score(rater, value, **named)) for at, value in values.items()]
    write_scores(run_dir, rater, "ratings", scores)


def test_raters_are_compared_where_both_scored(rated) -> None:
    run_dir = rated()
    add(run_dir, "human:ann", {at: at / 2 + 1 for at in range(10)})
    found = compare(run_dir)
    assert found.raters == ("own:words", "human:ann", LATENT)[: len(found.raters)]
    [pair] = found.pairs
    assert (pair.first, pair.second, pair.n) == ("own:words", "human:ann", 10)
    assert pair.rank.value == pytest.approx(1)
    assert pair.difference.bias == pytest.approx(-1)
    assert pair.icc.value < 1
    assert pair.alpha < 1
    assert found.together == ()


def test_three_raters_are_compared_together_with_missing_ones(rated) -> None:
    run_dir = rated()
    add(run_dir, "human:ann", {at: at / 2 for at in range(8)})
    add(run_dir, "human:bob", {at: at / 2 for at in range(4, 12)})
    found = compare(run_dir)
    assert [(one.first, one.second, one.n) for one in found.pairs] == [
        ("own:words", "human:ann", 8),
        ("own:words", "human:bob", 8),
        ("human:ann", "human:bob", 4),
    ]
    [together] = found.together
    assert (together.sessions, together.complete) == (12, 4)
    assert together.alpha == pytest.approx(1)


def test_against_one_rater(rated) -> None:
    run_dir = rated()
    add(run_dir, "human:ann", {0: 1, 1: 2})
    add(run_dir, "human:bob", {0: 1, 1: 2})
    found = compare(run_dir, "human:ann")
    assert {(one.first, one.second) for one in found.pairs} == {
        ("own:words", "human:ann"),
        ("human:ann", "human:bob"),
    }
    with pytest.raises(UserError, match="did you mean 'human:ann'"):
        compare(run_dir, "human:anne")
    with pytest.raises(UserError, match="no rater"):
        compare(run_dir, "../../etc")


def test_alliance_is_held_against_latent_trust_by_rank_alone(rated) -> None:
    run_dir = rated([at / 20 for at in range(12)])
    add(run_dir, "j:words", {at: 1 + at / 4 for at in range(12)}, item="bond", instrument="wai")
    found = compare(run_dir)
    [pair] = [one for one in found.pairs if one.second == LATENT]
    assert (pair.first, pair.instrument, pair.item, pair.n) == ("j:words", "wai", "bond", 12)
    assert pair.rank.value == pytest.approx(1)
    assert (pair.alpha, pair.icc, pair.difference) == (None, None, None)


def test_resistance_is_held_against_the_latent_level_of_the_same_turns(rated) -> None:
    run_dir = rated()
    for item in ("first", "area"):
        add(run_dir, f"{item}:words", {at: at / 12 for at in range(12)},
            item=item, instrument="resistance_trajectory")  # fmt: skip
    pairs = [one for one in compare(run_dir).pairs if one.second == LATENT]
    assert [(one.item, one.n, one.rank) for one in pairs] == [("first", 12, None)]


def test_the_same_rater_again_with_other_scores_is_two(rated) -> None:
    run_dir = rated()
    add(run_dir, "own:words", {at: at / 3 for at in range(12)})
    found = compare(run_dir)
    [pair] = found.pairs
    assert (pair.first, pair.second) == ("own:words", "own:words (in the run)")
    assert found.same == ()


def test_the_same_scores_again_are_one_rater_and_one_line(rated) -> None:
    run_dir = rated()
    add(run_dir, "own:words", {at: at / 2 for at in range(5)})
    found = compare(run_dir)
    assert (found.pairs, found.same, found.raters[0]) == ((), ("own:words",), "own:words")
    out = StringIO()
    print_agreement(Console(file=out, width=120), found)
    assert "the scores of the run and those given again are the same" in out.getvalue()
    add(run_dir, "human:ann", dict.fromkeys(range(12), 1))
    assert [(one.second, one.n) for one in compare(run_dir).pairs] == [("human:ann", 12)]


def test_a_judge_counts_once_among_all_raters(rated) -> None:
    run_dir = rated()
    for rater, by in (("own:words", 3), ("own:words+stage", 4), ("human:ann", 2)):
        add(run_dir, rater, {at: at / by for at in range(12)})
    assert compare(run_dir).together == ()  # two opinions, whatever the judge was shown
    add(run_dir, "human:words", {at: at / 5 for at in range(12)})
    [together] = compare(run_dir).together
    assert together.raters == ("own:words", "human:ann", "human:words")


def test_choices_are_compared_pair_by_pair(rated) -> None:
    run_dir = rated()
    for name, worths in (("ann", (1, 0, 1)), ("bob", (1, 0.5, 1))):
        scores = []
        for at, worth in enumerate(worths):
            one, other = f"s-{at:02d}", f"s-{at + 1:02d}"
            for mine, yours, value in ((one, other, worth), (other, one, 1 - worth)):
                scores.append(
                    Scored(mine, score(f"human:{name}", value, f"over:{yours}", "preference"))
                )
        write_scores(run_dir, f"human:{name}", "ratings", scores)
    [pair] = [one for one in compare(run_dir).pairs if one.instrument == "preference"]
    assert (pair.item, pair.n) == ("chosen", 3)
    assert pair.difference.bias == pytest.approx(-0.5 / 3)


def test_one_rater_alone_and_none(tmp_path, store, make_record) -> None:
    store(0, [make_record("a", scores=())])
    with pytest.raises(UserError, match=r"nobody has scored[\s\S]*mirrorplay judge"):
        compare(tmp_path)
    add(tmp_path, "human:ann", {0: 1})
    with pytest.raises(UserError, match="the only rater"):
        compare(tmp_path)


def test_printed_and_as_json(rated) -> None:
    run_dir = rated()
    add(run_dir, "human:[bold]ann", {at: at / 2 + 1 for at in range(6)})
    add(run_dir, "human:bob", dict.fromkeys(range(12), 3))
    found = compare(run_dir)
    console = Console(width=140, record=True, file=StringIO())
    print_agreement(console, found)
    told = console.export_text()
    assert "human:[bold]ann" in told
    assert "6*" in told
    assert "–" in told
    document = json.loads(json.dumps(as_document(found), allow_nan=False))
    assert document["sessions"] == 12
    assert {one["n"] for one in document["pairs"]} == {6, 12}
