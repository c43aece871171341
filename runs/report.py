"""What is printed about a run: its summary, its differences between cells, where it stands."""

from rich.console import Console

from mirrorplay.runs.analysis.figures import iter_figures
from mirrorplay.runs.analysis.paired import difference_table, paired_differences
from mirrorplay.runs.analysis.summary import summarise, summary_table
from mirrorplay.runs.directory import RunDirectory, shown
from mirrorplay.runs.driver import RunResult
from mirrorplay.runs.grid import cells
from mirrorplay.runs.plan import pair_key


def print_summary(console: Console, run: RunDirectory) -> None:
    """The summary table, and paired differences where the run has several cells."""
    config = run.config()
    names = [cell.name for cell in cells(config)]
    place = {name: number for number, name in enumerate(names)}
    sessions = sorted(iter_figures(run.path), key=lambda figures: place[figures.cell])
    if not sessions:
        console.print("no finished sessions yet")
        return
    console.print()
    console.print(summary_table(summarise(sessions)))
    console.print("alliance 1–5 (observer-imputed), skill 0–6", style="dim", highlight=False)
    if len(names) < 2:
        return
    differences, unpaired = paired_differences(
        sessions, lambda figures: pair_key(figures, config), config.seed
    )
    console.print()
    console.print("paired over the same clients; intervals resample personas; n: pairs/personas")
    console.print(difference_table(differences))
    for name in unpaired:
        console.print(f"unpaired: {name} has no client in common with {names[0]}", markup=False)


def print_ending(console: Console, result: RunResult) -> None:
    """The last lines: what to do next."""
    path = shown(result.run.path)
    if result.failed:
        console.print(
            f"{result.failed} sessions are quarantined: see {path}/quarantine.jsonl; "
            f"to try them again: mirrorplay resume {path} --retry-quarantined",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if result.interrupted and result.left:
        console.print(
            f"{result.reason or 'interrupted'}: {result.left} sessions left; "
            f"go on with: mirrorplay resume {path}"
            + (" --retry-quarantined" if result.retried else "")
            + (f" {result.raises}=…" if result.raises else ""),
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
