import json
from pathlib import Path
from typing import Any

import pytest

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.importers.cactus import cactus_records, import_cactus, read_form
from mirrorplay.personas.importers.report import DEFAULT_RESISTANCE, Imported, write_personas
from mirrorplay.personas.schema import Persona

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "cactus" / "evaluation_dev.json"

FORM = """Name:
Mira Sandoval
Age:
38
Gender:
female
Occupation: Baker
Education: Not specified
Marital Status: Married
Family Details: Two sons

2. Presenting Problem
I believe that my customers can tell I am tired, leading to worry.
This started in March, after the second oven failed.
I think the cause is the early shift.
I often wake at two.

3. Reason for Seeking Counseling
I came because my hands shake at the counter.

4. Past History (including medical history)
I have not had a similar problem before.
I saw a counselor for counseling after my divorce.
I take medication for my thyroid.

5. Academic/occupational functioning level: I drop trays.
Interpersonal relationships: My sister has stopped calling.
Daily life: I sleep four hours.

6. Social Support System
I have a neighbor who brings soup.
"""


def record(form: object = FORM, attitude: str = "positive", **more: object) -> dict[str, Any]:
    return {
        "AI_client": {
            "intake_form": form,
            "attitude": attitude,
            "attitude_instruction": f"Be {attitude}.",
            "dialogue_history_init": "Counselor: Hello.\nClient: Hi.",
        },
        "AI_counselor": {"CBT": {"reason_counseling": "Hands."}, "Response": {"cbt_plan": None}},
        **more,
    }


def imported(tmp_path: Path, *records: object) -> Imported:
    file = tmp_path / "records.json"
    file.write_text(json.dumps(records))
    return import_cactus(file)


def one(tmp_path: Path, form: str) -> Persona:
    result = imported(tmp_path, record(form))
    assert result.problems == ()
    return result.personas[0]


def test_a_form_is_read_into_its_fields(tmp_path: Path) -> None:
    persona = one(tmp_path, FORM)
    assert persona.id == "cactus-mira-sandoval"
    assert persona.intake.model_dump(exclude={"heritage", "social_class", "consent"}) == {
        "name": "Mira Sandoval",
        "age": 38,
        "gender": "female",
        "occupation": "Baker",
        "education": None,
        "family": "Marital status: Married. Two sons",
        "culture": None,
        "reason": "I came because my hands shake at the counter.",
    }
    problem = persona.problem
    assert (problem.presenting or "").startswith("I believe that my customers")
    assert (problem.presenting or "").endswith("I often wake at two.")
    assert problem.onset == "This started in March, after the second oven failed."
    assert problem.precipitating == "I think the cause is the early shift."
    assert problem.protective == ("I have a neighbor who brings soup.",)
    assert persona.motivation.earlier_therapy == (
        "I saw a counselor for counseling after my divorce."
    )
    assert persona.health.sleep == "I sleep four hours."
    assert persona.health.medication == "I take medication for my thyroid."
    assert persona.talk.thought == "my customers can tell I am tired"
    assert persona.talk.feeling == "worried"
    assert persona.talk.reason_for == "my hands shake at the counter"
    assert persona.talk.topic is None
    assert persona.resistance == DEFAULT_RESISTANCE
    assert persona.source.kind == "cactus"
    assert "intake.education" in persona.source.absent
    assert "intake.age" not in persona.source.absent
    assert {"beliefs", "evidence", "memories", "resistance"} <= set(persona.source.absent)


def test_attitudes_of_one_form_are_variants_of_one_persona(tmp_path: Path) -> None:
    again = FORM.replace("\n", "  \r\n")
    records = [record(), record(attitude="neutral"), record(again, "negative"), record()]
    result = imported(tmp_path, *records)
    (persona,) = result.personas
    assert [variant.name for variant in persona.variants] == ["positive", "neutral", "negative"]
    assert persona.variants[1].instruction == "Be neutral."
    assert persona.variants[1].opening == "Counselor: Hello.\nClient: Hi."
    assert persona.source.record == "1, 2, 3, 4"
    assert cactus_records(persona) == tuple(records)


@pytest.mark.parametrize(
    "form",
    [
        FORM.replace("Name:\n", "Name: ").replace("Age:\n", "Age: ").replace("Gender:\n", "Sex: "),
        FORM.replace("\n", "\r\n"),
        FORM.replace("Name:\nMira Sandoval\nAge:\n38\nGender:\nfemale\n", "").replace(
            "Occupation", "Name: Mira Sandoval, Age: 38, Gender: female\nOccupation"
        ),
        FORM.replace("Name:", "**Name:**").replace("Age:\n38", "**Age**: 38 years old"),
        FORM.replace("2. Presenting", "Presenting").replace("3. Reason", "Reason"),
        FORM.replace("2. Presenting Problem", "2) PRESENTING PROBLEM:"),
        FORM.replace("Name:\n", "1. Personal Information\nName :\n\n").replace("\n", "\n\n"),
        FORM.replace(": ", " :   ").replace("Age:", "Age："),
    ],
)
def test_small_differences_of_format_change_nothing(tmp_path: Path, form: str) -> None:
    expected, found = one(tmp_path, FORM), one(tmp_path, form)
    assert found.intake == expected.intake
    assert found.problem == expected.problem
    assert found.health == expected.health
    assert found.source.verbatim["shared"]["AI_client"]["intake_form"] == form


