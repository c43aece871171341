"""VII. Negative controls: what must not score, and what must not matter.

Small talk is no counselling. A therapist's name is no skill. Turns in another order are another
conversation, so that a measure that does not notice counts words and hears nobody. Faces must not
reach a score of words, and must reach one of words and face.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mirrorplay.agents.roles import Image, Judge, ObservedLine, Transcript
from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import IntakeCard
from mirrorplay.runs.judging.tapes import columns_for, transcript_of
from mirrorplay.runs.store import iter_rows
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested
from mirrorplay.runs.validation.measure import ALLIANCE, SKILL, Table, composites, label, score
from mirrorplay.runs.validation.session import Session
from mirrorplay.runs.validation.statistics import FEW, by_persona, mean_interval, tost

SMALL_TALK = Path(__file__).with_name("small_talk.yaml")
NAMES = ("Dr. Hughes", "Dr. Okafor", "Ms. Nguyen", "Mr. Castillo", "Dr. Haddad", "Ms. Sharma")
"""A therapist's names, of several origins."""
BASE = 120
"""Sessions that are shuffled, at most."""
BOUND = 0.1
"""SD within which a name may move an item on average."""
NOTICED = 0.5
"""Share of sessions whose resistance course must move when exchanges change places."""


def check(
    sessions: Sequence[Session],
    table: Table,
    judge: Judge,
    seed: int,
    faces: "Faces | None" = None,
) -> Heading:
    """The heading from sessions and their scores. `faces`: sessions with images, if any."""
    good = [at for at, one in enumerate(sessions) if one.style == ("mi_consistent", "good")]
    good = good[:: max(1, -(-len(good) // BASE))]
    chosen, scored = [sessions[at] for at in good], table.rows(good)
    if len({one.persona for one in chosen}) < 3:
        found = [not_tested("negative controls", "fewer than three personas with mi_consistent")]
    else:
        found = [
            *small_talk(scored, judge),
            therapists_name(chosen, judge),
            *shuffled(chosen, scored, judge, seed),
        ]
    found += face_controls(faces, judge)
    return Heading(
        number="VII",
        title="Negative controls",
        kind="evidence",
        shows="Whether the scores notice that there is no counselling, or no order, and stay as"
        " they are when nothing that counts has changed.",
        findings=tuple(found),
    )


def chats() -> list[Transcript]:
    """The small talk as transcripts."""
    card = IntakeCard(name="Sam", age=None, gender=None, occupation=None, reason=None)
    return [
        Transcript(
            card,
            tuple(
                ObservedLine(at, "therapist" if at % 2 else "client", text)
                for at, text in enumerate(one["turns"])
            ),
            "max_exchanges",
        )
        for one in read_yaml(SMALL_TALK).value
    ]


def small_talk(counselling: Table, judge: Judge) -> list[Finding]:
    """Small talk against the best therapist's sessions: every chat below nine in ten of them."""
    talk = score(judge, chats())
    found = []
    for measure in (SKILL, ALLIANCE):
        chat, real = talk.instrument(measure), counselling.instrument(measure)
        if not np.isfinite(chat).any():
            found.append(
                finding(
                    f"{measure} of small talk",
                    "below nine in ten sessions of mi_consistent, or no score",
                    "no score",
                    True,
                )
            )
            continue
        bar = float(np.nanquantile(real, 0.1))
        spread = float(np.nanstd(real))
        found.append(
            finding(
                f"{measure} of small talk",
                "each chat below nine in ten sessions of mi_consistent",
                f"mean {np.nanmean(chat):.2f}, highest {np.nanmax(chat):.2f} against {bar:.2f}",
                bool(np.nanmax(chat) < bar),
                note=f"mi_consistent: mean {np.nanmean(real):.2f}, SD {spread:.2f}",
            )
        )
    peak = talk.item(("resistance_trajectory", "peak"))
    if np.isfinite(peak).any():
        found.append(
            finding(
                "resistance in small talk, peak",
                "no more than .30 on average",
                f"mean {np.nanmean(peak):.2f}, highest {np.nanmax(peak):.2f}",
                bool(np.nanmean(peak) <= 0.3),
            )
        )
    return found


def therapists_name(sessions: Sequence[Session], judge: Judge) -> Finding:
    """The therapist gives a name at first; which one must not matter on average."""
    reference, *others = (
        score(judge, (_introduced(one.transcript, name) for one in sessions)) for name in NAMES
    )
    people = [one.persona for one in sessions]
    if len(set(people)) < FEW:
        return not_tested("therapist's name changed", "fewer than three personas")
    held, outside, furthest, touched = 0, [], 0.0, 0.0
    for told, other in zip(NAMES[1:], others, strict=True):
        for name in reference.names:
            spread = float(np.nanstd(reference.item(name)))
            if not spread > 1e-9:
                continue
            gaps = (other.item(name) - reference.item(name)) / spread
            furthest = max(furthest, float(np.nanmax(np.abs(gaps), initial=0.0)))
            touched = max(touched, float(np.mean(np.abs(gaps) > 1e-9)))
            result = tost(by_persona(people, gaps), BOUND)
            if result is not None and result.holds:
                held += 1
            else:
                outside.append(f"{told}: {label(name)}")
    return finding(
        f"therapist's name changed: {len(NAMES) - 1} names against {NAMES[0]}",
        f"every item within ±{BOUND} SD (TOST, p < .05)",
        f"{held} of {held + len(outside)} item × name",
        not outside,
        note=f"furthest single session {furthest:.2f} SD, most sessions touched on one item"
        f" {touched:.0%}" + (f"; outside: {', '.join(outside[:3])}" if outside else ""),
    )


def _introduced(transcript: Transcript, name: str) -> Transcript:
    lines = list(transcript.lines)
    at = next((at for at, line in enumerate(lines) if line.speaker == "therapist"), None)
    if at is not None:
        lines[at] = replace(lines[at], text=f"I'm {name}. {lines[at].text}")
    return replace(transcript, lines=tuple(lines))


Shuffle = Callable[[Sequence[ObservedLine], random.Random], tuple[ObservedLine, ...]]


def shuffled_replies(lines: Sequence[ObservedLine], rng: random.Random) -> tuple[ObservedLine, ...]:
    """The client's turns as they were, the therapist's in any order."""
    places = [at for at, line in enumerate(lines) if line.speaker == "therapist"]
    texts = [lines[at].text for at in places]
    rng.shuffle(texts)
    moved = dict(zip(places, texts, strict=True))
    return tuple(
        replace(line, text=moved[at]) if at in moved else line for at, line in enumerate(lines)
    )


def shuffled_exchanges(
    lines: Sequence[ObservedLine], rng: random.Random
) -> tuple[ObservedLine, ...]:
    """Each client turn keeps its reply; the exchanges change places."""
    exchanges = [lines[at : at + 2] for at in range(0, len(lines), 2)]
    rng.shuffle(exchanges)
    every = [line for exchange in exchanges for line in exchange]
    return tuple(replace(line, index=at) for at, line in enumerate(every))


def shuffled(sessions: Sequence[Session], table: Table, judge: Judge, seed: int) -> list[Finding]:
    """Scores must fall when replies are to something else, and the course must be another."""
    found = []
    orders: tuple[tuple[str, Shuffle], ...] = (
        ("replies", shuffled_replies),
        ("exchanges", shuffled_exchanges),
    )
    for what, shuffle in orders:
        other = score(
            judge,
            (
                replace(
                    one.transcript,
                    lines=shuffle(one.lines, random.Random(f"{seed}/{one.session_id}/{what}")),
                )
                for one in sessions
            ),
        )
        found += [_fallen(what, name, sessions, table, other) for name in (SKILL, ALLIANCE)]
        invariant = [
            label(name)
            for name in table.names
            if np.nanmax(np.abs(table.item(name) - other.item(name)), initial=0.0) < 1e-9
        ]
        found.append(
            finding(
                f"items that never notice shuffled {what}",
                "known, not judged",
                f"{len(invariant)} of {len(table.names)}",
                None,
                note=", ".join(invariant[:6]) + (", …" if len(invariant) > 6 else ""),
            )
        )
        if what == "exchanges":
            found.append(_noticed(table, other))
    return found


def _fallen(
    what: str, measure: str, sessions: Sequence[Session], table: Table, other: Table
) -> Finding:
    real, moved = table.instrument(measure), other.instrument(measure)
    spread = float(np.nanstd(real)) if np.isfinite(real).any() else 0.0
    if not spread > 1e-9:
        return not_tested(f"{measure}: shuffled {what}", "the score never varies")
    lost = by_persona([one.persona for one in sessions], (moved - real) / spread)
    interval = mean_interval(lost)
    return finding(
        f"{measure}: {what} shuffled − as played",
        "below 0, interval too",
        f"{lost.mean():+.2f} SD",
        interval is not None and interval.high < 0.0,
        interval,
    )


def _noticed(table: Table, other: Table) -> Finding:
    columns = [name for name in table.names if name[0] == "resistance_trajectory"]
    course = [name for name in columns if name[1] in ("first", "last")]
    if not course:
        return not_tested("resistance course, exchanges shuffled", "the judge gives none")
    gaps = np.column_stack([np.abs(table.item(name) - other.item(name)) for name in course])
    share = float(np.mean(np.nanmax(gaps, axis=1) > 1e-9))
    return finding(
        "resistance course: sessions that change when exchanges are shuffled",
        f"more than {NOTICED:.0%}",
        f"{share:.0%}",
        share > NOTICED,
    )


class Faces:
    """Sessions with images, and a judge that looks at them."""

    def __init__(
        self, transcripts: Sequence[Transcript], personas: Sequence[str], judge: Judge
    ) -> None:
        self.transcripts = tuple(transcripts)
        self.personas = tuple(personas)
        self.judge = judge


def face_controls(faces: Faces | None, judge: Judge) -> list[Finding]:
    """Another session's faces: a score of words stays, a score of words and face does not."""
    if faces is None or len(set(faces.personas)) < 3:
        why = "no sessions with faces were played, or the judge has no variant with faces"
        return [not_tested("shuffled faces", why)]
    other = [
        replace(one, faces=_other_faces(faces.transcripts, at))
        for at, one in enumerate(faces.transcripts)
    ]
    words = score(judge, faces.transcripts), score(judge, other)
    seen = score(faces.judge, faces.transcripts), score(faces.judge, other)
    same = _equal(*words)
    moved = np.abs(seen[0].values - seen[1].values) > 1e-9
    touched = [label(name) for at, name in enumerate(seen[0].names) if moved[:, at].any()]
    found = [
        finding(
            "shuffled faces: score of words",
            "identical (by construction)",
            "identical" if same else "differs",
            same,
            note="an implementation check",
        ),
        finding(
            "shuffled faces: score of words and face",
            "some item moves in most sessions",
            f"{moved.any(axis=1).mean():.0%} of {len(moved)} sessions",
            bool(moved.any(axis=1).mean() > 0.5),
            note=f"{len(touched)} items: {', '.join(touched[:5])}" if touched else "",
        ),
    ]
    for name, _, values in composites(seen[0]):
        if name == "panas" and np.isfinite(values).any():
            shifted = {one: moved for one, _, moved in composites(seen[1], seen[0])}.get(name)
            if shifted is not None:
                gap = by_persona(list(faces.personas), shifted - values)
                found.append(
                    finding(
                        "imputed affect with another's faces − own",
                        "known, not judged",
                        f"{gap.mean():+.2f} SD",
                        None,
                        mean_interval(gap),
                    )
                )
    return found


def _other_faces(transcripts: Sequence[Transcript], at: int) -> tuple[Image | None, ...]:
    """The faces of a session half the list away, cut or repeated to fit."""
    wanted = len(transcripts[at].faces)
    donor = transcripts[(at + len(transcripts) // 2) % len(transcripts)].faces
    return tuple(donor[place % len(donor)] for place in range(wanted)) if donor else ()


def _equal(first: Table, second: Table) -> bool:
    return first.names == second.names and bool(
        np.array_equal(first.values, second.values, equal_nan=True)
    )


def with_faces(run_dir: Path, judge: Judge) -> Faces:
    """The sessions of a run with their images, for `face_controls`."""
    columns = ("persona_id", *columns_for("words+face"))
    rows = list(iter_rows(run_dir, columns, include_spooled=True))
    return Faces(
        [transcript_of(row, "words+face") for row in rows],
        [row["persona_id"] for row in rows],
        judge,
    )
