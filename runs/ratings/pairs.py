"""Which sessions stand side by side, in which order, and which pairs are shown twice.

Sessions of the same client in two cells are paired first, since what differs between them is the
therapist; sessions of other clients fill up. Half of the pairs are turned round. A share of the
pairs comes again with its sides changed, in the second half of the sheets, to show a leaning to one
side and how far a rater agrees with themselves. Everything follows from the seed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations
from random import Random
from typing import NamedTuple

CANDIDATES = 2
"""Clients kept for each pair that is asked for."""


class Candidate(NamedTuple):
    """A session that may be shown. `client` is what sessions of other cells share with it."""

    session_id: str
    cell: str
    client: str


@dataclass(frozen=True, slots=True)
class Showing:
    """One sheet: two sessions, the number of their pair, and whether it is shown the second
    time."""

    a: str
    b: str
    pair: int
    again: bool


def chosen_pairs(candidates: Iterable[Candidate], count: int, seed: int) -> list[tuple[str, str]]:
    """At most `count` pairs, no two of them alike. Reads the candidates once and keeps those of
    twice as many clients as there are pairs, picked by hash, whatever the run's size."""
    by_client = _kept(candidates, max(2, CANDIDATES * count), seed)
    rng = Random(f"{seed}/ratings/pairs")
    queues = []
    for sessions in by_client:
        across = [
            (one.session_id, other.session_id)
            for one, other in combinations(sessions, 2)
            if one.cell != other.cell
        ]
        rng.shuffle(across)
        queues.append(across)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count and any(queues):
        for queue in queues:
            if queue and len(pairs) < count:
                pairs.append(queue.pop())
    if len(pairs) < count:
        ids = sorted(one.session_id for sessions in by_client for one in sessions)
        rng.shuffle(ids)
        known = {frozenset(pair) for pair in pairs}
        for pair in _neighbours(ids):
            if len(pairs) == count:
                break
            if frozenset(pair) not in known:
                known.add(frozenset(pair))
                pairs.append(pair)
    return pairs


def _kept(candidates: Iterable[Candidate], most: int, seed: int) -> list[list[Candidate]]:
    """Sessions by client, of the clients whose hashes are smallest, in the order of the hashes."""
    groups: dict[bytes, list[Candidate]] = {}
    limit: bytes | None = None
    for one in candidates:
        place = blake2b(f"{seed}/{one.client}".encode(), digest_size=12).digest()
        if limit is not None and place > limit:
            continue
        groups.setdefault(place, []).append(one)
        if len(groups) >= 4 * most:
            for late in sorted(groups)[most:]:
                del groups[late]
            limit = max(groups)
    return [sorted(groups[place]) for place in sorted(groups)[:most]]


def _neighbours(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every pair once, each session as rarely as can be."""
    count = len(ids)
    for step in range(1, count // 2 + 1):
        # Half way round, the second half of the circle meets the first again.
        last = count // 2 if 2 * step == count else count
        for at in range(last):
            yield ids[at], ids[(at + step) % count]


def showings(pairs: Sequence[tuple[str, str]], repeat: float, seed: int) -> list[Showing]:
    """The sheets in the order they are shown. `repeat`: share of pairs shown twice, 0 to 1."""
    rng = Random(f"{seed}/ratings/order")
    turned = [number % 2 == 1 for number in range(len(pairs))]
    rng.shuffle(turned)
    first = [
        Showing(*((b, a) if turn else (a, b)), pair=number, again=False)
        for number, ((a, b), turn) in enumerate(zip(pairs, turned, strict=True))
    ]
    rng.shuffle(first)
    wanted = round(repeat * len(pairs))
    # Of pairs from the first half, so that a second showing does not follow at once.
    early = first[: max(wanted, len(first) // 2)]
    second = [Showing(one.b, one.a, one.pair, True) for one in rng.sample(early, wanted)]
    head, tail = first[: len(first) // 2 + 1], first[len(first) // 2 + 1 :]
    for one in second:
        tail.insert(rng.randint(0, len(tail)), one)
    return head + tail
