"""The document in HTML and in Markdown: structure, escaping, self-containedness."""

import base64
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.reporting import plots
from mirrorplay.runs.reporting.document import (
    Facts,
    Figure,
    Group,
    Missing,
    Report,
    Section,
    Table,
    Text,
    interval,
    number,
    percent,
    probability,
)
from mirrorplay.runs.reporting.writing import markdown, page, pixels, plain, write_report

HOSTILE = '<script>alert("1")</script>|`x`[y](javascript:z)*\n# no'


def hostile() -> Report:
    png = plots.png(plots.new_figure(1, 1))
    return Report(
        title=HOSTILE,
        lead=HOSTILE,
        warning=HOSTILE,
        sections=(
            Section(
                HOSTILE,
                (
                    Text(HOSTILE),
                    Text(HOSTILE, "note"),
                    Text(HOSTILE, "warning"),
                    Facts(((HOSTILE, HOSTILE),)),
                    Table(
                        (HOSTILE, "n"),
                        (Group(HOSTILE, HOSTILE), (HOSTILE, "1"), ("b", Missing(HOSTILE))),
                        HOSTILE,
                    ),
                    Figure("plot", png, HOSTILE, HOSTILE, 400),
                ),
                part=HOSTILE,
            ),
        ),
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "style"}]
        assert not any(name.startswith("on") for name, _ in attrs)


def test_hostile_names_stay_text_on_the_page() -> None:
    found = Tags()
    text = page(hostile())
    found.feed(text)
    assert "script" not in found.tags
    assert found.tags.count("style") == 1
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in found.links)
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_hostile_names_stay_text_in_markdown() -> None:
    text = markdown(hostile(), "figures")
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(javascript", text)
    assert text.count("\n# ") == 0
    rows = [line for line in text.splitlines() if line.startswith("|")]
    table = rows[-4:]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in table} == {3}
    assert plain("a_b | c\nd") == r"a\_b \| c d"


def test_the_policy_allows_the_style_that_is_there() -> None:
    text = page(hostile())
    [style] = re.findall(r"<style>(.*?)</style>", text, re.S)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in text.replace("&#43;", "+").replace("&#39;", "'")
    assert "url(" not in style
    assert "@import" not in style


def test_every_dash_has_its_reason() -> None:
    table = Table(
        ("cell", "x", "y"),
        (("a", Missing("few"), "1"), ("b", Missing("flat"), Missing("few"))),
    )
    assert table.reasons == ("few", "flat")
    [_, (_, first, second)] = table.lines
    assert (first.text, first.note, second.note) == ("–", 2, 1)
    assert "(1) few" in markdown(Report("t", "l", "w", (Section("s", (table,)),)), "f")
    with pytest.raises(ValueError, match="columns"):
        Table(("a", "b"), (("c",),))


def test_numbers_as_they_are_told() -> None:
    assert number(-0.004, why="") == "0.00"
    assert number(-1.5, 1, why="", signed=True) == "−1.5"
    assert number(1.5, 1, why="", signed=True) == "+1.5"
    assert number(float("nan"), why="none") == Missing("none")
    assert number(None, why="none") == Missing("none")
    assert interval((-0.25, 1.0), why="") == "[−0.25, 1.00]"
    assert interval(None, why="few") == Missing("few")
    assert probability(0.0001, why="") == "< .001"
    assert probability(0.05, why="") == ".050"
    assert probability(1.0, why="") == "1.000"
    assert probability(None, why="few") == Missing("few")
    assert percent(0, 0, why="nobody") == Missing("nobody")
    assert percent(1, 8, why="") == "12%"


def test_where_a_report_goes(tmp_path: Path) -> None:
    report = hostile()
    run = tmp_path / "run"
    assert [p.name for p in write_report(report, run, None, None)] == ["report.html", "report.md"]
    figure = (run / "report-figures" / "plot.png").read_bytes()
    assert pixels(figure) > (10, 10)
    assert "](report-figures/plot.png)" in (run / "report.md").read_text()
    assert write_report(report, run, tmp_path / "a.html", None) == [tmp_path / "a.html"]
    assert write_report(report, run, tmp_path / "b.md", "both")[1] == tmp_path / "b.html"
    assert write_report(report, run, tmp_path / "new", "md") == [tmp_path / "new" / "report.md"]
    with pytest.raises(UserError, match="no name for md"):
        write_report(report, run, tmp_path / "a.html", "md")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write the report"):
        write_report(report, run, tmp_path / "file" / "x.html", None)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page(hostile()) == page(hostile())
