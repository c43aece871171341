"""Levels of resistance and their course."""

import pytest

from mirrorplay.policies.acts import RESISTANT_ACTS
from mirrorplay.policies.instruments.trajectory import LEVELS, is_resistant, level, trajectory

HARD, SOFT = ("challenging", "talk:neutral"), ("change_talk", "talk:change")
MIDDLE = ("reluctance", "talk:sustain")


def course(*turns: tuple[str, ...]) -> dict[str, float]:
    return {name: value for name, (value, _) in trajectory(turns).items()}


def test_it_follows_resistance_down_and_up() -> None:
    falling = course(HARD, HARD, MIDDLE, SOFT, SOFT)
    assert falling == pytest.approx(
        {"first": 1.0, "peak": 1.0, "last": 0.0, "area": 2.4 / 5, "half_time": 2}
    )
    rising = course(SOFT, SOFT, HARD, HARD, SOFT)
    assert rising == pytest.approx(
        {"first": 0.0, "peak": 1.0, "last": 0.5, "area": 0.4, "half_time": 1}
    )


def test_a_half_that_is_never_reached_is_absent() -> None:
    assert "half_time" not in course(SOFT, HARD, HARD)
    assert "half_time" not in course(SOFT, SOFT, SOFT)
    assert "half_time" not in course(("minimum_talk",), SOFT, SOFT, SOFT)


def test_one_turn_has_no_course() -> None:
    assert trajectory([HARD]) == {}
    assert trajectory([]) == {}


def test_each_figure_names_its_turns() -> None:
    found = trajectory([SOFT, HARD, HARD, SOFT, SOFT])
    assert found["peak"][1] == (1, 2)
    assert found["last"][1] == (3, 4)
    assert found["area"][1] == (1, 2)
    assert found["half_time"][1] == (1, 2, 3)


def test_levels() -> None:
    assert set(LEVELS) == set(RESISTANT_ACTS)
    assert all(0 < value <= 1 for value in LEVELS.values())
    assert level(HARD) == 1.0
    assert level(("answering", "talk:sustain")) == pytest.approx(0.3)
    assert level(("answering", "talk:neutral")) == 0.0
    assert level(()) == 0.0
    assert is_resistant(HARD)
    assert not is_resistant(("charisma",))
