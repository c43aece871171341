"""A run scored again: what is done, what is left alone, and what is told."""

import asyncio
import os
from pathlib import Path

import pytest

from mirrorplay.agents.judge import VARIANTS
from mirrorplay.agents.roles import Scores
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.judging.rescore import judge_run, rater_of
from mirrorplay.runs.judging.sources import SPOOLED
from mirrorplay.runs.judging.summary import given_scores
from mirrorplay.runs.judging.tapes import columns_for
from mirrorplay.runs.scorebook import folder_of, iter_scores, path_of, written_parts


def bytes_of(run_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run_dir / "sessions").iterdir()}


def test_scores_lie_beside_the_shards_which_stay_as_they_were(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a"), make_record("b")])
    store(0, [make_record("c")], retry=1)
    before = bytes_of(tmp_path)
    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept, done.failed) == (3, 0, {})
    assert bytes_of(tmp_path) == before
    assert written_parts(tmp_path, counter.rater) == {"part-00000", "part-00000.r1"}
    scored = list(iter_scores(tmp_path, counter.rater))
    assert {one.session_id for one in scored} == {"a", "b", "c"}
    assert {one.score.value for one in scored} == {4.0, 2.0}


def test_a_second_call_does_nothing(tmp_path, store, make_record, counter, as_rater) -> None:
    store(0, [make_record("a")])
    judge_run(tmp_path, as_rater(counter))
    written = path_of(tmp_path, counter.rater, "part-00000").stat().st_mtime_ns
    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept, len(counter.asked)) == (0, 1, 1)
    assert path_of(tmp_path, counter.rater, "part-00000").stat().st_mtime_ns == written
    assert judge_run(tmp_path, as_rater(counter), force=True).scored == 1


def test_a_touched_file_is_known_by_its_bytes(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    part = store(0, [make_record("a")])
    judge_run(tmp_path, as_rater(counter))
    os.utime(part, ns=(1, 1))
    assert judge_run(tmp_path, as_rater(counter)).scored == 0


def test_new_and_changed_files_are_scored(tmp_path, store, make_record, counter, as_rater) -> None:
    store(0, [make_record("a")])
    store(1, [make_record("b")])
    judge_run(tmp_path, as_rater(counter))
    store(1, [make_record("b", outcome="impasse")])
    store(2, [make_record("c")])
    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept) == (2, 1)


def test_goes_on_where_it_was_cut_off(tmp_path, store, make_record, counter, as_rater) -> None:
    store(0, [make_record("a")])
    store(1, [make_record("b")])

    class Cut(BaseException):
        pass

    def stop(at: int, of: int) -> None:
        if at == 2:
            raise Cut

    with pytest.raises(Cut):
        judge_run(tmp_path, as_rater(counter), told=stop)
    assert written_parts(tmp_path, counter.rater) == {"part-00000"}
    leftover = folder_of(tmp_path, counter.rater) / ".part-00001.77"
    leftover.write_bytes(b"PAR1 cut off")
    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept) == (1, 1)
    assert len(list(iter_scores(tmp_path, counter.rater))) == 4


def test_a_damaged_score_file_is_written_again(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a")])
    judge_run(tmp_path, as_rater(counter))
    path_of(tmp_path, counter.rater, "part-00000").write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be read"):
        list(iter_scores(tmp_path))
    assert judge_run(tmp_path, as_rater(counter)).scored == 1
    assert len(list(iter_scores(tmp_path))) == 2


def test_a_damaged_shard_is_told(tmp_path, store, make_record, counter, as_rater) -> None:
    store(0, [make_record("a")]).write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"damaged[\s\S]*mirrorplay resume"):
        judge_run(tmp_path, as_rater(counter))


