"""What a report is made of: sections of text, facts, tables and figures, and nothing of any format.

The page and the Markdown are written from the same document and so cannot say different things.
Every string in it is plain text: escaping is the template's affair. What could not be computed is a
`Missing` with its reason, which a table prints as a dash and a note beneath.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

DASH = "–"


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that cannot be had, and why."""

    reason: str


Value = str | Missing


def number(value: float | None, digits: int = 2, *, why: str, signed: bool = False) -> Value:
    """A number as it stands in a table; a Missing with the reason for None or NaN."""
    if value is None or value != value:
        return Missing(why)
    shown = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(shown) == 0.0:
        shown = shown.lstrip("+-")
    return shown.replace("-", "−")


def interval(bounds: tuple[float, float] | None, digits: int = 2, *, why: str) -> Value:
    """ "[low, high]", or a Missing with the reason."""
    if bounds is None:
        return Missing(why)
    low, high = (number(bound, digits, why=why) for bound in bounds)
    if isinstance(low, Missing) or isinstance(high, Missing):
        return Missing(why)
    return f"[{low}, {high}]"


def probability(p: float | None, *, why: str) -> Value:
    """A p value without a leading zero."""
    if p is None or p != p:
        return Missing(why)
    return "< .001" if p < 0.001 else "1.000" if p > 0.9995 else f"{p:.3f}".lstrip("0")


def percent(part: float, whole: float, *, why: str, digits: int = 0) -> Value:
    """A share of a whole in per cent."""
    return Missing(why) if not whole else f"{100 * part / whole:.{digits}f}%"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. note: small print; warning: to be read before anything else is used."""

    kind: ClassVar[str] = "text"
    text: str
    tone: Literal["body", "note", "warning"] = "body"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are."""

    kind: ClassVar[str] = "facts"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A line that heads the rows beneath it, and what there is to say about them."""

    title: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as it is printed: its text, and the number of its note."""

    text: str
    note: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; the first `names` columns are words, the others numbers. fold: a table
    that a page keeps folded under this line, and Markdown leaves out; "" for one that stands."""

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...] | Group, ...]
    caption: str = ""
    names: int = 1
    fold: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if not isinstance(row, Group) and len(row) != len(self.columns):
                raise ValueError(f"{len(row)} values in a table of {len(self.columns)} columns")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why dashes are dashes, each reason once, in order."""
        found = (
            value.reason
            for row in self.rows
            if not isinstance(row, Group)
            for value in row
            if isinstance(value, Missing)
        )
        return tuple(dict.fromkeys(found))

    @property
    def lines(self) -> list[Group | list[Shown]]:
        """The rows as they are printed."""
        place = {reason: number for number, reason in enumerate(self.reasons, 1)}
        return [
            row
            if isinstance(row, Group)
            else [
                Shown(DASH, place[value.reason]) if isinstance(value, Missing) else Shown(value)
                for value in row
            ]
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class Figure:
    """A PNG. `name` is its file's stem; `width` its greatest width on a page, in CSS pixels."""

    kind: ClassVar[str] = "figure"
    name: str
    png: bytes
    alt: str
    caption: str
    width: int


Block = Text | Facts | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    part: str = ""
    """A heading of a higher order before this one; "" for none."""

    @property
    def anchor(self) -> str:
        """A fragment of letters, digits and dashes."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "section"


@dataclass(frozen=True, slots=True)
class Report:
    """The whole. `lead` is one sentence; `warning` stands above everything."""

    title: str
    lead: str
    warning: str
    sections: tuple[Section, ...]

    @property
    def figures(self) -> Iterable[Figure]:
        return (b for s in self.sections for b in s.blocks if isinstance(b, Figure))
