"""Sheets for people: blinded, whole, and safe to open."""

import csv
import json
import re
from base64 import b64decode
from io import StringIO

import pytest
import pyvips

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.ratings.export import KEY, PAGE, TABLE, export_ratings, read_key
from mirrorplay.runs.ratings.page import page_of, script_json
from mirrorplay.runs.ratings.real import read_real
from mirrorplay.runs.ratings.sheet import Line, Sheet, questions_of
from mirrorplay.runs.ratings.table import safe_cell, write_table
from mirrorplay.runs.store import iter_rows


def data_of(page: str) -> dict:
    [block] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(block)


def test_what_is_handed_out_names_no_session_arm_or_outcome(rated_run, tmp_path) -> None:
    done = export_ratings(rated_run, tmp_path, 4, repeat=0.5)
    assert (done.pairs, done.again, done.real) == (4, 2, 0)
    page, table = done.page.read_text(), done.table.read_text()
    hidden = {"confrontational", "mi_consistent", "max_exchanges", "cognitive", "policy="}
    for row in iter_rows(rated_run.path, ["session_id", "persona_id", "outcome", "ended_by",
                                          "turns.stage_direction"]):  # fmt: skip
        hidden |= {row["session_id"], row["persona_id"], row["outcome"]}
        hidden |= {turn["stage_direction"] for turn in row["turns"] if turn["stage_direction"]}
    for word in hidden:
        assert word not in page
        assert word not in table
    assert not done.key.is_relative_to(done.page.parent)


def test_the_key_tells_what_each_sheet_shows(rated_run, tmp_path) -> None:
    done = export_ratings(rated_run, tmp_path, 4, repeat=0.5)
    key = read_key(done.key)
    sheets = data_of(done.page.read_text())["sheets"]
    assert list(key.sheets) == [sheet["id"] for sheet in sheets]
    texts = {
        row["session_id"]: [turn["text"] for turn in row["turns"]]
        for row in iter_rows(rated_run.path, ["session_id", "turns.text"])
    }
    for sheet in sheets:
        for side in ("a", "b"):
            shown = [line[1] for line in sheet[side]]
            assert shown == texts[getattr(key.sheets[sheet["id"]], side)]
    again = [sheet for sheet in key.sheets.values() if sheet.again]
    for one in again:
        [first] = [s for s in key.sheets.values() if s.pair == one.pair and not s.again]
        assert (one.a, one.b) == (first.b, first.a)


def test_faces_are_drawn_anew_and_small(rated_run, tmp_path) -> None:
    done = export_ratings(rated_run, tmp_path, 2)
    data = data_of(done.page.read_text())
    stored = {
        face["bytes"] for row in iter_rows(rated_run.path, ["faces"]) for face in row["faces"]
    }
    assert data["faces"]
    for face in map(b64decode, data["faces"]):
        assert pyvips.Image.new_from_buffer(face, "").width == 144
        assert face not in stored
    without = export_ratings(rated_run, tmp_path / "plain", 2, faces=False)
    assert data_of(without.page.read_text())["faces"] == []


def test_the_same_seed_writes_the_same_files(rated_run, tmp_path) -> None:
    first = export_ratings(rated_run, tmp_path / "1", 4)
    second = export_ratings(rated_run, tmp_path / "2", 4)
    third = export_ratings(rated_run, tmp_path / "3", 4, seed=9)
    assert first.page.read_bytes() == second.page.read_bytes()
    assert first.key.read_bytes() == second.key.read_bytes()
    assert first.page.read_bytes() != third.page.read_bytes()


def test_files_that_were_handed_out_are_not_written_over(rated_run, tmp_path) -> None:
    export_ratings(rated_run, tmp_path, 2)
    with pytest.raises(UserError, match="exists already"):
        export_ratings(rated_run, tmp_path, 2)


def test_real_transcripts_cannot_be_told(rated_run, tmp_path, corpus) -> None:
    done = export_ratings(rated_run, tmp_path / "x", 4, mixed=read_real(corpus()), share=0.5)
    assert done.real == 2
    page, key = done.page.read_text(), read_key(done.key)
    assert "annomi" not in page
    assert data_of(page)["faces"] == []
    real = {one.b for one in key.sheets.values()} | {one.a for one in key.sheets.values()}
    assert sum(name.startswith("annomi:") for name in real) == 2
    for sheet in data_of(page)["sheets"]:
        for side in ("a", "b"):
            lines = sheet[side]
            assert lines[0][0] == "c"
            assert all("[" not in text and "--" not in text for _, text, _ in lines)
            assert len(lines) <= 6


