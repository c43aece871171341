"""Which sessions stand side by side."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorplay.runs.ratings.pairs import Candidate, chosen_pairs, showings


def crowd(clients: int, cells: int = 2) -> list[Candidate]:
    return [
        Candidate(f"s-{client}-{cell}", f"cell-{cell}", f"client-{client}")
        for client in range(clients)
        for cell in range(cells)
    ]


def test_sessions_of_one_client_in_two_cells_come_first() -> None:
    pairs = chosen_pairs(crowd(30), 20, seed=1)
    assert len(pairs) == 20
    for one, other in pairs:
        assert one.split("-")[1] == other.split("-")[1]
        assert one != other


def test_other_clients_fill_up_and_no_pair_comes_twice() -> None:
    pairs = chosen_pairs(crowd(4), 12, seed=1)
    assert len({frozenset(pair) for pair in pairs}) == 12
    every = chosen_pairs(crowd(3), 1_000, seed=1)
    assert len({frozenset(pair) for pair in every}) == len(every) == 15


def test_a_run_without_a_grid_has_pairs_of_different_clients() -> None:
    pairs = chosen_pairs(crowd(10, cells=1), 10, seed=2)
    counted = Counter(session for pair in pairs for session in pair)
    assert set(counted.values()) == {2}


def test_too_few_sessions() -> None:
    assert chosen_pairs([], 5, seed=1) == []
    assert chosen_pairs(crowd(1, cells=1), 5, seed=1) == []


def test_the_choice_does_not_depend_on_the_order_of_reading() -> None:
    candidates = crowd(500)
    assert chosen_pairs(candidates, 10, seed=3) == chosen_pairs(candidates[::-1], 10, seed=3)
    assert chosen_pairs(candidates, 10, seed=3) != chosen_pairs(candidates, 10, seed=4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.floats(0, 1), st.integers(0, 50))
def test_half_are_turned_and_second_showings_change_sides(count, repeat, seed) -> None:
    pairs = [(f"a{at}", f"b{at}") for at in range(count)]
    shown = showings(pairs, repeat, seed)
    first = {one.pair: (at, one) for at, one in enumerate(shown) if not one.again}
    second = [(at, one) for at, one in enumerate(shown) if one.again]
    assert len(first) == count
    assert len(second) == round(repeat * count)
    assert sum(one.a.startswith("b") for _, one in first.values()) == count // 2
    for at, one in second:
        before, other = first[one.pair]
        assert (one.a, one.b) == (other.b, other.a)
        assert repeat > 0.5 or at > before
