"""Acts at random."""

import random
from collections import Counter

from mirrorplay.policies.listening import hear
from mirrorplay.policies.moves import Moment
from mirrorplay.policies.scattered import ACTS, ONCE, choose

BEGUN = (hear("It's my job.", None),)


def test_every_act_comes_up_whatever_was_said() -> None:
    counts = []
    for said in ("I can't do this.", "I want my evenings back."):
        moves = [
            choose(hear(said), Moment(4, 10, earlier=BEGUN), random.Random(seed))
            for seed in range(800)
        ]
        assert all(1 <= len(move.beats) <= 2 for move in moves)
        counts.append(Counter(move.beats[-1].act for move in moves))
    assert counts[0] == counts[1]
    assert set(counts[0]) == set(ACTS)


def test_it_opens_and_says_goodbye() -> None:
    rng = random.Random(0)
    first = choose(hear("Hello."), Moment(1, 10), rng)
    assert [beat.act for beat in first.beats] == ["greeting", "open_question"]
    for end in (Moment(10, 10, earlier=BEGUN), Moment(3, 10, leaving=True, earlier=BEGUN)):
        assert [beat.act for beat in choose(hear("Yes."), end, rng).beats] == ["closing"]


def test_some_acts_come_once() -> None:
    done = Moment(4, 10, earlier=BEGUN, used=dict.fromkeys(ONCE, 1))
    moves = [choose(hear("Yes."), done, random.Random(seed)) for seed in range(300)]
    assert not ONCE & {beat.act for move in moves for beat in move.beats}