def test_waiting_sessions_have_a_part_until_they_are_committed(
    tmp_path, store, fill_spool, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a")])
    spool = fill_spool(0, "a", "b")
    assert judge_run(tmp_path, as_rater(counter)).scored == 2
    assert written_parts(tmp_path, counter.rater) == {"part-00000", SPOOLED}
    assert judge_run(tmp_path, as_rater(counter)).scored == 0
    spool.unlink()
    store(0, [make_record("b")], retry=1)
    assert judge_run(tmp_path, as_rater(counter)).scored == 1
    assert written_parts(tmp_path, counter.rater) == {"part-00000", "part-00000.r1"}


def test_more_instruments_join_those_that_are_there(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a")])
    judge_run(tmp_path, as_rater(counter, ["ctrs"]))
    assert set(given_scores(tmp_path, counter.rater)) == {("ctrs", "focus")}
    assert judge_run(tmp_path, as_rater(counter, ["wai"])).scored == 1
    assert set(given_scores(tmp_path, counter.rater)) == {("ctrs", "focus"), ("wai", "bond")}
    assert judge_run(tmp_path, as_rater(counter, ["ctrs"])).scored == 0
    assert judge_run(tmp_path, as_rater(counter)).scored == 1
    assert judge_run(tmp_path, as_rater(counter, ["wai"])).scored == 0


def test_the_judge_sees_what_its_variant_says(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a")])
    judge_run(tmp_path, as_rater(counter))
    [seen] = counter.asked
    assert [line.text for line in seen.lines][:2] == [
        "I could maybe look at it.",
        "What would it cost you?",
    ]
    assert {line.stage_direction for line in seen.lines} == {None}
    assert all(line.codes == () for line in seen.lines)
    assert seen.faces == ()
    assert (seen.card.name, seen.card.age, seen.outcome) == ("Ada", 41, "resolved")


def test_stage_directions_and_faces_come_with_their_variants(
    tmp_path, store, fill_spool, make_record, counter, as_rater
) -> None:
    import pyvips

    from mirrorplay.graphs.record import RecordedImage

    face = pyvips.Image.black(40, 48, bands=3).pngsave_buffer()
    image = RecordedImage(data=face, mime="image/png")
    store(0, [make_record("a", faces=(image, image))])
    fill_spool(1, make_record("b", faces=(image, image)))
    for variant in ("words+stage", "words+face"):
        counter.rater = f"counter-v1:{variant}"
        counter.asked.clear()
        assert judge_run(tmp_path, as_rater(counter, variant=variant)).failed == {}
        for seen in counter.asked:
            stages = {line.stage_direction for line in seen.lines}
            if variant == "words+stage":
                assert "looks away" in stages
                assert seen.faces == ()
            else:
                assert stages == {None}
                assert [(one.width, one.height) for one in seen.faces] == [(40, 48)] * 2


def test_a_session_that_cannot_be_judged_has_no_scores_and_is_tried_again(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a"), make_record("b", outcome="impasse")])
    whole = counter.score
    counter.score = lambda seen: failing(seen)  # type: ignore[method-assign]

    async def failing(seen) -> Scores:
        await asyncio.sleep(0)
        if seen.outcome == "impasse":
            raise ValueError("no answer, api_key=sk-abcdefghijklmnopqrstuvwx")
        return await whole(seen)

    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept) == (1, 0)
    assert set(done.failed) == {"b"}
    assert "sk-abc" not in done.failed["b"]
    counter.score = whole  # type: ignore[method-assign]
    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept, done.failed) == (1, 1, {})
    assert {one.session_id for one in iter_scores(tmp_path)} == {"a", "b"}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1, 2], "expected Scores"),
        (Scores((Score(instrument="x", item="y", value=float("nan"), rater="counter-v1:words"),)),
         "leave a missing value out"),
        (Scores((Score(instrument="x", item="y", value=1, rater="somebody"),)), "somebody"),
    ],
)  # fmt: skip
def test_answers_that_are_no_scores_are_told(
    tmp_path, store, make_record, counter, as_rater, answer, message
) -> None:
    store(0, [make_record("a")])

    async def odd(_) -> object:
        return answer

    counter.score = odd
    done = judge_run(tmp_path, as_rater(counter))
    assert message in done.failed["a"]
    assert list(iter_scores(tmp_path)) == []


