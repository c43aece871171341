"""`mirrorplay report` on runs as they come: large and tiny, whole and broken."""

import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mirrorplay.graphs.record import SessionRecord
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.api import Run, run
from mirrorplay.runs.cli import app
from mirrorplay.runs.dataset import to_batch
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.quarantine import Quarantine, QuarantineEntry
from mirrorplay.runs.reporting import plots, quality
from mirrorplay.runs.reporting.assembly import report_on
from mirrorplay.runs.reporting.document import Missing, Report, Section, Table
from mirrorplay.runs.reporting.writing import markdown, page
from mirrorplay.runs.scorebook import Scored, write_scores
from mirrorplay.runs.spool import SpoolWriter

HEADINGS = [
    "What was run",
    "How sessions end",
    "Means by cell",
    "Differences to the baseline",
    "Mixed model",
    "Resistance by turn",
    "Alliance by resistance type and mode",
    "Raters",
    "What was predicted",
    "Replication of MIRROR",
    "Hidden state",
    "What follows what",
    "Progress of plans",
    "Talk",
    "Missing scores",
    "Independence",
]
PREDICTIONS = """predictions:
  - {id: "<script>x</script>", contrast: [p, text], where: everybody, measure: alliance,
     expect: none, least: 5, fails_if: the interval leaves ±5}
  - {id: unknown-cell, contrast: [nobody, text], where: everybody, measure: alliance,
     expect: greater, least: 1, fails_if: the interval holds 0}
  - {id: unknown-clients, contrast: [p, text], where: the brave, measure: trust_last,
     expect: greater, least: 1, fails_if: the interval holds 0}
"""


