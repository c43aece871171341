"""What failed can be read by a person, and nothing of it harms."""

import os

import pytest
from pydantic import ValidationError

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.quarantine import ERROR_LIMIT, Quarantine, QuarantineEntry, readable_error


def _entry(session_id="s-1", **changes):
    fields = {
        "cell": "p",
        "persona_id": "ada",
        "error": "ValueError: no reply",
        "where": "respond",
        "attempts": 3,
        **changes,
    }
    return QuarantineEntry(session_id=session_id, **fields)


def test_entries_are_appended_in_order(tmp_path):
    quarantine = Quarantine(tmp_path)
    assert quarantine.entries() == []
    quarantine.add([])
    assert not quarantine.path.exists()
    first, second, again = _entry("a"), _entry("b"), _entry("a", attempts=6)
    quarantine.add([first, second])
    Quarantine(tmp_path).add([again])
    assert quarantine.entries() == [first, second, again]
    assert quarantine.latest() == {"a": again, "b": second}
    assert first.time.endswith("+00:00")


def test_a_torn_tail_costs_one_line_at_most(tmp_path):
    quarantine = Quarantine(tmp_path)
    first, second, third = _entry("a"), _entry("b"), _entry("c")
    quarantine.add([first])
    start = quarantine.path.stat().st_size
    quarantine.add([second])
    whole = quarantine.path.read_bytes()
    for size in range(start, len(whole) - 1):
        quarantine.path.write_bytes(whole[:size])
        assert quarantine.entries() == [first]
    quarantine.add([third])
    assert quarantine.entries() == [first, third]


def test_garbage_between_the_lines_is_passed_over(tmp_path):
    quarantine = Quarantine(tmp_path)
    quarantine.add([_entry("a")])
    with quarantine.path.open("ab") as file:
        file.write(b'\xff\xfe\n{"session_id": 3}\n[]\n\n')
    quarantine.add([_entry("b")])
    assert list(quarantine.latest()) == ["a", "b"]


def test_an_error_is_one_bounded_printable_text():
    text = readable_error("a\x00b\x1b[31m\u202ec\ud800" + "x" * 5000)
    assert text.startswith("a b [31m c ")
    assert len(text) == ERROR_LIMIT
    assert text.endswith("…")
    assert readable_error("two\nlines\tstay") == "two\nlines\tstay"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Incorrect API key: sk-proj-abcdefghijklmnop1234", "Incorrect API key: [removed]"),
        ("Authorization: Bearer abcdef.ghi-jkl_mno", "Authorization: Bearer [removed]"),
        ("api_key='0123456789abcdef' was refused", "api_key='[removed]' was refused"),
        ("GET http://me:hunter22@models.example/v1", "GET http://[removed]@models.example/v1"),
        ("token hf_abcdefghijklmnopqrst", "token [removed]"),
    ],
)
def test_credentials_are_blacked_out(text, kept):
    assert readable_error(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: 512 tokens, at most 256",
        "max_tokens=4096 is too large",
        "http://models.example:8000/v1 did not answer",
        "turns[3].text holds a lone surrogate",
    ],
)
def test_ordinary_errors_stay_as_they_are(text):
    assert readable_error(text) == text


def test_an_entry_is_checked(tmp_path):
    with pytest.raises(ValidationError):
        _entry(attempts=0)
    assert _entry(error="a\x00b").error == "a b"


def test_a_file_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "quarantine.jsonl").mkdir()
    with pytest.raises(UserError, match=r"quarantine\.jsonl: cannot be written"):
        Quarantine(tmp_path).add([_entry()])
    assert os.listdir(tmp_path) == ["quarantine.jsonl"]
