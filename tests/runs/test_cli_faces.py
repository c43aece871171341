"""`mirrorplay faces`: sheets and morphs from the command line."""

from pathlib import Path

import pytest
import pyvips
from click.testing import CliRunner

from mirrorplay.personas.errors import UserError
from mirrorplay.runs import run as play
from mirrorplay.runs.cli.faces import faces


def run(*arguments: str) -> None:
    result = CliRunner().invoke(faces, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception


@pytest.mark.parametrize(
    ("command", "width"),
    [
        (("identities", "--count", "6", "--across", "3"), 3 * 64 + 12),
        (("units",), 9 * 64 + 8 * 6),
        (("prototypes", "--count", "1"), 9 * 64 + 8 * 6),
        (("overlay", "--count", "1"), 8 * 64 + 7 * 6),
    ],
)
def test_a_sheet_is_written(command: tuple[str, ...], width: int, tmp_path: Path) -> None:
    out = tmp_path / "new" / "sheet.png"
    run(*command, "--size", "64", "--out", str(out))
    assert pyvips.Image.new_from_file(str(out)).width == width


def test_a_morph_is_written_with_its_frames(tmp_path: Path) -> None:
    out = tmp_path / "face.webp"
    words = "lips pressed together, looking down"
    run("morph", "neutral", words, "--frames", "3", "--size", "64", "--out", str(out),
        "--svg", str(tmp_path / "frames"))  # fmt: skip
    assert pyvips.Image.new_from_file(str(out), n=-1).get_n_pages() == 3
    assert len(list((tmp_path / "frames").glob("*.svg"))) == 3


def test_a_morph_of_someone_in_the_library(tmp_path: Path) -> None:
    out = tmp_path / "face.webp"
    run("morph", "neutral", "doubt", "--frames", "2", "--size", "64", "--out", str(out),
        "--persona", "bhavna-solanki")  # fmt: skip
    assert out.stat().st_size > 100


def test_the_faces_of_a_session(tmp_path: Path) -> None:
    asked = {
        "sample": {"limit": 1, "resistance": ["emotional"]},
        "session": {"max_exchanges": 3},
        "face": {"kind": "portrait", "size": 64},
        "executor": "inline",
        "output": {"dir": str(tmp_path)},
    }
    done = play(asked)
    (row,) = done.sessions()
    out = tmp_path / "faces.png"
    run("session", str(done.path), row.session_id[:6], "--out", str(out))
    assert pyvips.Image.new_from_file(str(out)).width > 300
    with pytest.raises(UserError, match="zz"):
        run("session", str(done.path), "zz", "--out", str(out))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("identities", "--count", "0"), "0 people"),
        (("units", "--size", "20"), "face size 20"),
        (("units", "--person", "-1"), "0 people"),
        (("morph", "neutrl", "fear"), "no display 'neutrl'"),
        (("morph", "neutral", "fear", "--frames", "1"), "1 frames"),
        (("morph", "neutral", "fear", "--persona", "nobody-at-all"), "nobody-at-all"),
    ],
)
def test_mistakes_are_told(command: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        run(*command, "--out", str(tmp_path / "x"))
