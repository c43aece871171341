"""`judge --judge MODEL`: a run scored again by a model."""

from dataclasses import replace
from pathlib import Path

import pytest

from mirrorplay.agents.minds.judge import INSTRUMENTS
from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.agents.roles import Scores, Transcript
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs import run
from mirrorplay.runs.judging.rescore import Rater, judge_run, rater_of
from mirrorplay.runs.outage import Outage
from mirrorplay.runs.scorebook import iter_scores, note_of, raters, written_parts

TROUPE = "custom:troupe:Troupe"


def played(folder: Path) -> Path:
    return run({
        "sample": {"limit": 1, "resistance": ["none"]}, "session": {"max_exchanges": 3},
        "face": "none", "therapist": {"mode": "text"}, "executor": "inline",
        "output": {"dir": str(folder)},
    }).path  # fmt: skip


def test_a_second_instrument_is_added_to_the_first(tmp_path: Path) -> None:
    run_dir = played(tmp_path)
    for asked in ("ctrs", "wai"):
        assert judge_run(run_dir, rater_of(TROUPE, "words", [asked])).scored == 1
    assert {one.score.instrument for one in iter_scores(run_dir)} == {"ctrs", "wai"}


def test_the_note_holds_what_a_model_rates_when_nothing_was_asked_for(tmp_path: Path) -> None:
    run_dir = played(tmp_path)
    rater = rater_of(TROUPE)
    judge_run(run_dir, rater)
    [part] = written_parts(run_dir, rater.name)
    assert note_of(run_dir, rater.name, part)["instruments"] == sorted(INSTRUMENTS)
    assert judge_run(run_dir, rater_of(TROUPE, "words", ["ctrs"])).kept == 1


def test_answers_are_kept_for_a_second_call(tmp_path: Path, monkeypatch) -> None:
    import troupe

    run_dir, cache = played(tmp_path), tmp_path / "cache"
    judge_run(run_dir, rater_of(TROUPE, cache=cache))
    before = list(iter_scores(run_dir))
    assert (cache / "answers.sqlite").is_file()

    def silent(asked):
        raise AssertionError("asked again")

    monkeypatch.setattr(troupe, "act", silent)
    judge_run(run_dir, rater_of(TROUPE, cache=cache), force=True)
    assert list(iter_scores(run_dir)) == before


class Down:
    """A judge whose endpoint is down for the first calls."""

    rater = "down:words"
    looks_at_faces = False

    def __init__(self, times: int, passing: bool = True) -> None:
        self.times, self.passing = times, passing

    async def score(self, transcript: Transcript) -> Scores:
        if self.times:
            self.times -= 1
            raise EndpointDown("http://here", "no answer", "start it, then resume the run", 7.0,
                               self.passing)  # fmt: skip
        return Scores((Score(instrument="ctrs", item="focus", value=3, rater=self.rater),))


async def _at_once(seconds: float) -> None:
    """Sleeps for no time."""


def test_an_endpoint_that_is_down_is_waited_for(tmp_path: Path) -> None:
    run_dir = played(tmp_path)
    closed = []

    async def close() -> None:
        closed.append(True)

    rater = Rater(Down(2), "down:words", "words", close=close)
    done = judge_run(run_dir, rater, outage=Outage(sleep=_at_once))
    assert (done.scored, done.failed, closed) == (1, {}, [True])
    for judge, patience in ((Down(1, passing=False), 600.0), (Down(9), -1.0)):
        lost = replace(rater, judge=judge)
        with pytest.raises(UserError, match="call the command again") as told:
            judge_run(run_dir, lost, force=True, outage=Outage(patience, sleep=_at_once))
        assert "resume the run" not in str(told.value)
    assert raters(run_dir) == ("down:words",)
    assert len(list(iter_scores(run_dir))) == 1
    assert len(closed) == 3


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
