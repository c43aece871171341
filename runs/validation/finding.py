"""What a check expected, what it found, and its verdict.

`pass` and `miss` are held against what was written down before; `reported` has no bar to clear;
`not tested` says why. A heading of kind "implementation" holds by construction once the program is
right, and is never called validity.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from mirrorplay.personas.schema import Frozen
from mirrorplay.runs.validation.statistics import Interval

NUMBERS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
Verdict = Literal["pass", "miss", "reported", "not tested"]
Kind = Literal["implementation", "evidence"]


class Finding(Frozen):
    """One line of a table. `interval` is of 95% unless `expected` says otherwise."""

    check: str
    expected: str
    found: str
    interval: tuple[float, float] | None = None
    verdict: Verdict
    note: str = ""


class Heading(Frozen):
    """One of the nine headings: what it can show, what was found, and on what (`setup`)."""

    number: str
    title: str
    kind: Kind
    shows: str
    findings: tuple[Finding, ...]
    setup: Mapping[str, Any] = Field(default_factory=dict)

    def count(self, verdict: Verdict) -> int:
        return sum(one.verdict == verdict for one in self.findings)


def finding(
    check: str,
    expected: str,
    found: str,
    held: bool | None,
    interval: Interval | None = None,
    note: str = "",
) -> Finding:
    """A finding that passed or missed; None is only reported."""
    verdict: Verdict = "reported" if held is None else "pass" if held else "miss"
    rounded = None if interval is None else (round(interval[0], 4), round(interval[1], 4))
    return Finding(
        check=check, expected=expected, found=found, interval=rounded, verdict=verdict, note=note
    )


def not_tested(check: str, why: str) -> Finding:
    """A check that was left out, and why."""
    return Finding(check=check, expected="–", found="–", verdict="not tested", note=why)


def number(value: float, digits: int = 2) -> str:
    """A figure for a table; a dash for NaN."""
    return "–" if value != value else f"{value:.{digits}f}"
