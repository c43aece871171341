"""The headline miniature: its runs, contrasts and predictions."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.analysis.figures import Figures
from mirrorplay.runs.analysis.headline_report import draw_headline, print_headline
from mirrorplay.runs.deck import read_deck
from mirrorplay.runs.grid import cells
from mirrorplay.runs.headline import (
    ARMS,
    CONTROLS,
    GRID_KEYS,
    Prediction,
    contrast,
    control_rows,
    groups,
    judged,
    read_predictions,
)
from mirrorplay.runs.load import validated

PEOPLE = [f"p{number}" for number in range(9)]


def figures(cell: str, gain: float) -> list[Figures]:
    return [
        Figures(
            session_id=f"{cell}-{who}",
            cell=cell,
            factors={},
            replicate=0,
            persona_id=who,
            resistance="emotional" if place % 3 else "none",
            masking=place / 9,
            outcome="resolved",
            measures={"trust_last": 0.5 + gain + 0.001 * place, "resolved": 1.0},
        )
        for place, who in enumerate(PEOPLE)
    ]


SESSIONS = [*figures("text", 0.0), *figures("ec", 0.1), *figures("blank", 0.0)]


def prediction(**changes: object) -> Prediction:
    base = {
        "id": "x",
        "contrast": ("ec", "text"),
        "where": "everybody",
        "measure": "trust_last",
        "expect": "greater",
        "least": 0.02,
        "fails_if": "the interval holds 0",
    }
    return Prediction.model_validate({**base, **changes})


def test_contrasts_are_paired_over_clients() -> None:
    found = contrast(SESSIONS, "text", "ec", 1)["trust_last"]
    assert found.mean == pytest.approx(0.1)
    assert found.pairs == 9


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        (prediction(), True),
        (prediction(least=0.2), False),
        (prediction(expect="smaller"), False),
        (prediction(expect="none"), False),
        (prediction(contrast=("blank", "text"), expect="none"), True),
        (prediction(contrast=("blank", "text")), False),
        (prediction(contrast=("base", "text")), None),
    ],
)
def test_a_prediction_can_fail(asked: Prediction, held: bool | None) -> None:
    assert judged([asked], SESSIONS, 1)[0].held is held


def test_thirds_of_masking_hold_clients_who_resist_and_nobody_twice() -> None:
    where = groups(SESSIONS)
    thirds = [
        {one.persona_id for one in SESSIONS if where[f"masking {third}"](one)}
        for third in ("low", "middle", "high")
    ]
    resists = {one.persona_id for one in SESSIONS if one.resistance != "none"}
    assert set().union(*thirds) == resists
    assert sum(map(len, thirds)) == len(resists)


def test_thirds_of_masking_hold_a_person_whole_in_whatever_order_rows_come() -> None:
    typed = [
        replace(one, session_id=f"{one.session_id}-{kind}", resistance=kind, masking=mask)
        for one in SESSIONS
        for kind, mask in (
            ("emotional", one.masking),
            ("cognitive", one.masking / 2),
            ("none", 0.1),
        )
    ]
    held = {one.session_id for one in typed if groups(typed)["masking high"](one)}
    turned = typed[::-1]
    assert {one.session_id for one in turned if groups(turned)["masking high"](one)} == held
    for who in {one.persona_id for one in typed if one.session_id in held}:
        kinds = {o.resistance for o in typed if o.persona_id == who and o.session_id in held}
        assert kinds == {"emotional", "cognitive"}


def test_a_harm_is_not_called_a_null() -> None:
    loose = prediction(contrast=("ec", "text"), expect="none", fails_if="the interval lies above 0")
    harmed = [*figures("text", 0.4), *figures("ec", 0.0)]
    (verdict,) = judged([loose], harmed, 1)
    assert verdict.held
    assert verdict.harms
    (strict,) = judged([loose.model_copy(update={"bound": "two_sided"})], harmed, 1)
    assert strict.held is False


def test_predictions_of_the_project_are_readable_and_about_known_cells() -> None:
    file = Path(__file__).parents[2] / "docs" / "headline" / "predictions.yaml"
    predictions, digest = read_predictions(file)
    assert len(digest) == 64
    known = {*ARMS, *CONTROLS}
    assert all(set(one.contrast) <= known for one in predictions)
    verdicts = judged(predictions, SESSIONS, 1)
    assert {verdict.held for verdict in verdicts} <= {True, False, None}


def test_a_file_that_is_no_predictions_is_a_users_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("predictions: [{id: x}]")
    with pytest.raises(UserError, match="missing"):
        read_predictions(wrong)


def test_every_control_is_a_valid_configuration() -> None:
    config = validated({"grid": {GRID_KEYS: control_rows("somewhere")}}, lambda _: "test")
    found = [cell.config for cell in cells(config)]
    assert len(found) == len(CONTROLS)
    assert [one.face.kind for one in found[1:4]] == ["shuffled", "swapped", "blank"]


def test_a_deck_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run"):
        read_deck(str(tmp_path / "nowhere"))


def test_the_report_fits_and_the_figure_is_drawn(tmp_path: Path) -> None:
    more = [replace(one, cell="p+ec") for one in figures("ec", 0.05)]
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    print_headline(console, [*SESSIONS, *more], judged([prediction()], SESSIONS, 1), 1)
    told = console.export_text()
    assert "+.10" in told
    assert "masking high" in told
    draw_headline(SESSIONS, 1, tmp_path / "headline.png")
    assert (tmp_path / "headline.png").read_bytes().startswith(b"\x89PNG")
