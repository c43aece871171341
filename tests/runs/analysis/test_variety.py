"""How varied talk is: masks, duplicates, distinct n-grams, self-BLEU."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from mirrorplay.runs.analysis.variety import masked, self_bleu, variety, variety_of
from mirrorplay.runs.api import run

PERSONA: dict[str, Any] = {
    "intake": {"name": "Bob Berg"},
    "talk": {"topic": "the review", "person": "my manager", "feeling": "sick", "thought": None},
}
OTHER: dict[str, Any] = {
    "intake": {"name": "Ada Lund"},
    "talk": {"topic": "my exam", "person": "my aunt", "feeling": "low"},
}


def row(persona: dict[str, Any], *client: str, therapist: str = "What else?") -> dict[str, Any]:
    turns = [{"speaker": "client", "text": text} for text in client]
    return {"persona": persona, "turns": [*turns, {"speaker": "therapist", "text": therapist}]}


def test_short_phrases_and_names_are_masked_also_in_the_second_person() -> None:
    assert masked("It’s the review, and my manager!", PERSONA) == "it's topic and person"
    assert masked("Your manager, Bob, made you sick.", PERSONA) == "person name made you feeling"
    assert masked("The reviewer was sickly.", PERSONA) == "the reviewer was sickly"
    assert masked("Nothing here.", {"intake": {"name": "Al"}, "talk": {}}) == "nothing here"


def test_the_same_template_of_two_people_is_a_duplicate_and_short_ones_do_not_count() -> None:
    rows = [
        row(PERSONA, "Yeah.", "It's the review again, mostly.", "I washed the cup on Monday."),
        row(OTHER, "Yeah.", "It's my exam again, mostly.", "He rang me twice last night."),
    ]
    client = variety_of(rows)["client"]
    assert client.utterances == 6
    assert client.duplicates == pytest.approx(1 / 4)
    assert client.duplicates_all == pytest.approx(2 / 6)
    assert client.median_words == 5
    assert variety_of(rows)["therapist"].duplicates_all == pytest.approx(1 / 2)


def test_personas_may_come_as_json_and_empty_runs_give_no_figures() -> None:
    (client, _) = variety_of([{**row(PERSONA, "a b"), "persona": json.dumps(PERSONA)}]).values()
    assert (client.distinct_1, client.distinct_2) == (1.0, 1.0)
    nothing = variety_of([])["client"]
    assert nothing.utterances == 0
    assert math.isnan(nothing.duplicates)
    assert math.isnan(nothing.self_bleu)


def test_distinct_counts_words_and_pairs() -> None:
    client = variety_of([row(PERSONA, "we go on", "we go out")])["client"]
    assert client.distinct_1 == pytest.approx(4 / 6)
    assert client.distinct_2 == pytest.approx(3 / 4)


def test_self_bleu_is_one_for_repetition_low_for_variety_and_the_same_each_time() -> None:
    assert self_bleu(["we go on and on again"] * 5) == pytest.approx(1.0)
    varied = [f"{a} {b} sat over there {a}{b}" for a in "abcd" for b in "efgh"]
    other = [" ".join(f"{letter}{number}" for number in range(6)) for letter in "abcdefgh"]
    assert self_bleu(other) == 0.0 < self_bleu(varied) < 1.0
    assert self_bleu(varied) == self_bleu(varied)


def test_bleu_agrees_with_sacrebleu() -> None:
    bleu = pytest.importorskip("sacrebleu").BLEU(
        smooth_method="add-k", smooth_value=1, effective_order=False, tokenize="none"
    )
    said = ["we go on and on again", "we go out and come back again", "he sat on the old chair"]
    expected = 0.0
    for text in said:
        others = [one for one in said if one != text]
        expected += bleu.sentence_score(text, others).score / 100 / len(said)
    assert self_bleu(said) == pytest.approx(expected, abs=1e-6)


def test_a_run_is_read_from_its_directory(tmp_path: Path) -> None:
    played = run(
        {
            "name": "small",
            "sample": {"personas": "library", "limit": 2, "resistance": ["none"]},
            "face": {"kind": "none"},
            "executor": {"kind": "inline"},
            "session": {"max_exchanges": 3},
            "output": {"dir": str(tmp_path)},
        }
    )
    figures = variety(played.path)
    assert figures["client"].utterances == 6
    assert variety(played.path, limit=1)["client"].utterances == 3
    assert 0.0 <= figures["therapist"].duplicates < 1.0
