import json
from pathlib import Path
from typing import Any

import pytest

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.importers.patient_psi import import_patient_psi
from mirrorplay.personas.importers.report import DEFAULT_RESISTANCE, Imported, write_personas

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "patienthub"

FLAT: dict[str, Any] = {
    "name": "Noor",
    "id": "4-2",
    "type": ["plain", "upset", "plain"],
    "history": "She grew up above a shop. Precipitants to current disorder: the shop was sold.",
    "helpless_belief": ["I am trapped."],
    "unlovable_belief": [],
    "worthless_belief": ["I am a waste."],
    "intermediate_belief": (
        "Work must be seen.\n[during depression]\n(1) If I rest, I fall. (2) I hide."
    ),
    "coping_strategies": "Stays in bed.",
    "situation": "Passing the shop.",
    "auto_thought": "I should have kept it going.",
    "emotion": ["sad, ashamed", "lonely"],
    "behavior": "Crosses the street.",
}
NESTED: dict[str, Any] = {
    "source": "patientPsi-9",
    "name": "Noor",
    "internal_cognitive_diagram": {
        "relevant_history": "She grew up above a shop.",
        "core_beliefs": ["I am trapped."],
        "intermediate_beliefs": ["Work must be seen.", "If I rest, I fall."],
        "coping_strategies": "Stays in bed.",
    },
    "external_experiences": [
        {
            "situation": "Passing the shop.",
            "reaction": "Automatic thoughts: Why me? Emotions: sad, ashamed. Behavior: Turns away.",
        },
        {"situation": "A letter.", "reaction": "She cries."},
        {"reaction": "Emotions: sad."},
        "not an experience",
    ],
}


def imported(tmp_path: Path, *records: object) -> Imported:
    file = tmp_path / "records.json"
    file.write_text(json.dumps(records))
    return import_patient_psi(file)


def test_a_flat_record_is_read_into_its_fields(tmp_path: Path) -> None:
    result = imported(tmp_path, FLAT)
    (persona,) = result.personas
    assert persona.id == "patient-psi-4-2"
    assert persona.intake.name == "Noor"
    assert persona.intake.age is None
    assert persona.problem.predisposing == "She grew up above a shop."
    assert persona.problem.precipitating == "the shop was sold."
    assert [(belief.kind, belief.text) for belief in persona.beliefs.core] == [
        ("helpless", "I am trapped."),
        ("worthless", "I am a waste."),
    ]
    assert persona.beliefs.rules == (
        "Work must be seen.",
        "During depression: If I rest, I fall.",
        "During depression: I hide.",
    )
    assert persona.beliefs.strategies == ("Stays in bed.",)
    (episode,) = persona.episodes
    assert episode.model_dump(exclude_none=True) == {
        "situation": "Passing the shop.",
        "thought": "I should have kept it going.",
        "emotion": "sad, ashamed, lonely",
        "behavior": "Crosses the street.",
    }
    assert persona.talk.thought == "I should have kept it going"
    assert persona.talk.feeling == "sad"
    assert persona.talk.avoidance is None
    assert [variant.name for variant in persona.variants] == ["plain", "upset"]
    assert persona.resistance == DEFAULT_RESISTANCE
    assert persona.source.verbatim == {"record": FLAT}
    assert {"intake.age", "intake.reason", "motivation", "evidence"} <= set(persona.source.absent)
    assert result.absent == {persona.id: persona.source.absent}


def test_a_nested_diagram_is_read_into_the_same_fields(tmp_path: Path) -> None:
    (persona,) = imported(tmp_path, NESTED).personas
    assert persona.id == "patient-psi-9"
    assert persona.problem.predisposing == "She grew up above a shop."
    assert [(belief.kind, belief.text) for belief in persona.beliefs.core] == [
        (None, "I am trapped.")
    ]
    assert persona.beliefs.rules == ("Work must be seen.", "If I rest, I fall.")
    assert [episode.model_dump(exclude_none=True) for episode in persona.episodes] == [
        {
            "situation": "Passing the shop.",
            "thought": "Why me?",
            "emotion": "sad, ashamed",
            "behavior": "Turns away.",
        },
        {"situation": "A letter."},
    ]
    assert persona.talk.thought is None
    assert persona.source.verbatim == {"record": NESTED}


