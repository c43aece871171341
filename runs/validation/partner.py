"""IV. Partner dependence: is the score about two people, or about the therapist's style?

The same transcripts with one side's words put out of play (a fixed neutral sentence in every turn),
and yoked ones: the therapist of one client with the words of another, within the same policy,
manner, type and replicate. What the scores of each say about the whole session's alliance and about
hidden trust is a cross-validated R², folds by persona.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mirrorplay.agents.roles import Judge, ObservedLine, Speaker, Transcript
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested
from mirrorplay.runs.validation.measure import ALLIANCE, SKILL, Table, score
from mirrorplay.runs.validation.session import Session, last_trust
from mirrorplay.runs.validation.statistics import (
    Array,
    Rows,
    by_persona,
    explained,
    held_out_r2,
    mean_interval,
    over_personas,
    predicted,
    within,
)

NEUTRAL: dict[Speaker, str] = {
    "client": "It was on Sunday, at home.",
    "therapist": "The next page has the dates.",
}
"""What stands in every turn of the side that is left out: no stance, no question, no feeling."""
SESSIONS = 800
"""Sessions that are taken apart, at most."""
MARGIN = 0.05
"""R² by which the whole session must exceed the therapist alone."""


def check(sessions: Sequence[Session], table: Table, judge: Judge, seed: int) -> Heading:
    """The heading from sessions and their scores; the judge scores the parts."""
    trust, alliance = last_trust(sessions), table.instrument(ALLIANCE)
    kept = [
        at for at in range(len(sessions)) if np.isfinite(trust[at]) and np.isfinite(alliance[at])
    ]
    partners = yoked([sessions[at] for at in kept])
    if len(kept) < 10 or not any(partner is not None for partner in partners):
        return _heading([not_tested("partner dependence", "too few sessions of one cell")])
    chosen = [at for at, partner in zip(kept, partners, strict=True) if partner is not None]
    others = [kept[partner] for partner in partners if partner is not None]
    step = max(1, -(-len(chosen) // SESSIONS))
    chosen, others = chosen[::step], others[::step]
    played = [sessions[at] for at in chosen]
    trust, whole = trust[chosen], table.rows(chosen)
    parts = {
        "whole": whole,
        "therapist only": score(judge, (muted(one, "client") for one in played)),
        "client only": score(judge, (muted(one, "therapist") for one in played)),
        "yoked": score(
            judge,
            (mixed(one, sessions[other]) for one, other in zip(played, others, strict=True)),
        ),
    }
    people, cells = [one.persona for one in played], [one.cell for one in played]
    found: list[Finding] = []
    for scope, centre in (("over all cells", False), ("within policy × manner × type", True)):
        found += _shares(scope, parts, trust, people, cells if centre else None, seed)
    found += _yoked(parts, table.rows(others), played, people)
    return _heading(found)


def _heading(found: Sequence[Finding]) -> Heading:
    return Heading(
        number="IV",
        title="Partner dependence",
        kind="evidence",
        shows="Whether alliance needs both people; where the therapist's words alone do as well,"
        " the score measures therapist style.",
        findings=tuple(found),
    )


def muted(session: Session, speaker: Speaker) -> Transcript:
    """The transcript with every turn of one side neutral."""
    return Transcript(
        session.card,
        tuple(
            replace(line, text=NEUTRAL[speaker], stage_direction=None)
            if line.speaker == speaker
            else line
            for line in session.lines
        ),
        session.outcome,
    )


def mixed(therapist_of: Session, client_of: Session) -> Transcript:
    """The therapist's turns of one session and the client's of another, as far as both go."""
    lines: list[ObservedLine] = []
    for own, other in zip(therapist_of.lines, client_of.lines, strict=False):
        taken = other if own.speaker == "client" else own
        if taken.speaker != own.speaker:
            break
        lines.append(replace(taken, index=own.index))
    return Transcript(therapist_of.card, tuple(lines), therapist_of.outcome)


def yoked(sessions: Sequence[Session]) -> list[int | None]:
    """For each session the position of another persona's in the same cell and replicate: the next
    one round. None where there is no other."""
    groups: dict[object, list[int]] = {}
    for at, one in enumerate(sessions):
        groups.setdefault((*one.cell, one.replicate), []).append(at)
    found: list[int | None] = [None] * len(sessions)
    for members in groups.values():
        for place, at in enumerate(members):
            other = members[(place + 1) % len(members)]
            if sessions[other].persona != sessions[at].persona:
                found[at] = other
    return found


def _shares(
    scope: str,
    parts: dict[str, Table],
    trust: Array,
    people: Sequence[str],
    cells: Sequence[object] | None,
    seed: int,
) -> list[Finding]:
    """R² of hidden trust, and of the whole session's alliance, from each part's scores."""
    found = []
    names = {"therapist only", "client only"}
    r2: dict[str, float] = {}
    guesses: dict[str, Array] = {}
    target = trust if cells is None else within(cells, trust)
    alliance = parts["whole"].instrument(ALLIANCE)
    alliance = alliance if cells is None else within(cells, alliance)
    toward_alliance = {}
    for name, part in parts.items():
        values = complete(part.values)
        values = values if cells is None else within(cells, values)
        guesses[name] = predicted(values, target, people)
        r2[name] = held_out_r2(target, guesses[name], np.arange(len(target)))
        if name in names:
            toward_alliance[name] = explained(values, alliance, people)
    told = " · ".join(f"{name} {value:.2f}" for name, value in r2.items())

    def gap(rows: Rows) -> float:
        return held_out_r2(target, guesses["whole"], rows) - held_out_r2(
            target, guesses["therapist only"], rows
        )

    more = r2["whole"] - r2["therapist only"]
    interval = over_personas(people, gap, seed, 500)
    style, empty = not more > MARGIN, not r2["whole"] > 0.0
    note = "interval: of the difference"
    if empty:
        note = "the whole says nothing about hidden trust here"
    elif style:
        note = "the scores measure therapist style"
    found.append(
        finding(
            f"R² of hidden trust, {scope}",
            f"whole above 0, and above therapist only by more than {MARGIN:.2f}",
            f"{told} (whole − therapist {more:+.2f})",
            not style and not empty,
            interval,
            note=note,
        )
    )
    style = not 1.0 - toward_alliance["therapist only"] > MARGIN
    found.append(
        finding(
            f"R² of the whole session's alliance score, {scope}",
            f"therapist only below {1.0 - MARGIN:.2f}",
            " · ".join(f"{name} {value:.2f}" for name, value in toward_alliance.items()),
            not style,
            note="the score measures therapist style" if style else "",
        )
    )
    return found


def complete(values: Array) -> Array:
    """Gaps filled with the column's mean; columns without any value are left out."""
    values = values[:, np.isfinite(values).any(axis=0)]
    return np.where(np.isfinite(values), values, np.nanmean(values, axis=0))


