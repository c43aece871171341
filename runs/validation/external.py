"""VIII. External: against coded transcripts of real (acted) counselling.

The client's calibration was fitted on the development transcripts, so that agreement with them is
an implementation check. The session quality is a label of the video, which its title nearly gives
away: the judge stands beside such baselines, each read in its better direction. The signs of
Magill's correlations (2018) are looked for in simulated and in real sessions.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from mirrorplay.agents.roles import Judge
from mirrorplay.policies.coding.coder import code_tape
from mirrorplay.policies.coding.linear import learned
from mirrorplay.runs.coding.fit import digest_of
from mirrorplay.runs.coding.transcripts import read_transcripts as read_coded
from mirrorplay.runs.validation.annomi import Coded, read_transcripts
from mirrorplay.runs.validation.convergence import Codes
from mirrorplay.runs.validation.finding import Finding, Heading, finding, not_tested, number
from mirrorplay.runs.validation.measure import composites, score
from mirrorplay.runs.validation.session import Session
from mirrorplay.runs.validation.statistics import (
    Array,
    Flags,
    Interval,
    Rows,
    auc,
    correlation,
    over_personas,
    partial_spearman,
)

BAD_TITLE = re.compile(
    r"\bnot to\b|without mi|\bbad\b|ineffective|non-motivational|mismanag|average", re.I
)
"""Words of a title that call the session bad; written with the development titles in sight, so
that this baseline is as strong as it can be."""
CALIBRATED = 0.90
"""Share of cells that must lie inside their real 95% interval."""
REPLICATES = 30
RESAMPLES = 1000
REFLECTIONS = frozenset({"simple_reflection", "complex_reflection"})
SKILLED = REFLECTIONS | {
    *("open_question", "socratic_question", "affirm", "emphasize_autonomy"),
    *("seek_collaboration", "persuade_with_permission"),
}
INCONSISTENT = frozenset({"confront", "persuade", "homework_prescribed"})
_MAGILL = (
    ("MI-consistent skill and change talk", 0, 0, 0.55),
    ("MI-consistent skill and sustain talk", 0, 1, 0.40),
    ("MI-inconsistent and sustain talk", 1, 1, 0.16),
)
"""Magill et al. (2018): pair, therapist column, client column, their r."""
Evaluated = Callable[[Path], Sequence[Finding]]


def check(
    sessions: Sequence[Session],
    codes: Sequence[Codes],
    judge: Judge,
    annomi: Path | None,
    seed: int,
    coder: Evaluated | None = None,
) -> Heading:
    """The heading. Without `annomi` only the simulated correlations are looked at. `coder`: what
    holds the measuring coder against the experts."""
    found: list[Finding] = []
    if annomi is None:
        why = "needs coded transcripts: --annomi FILE"
        found += [
            not_tested(what, why)
            for what in (
                "calibration contract of the client",
                "coder against experts",
                "session quality",
                "Magill's signs in real sessions",
            )
        ]
    else:
        corpus = read_transcripts(annomi)
        found.append(calibration(annomi))
        if coder is None:
            found.append(not_tested("coder against experts", "no evaluation was given"))
        else:
            found += coder(annomi)
        found += quality(corpus, judge, seed, fitted_on(annomi))
        counted = np.array([_expert_counts(one) for one in corpus], dtype=float)
        found += magill(
            "real sessions, experts' codes", counted, [one.name for one in corpus], seed
        )
    counted = np.array([_coded_counts(one) for one in codes], dtype=float).reshape(-1, 5)
    people = [one.persona for one in sessions]
    found += magill("simulated sessions, coder's codes", counted, people, seed)
    return Heading(
        number="VIII",
        title="External: against coded transcripts",
        kind="evidence",
        shows="Acted demonstrations of motivational interviewing: calibration and comparison, no"
        " clinical population and no causes. The calibration is an implementation check.",
        findings=tuple(found),
    )


def calibration(annomi: Path) -> Finding:
    """The client's calibration contract, in short; `mirrorplay calibrate` has the tables."""
    from mirrorplay.policies.state import load_dynamics
    from mirrorplay.runs.calibration.corpus import read_corpus
    from mirrorplay.runs.calibration.replay import load_mixture
    from mirrorplay.runs.calibration.report import compare

    compared = compare(
        read_corpus(annomi),
        load_dynamics(),
        load_mixture(),
        replicates=REPLICATES,
        explained=False,
    )
    cells, outside = compared.counted, compared.outside
    share = 1.0 - len(outside) / len(cells) if cells else float("nan")
    return finding(
        "calibration contract of the client",
        f"at least {CALIBRATED:.0%} of cells inside their real 95% interval",
        f"{len(cells) - len(outside)} of {len(cells)} cells",
        bool(share >= CALIBRATED),
        note="fitted on the development transcripts: an implementation check",
    )


