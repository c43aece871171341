"""Instruments as data: what is promised is there, and a broken file is refused by name and line."""

from pathlib import Path

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.policies.instruments.item import (
    instrument_of,
    instruments,
    items,
    items_of,
    read_instruments,
)

GOOD = """\
instrument: warmth
title: warmth
low: 0
high: 6
direction: higher_is_better
source: made up
items:
  - item: kind
    paraphrase: Is kind
    base: 0.2
    terms:
      - {feature: warms, weight: 0.5, full_at: 0.5}
  - item: all_of_it
    paraphrase: Everything
    mean_of: [kind]
"""


def test_there_is_an_item_for_each_thing_that_is_promised() -> None:
    assert [item.item for item in items_of("ctrs")] == [
        "understanding",
        "interpersonal_effectiveness",
        "collaboration",
        "guided_discovery",
        "focus",
        "strategy",
    ]
    assert len(items_of("ctrs11")) == 11
    assert {(item.low, item.high) for item in items_of("ctrs11")} == {(0, 6)}
    assert [item.item for item in items_of("wai")] == ["goal", "task", "bond"]
    twelve = {item.item for item in items_of("wai12") if item.item[-1].isdigit()}
    assert len(twelve) == 12
    for name, numbers in {"task": "1 2 10 12", "bond": "3 5 7 9", "goal": "4 6 8 11"}.items():
        assert {f"{name}_{int(number):02d}" for number in numbers.split()} <= twelve
    assert {item.item for item in items_of("resistance_trajectory")} == {
        "first",
        "peak",
        "last",
        "area",
        "half_time",
    }
    assert {"positive_affect", "negative_affect"} <= {item.item for item in items_of("panas")}
    names = {one.id for one in instruments()}
    assert names >= {"miti", "rupture", "talk", "disclosure", "fidelity"}


def test_self_reports_are_marked_as_imputed_and_nothing_else() -> None:
    imputed = {one.id for one in instruments() if one.imputed}
    assert imputed == {"wai", "wai12", "panas"}
    for one in instruments():
        assert one.title
        assert all(item.imputed == one.imputed for item in one.items)
        if one.imputed:
            assert "self-report" in one.source


def test_names_are_there_once() -> None:
    names = [(item.instrument, item.item) for item in items()]
    assert len(set(names)) == len(names)
    assert len({one.id for one in instruments()}) == len(instruments())


def test_an_unknown_instrument_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="did you mean 'ctrs'"):
        items_of("ctr")
    with pytest.raises(UserError, match="horoscope"):
        instrument_of("horoscope")


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    text = GOOD + "subsets:\n  warm:\n    title: some\n    items: [all_of_it]\n"
    whole, some = read_instruments(_written(tmp_path, text))
    assert (whole.id, some.id, some.whole) == ("warmth", "warm", "warmth")
    assert [item.instrument for item in some.items] == ["warm"]


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "warmth.yaml"
    path.write_text(text)
    return path


BROKEN = [
    ("feature: warms", "feature: warmz", "no feature 'warmz'.*did you mean 'warms'"),
    ("weight: 0.5", "weight: 1.5", "weight"),
    ("full_at: 0.5", "full_at: 0", "full_at"),
    ("base: 0.2", "base: 1.2", "base"),
    ("item: all_of_it", "item: kind", "'kind' is there twice"),
    ("mean_of: [kind]", "mean_of: [sweet]", "no earlier item 'sweet'"),
    ("mean_of: [kind]", "measure: charm", "no measure 'charm'"),
    ("mean_of: [kind]", "base: 0.1", "exactly one of them"),
    ("base: 0.2", "needs: [tact]", "no feature 'tact'"),
    ("high: 6", "high: 0", "the scale runs from 0 to 0"),
    ("direction: higher_is_better", "direction: up", "direction"),
    ("base: 0.2", "bass: 0.2", "bass"),
    ("source: made up\n", "", "source"),
    ("items:\n", "subsets: {warm: {title: w, items: [sweet]}}\nitems:\n", "has no item 'sweet'"),
    ("items:\n", "things:\n", "items: Field required"),
    (
        "  - item: all_of_it",
        "  - sweet\n  - item: all_of_it",
        "items.1: Input should be a valid dict",
    ),
    ("instrument: warmth\n", "", "instrument"),
    ("title: warmth", "title: warmth\nsubsets: [warm]", "subsets"),
    ("title: warmth", "title: w\nsubsets: {warm: {items: [kind]}}", "subsets.warm.title"),
    ("title: warmth", "title: w\nsubsets: {warm: {title: w, items: []}}", "subsets.warm.items"),
    (GOOD, "- warmth", "not an instrument"),
]


@pytest.mark.parametrize(("sound", "broken", "message"), BROKEN, ids=lambda text: text[:30])
def test_a_broken_file_is_refused_naming_the_place(
    tmp_path: Path, sound: str, broken: str, message: str
) -> None:
    path = _written(tmp_path, GOOD.replace(sound, broken, 1))
    with pytest.raises(UserError, match=rf"(?s)warmth\.yaml.*{message}"):
        read_instruments(path)