def _yoked(
    parts: dict[str, Table], donors: Table, sessions: Sequence[Session], people: Sequence[str]
) -> list[Finding]:
    """Breaking the pair must cost something."""
    found = []
    for measure in (ALLIANCE, SKILL):
        real, broken = parts["whole"].instrument(measure), parts["yoked"].instrument(measure)
        spread = float(np.nanstd(real))
        if not spread > 1e-9:
            found.append(not_tested(f"{measure}: real − yoked", "the score never varies"))
            continue
        lost = by_persona(people, (real - broken) / spread)
        interval = mean_interval(lost)
        found.append(
            finding(
                f"{measure}: real − yoked, in SD",
                "above 0, interval too",
                f"{lost.mean():+.2f} SD",
                interval is not None and interval.low > 0.0,
                interval,
            )
        )
    cells = [one.cell for one in sessions]
    broken = parts["yoked"].instrument(ALLIANCE)
    there = np.isfinite(broken)
    named = [cell for cell, kept in zip(cells, there, strict=True) if kept]

    def follows(of: Array) -> float:
        both = np.isfinite(of[there])
        if not both.all():
            return float("nan")
        r = np.corrcoef(within(named, broken[there]), within(named, of[there]))[0, 1]
        return float(r * r)

    if there.sum() > 10 and within(named, broken[there]).std() > 1e-9:
        own, other = (
            follows(parts["whole"].instrument(ALLIANCE)),
            follows(donors.instrument(ALLIANCE)),
        )
        found.append(
            finding(
                "whom the yoked alliance follows, r² within cells",
                "client's session more than therapist's",
                f"client's session {other:.2f} · therapist's session {own:.2f}",
                other > own,
            )
        )
    return found
