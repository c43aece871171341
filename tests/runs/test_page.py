"""Figures between the marks of a page."""

from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.page import MARK, quote


def test_figures_replace_the_old_ones_and_prose_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARK}old{MARK}\nafter\n")
    quote("new\n", page)
    quote("newer\n", page)
    assert page.read_text() == f"before\n{MARK}\n```\nnewer\n```\n{MARK}\nafter\n"


@pytest.mark.parametrize("text", ["no marks", MARK, MARK * 3])
def test_a_page_without_its_two_marks_is_left_alone(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(UserError, match="marks"):
        quote("new", page)
    assert page.read_text() == text


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        quote("new", tmp_path / "page.md")