def test_one_utterance_of_several_annotators_is_one_line(corpus) -> None:
    first, *_ = read_real(corpus())
    texts = [line.text for line in first.turns]
    assert texts[0] == "Real words 0 0 and more."
    assert "Mm-hmm." not in " ".join(texts)
    # Without the back-channel between them, two utterances of the client are one turn.
    assert texts[3] == "Real words 0 3 and more. Real words 0 5 and more."


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"without": "utterance_text"}, "lacks the columns utterance_text"),
        ({"interlocutor": "doctor"}, "unknown speaker 'doctor'"),
        ({"utterance_id": "x"}, "cannot be read"),
        ({"utterance_text": ""}, "no transcript of four turns"),
    ],
)
def test_a_corpus_that_is_none(corpus, made, message) -> None:
    with pytest.raises(UserError, match=message):
        read_real(corpus(**made))


def test_a_corpus_that_is_not_there_or_no_text(tmp_path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_real(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("interlocutor\ncaf\xe9".encode("latin-1"))
    with pytest.raises(UserError):
        read_real(tmp_path / "latin.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UserError, match="lacks the columns"):
        read_real(tmp_path / "empty.csv")


HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<!-- <script>",
    "\"quotes\" 'and' `ticks` ${x} {{ 7*7 }}",
    "&lt;b&gt; &amp; \u2028 \u2029 \\u003c \0".replace("\0", ""),
    "]]> ]]]]><![CDATA[>",
)


def test_nothing_said_becomes_markup() -> None:
    lines = tuple(Line("client", text) for text in HOSTILE)
    page = page_of("e" * 12, [Sheet("s-1", lines, lines)], questions_of(["ctrs"]))
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "<img" not in page
    assert "49" not in page.partition('id="data"')[2].partition("</script>")[0]
    [sheet] = data_of(page)["sheets"]
    assert [text for _, text, _ in sheet["a"]] == list(HOSTILE)
    assert not set("<>&\u2028\u2029") & set(script_json([*HOSTILE]))


def test_the_page_allows_itself_and_nothing_else() -> None:
    page = page_of("e" * 12, [Sheet("s-1", (), ())], questions_of(["ctrs"]))
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src &#39;none&#39;; img-src data:;")
    assert "unsafe" not in policy
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\(", page)
    # What has a hash must stand in the page byte for byte.
    from base64 import b64encode
    from hashlib import sha256

    for found in re.findall(r"<style>(.*?)</style>|<script>(.*?)</script>", page, re.S):
        text = "".join(found)
        assert b64encode(sha256(text.encode()).digest()).decode() in policy


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start) -> None:
    assert safe_cell(f"{start}HYPERLINK(1)").startswith("'")
    assert safe_cell("fine = so") == "fine = so"


def test_every_cell_of_the_table_is_safe() -> None:
    lines = (Line("client", '=cmd|" /C calc"!A0'), Line("therapist", 'say "so",\nthen; go'))
    text = write_table([Sheet("=s", lines, ())], questions_of(["ctrs"]))
    [heading, row] = list(csv.reader(StringIO(text)))
    assert len(heading) == len(row)
    assert not [cell for cell in (*heading, *row) if cell[:1] in tuple("=+-@")]
    assert row[1] == 'Client: =cmd|" /C calc"!A0\nCounsellor: say "so", then; go'


def test_long_transcripts_fit_a_cell() -> None:
    lines = tuple(Line("client", "word " * 40) for _ in range(500))
    text = write_table([Sheet("s", lines, lines)], questions_of(["wai"]))
    assert max(len(cell) for row in csv.reader(StringIO(text)) for cell in row) < 32_767


def test_subscales_are_not_asked_beside_their_items() -> None:
    assert {q.item for q in questions_of(["wai12"])}.isdisjoint({"goal", "task", "bond"})
    assert {q.item for q in questions_of(["wai"])} == {"goal", "task", "bond"}


@pytest.mark.parametrize(
    ("names", "message"),
    [(["crts"], "did you mean 'ctrs'"), (["rupture"], "counted, not rated"), ([], "no instrument")],
)
def test_instruments_that_nobody_can_rate(names, message) -> None:
    with pytest.raises(UserError, match=message):
        questions_of(names)


def test_a_run_with_nothing_to_show(rated_run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("mirrorplay.runs.ratings.export.sources", lambda _: ())
    with pytest.raises(UserError, match="fewer than two sessions"):
        export_ratings(rated_run, tmp_path, 2)


def test_names_of_the_files() -> None:
    assert (TABLE, PAGE, KEY) == ("for_raters/ratings.csv", "for_raters/ratings.html", "key.json")


def test_a_share_of_none_mixes_none(rated_run, tmp_path, corpus) -> None:
    done = export_ratings(rated_run, tmp_path / "x", 4, mixed=read_real(corpus()), share=0.0)
    assert done.real == 0
    assert "annomi:" not in done.key.read_text(encoding="utf-8")
