"""The digest sees what a session is, and not how it was computed."""

import pytest

from mirrorplay.graphs.record import RecordedImage
from mirrorplay.runs.digest import digest
from mirrorplay.runs.store import commit_shard


@pytest.fixture
def digest_of(tmp_path, fill_spool):
    """digest_of(records…) commits them as one run of its own."""
    shard = 0

    def of(*records, plan=None):
        for old in (tmp_path / "sessions").glob("*"):
            old.unlink()
        ids = [record.session_id for record in records]
        fill_spool(shard, *records)
        commit_shard(tmp_path, shard, plan or ids, {})
        return digest(tmp_path)

    return of


def test_equal_sessions_have_equal_digests_in_any_order(digest_of, make_record):
    first = digest_of(make_record("a"), make_record("b"))
    assert len(first) == 64
    assert digest_of(make_record("b"), make_record("a")) == first
    assert digest_of(make_record("a")) != first


def test_shards_and_spooled_sessions_leave_no_trace(tmp_path, digest_of, make_record, fill_spool):
    whole = digest_of(make_record("a"), make_record("b"))
    digest_of(make_record("a"))
    fill_spool(1, "b")
    commit_shard(tmp_path, 1, ["b"], {})
    fill_spool(2, "c")
    assert digest(tmp_path) == whole


def test_one_character_is_seen(digest_of, make_record):
    record = make_record()
    turn = record.turns[3].model_copy(update={"text": record.turns[3].text[:-1] + "."})
    changed = record.model_copy(update={"turns": (*record.turns[:3], turn)})
    assert digest_of(changed) != digest_of(record)


def test_one_pixel_is_seen(digest_of, make_record, make_picture):
    record = make_record()
    face = RecordedImage(data=make_picture(21), mime="image/png")
    changed = record.model_copy(update={"faces": (record.faces[0], face)})
    assert digest_of(changed) != digest_of(record)


@pytest.mark.parametrize(
    "change",
    [
        {"cell": "q"},
        {"factors": {"therapist.mode": "text"}},
        {"seed": 3},
        {"outcome": "impasse"},
        {"scores": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_columns_are_seen(digest_of, make_record, change):
    assert digest_of(make_record(**change)) != digest_of(make_record())


def test_how_it_was_computed_is_not_seen(digest_of, make_record):
    record = make_record()
    turns = tuple(turn.model_copy(update={"latency_ms": None}) for turn in record.turns)
    changed = record.model_copy(
        update={"attempt": 5, "provenance": {"host": "elsewhere"}, "turns": turns}
    )
    assert digest_of(changed) == digest_of(record)


def test_a_doubled_session_is_not_hidden(tmp_path, digest_of, make_record, fill_spool):
    digest_of(make_record("a"))
    fill_spool(1, "a")
    commit_shard(tmp_path, 1, ["a"], {})
    with pytest.raises(RuntimeError, match="session 'a' has two committed rows"):
        digest(tmp_path)


def test_an_empty_run_has_a_digest(tmp_path):
    assert len(digest(tmp_path)) == 64