def test_missing_sections_leave_their_fields_null(tmp_path: Path) -> None:
    persona = one(tmp_path, "Name: Zoë Åström")
    assert persona.id == "cactus-zoe-astrom"
    assert persona.intake.name == "Zoë Åström"
    assert persona.problem.presenting is None
    assert {"intake.age", "intake.reason", "problem", "health"} <= set(persona.source.absent)


def test_text_under_an_unknown_heading_goes_to_no_field(tmp_path: Path) -> None:
    form = FORM.replace("4. Past History (including medical history)", "4. Dreams and hopes")
    persona = one(tmp_path, form)
    assert persona.motivation.earlier_therapy is None
    assert persona.intake.reason == "I came because my hands shake at the counter."


def test_a_label_inside_a_section_is_only_text() -> None:
    parts = read_form(
        "Name: Mira\n2. Presenting Problem\nName: what they call me hurts.\nAge: old."
    )
    assert parts["name"] == "Mira"
    assert parts["presenting"] == "Name: what they call me hurts.\nAge: old."


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("16", 16),
        ("100", 100),
        ("45 years old", 45),
        ("45-year-old", 45),
        ("15", None),
        ("101", None),
        ("999999999999", None),
        ("thirty", None),
        ("30-35", None),
        ("-40", None),
        ("", None),
    ],
)
def test_an_age_out_of_range_stays_in_the_form_alone(
    tmp_path: Path, age: str, expected: int | None
) -> None:
    persona = one(tmp_path, FORM.replace("\n38\n", f"\n{age}\n"))
    assert persona.intake.age == expected
    assert ("intake.age" in persona.source.absent) == (expected is None)
    assert f"Age:\n{age}\n" in persona.source.verbatim["shared"]["AI_client"]["intake_form"]


def test_two_forms_of_one_name_get_ids_that_the_order_does_not_change(tmp_path: Path) -> None:
    other = FORM.replace("Baker", "Potter")
    forwards = imported(tmp_path, record(), record(other))
    backwards = imported(tmp_path, record(other), record())
    assert len({persona.id for persona in forwards.personas}) == 2
    assert all(p.id.startswith("cactus-mira-sandoval-") for p in forwards.personas)
    job = {persona.id: persona.intake.occupation for persona in forwards.personas}
    assert job == {persona.id: persona.intake.occupation for persona in backwards.personas}


@pytest.mark.parametrize("name", ["王小明", "../../etc/passwd", "'; DROP", "x" * 200, "..", "CON"])
def test_any_name_gives_a_safe_id(tmp_path: Path, name: str) -> None:
    persona = one(tmp_path, FORM.replace("Mira Sandoval", name))
    assert persona.intake.name == name
    (file,) = write_personas([persona], tmp_path / "out")
    assert file.parent == tmp_path / "out"
    assert load_personas(tmp_path / "out") == (persona,)


