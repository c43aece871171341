"""`judge --judge MODEL`: a run scored again by a model."""

from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs import run
from mirrorplay.runs.judging.rescore import judge_run, rater_of
from mirrorplay.runs.scorebook import iter_scores


@pytest.mark.parametrize("spec", ["custom:troupe:Troupe", "{model: custom:troupe:Troupe}"])
def test_a_model_scores_a_run(spec: str, tmp_path: Path) -> None:
    done = run({
        "sample": {"limit": 1, "resistance": ["none"]}, "session": {"max_exchanges": 3},
        "face": "none", "therapist": {"mode": "text"}, "executor": "inline",
        "output": {"dir": str(tmp_path)},
    })  # fmt: skip
    rater = rater_of(spec, "words", ["ctrs"])
    judge_run(done.path, rater)
    scores = [one.score for one in iter_scores(done.path)]
    assert {score.instrument for score in scores} == {"ctrs"}
    assert {score.rater for score in scores} == {rater.name}


@pytest.mark.parametrize("spec", ["opnai:x", "{model: openai:x, api_key: secret-123456}"])
def test_a_wrong_spec_is_told_without_its_key(spec: str) -> None:
    with pytest.raises(UserError) as told:
        rater_of(spec)
    assert "secret" not in str(told.value)
