import json
import time
from pathlib import Path

import pytest

from mirrorplay.personas.collection import dump_personas, find_persona, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona

MINIMAL = "id: {id}\nintake:\n  name: Ada\nresistance:\n  type: none\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(MINIMAL.format(id=f"person-{name}"))
    return tmp_path


def test_a_directory_is_read_in_order_of_id(people: Path) -> None:
    (people / "notes.txt").write_text("not a persona")
    assert [persona.id for persona in load_personas(people)] == ["person-a", "person-b"]
    assert load_personas(str(people)) == load_personas(people)


def test_one_file_is_a_collection_too(people: Path) -> None:
    assert [persona.id for persona in load_personas(people / "a.yaml")] == ["person-a"]


def test_json_lines_read_back_equal(people: Path) -> None:
    personas = (*load_personas(people), *load_personas("library"))
    file = people / "people.jsonl"
    file.write_text("\n" + dump_personas(personas))
    assert set(map(repr, load_personas(file))) == set(map(repr, personas))
    assert load_personas(file) == tuple(sorted(personas, key=lambda persona: persona.id))


def refused(source: Path | str) -> str:
    with pytest.raises(UserError) as error:
        load_personas(source)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["p.yaml: holds None, which is no persona", "a mapping"]),
        ("- a\n- b\n", ["p.yaml:1: holds a list, which is no persona"]),
        ("id: p\nresistance: {type: none}\n", ["p.yaml:1: 'intake' is missing", "add 'intake'"]),
        (
            "id: p\nresistance: {type: none}\nintake:\n  age: 20\n",
            ["p.yaml:3: 'intake.name' is missing"],
        ),
        (
            MINIMAL.format(id="p") + "talk:\n  topik: the exam\n",
            ["p.yaml:7: unknown key 'talk.topik'", "did you mean 'topic'?", "good_point"],
        ),
        (
            MINIMAL.format(id="p") + "episodes:\n- situation: x\n  thougt: y\n",
            ["p.yaml:8: unknown key 'episodes.0.thougt'", "did you mean 'thought'?"],
        ),
        (MINIMAL.format(id="p") + "Talk: {}\n", ["unknown key 'Talk'", "did you mean 'talk'?"]),
        (
            "id: p\nintake:\n  nme: Ada\nresistance:\n  type: none\n",
            ["p.yaml:3: unknown key 'intake.nme'", "did you mean 'name'?", "1 more to correct"],
        ),
        (
            "id: p\nintake:\n  name: Ada\n  age: '41'\nresistance:\n  type: none\n",
            ["p.yaml:4: intake.age: '41'", "a whole number"],
        ),
        (
            "id: p\nintake:\n  name: Ada\n  age: 41.5\nresistance:\n  type: none\n",
            ["p.yaml:4: intake.age: 41.5", "a whole number"],
        ),
        (
            "id: p\nintake:\n  name: Ada\n  age: 15\nresistance:\n  type: none\n",
            ["p.yaml:4: intake.age: 15", "16 or more"],
        ),
        (
            "id: p\nintake:\n  name: no\nresistance:\n  type: none\n  masking: .nan\n",
            ["p.yaml:6: resistance.masking: nan"],
        ),
        (
            "id: p\nintake:\n  name: 12\nresistance:\n  type: none\n",
            ["p.yaml:3: intake.name: 12", "allowed: text"],
        ),
        (
            "id: p\nintake: Ada\nresistance:\n  type: none\n",
            ["p.yaml:2: intake: 'Ada'", "a mapping"],
        ),
        (
            "id: p\nintake:\n  name: Ada\nresistance:\n  type: emotionl\n",
            ["p.yaml:5: resistance.type: 'emotionl'", "emotional, cognitive", "did you mean"],
        ),
        (
            "id: p\nintake:\n  name: Ada\nresistance:\n  type: none\n  intensity: 1.5\n",
            ["p.yaml:6: resistance.intensity: 1.5", "1.0 or less"],
        ),
        (
            MINIMAL.format(id="p") + "memories: x\n",
            ["p.yaml:6: memories: 'x'", "a list"],
        ),
        (
            MINIMAL.format(id="p") + "appearance:\n  glasses: 1\n",
            ["p.yaml:7: appearance.glasses: 1", "true or false"],
        ),
        (
            MINIMAL.format(id="p") + "appearance:\n  clothing: red\n",
            ["appearance.clothing: 'red'", "a colour such as"],
        ),
        (
            MINIMAL.format(id="p") + 'talk:\n  topic: "the \\u0007 exam"\n',
            ["p.yaml:7: talk.topic: holds a control character (U+0007)"],
        ),
        (
            MINIMAL.format(id="p") + 'talk:\n  topic: "the \\u202e exam"\n',
            ["p.yaml:7: talk.topic: holds a control character (U+202E)"],
        ),
        (MINIMAL.format(id="p") + "talk:\n  topic: \x07\n", ["p.yaml:7: ", "U+0007"]),
        (
            MINIMAL.format(id="p") + "problem:\n  presenting: " + "x" * 5000 + "\n",
            ["p.yaml:7: problem.presenting: 5,000 characters of text", "up to 4,000"],
        ),
        (MINIMAL.format(id="p") + "talk:\n  topic: ''\n", ["talk.topic", "leave the key out"]),
        (MINIMAL.format(id="../p"), ["p.yaml:1: id: '../p'", "lower-case letters, digits"]),
        (MINIMAL.format(id="a/b"), ["id: 'a/b'"]),
        (MINIMAL.format(id="Ada"), ["id: 'Ada'"]),
        (MINIMAL.format(id="'" + "a" * 65 + "'"), ["p.yaml:1: id: "]),
    ],
)
def test_a_file_that_is_no_persona_is_refused(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    (tmp_path / "p.yaml").write_text(text)
    message = refused(tmp_path)
    assert str(tmp_path) in message
    for part in expected:
        assert part in message


def test_ten_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(MINIMAL.format(id="p") + "talk: " + "x" * 10_000_000)
    message = refused(tmp_path)
    assert "p.yaml: 10,000," in message
    assert "262,144" in message


def test_a_wrong_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes(MINIMAL.format(id="p").encode("utf-16"))
    assert "p.yaml:1: not UTF-8 text" in refused(tmp_path)


def test_an_id_used_twice_names_both_files(people: Path) -> None:
    (people / "c.yaml").write_text(MINIMAL.format(id="person-a"))
    message = refused(people)
    assert "'person-a' is used twice" in message
    assert "a.yaml:1" in message
    assert "c.yaml:1" in message


def test_a_source_without_personas_is_refused(tmp_path: Path) -> None:
    assert "no persona files (*.yaml)" in refused(tmp_path)
    assert "no personas at" in refused(tmp_path / "nowhere")
    assert "did you mean 'library'?" in refused("libary")
    assert "File name too long" in refused("x" * 5000)
    assert "no personas at" in refused("x\0y")
    (tmp_path / "people.csv").write_text("id\n")
    assert "is no collection of personas" in refused(tmp_path / "people.csv")
    (tmp_path / "people.jsonl").write_text("\n\n")
    assert "no personas in" in refused(tmp_path / "people.jsonl")


ROW = {"id": "p", "intake": {"name": "Ada"}, "resistance": {"type": "none"}}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([json.dumps(ROW), "{"], ["people.jsonl:2: not valid JSON at column 2"]),
        ([json.dumps(ROW), json.dumps(ROW)], ["people.jsonl:2", "used twice", "people.jsonl:1"]),
        (["[1]"], ["people.jsonl:1: holds a list"]),
        (['{"id": "p", "id": "q"}'], ["people.jsonl:1: key 'id' appears twice"]),
        (["", json.dumps(ROW | {"tlk": {}})], ["people.jsonl:2: unknown key 'tlk'", "'talk'?"]),
        ([json.dumps(ROW | {"intake": {"name": "x" * 300_000}})], ["people.jsonl:1", "too long"]),
        (['{"id": "\\ud800"}'], ["people.jsonl:1"]),
        (["[" * 100_000], ["people.jsonl:1"]),
        (['{"id": ' + "9" * 5000 + "}"], ["people.jsonl:1"]),
    ],
)
def test_a_line_that_is_no_persona_is_refused(
    tmp_path: Path, lines: list[str], expected: list[str]
) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(lines))
    message = refused(file)
    for part in expected:
        assert part in message


def test_a_line_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_bytes(json.dumps(ROW).encode() + b"\n\xff\n")
    assert "people.jsonl:2: not UTF-8 text" in refused(file)


def test_a_persona_is_found_by_id_or_the_nearest_is_named(people: Path) -> None:
    personas = load_personas(people)
    assert find_persona(personas, "person-b").id == "person-b"
    with pytest.raises(UserError) as error:
        find_persona(personas, "persn-b")
    assert "did you mean 'person-b'?" in str(error.value)


def test_texts_are_never_templates(tmp_path: Path) -> None:
    text = "{0.__class__} %(x)s ${HOME} <b>&amp;</b> {{ x }}"
    (tmp_path / "p.yaml").write_text(MINIMAL.format(id="p") + f"talk:\n  topic: '{text}'\n")
    assert load_personas(tmp_path)[0].talk.topic == text


def test_loading_the_library_is_quick() -> None:
    begin = time.process_time()
    personas = load_personas("library")
    assert time.process_time() - begin < 0.5
    assert all(isinstance(persona, Persona) for persona in personas)
