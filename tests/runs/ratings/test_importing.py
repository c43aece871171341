"""Ratings that come back, from whatever a spreadsheet made of them."""

import csv
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.judging.agreement import compare
from mirrorplay.runs.ratings.export import export_ratings, read_key
from mirrorplay.runs.ratings.importing import import_ratings
from mirrorplay.runs.scorebook import iter_scores, raters

Rows = list[list[str]]
Change = Callable[[Rows], None]


@pytest.fixture
def exported(rated_run, tmp_path):
    """A copy of the run with sheets."""
    run = RunDirectory.open(shutil.copytree(rated_run.path, tmp_path / "run"))
    return run, export_ratings(run, tmp_path / "sheets", 4, repeat=0.5)


def filled(table: Path, change: Change = lambda rows: None) -> Rows:
    rows = list(csv.reader(StringIO(table.read_text(encoding="utf-8"))))
    for row in rows[1:]:
        for at, name in enumerate(rows[0]):
            if name.startswith(("a.", "b.")):
                row[at] = "4" if name.startswith("a.") else "2"
            elif name.startswith("preference"):
                row[at] = "A"
    change(rows)
    return rows


def saved(path: Path, rows: Rows, delimiter=",", ends="\n", encoding="utf-8", head="") -> Path:
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=ends).writerows(rows)
    path.write_bytes((head + text.getvalue()).encode(encoding))
    return path


def back(exported, tmp_path, change: Change = lambda rows: None, name="ann", **how):
    run, done = exported
    path = saved(tmp_path / "back.csv", filled(done.table, change), **how)
    return import_ratings(run, path, done.key, name)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"head": "\ufeff"},
        {"delimiter": ";"},
        {"delimiter": ";", "ends": "\r\n", "head": "\ufeff"},
        {"delimiter": "\t"},
        {"ends": "\r"},
        {"head": "\n"},
    ],
)
def test_whatever_the_spreadsheet_saved(exported, tmp_path, how) -> None:
    done = back(exported, tmp_path, **how)
    assert (done.rater, done.sheets, done.of, done.missing) == ("human:ann", 6, 6, 0)
    assert raters(exported[0].path) == ("human:ann",)


def test_ratings_are_unblinded_and_averaged(exported, tmp_path) -> None:
    run, done = exported
    told = back(exported, tmp_path)
    key = read_key(done.key)
    scores = {
        (one.session_id, one.score.instrument, one.score.item): one.score.value
        for one in iter_scores(run.path, "human:ann")
    }
    again = {sheet.pair for sheet in key.sheets.values() if sheet.again}
    for sheet in key.sheets.values():
        if sheet.again:
            continue
        # Whoever always says A has no preference where the sides were changed.
        expected = 0.5 if sheet.pair in again else 1.0
        assert scores[sheet.a, "preference", f"over:{sheet.b}"] == expected
        assert scores[sheet.b, "preference", f"over:{sheet.a}"] == 1 - expected
    shown = [(s.a, 4.0) for s in key.sheets.values()] + [(s.b, 2.0) for s in key.sheets.values()]
    for session in {name for name, _ in shown}:
        values = [value for name, value in shown if name == session]
        assert scores[session, "ctrs", "focus"] == pytest.approx(sum(values) / len(values))
    assert told.chose_a == 1
    assert (told.repeats, told.consistent) == (2, 0)
    assert told.sessions == len({name for name, _ in shown})


def test_the_same_session_chosen_from_either_side_is_consistent(exported, tmp_path) -> None:
    key = read_key(exported[1].key)

    def always_the_first_shown(rows: Rows) -> None:
        for row in rows[1:]:
            row[-1] = "b" if key.sheets[row[0]].again else "a"

    told = back(exported, tmp_path, always_the_first_shown)
    assert (told.repeats, told.consistent) == (2, 2)


def test_what_is_empty_is_missing(exported, tmp_path) -> None:
    def hardly(rows: Rows) -> None:
        for row in rows[1:]:
            row[3:] = [""] * len(row[3:])
        rows[1][3] = "'5"
        rows[2][3] = "2,5"

    told = back(exported, tmp_path, hardly)
    assert told.sheets == 2
    assert told.scores == len(list(iter_scores(exported[0].path))) <= 2
    assert told.missing == 2 * 19 - 2
    assert (told.chose_a, told.repeats) == (None, 0)


def test_columns_of_ones_own_and_dropped_transcripts_are_fine(exported, tmp_path) -> None:
    def tidied(rows: Rows) -> None:
        for number, row in enumerate(rows):
            del row[1:3]
            row.append("notes" if number == 0 else "long, and @odd")
        rows.append([""] * len(rows[0]))

    assert back(exported, tmp_path, tidied).missing == 0


def at(row: int, column: int, value: str) -> Change:
    def change(rows: Rows) -> None:
        rows[row][column] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at(1, 3, "7"), r"row 2: a\.ctrs\.\w+ is '7', not from 0 to 6"),
        (at(1, 3, "-1"), "not from 0 to 6"),
        (at(1, 3, "nan"), "not from 0 to 6"),
        (at(1, 3, "1e0"), "not from 0 to 6"),
        (at(1, 3, "good"), "is 'good'"),
        (at(1, -1, "C"), "preference is 'C', not A, equal, B"),
        (at(2, 0, "zzzz-1"), "row 3: no sheet 'zzzz-1'"),
        (at(0, 3, "a.ctrs.understandin"), r"did you mean '[ab]\.ctrs\.understanding'"),
        (at(0, 3, "something"), r"lacks the columns a\.ctrs\.understanding"),
        (at(0, 0, "id"), "lacks the columns sheet"),
        (lambda rows: rows.append(rows[1]), "is there twice"),
        (lambda rows: rows[1].pop(), "row 2 has"),
        (lambda rows: rows[0].__setitem__(4, rows[0][3]), "is there twice"),
        (lambda rows: rows.clear(), "is empty"),
        (lambda rows: rows.__delitem__(slice(1, None)), "no sheet is filled in"),
    ],
)
def test_mistakes_are_told_and_nothing_is_kept(exported, tmp_path, change, message) -> None:
    with pytest.raises(UserError, match=message):
        back(exported, tmp_path, change)
    assert raters(exported[0].path) == ()