def fitted_on(annomi: Path) -> int:
    """How many of the transcripts the embedded coder's weights were fitted on."""
    known = learned().fitted_on
    return sum(digest_of(one) in known for one in read_coded(annomi))


def quality(corpus: Sequence[Coded], judge: Judge, seed: int, known: int = 0) -> list[Finding]:
    """AUC of high against low quality: the judge's composites beside what is much simpler.
    `known`: transcripts that the judge's coder was fitted on, which is told."""
    good = np.array([one.good for one in corpus])
    names = [one.name for one in corpus]
    if good.all() or not good.any():
        return [not_tested("session quality", "all transcripts are of one quality")]
    table = score(judge, (one.transcript for one in corpus))
    simple = {
        "title alone": np.array([-float(bool(BAD_TITLE.search(one.title))) for one in corpus]),
        "length alone": np.array([_words(one) for one in corpus]),
        "therapist's words a turn": np.array([_words_a_turn(one) for one in corpus]),
        "share of reflections, experts": np.array(
            [one.behaviour["reflection"] / max(1, one.behaviour.total()) for one in corpus]
        ),
        "share of reflections, coder": np.array([_reflections(one) for one in corpus]),
    }
    best = max(_either(auc(values, good)) for values in simple.values())
    found = []
    for name, values in simple.items():
        value, interval = _interval(values, good, names, seed, either=True)
        found.append(
            finding(f"AUC of session quality: {name}", "a baseline", number(value), None, interval)
        )
    others = []
    for name, _, values in composites(table):
        filled = np.where(np.isfinite(values), values, np.nanmedian(values))
        value, interval = _interval(filled, good, names, seed)
        if name not in ("skill", "alliance"):
            others.append(f"{name} {number(value)}")
            continue
        found.append(
            finding(
                f"AUC of session quality: {name}",
                f"above .50, interval too; at least the best baseline ({best:.2f})",
                number(value),
                interval is not None and interval.low > 0.5 and value >= best,
                interval,
                note=f"{len(good)} transcripts, {int((~good).sum())} of low quality; the coder's"
                f" weights were fitted on {known} of them (never on their quality)",
            )
        )
    if others:
        told = " · ".join(others)
        found.append(finding("AUC of session quality: others", "known, not judged", told, None))
    return found


def _either(value: float) -> float:
    return max(value, 1.0 - value)


def _interval(
    values: Array,
    good: Flags,
    names: Sequence[str],
    seed: int,
    either: bool = False,
) -> tuple[float, Interval | None]:
    """AUC and its bootstrap over transcripts. `either`: in the direction that is better here."""
    value = auc(values, good)
    sign = -1.0 if either and value < 0.5 else 1.0
    found = auc(sign * values, good)
    return found, over_personas(names, lambda rows: auc(sign * values[rows], good[rows]), seed)


def _words(one: Coded) -> float:
    return float(sum(len(line.text.split()) for line in one.transcript.lines))


def _words_a_turn(one: Coded) -> float:
    said = [len(line.text.split()) for line in one.transcript.lines if line.speaker == "therapist"]
    return float(np.mean(said)) if said else 0.0


def _reflections(one: Coded) -> float:
    said = [line.codes for line in code_tape(one.transcript.lines) if line.speaker == "therapist"]
    return sum(not REFLECTIONS.isdisjoint(codes) for codes in said) / max(1, len(said))


def _expert_counts(one: Coded) -> tuple[float, float, float, float, float]:
    """MI-consistent, MI-inconsistent, change, sustain, utterances. AnnoMI has no codes for
    affirming, autonomy or confronting."""
    skilled = one.behaviour["reflection"] + one.behaviour["open"]
    every = one.behaviour.total() + one.talk.total()
    return skilled, one.behaviour["advice"], one.talk["change"], one.talk["sustain"], every


def _coded_counts(codes: Codes) -> tuple[float, float, float, float, float]:
    return (
        sum(not SKILLED.isdisjoint(one) for one in codes),
        sum(not INCONSISTENT.isdisjoint(one) for one in codes),
        sum("talk:change" in one for one in codes),
        sum("talk:sustain" in one for one in codes),
        len(codes),
    )


def magill(where: str, counts: Array, people: Sequence[str], seed: int) -> list[Finding]:
    """The three correlations of counts a session, as Magill has them, and with length held."""
    found = []
    for name, therapist, client, theirs in _MAGILL:
        x, y, length = counts[:, therapist], counts[:, 2 + client], counts[:, 4]
        value = correlation(x, y)
        held = partial_spearman(x, y, length)
        interval = over_personas(people, partial(_r, x, y), seed, 500)
        found.append(
            finding(
                f"Magill: {name} ({where})",
                f"above 0, interval too (theirs: {theirs:.2f})",
                f"r {number(value)}",
                interval is not None and interval.low > 0.0,
                interval,
                note=f"ρ {number(held)} with the session's length held",
            )
        )
    return found


def _r(x: Array, y: Array, rows: Rows) -> float:
    return correlation(x[rows], y[rows])
