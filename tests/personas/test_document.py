import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mirrorplay.personas.document import (
    MAX_BYTES,
    dump_yaml,
    parse_yaml,
    read_text,
    read_yaml,
    resolve_plain,
)
from mirrorplay.personas.errors import UserError


def value(text: str) -> object:
    return parse_yaml(text, "x.yaml").value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-4", 1e-4),
        ("1E4", 1e4),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", -math.inf),
        ("no", "no"),
        ("on", "on"),
        ("Y", "Y"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("+7", 7),
        ("1_000", "1_000"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("'7'", "7"),
        ('"true"', "true"),
        ("<<", "<<"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".", "."),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, expected: object) -> None:
    found = value(f"key: {text}" if text != "-" else "key: '-'")
    assert found == {"key": expected}
    assert type(found["key"]) is type(expected)  # type: ignore[index]


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(resolve_plain(".nan"))  # type: ignore[arg-type]


def test_an_empty_text_holds_nothing() -> None:
    assert value("") is None
    assert value("# only a comment\n") is None


def test_lines_are_kept_for_every_key_path() -> None:
    document = parse_yaml("a: 1\nb:\n  c: [x, y]\n  d:\n    - e: 2\n", "x.yaml")
    assert document.where(("b", "c")) == "x.yaml:3"
    assert document.where(("b", "d", 0, "e")) == "x.yaml:5"
    assert document.where(("b", "d", 7, "e")) == "x.yaml:4"
    assert document.where(("absent",)) == "x.yaml:1"


BOMB = "a: &a [x,x]\n" + "".join(f"b{i}: &b{i} [*a,*a]\n" for i in range(9))


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (BOMB, "x.yaml:1", "anchors and aliases"),
        ("a: 1\nb: *a\n", "x.yaml:2", "anchors and aliases"),
        ("a: 1\n&k key: 2\n", "x.yaml:2", "anchors and aliases"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", "x.yaml:2", "tags"),
        ("a: !mine 1\n", "x.yaml:1", "tags"),
        ("!!str a: 1\n", "x.yaml:1", "tags"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3", "'a' appears twice"),
        ("a: {b: 1, b: 2}\n", "x.yaml:1", "'b' appears twice"),
        ("a: 1\n7: 2\n", "x.yaml:2", "key 7 is not text"),
        ("? [a, b]\n: 2\n", "x.yaml:1", "a key is not text"),
        ("a: [1, 2\nb: 3\n", "x.yaml:2", "not valid YAML"),
        ("a: 1\n  b: 2\n", "x.yaml:2", "not valid YAML"),
        ("a: 'open\n", "x.yaml:", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2", "second YAML document"),
        ("a: 1\nb: x\0y\n", "x.yaml:2", "U+0000"),
        ("a: 1\n\nb: x\x1by\n", "x.yaml:3", "U+001B"),
        ("a: \ud800\n", "x.yaml:1", "U+D800"),
        ("a: " + "[" * 200 + "]" * 200, "x.yaml:1", "nested too deeply"),
        ("a: " + "{b: " * 5000 + "1" + "}" * 5000, "x.yaml:1", "nested too deeply"),
        ("a: " + "9" * 5000, "x.yaml:1", "digits is too long"),
        ("a" * (MAX_BYTES + 1), "x.yaml", "too large"),
    ],
)
def test_what_is_not_plain_data_is_refused_with_its_line(text: str, where: str, what: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_yaml(text, "x.yaml")
    assert str(refused.value).startswith(where)
    assert what in str(refused.value)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(file).value == {"a": 1}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a: 1\nname: Jos\xe9\n", "not UTF-8 text (byte 14)"),
        ("a: 1\n".encode("utf-16"), "not UTF-8 text (byte 0)"),
        (b"a: " + b"x" * 200, "203 bytes is too large"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(data)
    with pytest.raises(UserError) as refused:
        read_text(file, limit=100)
    assert what in str(refused.value)
    assert str(file) in str(refused.value)


def test_the_line_of_a_wrong_byte_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"a: 1\nname: Jos\xe9\n")
    with pytest.raises(UserError, match=r"x\.yaml:2: not UTF-8"):
        read_text(file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_text(tmp_path / "missing.yaml")
    with pytest.raises(UserError, match="directory"):
        read_text(tmp_path)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(
        ["1e-4", "no", "0123", "12:30", "~", "a\n b\n", "\n", " x ", "# c", "a: b", "-"]
    )
)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
@example({"": {"": "\u2028"}, "a": "\x85", "b": "\ufeffx", "c": "x\r\ny", "d": "\x00", "e": 1e300})
@example(["trailing \n", "\n lead", "tab\tx\n\ty", "x\n\n", "\U0001f600\n", "…\n---\n", "%YAML"])
def test_what_is_written_reads_back_equal(data: object) -> None:
    assert value(dump_yaml({"data": data})) == {"data": data}


def test_texts_stay_texts_for_readers_of_yaml_1_1_too() -> None:
    import yaml

    data = {"a": "no", "b": "12:30", "c": "1e-4", "d": "0123", "e": "2024-01-31", "f": 1e-05}
    assert yaml.safe_load(dump_yaml(data)) == data