def test_many_mistakes_are_told_at_once_but_not_all(exported, tmp_path) -> None:
    def all_wrong(rows: Rows) -> None:
        for row in rows[1:]:
            row[3:-1] = ["99"] * len(row[3:-1])

    with pytest.raises(UserError, match=r"and \d+ more"):
        back(exported, tmp_path, all_wrong)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("sheet;caf\xe9".encode("latin-1"), "is not UTF-8 text"),
        ("sheet".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "spreadsheet's own file"),
        (b"sheet\0", "zero byte"),
        (b'sheet,"open', "is no CSV table"),
    ],
)
def test_files_that_are_no_table(exported, tmp_path, data, message) -> None:
    run, done = exported
    path = tmp_path / "odd.csv"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message):
        import_ratings(run, path, done.key, "ann")
    with pytest.raises(UserError, match="cannot be read"):
        import_ratings(run, tmp_path / "none.csv", done.key, "ann")


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "a\\b", ".hidden", "human:ann", "an n", "x" * 41, "=1", "ä"]
)
def test_names_that_are_none(exported, tmp_path, name) -> None:
    with pytest.raises(UserError, match="no name for a rater"):
        back(exported, tmp_path, name=name)


def test_a_rater_comes_once(exported, tmp_path) -> None:
    run, done = exported
    back(exported, tmp_path)
    for name in ("ann", "Ann"):
        with pytest.raises(UserError, match="has rated this run already"):
            back(exported, tmp_path, name=name)
    path = saved(tmp_path / "new.csv", filled(done.table, at(1, 3, "0")))
    import_ratings(run, path, done.key, "ann", replace=True)
    with pytest.raises(UserError, match="has rated this run already"):
        import_ratings(run, path, done.key, "ANN", replace=True)
    assert raters(run.path) == ("human:ann",)


def test_a_second_export_adds_to_the_first(exported, tmp_path) -> None:
    run, _ = exported
    back(exported, tmp_path)
    first = set(iter_scores(run.path, "human:ann"))
    second = export_ratings(run, tmp_path / "second", 3, seed=9)
    path = saved(tmp_path / "second.csv", filled(second.table))
    assert import_ratings(run, path, second.key, "ann").exports == 2
    assert first < set(iter_scores(run.path, "human:ann"))
    with pytest.raises(UserError, match="on these very sheets"):
        import_ratings(run, path, second.key, "ann")
    assert import_ratings(run, path, second.key, "ann", replace=True).exports == 2
    assert compare(run.path, "human:ann").pairs


def test_a_key_of_another_run_or_none(exported, rated_run, tmp_path) -> None:
    run, done = exported
    path = saved(tmp_path / "back.csv", filled(done.table))
    other = tmp_path / "other.json"
    key = read_key(done.key)
    one = next(iter(key.sheets))
    moved = key.sheets | {one: key.sheets[one].model_copy(update={"a": "nobody"})}
    other.write_text(key.model_copy(update={"sheets": moved}).model_dump_json())
    with pytest.raises(UserError, match="not in 'run'"):
        import_ratings(run, path, other, "ann")
    for text in ("", "[]", "{}", '{"version": 99}', "not json"):
        other.write_text(text)
        with pytest.raises(UserError, match="is no key"):
            import_ratings(run, path, other, "ann")


def test_real_transcripts_keep_their_names(rated_run, tmp_path, corpus) -> None:
    from mirrorplay.runs.ratings.real import read_real

    run = RunDirectory.open(shutil.copytree(rated_run.path, tmp_path / "run"))
    done = export_ratings(run, tmp_path / "x", 4, mixed=read_real(corpus()), share=1.0)
    told = import_ratings(run, saved(tmp_path / "b.csv", filled(done.table)), done.key, "ann")
    assert {one.instrument for one in told.means} == {"ctrs", "wai", "preference"}
    for one in told.means:
        assert one.of_real > 0
        assert one.of_simulated > 0
    names = {one.session_id for one in iter_scores(run.path)}
    assert any(name.startswith("annomi:") for name in names)


def test_items_that_were_asked_give_their_subscales(rated_run, tmp_path) -> None:
    run = RunDirectory.open(shutil.copytree(rated_run.path, tmp_path / "run"))
    done = export_ratings(run, tmp_path / "x", 3, instruments=["wai12"], repeat=0)

    def but_one(rows: Rows) -> None:
        rows[1][rows[0].index(next(n for n in rows[0] if n.startswith("a.wai12.task")))] = ""

    table = saved(tmp_path / "b.csv", filled(done.table, but_one))
    import_ratings(run, table, done.key, "ann")
    items = [(one.session_id, one.score.item) for one in iter_scores(run.path)]
    sessions = {name for name, _ in items}
    for subscale in ("goal", "task", "bond"):
        rated = {name for name, item in items if item == subscale}
        assert len(sessions - rated) <= (subscale == "task")


def test_two_people_agree_with_one_another(exported, tmp_path) -> None:
    back(exported, tmp_path)
    back(exported, tmp_path, name="bob")
    found = compare(exported[0].path, "human:ann")
    pairs = [one for one in found.pairs if one.second == "human:bob"]
    assert {one.instrument for one in pairs} == {"ctrs", "wai", "preference"}
    assert all(one.difference.bias == 0 for one in pairs)