def test_core_beliefs_by_kind_keep_their_kind(tmp_path: Path) -> None:
    diagram = NESTED["internal_cognitive_diagram"] | {
        "core_beliefs": {"Unlovable": ["I bore people."], "other": "I am late."}
    }
    (persona,) = imported(tmp_path, NESTED | {"internal_cognitive_diagram": diagram}).personas
    assert [(belief.kind, belief.text) for belief in persona.beliefs.core] == [
        ("unlovable", "I bore people."),
        (None, "I am late."),
    ]


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("1-1", "patient-psi-1-1"),
        (7, "patient-psi-7"),
        ("../../Etc", "patient-psi-etc"),
        ("Patient-Psi-3", "patient-psi-3"),
        (None, "patient-psi-noor"),
        ("", "patient-psi-noor"),
        (True, "patient-psi-noor"),
    ],
)
def test_the_id_comes_from_the_record(tmp_path: Path, identifier: object, expected: str) -> None:
    (persona,) = imported(tmp_path, FLAT | {"id": identifier}).personas
    assert persona.id == expected


def test_one_id_for_two_records_is_made_two(tmp_path: Path) -> None:
    other = FLAT | {"situation": "At the bank."}
    forwards = imported(tmp_path, FLAT, other).personas
    backwards = imported(tmp_path, other, FLAT).personas
    assert len({persona.id for persona in forwards}) == 2
    assert {p.id: p.episodes for p in forwards} == {p.id: p.episodes for p in backwards}


def test_a_record_that_says_little_gives_a_persona_that_says_little(tmp_path: Path) -> None:
    (persona,) = imported(tmp_path, {"name": "Noor", "emotion": 3, "type": {}}).personas
    assert persona.episodes == ()
    assert persona.variants == ()
    assert {"episodes", "beliefs", "problem", "talk"} <= set(persona.source.absent)
    assert persona.source.verbatim == {"record": {"name": "Noor", "emotion": 3, "type": {}}}


def test_unreadable_records_are_reported_by_number(tmp_path: Path) -> None:
    result = imported(
        tmp_path, FLAT, "text", {"id": "2"}, FLAT | {"name": 5}, FLAT, {"description": "Alex is …"}
    )
    assert [persona.id for persona in result.personas] == ["patient-psi-4-2"]
    reasons = {problem.number: problem.reason for problem in result.problems}
    assert list(reasons) == [2, 3, 4, 5, 6]
    assert "is text, not an object" in reasons[2]
    assert "no name" in reasons[3]
    assert "a number for a name" in reasons[4]
    assert "repeats record 1" in reasons[5]
    assert "no name" in reasons[6]


def test_a_record_that_names_risk_is_flagged(tmp_path: Path) -> None:
    (persona,) = imported(
        tmp_path, FLAT | {"history": "He was abused by an uncle. He moved."}
    ).personas
    assert persona.health.risk == ("He was abused by an uncle.",)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_text(json.dumps([FLAT], indent=1)[:-40])
    with pytest.raises(UserError, match=r"records\.json:\d+: not valid JSON"):
        import_patient_psi(file)


@pytest.mark.skipif(not REAL.exists(), reason="the PATIENT-Ψ records are not here")
class TestOnRealRecords:
    @pytest.mark.parametrize(
        ("file", "expected"),
        [
            ("patientPsi.json", ["patient-psi-1-1", "patient-psi-1-2", "patient-psi-1-3"]),
            ("mindVoyager.json", ["patient-psi-1"]),
        ],
    )
    def test_files_read_back_equal(self, file: str, expected: list[str], tmp_path: Path) -> None:
        result = import_patient_psi(REAL / file)
        assert result.problems == ()
        assert [persona.id for persona in result.personas] == expected
        write_personas(result.personas, tmp_path)
        assert load_personas(tmp_path) == result.personas
        records = json.loads((REAL / file).read_text())
        assert [persona.source.verbatim["record"] for persona in result.personas] == records
        for persona in result.personas:
            assert persona.beliefs.core
            assert persona.episodes

    def test_a_description_alone_is_no_diagram(self) -> None:
        result = import_patient_psi(REAL / "roleplayDoh.json")
        assert result.personas == ()
        assert [problem.number for problem in result.problems] == [1]
