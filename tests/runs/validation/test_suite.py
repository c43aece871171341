"""Sessions of the validation's own, the report, the page and the command."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cli import app
from mirrorplay.runs.validation import play
from mirrorplay.runs.validation.finding import Heading, finding, not_tested
from mirrorplay.runs.validation.report import fill_page, print_heading, summary, write_json
from mirrorplay.runs.validation.statistics import Interval
from mirrorplay.runs.validation.suite import HEADINGS, Suite, chosen

ROOT = Path(__file__).parent.parent.parent.parent
PAGE = ROOT / "docs" / "validity.md"


def heading(number: str = "I") -> Heading:
    return Heading(
        number=number,
        title="Something",
        kind="evidence",
        shows="It shows.",
        findings=(
            finding("a | b", "more", "0.51", False, Interval(0.1, 0.9), note="a note"),
            not_tested("another", "nobody was there"),
        ),
    )


def test_sessions_are_played_once(tmp_path: Path) -> None:
    suite = Suite(tmp_path, personas=3, executor="inline")
    twins = suite.twins
    assert {one.traits["twin_of"] is None for one in twins} == {True, False}
    assert {one.policy for one in twins} == {"mi_consistent", "directive", "confrontational"}
    assert all(one.states and one.intended[0] for one in twins)
    shards = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    again = Suite(tmp_path, personas=3, executor="inline")
    assert again.twins == twins
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == shards
    assert suite.setup()["played with this version"] == "yes"
    config = play.twins_config(tmp_path, 3, "inline") | {"seed": 8}
    with pytest.raises(UserError, match="other settings"):
        play.played(config)


def test_headings_by_name() -> None:
    assert chosen(None) == HEADINGS
    assert chosen("iii, I") == ("I", "III")
    for wrong in ("X", ","):
        with pytest.raises(UserError):
            chosen(wrong)


def test_report_and_json(tmp_path: Path) -> None:
    console = Console(record=True, width=100)
    print_heading(console, heading())
    told = console.export_text()
    assert "miss" in told
    assert "nobody was there" in told
    assert summary([heading()])[0].endswith("0 pass   1 miss   1 not tested")
    write_json(tmp_path / "out" / "a.json", [heading()], {"personas": 6})
    read = json.loads((tmp_path / "out" / "a.json").read_text(encoding="utf-8"))
    assert read["setup"] == {"personas": 6}
    assert read["headings"][0]["findings"][0]["interval"] == [0.1, 0.9]


def test_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marks = "".join(
        f"Prose {name}.\n<!-- figures {name} -->\n<!-- end {name} -->\n"
        for name in ("setup", "summary", "I", "II")
    )
    page.write_text(marks, encoding="utf-8")
    fill_page(page, [heading("I"), heading("II")], {"personas": 6})
    text = page.read_text(encoding="utf-8")
    assert text.count("Prose") == 4
    assert "| a / b | more | 0.51; a note | [0.10, 0.90] | **miss** |" in text
    assert "personas: 6" not in text  # not all nine: what all rest on is not told anew
    fill_page(page, [heading("I")], {"personas": 6})
    assert page.read_text(encoding="utf-8") == text
    with pytest.raises(UserError, match="lacks the marks of 'III'"):
        fill_page(page, [heading("III")], {})
    with pytest.raises(UserError, match="no page"):
        fill_page(tmp_path / "none.md", [], {})


def test_each_heading_says_what_it_rests_on(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "".join(
            f"<!-- figures {n} -->\n<!-- end {n} -->\n" for n in ("setup", "summary", *HEADINGS)
        ),
        encoding="utf-8",
    )
    whole = [heading(n).model_copy(update={"setup": {"personas": 6}}) for n in HEADINGS]
    fill_page(page, whole, {"personas": 6})
    assert page.read_text(encoding="utf-8").count("personas: 6") == 10
    one = heading("II").model_copy(update={"setup": {"personas": 40}})
    fill_page(page, [one], {"personas": 40})
    text = page.read_text(encoding="utf-8")
    assert (text.count("personas: 6"), text.count("personas: 40")) == (9, 1)
    assert text.index("figures II ") < text.index("personas: 40") < text.index("end II ")


def test_places_are_checked_before_anything_is_played(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no marks", encoding="utf-8")
    suite = Suite(tmp_path / "out")
    for wrong in (
        {"page": tmp_path / "none.md"},
        {"page": file},
        {"json_file": tmp_path},
        {"json_file": file / "x.json"},
    ):
        with pytest.raises(UserError):
            suite.check_inputs(("I",), **wrong)
    with pytest.raises(UserError, match="--out"):
        Suite(file).check_inputs()
    suite.check_inputs(HEADINGS, PAGE, tmp_path / "deep" / "a.json")
    assert not (tmp_path / "deep").exists()


def test_docs_page_has_every_mark() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in ("setup", "summary", *HEADINGS):
        assert text.index(f"<!-- figures {name} -->") < text.index(f"<!-- end {name} -->")
    assert len(text.splitlines()) <= 260
    assert "not validated by clinicians" in text


def test_command(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["validate", "--only", "IX", "--out", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "not validated by clinicians" in " ".join(told.output.split())
    wrong = CliRunner().invoke(app, ["validate", "--only", "XI"])
    assert isinstance(wrong.exception, UserError)
    missing = CliRunner().invoke(app, ["validate", "--annomi", str(tmp_path / "none.csv")])
    assert isinstance(missing.exception, UserError)
