"""How clients' hidden states move over the exchanges of a session.

A session that ended keeps its last state until the end of the window: leaving out the clients who
left would make every treatment look better the longer it lasts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

VARIABLES = ("trust", "ambivalence", "confrontation", "withdrawal", "distress", "conviction")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Means of one group of sessions. `means[variable][k]` is the mean at client turn k + 1, in
    [0, 1]; `alive[k]` the share of sessions still going then."""

    sessions: int
    means: dict[str, list[float]]
    alive: list[float]


def trajectory(sessions: Iterable[Mapping[str, Any]], exchanges: int) -> Trajectory | None:
    """The mean course over `exchanges` client turns, from the `turns` of rows (`state`, null in
    the therapist's turns); None where no session has states."""
    courses: list[list[tuple[float, ...]]] = []
    for session in sessions:
        states = [
            tuple(turn["state"][name] for name in VARIABLES)
            for turn in session["turns"]
            if turn["state"] is not None
        ][:exchanges]
        if states:
            courses.append(states)
    if not courses:
        return None
    carried = np.array([one + [one[-1]] * (exchanges - len(one)) for one in courses])
    means = carried.mean(axis=0)
    alive = [float(np.mean([len(one) > k for one in courses])) for k in range(exchanges)]
    return Trajectory(
        sessions=len(courses),
        means={name: [float(v) for v in means[:, i]] for i, name in enumerate(VARIABLES)},
        alive=alive,
    )