def test_a_judge_that_exits_fails_its_session_alone(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    store(0, [make_record("a")])

    async def leaves(_) -> Scores:
        raise SystemExit(3)

    counter.score = leaves
    assert "exit" in judge_run(tmp_path, as_rater(counter)).failed["a"]


def test_an_empty_run_has_nothing_to_score(tmp_path, counter, as_rater) -> None:
    done = judge_run(tmp_path, as_rater(counter))
    assert (done.scored, done.kept) == (0, 0)


@pytest.mark.parametrize("turns", [0, 1])
def test_scripted_scores_of_almost_nothing(tmp_path, store, make_record, turns) -> None:
    record = make_record("a")
    store(0, [record.model_copy(update={"turns": record.turns[:turns]})])
    done = judge_run(tmp_path, rater_of())
    assert done.failed == {}


def test_the_scripted_judge_scores_the_instruments_asked_for(tmp_path, store, make_record) -> None:
    store(0, [make_record("a")])
    rater = rater_of("scripted", "words", ["ctrs"])
    assert judge_run(tmp_path, rater).scored == 1
    assert {name for name, _ in given_scores(tmp_path, rater.name)} == {"ctrs"}
    stage = rater_of("scripted", "words+stage")
    judge_run(tmp_path, stage)
    assert stage.name != rater.name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scriptd",), "did you mean 'scripted'"),
        (("scripted", "wrods"), "did you mean 'words'"),
        (("scripted", "words", ["crts"]), "did you mean 'ctrs'"),
        (("scripted", "words", [" "]), "names no instrument"),
        (("house_parts:Mirror",), "no method 'score'"),
        (("house_parts:NoSuch",), "has no 'NoSuch'"),
        (("no_such_module:Judge",), "cannot be found"),
        (("judges_for_tests:Nameless",), "no attribute `rater`"),
        (("judges_for_tests:OfWords", "words+stage"), "never mixed"),
        (("judges_for_tests:Picky", "words", ["pikcy"]), "did you mean 'picky'"),
    ],
)
def test_mistakes_in_the_choice_of_a_judge(arguments, message, monkeypatch, tmp_path) -> None:
    (tmp_path / "judges_for_tests.py").write_text(
        "class Nameless:\n"
        "    async def score(self, transcript): ...\n"
        "class OfWords(Nameless):\n"
        "    rater = 'mine:words'\n"
        "class Picky(OfWords):\n"
        "    instruments = ('picky',)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=message):
        rater_of(*arguments)


def test_one_name_for_two_variants_is_refused(
    tmp_path, store, make_record, counter, as_rater
) -> None:
    counter.rater = "mine"
    store(0, [make_record("a")])
    judge_run(tmp_path, as_rater(counter))
    with pytest.raises(UserError, match="a name of its own for each variant"):
        judge_run(tmp_path, as_rater(counter, variant="words+stage"))


def test_a_session_of_five_hundred_turns_is_scored(tmp_path, store, make_record) -> None:
    record = make_record("a")
    turns = tuple(
        record.turns[at % 2].model_copy(update={"index": at, "exchange": at // 2, "face": None})
        for at in range(500)
    )
    store(0, [record.model_copy(update={"turns": turns, "faces": ()})])
    done = judge_run(tmp_path, rater_of("scripted", "words+stage"))
    assert (done.scored, done.failed) == (1, {})


def test_no_hidden_column_is_asked_for() -> None:
    hidden = {"state", "intended_act", "codes", "expression", "perception", "plan", "note"}
    for variant in VARIANTS:
        asked = {name.rpartition(".")[2] for name in columns_for(variant)}
        assert not asked & (hidden | {"turns", "resistance", "factors", "cell", "scores"})