def test_unreadable_records_are_reported_by_number_and_the_others_go_on(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(60):
        deep = [deep]
    result = imported(
        tmp_path,
        record(),
        ["a", "list"],
        None,
        "text",
        7,
        {"AI_counselor": {}},
        {"AI_client": {"attitude": "positive"}},
        record(None),
        record(3),
        record("  \n "),
        record(FORM.replace("Mira Sandoval", "")),
        record(FORM.replace("Mira Sandoval", "Not specified")),
        record(FORM.replace("Mira Sandoval", "M" * 301)),
        record(FORM + "x" * 10_000_000),
        record(deep=deep),
        record(FORM.replace("Mira", "Mira \ud800")),
        record(FORM.replace("Mira", "Last")),
    )
    assert [persona.intake.name for persona in result.personas] == [
        "Last Sandoval",
        "Mira Sandoval",
    ]
    reasons = {problem.number: problem.reason for problem in result.problems}
    assert list(reasons) == list(range(2, 17))
    for number, words in {
        2: "is a list, not an object",
        3: "is null",
        4: "is text",
        5: "is a number",
        6: "no AI_client",
        7: "(AI_client.intake_form) is missing",
        8: "(AI_client.intake_form) is missing",
        9: "is a number, not text",
        10: "is empty",
        11: "has no name",
        12: "has no name",
        13: "a name of 301 characters",
        14: "characters (up to",
        15: "levels deep",
        16: "not valid Unicode",
    }.items():
        assert words in reasons[number], number


def test_a_record_that_repeats_a_key_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    text = json.dumps(record())
    file.write_text(f'[{text}, {{"x": 1, "x": 2}}]')
    result = import_cactus(file)
    assert len(result.personas) == 1
    assert "holds a key twice" in result.problems[0].reason


def test_more_records_than_a_persona_can_hold_are_reported(tmp_path: Path) -> None:
    result = imported(tmp_path, *(record(more="y" * 50_000, number=i) for i in range(5)))
    (persona,) = result.personas
    assert [problem.number for problem in result.problems] == [4, 5]
    assert "as much as a persona holds" in result.problems[0].reason
    write_personas([persona], tmp_path / "out")
    assert load_personas(tmp_path / "out") == (persona,)


def test_odd_texts_survive(tmp_path: Path) -> None:
    odd = FORM.replace("Baker", "Baker\x07 {name} %s <b>\u2028\ufeff\u202e\t1e-4")
    persona = one(tmp_path, odd)
    assert persona.intake.occupation == "Baker {name} %s <b> 1e-4"
    assert persona.source.verbatim["shared"]["AI_client"]["intake_form"] == odd
    write_personas([persona], tmp_path / "out")
    assert load_personas(tmp_path / "out") == (persona,)


def test_a_form_that_names_risk_is_flagged(tmp_path: Path) -> None:
    risky = FORM.replace("I often wake at two.", "At night I think I would be better off dead.")
    assert one(tmp_path, risky).health.risk == ("At night I think I would be better off dead.",)
    assert one(tmp_path, FORM).health.risk == ()


def test_a_support_that_is_denied_is_not_protective(tmp_path: Path) -> None:
    lonely = FORM.replace("I have a neighbor", "I do not have anybody, not even a neighbor")
    assert one(tmp_path, lonely).problem.protective == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"a": 1}, {"b": ', ["records.json:1: not valid JSON", "ends in the middle"]),
        ('[\n{"a": 1},\n{"b" 2}]', ["records.json:3: not valid JSON at column 6"]),
        ("Name: Mira", ["records.json:1: not valid JSON at column 1"]),
        ("", ["records.json:1: not valid JSON"]),
        ('{"AI_client": {}}', ["holds an object", "a JSON list of records"]),
        ("[]", ["holds no records"]),
        ("null", ["holds null"]),
        ('[{"a": NaN}]', ["NaN is not JSON"]),
        ("[" * 100_000, ["nested too deeply"]),
    ],
)
def test_a_file_that_is_no_list_of_records_is_refused(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    file = tmp_path / "records.json"
    file.write_text(text)
    with pytest.raises(UserError) as refused:
        import_cactus(file)
    for part in words:
        assert part in str(refused.value)


def test_a_file_of_another_encoding_or_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_bytes(b'["\xff"]')
    with pytest.raises(UserError, match="not UTF-8"):
        import_cactus(file)
    with pytest.raises(UserError, match="cannot be read"):
        import_cactus(tmp_path / "missing.json")


@pytest.fixture(scope="module")
def result() -> Imported:
    return import_cactus(REAL)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(REAL.read_text())
    return read


@pytest.mark.skipif(not REAL.exists(), reason="the CACTUS evaluation records are not here")
class TestOnTheEvaluationRecords:
    def test_three_hundred_records_are_a_hundred_people(self, result: Imported) -> None:
        assert len(result.personas) == 100
        assert result.problems == ()
        for persona in result.personas:
            names = sorted(variant.name for variant in persona.variants)
            assert names == ["negative", "neutral", "positive"]
            assert result.absent[persona.id] == persona.source.absent

    def test_every_record_comes_back_exactly(
        self, result: Imported, records: list[dict[str, Any]]
    ) -> None:
        for persona in result.personas:
            numbers = map(int, (persona.source.record or "").split(", "))
            assert cactus_records(persona) == tuple(records[number - 1] for number in numbers)

    def test_what_a_form_says_stands_in_its_field(self, result: Imported) -> None:
        for persona in result.personas:
            form = persona.source.verbatim["shared"]["AI_client"]["intake_form"]
            assert persona.problem.presenting is not None
            assert persona.intake.reason is not None
            assert persona.intake.gender in ("male", "female")
            for text in (
                persona.intake.name,
                persona.intake.occupation,
                persona.intake.education,
                persona.intake.reason,
                persona.problem.presenting,
                persona.problem.onset,
                persona.problem.precipitating,
                persona.motivation.earlier_therapy,
                persona.health.sleep,
                *persona.problem.protective,
            ):
                assert text is None or text in form
        unknown_age = [p for p in result.personas if p.intake.age is None]
        assert len(unknown_age) == 11

    def test_files_read_back_equal(self, result: Imported, tmp_path: Path) -> None:
        files = write_personas(result.personas, tmp_path)
        assert len(files) == 100
        assert load_personas(tmp_path) == result.personas
