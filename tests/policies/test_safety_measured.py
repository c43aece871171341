"""What the crisis screen finds on sentences that its rules were not written on, and on those they
were; and that what the data card says of it is so."""

import pytest
import yaml

from mirrorplay.personas.collection import load_personas
from mirrorplay.personas.lint import lint
from mirrorplay.policies.safety import screen
from mirrorplay.runs.card import (
    SCREEN_FALSE_ALARMS,
    SCREEN_FOUND,
    SCREEN_FOUND_OTHERS,
    SCREEN_HARMS_FOUND,
)
from tests.screening import FOLDER, SPEAKERS, Measured, Share, main, measure, share

MARGIN = 0.05
CARD_NAMES = {"second_language": "second language", "teen": "teenage"}


UNREAD_FALSE_ALARMS = (41, 292)
"""`docs/design/006-safety.md`."""


def unread(group: str) -> list[str]:
    """Every third training sentence, less those that were read when rules were written."""
    texts = []
    for number in (1, 2):
        data = yaml.safe_load((FOLDER / f"training_{number}.yaml").read_text(encoding="utf-8"))
        read = 27 if number == 1 and group == "positive" else 0
        entries = data[f"client_{group}"]
        texts += [entries[index]["text"] for index in range(2, len(entries), 3) if index >= read]
    return texts


@pytest.fixture(scope="module")
def held_out() -> dict[str, list[Measured]]:
    return {speaker: measure("held_out", speaker) for speaker in SPEAKERS}


def test_enough_sentences_are_measured(held_out: dict[str, list[Measured]]) -> None:
    for half in (held_out["client"], measure("development", "client")):
        assert share(half, positive=True).n >= 150
        assert share(half, positive=False).n >= 150
        assert len({one.category for one in half}) == 8
        assert {"direct", "idiomatic", "negated", "indirect"} <= {one.form for one in half}


@pytest.mark.parametrize(
    ("speaker", "recall", "alarms"),
    [
        ("client", SCREEN_FOUND["all"], SCREEN_FALSE_ALARMS),
        ("therapist", SCREEN_HARMS_FOUND, (3, 36)),
    ],
)
def test_unseen_sentences_are_found_no_worse_than_measured(
    held_out: dict[str, list[Measured]],
    speaker: str,
    recall: tuple[int, int],
    alarms: tuple[int, int],
) -> None:
    found = share(held_out[speaker], positive=True)
    false = share(held_out[speaker], positive=False)
    assert (found.n, false.n) == (recall[1], alarms[1])
    assert found.value >= Share(*recall).value - MARGIN
    assert false.value <= Share(*alarms).value + MARGIN


def test_the_sentences_rules_were_written_on_are_found() -> None:
    client = measure("development", "client")
    assert share(client, positive=True).value >= 0.97
    assert share(client, positive=False).value <= 0.05
    therapist = measure("development", "therapist")
    assert share(therapist, positive=True).value >= 0.9
    assert share(therapist, positive=False).value <= 0.1


@pytest.mark.parametrize(
    ("group", "measured", "bound"),
    [("positive", SCREEN_FOUND_OTHERS, -MARGIN), ("near_miss", UNREAD_FALSE_ALARMS, MARGIN)],
)
def test_sentences_of_other_writers_left_unread_are_judged_as_measured(
    group: str, measured: tuple[int, int], bound: float
) -> None:
    judged = [bool(screen(text)) for text in unread(group)]
    found = Share(sum(judged), len(judged))
    assert found.n == measured[1]
    assert (found.value - Share(*measured).value - bound) * bound <= 0


def test_the_card_does_not_say_more_than_is_measured(
    held_out: dict[str, list[Measured]],
) -> None:
    seen = set()
    for trait in ("form", "register"):
        for name in {getattr(one, trait) for one in held_out["client"]}:
            group = [one for one in held_out["client"] if getattr(one, trait) == name]
            found = share(group, positive=True)
            if found.n:
                said = Share(*SCREEN_FOUND[CARD_NAMES.get(name, name)])
                assert found.n == said.n
                assert found.value >= said.value - 2 * MARGIN
                seen.add(CARD_NAMES.get(name, name))
    assert seen | {"all"} == set(SCREEN_FOUND)


def test_nobody_in_the_library_speaks_of_crisis_unasked() -> None:
    assert [one for one in lint(load_personas("library"), screen) if one.rule == "crisis"] == []


def test_tables_print_counts_and_no_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main(["held_out"])
    printed = capsys.readouterr().out
    assert "suicidal_intent" in printed
    assert "second_language" in printed
    assert all(len(line) < 100 for line in printed.splitlines())


def test_an_interval_is_wilsons() -> None:
    assert Share(8, 10).interval == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert Share(0, 10).interval == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert Share(10, 10).interval == pytest.approx((0.7225, 1.0), abs=1e-4)
