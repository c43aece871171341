import os
from pathlib import Path

import pytest

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.importers.report import assign_ids, slug, tidy, write_personas
from mirrorplay.personas.schema import Persona

LIBRARY = load_personas("library")


def test_files_read_back_equal(tmp_path: Path) -> None:
    files = write_personas(LIBRARY, tmp_path / "new" / "people")
    assert [file.stem for file in files] == [persona.id for persona in LIBRARY]
    assert load_personas(tmp_path / "new" / "people") == LIBRARY
    assert sorted(os.listdir(tmp_path / "new" / "people")) == sorted(file.name for file in files)


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    (first, *_) = write_personas(LIBRARY, tmp_path)
    before = first.stat().st_mtime_ns
    assert write_personas(LIBRARY, tmp_path)[0] == first
    assert first.stat().st_mtime_ns == before


def test_another_file_of_that_name_is_left_alone_and_nothing_is_written(tmp_path: Path) -> None:
    mine = tmp_path / f"{LIBRARY[-1].id}.yaml"
    mine.write_text("mine")
    with pytest.raises(UserError, match="holds something else already") as refused:
        write_personas(LIBRARY, tmp_path)
    assert str(mine) in str(refused.value)
    assert os.listdir(tmp_path) == [mine.name]
    assert mine.read_text() == "mine"


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be written"):
        write_personas(LIBRARY, tmp_path / "file")
    with pytest.raises(UserError, match="cannot be written"):
        write_personas(LIBRARY, tmp_path / "file" / "deeper")


def test_a_full_disk_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        write_personas(LIBRARY, tmp_path)
    assert os.listdir(tmp_path) == []


def test_personas_that_could_not_be_read_again_are_refused(tmp_path: Path) -> None:
    persona = LIBRARY[0]
    with pytest.raises(UserError, match="used twice"):
        write_personas([persona, persona], tmp_path)
    with pytest.raises(UserError, match="cannot name a persona"):
        write_personas([persona.model_copy(update={"id": "../up"})], tmp_path)
    large = persona.source.model_copy(update={"verbatim": {"x": "y" * 300_000}})
    with pytest.raises(UserError, match="up to 262,144 bytes"):
        write_personas([persona.model_copy(update={"source": large})], tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" a \t b ", "a b"),
        ("a\x00b\u202ec", "a b c"),
        ("a\n\n b\r\n", "a\nb"),
        ("Not specified", None),
        ("not Mentioned.", None),
        ("N/A", None),
        ("N/A (retired)", None),
        ("Undisclosed", None),
        ("Details not provided", None),
        ("No specific information provided", None),
        ("No siblings", "No siblings"),
        ("Not specified by the client, but seen", "Not specified by the client, but seen"),
        ("", None),
        (" \n", None),
        (7, None),
        (None, None),
    ],
)
def test_tidy_keeps_what_is_said_and_drops_what_says_nothing(
    text: object, expected: str | None
) -> None:
    assert tidy(text) == expected


def test_ids_are_safe_short_and_distinct() -> None:
    names = ["Ann Lee", "ann  lée", "李", "", "x" * 300, "b"]
    wanted = [(name, f"text {i}") for i, name in enumerate(names)]
    found = assign_ids("cactus", wanted)
    assert len(set(found)) == len(found)
    assert found[-1] == "cactus-b"
    assert found[0].startswith("cactus-ann-lee-")
    for identifier in found:
        assert Persona.model_validate(
            {"id": identifier, "intake": {"name": "x"}, "resistance": {"type": "none"}}
        )
    assert sorted(assign_ids("cactus", wanted[::-1])) == sorted(found)
    assert slug("Å-b_c!") == "a-b-c"
