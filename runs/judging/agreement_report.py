"""Agreement in print and as a JSON document."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mirrorplay.runs.judging.agreement import LATENT, Agreed, Agreement
from mirrorplay.runs.judging.coefficients import Estimate
from mirrorplay.runs.judging.summary import ItemName

FEW = 10
"""Sessions below which a coefficient is not to be relied on."""


def print_agreement(console: Console, found: Agreement) -> None:
    """One table a pair of raters, one for all of them together."""
    console.print(f"{found.sessions:,} sessions; raters: {', '.join(found.raters)}", markup=False,
                  highlight=False, soft_wrap=True)  # fmt: skip
    for name in found.same:
        console.print(
            f"{name}: the scores of the run and those given again are the same, one rater here",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    seen: list[tuple[str, str]] = []
    for pair in found.pairs:
        if (pair.first, pair.second) not in seen:
            seen.append((pair.first, pair.second))
    for first, second in seen:
        chosen = [one for one in found.pairs if (one.first, one.second) == (first, second)]
        console.print()
        console.print(Text(f"{first}  ×  {second}", style="bold"))
        if second == LATENT:
            console.print(_truth_table(chosen))
            console.print(
                "latent truth is the simulator's own: an implementation check, not validity; "
                "sessions of all cells together",
                style="dim",
                highlight=False,
                soft_wrap=True,
            )
        else:
            console.print(_pair_table(chosen))
    if found.together:
        console.print()
        console.print(Text("all raters together, a judge's variants once", style="bold"))
        console.print(_together_table(found))
    if not found.pairs:
        console.print("no two of them scored the same item of the same session")
        return
    console.print(
        "alpha: Krippendorff, interval · ICC(2,1) and ρ (Spearman) with 95% intervals · bias and "
        "limits: Bland–Altman, first minus second, in scale points · * fewer than "
        f"{FEW} sessions · – not defined",
        style="dim",
        highlight=False,
        soft_wrap=True,
    )


def as_document(found: Agreement) -> dict[str, Any]:
    """Everything, JSON-able; what is not defined is null."""
    return {
        "sessions": found.sessions,
        "raters": list(found.raters),
        "same": list(found.same),
        "pairs": [asdict(one) for one in found.pairs],
        "together": [asdict(one) for one in found.together],
    }


def _pair_table(chosen: list[Agreed]) -> Table:
    return _table(
        ("n", "alpha", "ICC(2,1)", "ρ", "bias", "limits"),
        [
            (
                (one.instrument, one.item),
                _count(one.n),
                _number(one.alpha),
                _estimate(one.icc),
                _estimate(one.rank),
                "–" if one.difference is None else f"{one.difference.bias:+.2f}",
                "–"
                if one.difference is None
                else f"{one.difference.low:+.1f} {one.difference.high:+.1f}",
            )
            for one in chosen
        ],
    )


def _truth_table(chosen: list[Agreed]) -> Table:
    rows = [((one.instrument, one.item), _count(one.n), _estimate(one.rank)) for one in chosen]
    return _table(("n", "ρ"), rows)


def _together_table(found: Agreement) -> Table:
    return _table(
        ("raters", "n", "alpha", "complete", "ICC(2,1)"),
        [
            (
                (one.instrument, one.item),
                str(len(one.raters)),
                _count(one.sessions),
                _number(one.alpha),
                _count(one.complete),
                _estimate(one.icc),
            )
            for one in found.together
        ],
    )


def _table(columns: Sequence[str], rows: Sequence[tuple[ItemName, *tuple[str, ...]]]) -> Table:
    """Items under their instruments. In a narrow terminal names are cut, never figures."""
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("item", overflow="ellipsis")
    for at, name in enumerate(columns, start=1):
        width = max(len(name), *(len(row[at]) for row in rows))
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    headed = None
    for (instrument, item), *cells in rows:
        if instrument != headed:
            table.add_row(Text(instrument, style="bold"))
            headed = instrument
        table.add_row(Text(item), *cells)
    return table


def _count(n: int) -> str:
    return f"{n:,}{'*' if n < FEW else ''}"


def _number(value: float | None) -> str:
    """Two decimals, without the zero before the point."""
    return "–" if value is None else f"{value:.2f}".replace("0.", ".", 1)


def _estimate(found: Estimate | None) -> str:
    if found is None:
        return "–"
    if found.low is None or found.high is None:
        return _number(found.value)
    return f"{_number(found.value)} [{_number(found.low)} {_number(found.high)}]"
