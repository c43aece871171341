"""IX. Humans: sheets to rate by are one thing, ratings another. There are none."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from mirrorplay.runs.scorebook import raters
from mirrorplay.runs.validation.finding import Finding, Heading, finding

EXPORT = "mirrorplay.runs.ratings.export"
"""What makes rating sheets."""


def check(run_dirs: Sequence[Path]) -> Heading:
    """The heading: whether sheets can be made, and whether people rated any of the runs."""
    people = sorted(
        {name for run_dir in run_dirs for name in raters(run_dir) if name.startswith("human:")}
    )
    found: list[Finding] = [
        finding(
            "rating sheets (blinded, positions swapped)",
            "mirrorplay export-ratings makes them",
            "ready" if find_spec(EXPORT) else "not there",
            find_spec(EXPORT) is not None,
        )
    ]
    if people:
        found.append(
            finding(
                "people who rated these sessions",
                "clinicians, and agreement among them",
                f"{len(people)}",
                None,
                note="compare them with mirrorplay agreement; who they are is not known here",
            )
        )
    else:
        found.append(
            Finding(
                check="people who rated these sessions",
                expected="clinicians, and agreement among them",
                found="none",
                verdict="not tested",
                note="not validated by clinicians",
            )
        )
    return Heading(
        number="IX",
        title="Humans",
        kind="evidence",
        shows="Nothing until somebody has rated: not validated by clinicians.",
        findings=tuple(found),
    )