def play(folder: Path, **changes: Any) -> Run:
    return run(
        {
            "name": "tiny",
            "seed": 11,
            "sample": {"personas": "library", "limit": 3, "resistance": ["cognitive", "none"]},
            "face": {"kind": "none"},
            "session": {"max_exchanges": 4},
            "executor": {"kind": "inline"},
            "output": {"dir": str(folder)},
            **changes,
        }
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return play(tmp_path_factory.mktemp("runs"), grid={"therapist.mode": ["text", "p"]})


@pytest.fixture(scope="module")
def whole(ran: Run) -> Report:
    """The run's report, drawn in full."""
    return report_on(RunDirectory.open(ran.path))


@pytest.fixture(autouse=True)
def quick(whole: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are built and not drawn, once one report has been."""
    picture = next(iter(whole.figures)).png
    monkeypatch.setattr(plots, "png", lambda figure: picture)
    monkeypatch.setattr(quality, "COMPARED", 4)


@pytest.fixture
def changed(ran: Run, tmp_path: Path) -> Callable[..., RunDirectory]:
    """The run with its sessions changed, or left out where the change gives None."""

    def make(change: Callable[[SessionRecord], SessionRecord | None]) -> RunDirectory:
        target = tmp_path / "changed"
        shutil.copytree(ran.path, target)
        shutil.rmtree(target / "sessions")
        with SpoolWriter(target, 0) as writer:
            for record in ran.sessions():
                kept = change(record)
                if kept is not None:
                    writer.append(to_batch(kept))
        return RunDirectory.open(target)

    return make


def text_of(report: Report) -> str:
    text = page(report) + markdown(report, "figures")
    assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", text), re.I)
    assert "None" not in re.sub(r"base64,[^\"]*", "", text)
    return text


def section(report: Report, title: str) -> Section:
    return next(one for one in report.sections if one.title == title)


def tables(report: Report, title: str) -> list[Table]:
    return [block for block in section(report, title).blocks if isinstance(block, Table)]


def test_headings_come_in_order_and_checks_stand_apart(whole: Report) -> None:
    report = whole
    assert [one.title for one in report.sections] == HEADINGS
    text_of(report)
    observed = tables(report, "Means by cell")[0]
    assert not any(
        "trust" in str(row[0]).lower() for row in observed.rows if isinstance(row, tuple)
    )
    checks = [one.part for one in report.sections if one.part]
    assert "Implementation checks" in checks
    assert not any("validity" in one.title.lower() for one in report.sections)
    assert section(report, "Hidden state").part == "Implementation checks"
    levels = re.findall(r"^#+", markdown(report, "f"), re.M)
    assert levels[0] == "#"
    assert set(levels) == {"#", "##", "###"}


def test_the_page_needs_nothing_else(whole: Report) -> None:
    text = page(whole)
    assert len({figure.png for figure in whole.figures}) == 6
    assert not re.search(r"(?:src|href)=\"(?!data:image/png;base64,|#)", text)
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text


def test_mirrors_own_numbers_are_not_made_up(whole: Report) -> None:
    [table] = tables(whole, "Replication of MIRROR")
    assert table.columns[1:] == (
        "Understanding", "Interpersonal", "Collaboration", "Guided discovery", "Focus", "Strategy",
        "Goal", "Approach", "Affective bond",
    )  # fmt: skip
    theirs = [r for r in table.rows if isinstance(r, tuple) and str(r[0]).startswith("MIRROR")]
    assert len(theirs) == 4
    assert all(isinstance(value, Missing) for row in theirs for value in row[1:])
    ours = [r for r in table.rows if isinstance(r, tuple) and "mode=" in str(r[0])]
    assert len(ours) == 2
    assert not any(isinstance(value, Missing) for row in ours for value in row[1:])


def test_a_baseline_turns_the_differences_round(ran: Run, whole: Report) -> None:
    one, two = whole, report_on(RunDirectory.open(ran.path), baseline="mode=p")
    row, turned = (
        next(
            row
            for row in tables(report, "Differences to the baseline")[0].rows
            if isinstance(row, tuple)
        )
        for report in (one, two)
    )
    assert (row[0], turned[0]) == ("mode=p", "mode=text")
    assert str(row[2]).strip("+−") == str(turned[2]).strip("+−")


def test_predictions_and_what_came_of_them(ran: Run, tmp_path: Path) -> None:
    file = tmp_path / "predictions.yaml"
    file.write_text(PREDICTIONS, encoding="utf-8")
    report = report_on(RunDirectory.open(ran.path), predictions=file)
    rows = [row for row in tables(report, "What was predicted")[0].rows if isinstance(row, tuple)]
    assert rows[0][-1] == "held"
    assert rows[1][-1] == Missing("no cell 'nobody' in this run; its cells: text, p")
    assert rows[2][-1] == Missing("no such group of clients: 'the brave'")
    text = text_of(report)
    assert "<script>" not in text
    assert sha256(file.read_bytes()).hexdigest() in text


def test_two_sessions_of_one_cell(tmp_path: Path) -> None:
    tiny = play(
        tmp_path, sample={"personas": "library", "limit": 1, "resistance": ["cognitive", "none"]}
    )
    report = report_on(RunDirectory.open(tiny.path))
    assert "nothing is compared" in text_of(report)
    [means] = tables(report, "Means by cell")
    assert "fewer than 3 personas" in means.reasons


def test_many_cells(tmp_path: Path) -> None:
    many = play(
        tmp_path,
        sample={"personas": "library", "limit": 2, "resistance": ["cognitive"]},
        session={"max_exchanges": 2},
        grid={
            "therapist.policy": ["mi_consistent", "directive", "confrontational"],
            "therapist.manner": ["good", "poor"],
            "client.dynamics": ["full", "static"],
        },
    )
    report = report_on(RunDirectory.open(many.path))
    assert "12 cells" in report.lead
    assert "Alliance by resistance type and cell" in [one.title for one in report.sections]
    text_of(report)


def test_safety_stops_only(changed: Callable[..., RunDirectory]) -> None:
    report = report_on(
        changed(lambda r: r.model_copy(update={"outcome": "safety_stop", "scores": ()}))
    )
    text = text_of(report)
    assert "No session has an alliance score" in text
    assert "gave no score" in text


def test_missing_scores_are_counted_not_zero(changed: Callable[..., RunDirectory]) -> None:
    def without(record: SessionRecord) -> SessionRecord:
        kept = [s for s in record.scores if (s.instrument, s.item) != ("ctrs", "focus")]
        first = record.cell == "mode=text" and record.resistance.type == "none"
        return record.model_copy(update={"scores": record.scores if first else tuple(kept)})

    report = report_on(changed(without))
    [missing] = tables(report, "Missing scores")
    found = {row[0]: row[1] for row in missing.rows if isinstance(row, tuple)}
    assert found["ctrs: focus"] == "9"
    [table] = tables(report, "Replication of MIRROR")
    assert "not scored" in table.reasons


def test_cells_without_common_clients_are_unpaired(changed: Callable[..., RunDirectory]) -> None:
    people: list[str] = []

    def split(record: SessionRecord) -> SessionRecord | None:
        people.append(record.persona_id)
        first = record.persona_id == people[0]
        return record if first == (record.cell == "mode=text") else None

    report = report_on(changed(split))
    assert "Unpaired: mode=p has no client in common with mode=text" in text_of(report)


def test_a_client_without_hidden_states(changed: Callable[..., RunDirectory]) -> None:
    def bare(record: SessionRecord) -> SessionRecord:
        turns = tuple(
            turn.model_copy(update={"state": None, "intended_act": None}) for turn in record.turns
        )
        return record.model_copy(update={"turns": turns})

    text = text_of(report_on(changed(bare)))
    assert "the client keeps none" in text
    assert "No session has intended acts" in text


def test_an_unfinished_run_and_its_quarantine_are_told(
    changed: Callable[..., RunDirectory],
) -> None:
    seen: list[SessionRecord] = []

    def drop(record: SessionRecord) -> SessionRecord | None:
        seen.append(record)
        return None if len(seen) <= 2 else record

    directory = changed(drop)
    Quarantine(directory.path).add(
        [
            QuarantineEntry(
                session_id=seen[0].session_id,
                cell=seen[0].cell,
                persona_id=seen[0].persona_id,
                error="<script>boom</script>",
                where="client",
                attempts=2,
            )
        ]
    )
    report = report_on(directory)
    text = text_of(report)
    assert "1 sessions are missing" in text
    assert "1 more quarantined" in report.lead
    assert "<script>" not in text


def test_other_raters_stand_apart(whole: Report, changed: Callable[..., RunDirectory]) -> None:
    directory = changed(lambda record: record)
    ids = [row.session_id for row in directory.plan()]
    write_scores(
        directory.path,
        "human:<b>anna</b>",
        "all",
        (
            Scored(one, Score(instrument="wai", item="bond", value=1.0 + place % 4,
                              rater="human:<b>anna</b>"))
            for place, one in enumerate(ids)
        ),
    )  # fmt: skip
    report = report_on(directory)
    assert tables(report, "Means by cell") == tables(whole, "Means by cell")
    means, agreed = tables(report, "Raters")
    assert any("anna" in getattr(row, "title", "") for row in means.rows)
    assert [row[0] for row in agreed.rows if isinstance(row, tuple)] == ["wai: bond"]
    assert "<b>anna" not in text_of(report)


def test_progress_of_plans(whole: Report) -> None:
    [table] = tables(whole, "Progress of plans")
    done = {str(row[0]): row[1] for row in table.rows if isinstance(row, tuple)}
    assert isinstance(done["mode=text"], Missing)  # this arm works without a plan
    assert 0.0 <= float(str(done["mode=p"])) <= 1.0


def test_agreement_is_short_and_its_items_fold_away(changed: Callable[..., RunDirectory]) -> None:
    directory = changed(lambda record: record)
    ids = [row.session_id for row in directory.plan()]
    asked = [("wai12", "task"), ("wai12", "goal_1"), ("ctrs", "focus"), ("ctrs", "strategy")]
    for rater, step in (("human:ann", 2), ("human:bob", 3)):
        write_scores(
            directory.path,
            rater,
            "all",
            (
                Scored(one, Score(instrument=what, item=item, value=1.0 + (place * step) % 4,
                                  rater=rater))
                for place, one in enumerate(ids)
                for what, item in asked
            ),
        )  # fmt: skip
    report = report_on(directory)
    _, short, whole = tables(report, "Raters")
    people = [row for row in short.rows if isinstance(row, tuple)][-2:]
    assert [row[0] for row in people] == ["ctrs: median of 2 items", "wai12: task"]
    assert whole.fold
    assert "ctrs: focus" in page(report)
    assert "ctrs: focus" not in markdown(report, "figures")
    assert page(report).count("<details>") == page(report).count("</details>") == 1


def test_mistakes_are_named(ran: Run, tmp_path: Path, changed: Callable[..., RunDirectory]) -> None:
    with pytest.raises(UserError, match="did you mean 'mode=text'"):
        report_on(RunDirectory.open(ran.path), baseline="mode=txt")
    with pytest.raises(UserError, match="no finished sessions"):
        report_on(changed(lambda record: None))
    with pytest.raises(UserError):
        report_on(RunDirectory.open(ran.path), predictions=tmp_path / "nowhere.yaml")


def test_predictions_of_another_run_are_told(ran: Run, tmp_path: Path) -> None:
    file = tmp_path / "predictions.yaml"
    file.write_text(
        "predictions:\n  - {id: a, contrast: [ec, base], where: everybody, measure: alliance,\n"
        "     expect: greater, least: 1, fails_if: the interval holds 0}\n",
        encoding="utf-8",
    )
    with pytest.raises(UserError, match=r"none of its 1 predictions[\s\S]*text"):
        report_on(RunDirectory.open(ran.path), predictions=file)


def test_a_baseline_without_sessions(changed: Callable[..., RunDirectory]) -> None:
    directory = changed(lambda record: record if record.cell == "mode=p" else None)
    with pytest.raises(UserError, match="no finished session"):
        report_on(directory, baseline="mode=text")
    assert report_on(directory).lead.startswith("6 sessions of 3 personas in 1 cell")


def test_the_command(ran: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = CliRunner().invoke(
        app, ["report", str(ran.path), "--out", str(out)], standalone_mode=False
    )
    assert told.exception is None
    assert {path.name for path in out.iterdir()} == {"report.html", "report.md", "report-figures"}
    assert len(list((out / "report-figures").glob("*.png"))) == 6
    (tmp_path / "file").write_text("")
    for arguments, message in (
        (["nowhere"], "no run"),
        ([str(ran.path), "--out", str(tmp_path / "file" / "x.html")], "cannot write"),
        ([str(ran.path), "--out", "x.html", "--format", "md"], "no name for md"),
        ([str(ran.path), "--baseline", "mode"], "no cell"),
    ):
        failed = CliRunner().invoke(app, ["report", *arguments], standalone_mode=False)
        assert isinstance(failed.exception, UserError)
        assert message in str(failed.exception)
