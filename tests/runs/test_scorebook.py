"""Scores beside a run: written whole or not at all, one folder a rater, whatever its name."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.scorebook import (
    FOLDER,
    Scored,
    folder_of,
    iter_scores,
    note_of,
    path_of,
    raters,
    write_scores,
    written_parts,
)


def scored(session: str, rater: str, value: float = 1.0) -> Scored:
    return Scored(
        session,
        Score(instrument="ctrs", item="focus", value=value, rater=rater, evidence=(1, 3)),
    )


def test_what_is_written_is_read(tmp_path) -> None:
    write_scores(tmp_path, "j:words", "part-00000", [scored("a", "j:words")], {"made": "today"})
    write_scores(tmp_path, "human:ann", "ratings", [scored("a", "human:ann", 2)])
    assert list(iter_scores(tmp_path, "j:words")) == [scored("a", "j:words")]
    assert len(list(iter_scores(tmp_path))) == 2
    assert raters(tmp_path) == ("human:ann", "j:words")
    assert written_parts(tmp_path, "j:words") == {"part-00000"}
    assert note_of(tmp_path, "j:words", "part-00000") == {"made": "today"}
    assert note_of(tmp_path, "j:words", "part-00001") is None


def test_a_run_without_scores(tmp_path) -> None:
    assert list(iter_scores(tmp_path)) == []
    assert raters(tmp_path) == ()
    assert written_parts(tmp_path, "j:words") == frozenset()


def test_a_part_that_fails_leaves_what_was_there(tmp_path) -> None:
    write_scores(tmp_path, "j", "p", [scored("a", "j")])

    def half():
        yield scored("b", "j")
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError):
        write_scores(tmp_path, "j", "p", half())
    with pytest.raises(ValueError, match="among those of"):
        write_scores(tmp_path, "j", "p", [scored("b", "other")])
    assert [one.session_id for one in iter_scores(tmp_path)] == ["a"]
    assert [path.name for path in folder_of(tmp_path, "j").iterdir()] == ["p.parquet"]


def test_a_note_may_grow_while_the_scores_are_made(tmp_path) -> None:
    note: dict[str, object] = {}

    def growing():
        note["failed"] = ["b"]
        yield scored("a", "j")

    write_scores(tmp_path, "j", "p", growing(), note)
    assert note_of(tmp_path, "j", "p") == {"failed": ["b"]}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", ".", "a/b", "a\\b", "ä" * 300, "\0x", "CON"]
)
def test_no_rater_writes_outside_its_folder(tmp_path, name) -> None:
    path = write_scores(tmp_path, name, "p", [scored("a", name)])
    assert path.resolve().parent.parent == (tmp_path / FOLDER).resolve()
    assert raters(tmp_path) == (name,)


def test_names_that_read_alike_have_folders_of_their_own(tmp_path) -> None:
    assert len({folder_of(tmp_path, name) for name in ("Ann", "ann", "a nn", "a/nn")}) == 4


@pytest.mark.parametrize("part", ["../x", "", ".hidden", "a/b", "a b"])
def test_names_of_parts_are_checked(tmp_path, part) -> None:
    with pytest.raises(ValueError, match="no name of a part"):
        write_scores(tmp_path, "j", part, [])


def test_damaged_and_foreign_files_are_told(tmp_path) -> None:
    write_scores(tmp_path, "j", "p", [scored("a", "j")])
    path = path_of(tmp_path, "j", "p")
    path.write_bytes(path.read_bytes()[:40])
    for reading in (lambda: list(iter_scores(tmp_path)), lambda: raters(tmp_path)):
        with pytest.raises(UserError, match=r"cannot be read[\s\S]*score again"):
            reading()
    assert note_of(tmp_path, "j", "p") is None
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(UserError, match="these are no scores"):
        list(iter_scores(tmp_path))
    assert note_of(tmp_path, "j", "p") is None


def test_a_part_without_a_score(tmp_path) -> None:
    write_scores(tmp_path, "j", "p", [])
    write_scores(tmp_path, "j", "q", [scored("a", "j")])
    assert raters(tmp_path) == ("j",)
