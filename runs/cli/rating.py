"""`export-ratings` and `import-ratings`: sheets for people, and their ratings back."""

from pathlib import Path

import click

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cli.group import open_console


@click.command("export-ratings")
@click.argument("run", metavar="RUN")
@click.option("--pairs", default=200, show_default=True, type=click.IntRange(1, 5000),
              help="Pairs of sessions; fewer where the run has no more.")  # fmt: skip
@click.option("--mix", nargs=2, metavar="annomi FILE", default=None,
              help="Mix real transcripts in; no sheet has faces then.")  # fmt: skip
@click.option("--share", default=0.2, show_default=True, type=click.FloatRange(0.0, 1.0),
              help="With --mix: share of pairs with a real transcript; 0 for none.")  # fmt: skip
@click.option("--repeat", default=0.1, show_default=True, type=click.FloatRange(0.0, 1.0),
              help="Share of pairs that come twice, then with sides changed.")  # fmt: skip
@click.option("--instruments", default="ctrs,wai", show_default=True,
              help="Instruments whose items are asked, joined by commas.")  # fmt: skip
@click.option("--faces/--no-faces", default=True, show_default=True, help="Show the faces.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the files; RUN/ratings/<seed> by default.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=int)
def export_ratings(
    run: str,
    pairs: int,
    mix: tuple[str, str] | None,
    share: float,
    repeat: float,
    instruments: str,
    faces: bool,
    out: Path | None,
    seed: int,
) -> int:
    """Write blinded pairs of sessions of RUN for people to rate.

    ratings.html works offline and saves as one goes; ratings.csv is the same for a spreadsheet.
    key.json says which session is which: keep it from the raters.
    """
    from mirrorplay.runs.directory import RunDirectory, shown
    from mirrorplay.runs.ratings import export
    from mirrorplay.runs.ratings.real import RealTranscript, read_real

    directory = RunDirectory.open(run)
    mixed: tuple[RealTranscript, ...] = ()
    if mix is not None:
        kind, file = mix
        if kind != "annomi":
            raise UserError(f"no corpus {kind!r}", where="--mix", allowed="annomi FILE")
        mixed = read_real(Path(file))
    names = [name.strip() for name in instruments.split(",") if name.strip()]
    done = export.export_ratings(
        directory,
        out or directory.path / "ratings" / str(seed),
        pairs,
        seed=seed,
        repeat=repeat,
        instruments=names,
        mixed=mixed,
        share=share,
        faces=faces,
    )
    console = open_console()
    fewer = f" (the run has no more than {done.pairs:,})" if done.pairs < pairs else ""
    lines = [
        f"{done.pairs:,} pairs{fewer}, {done.again:,} of them twice with sides changed"
        + (f", {done.real:,} with a real transcript" if done.real else ""),
        f"to rate:  {shown(done.page)}  (or {shown(done.table)})",
        f"key:      {shown(done.key)}  (not for the raters)",
        f"back in:  mirrorplay import-ratings {shown(directory.path)} FILE.csv "
        f"--key {shown(done.key)} --rater NAME",
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


@click.command("import-ratings")
@click.argument("run", metavar="RUN")
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option(
    "--key", required=True, type=click.Path(path_type=Path), help="The export's key.json."
)
@click.option("--rater", required=True, metavar="NAME", help="Who rated.")
@click.option(
    "--replace",
    is_flag=True,
    help="In the place of this rater's earlier ratings of the same sheets.",
)
def import_ratings(run: str, file: Path, key: Path, rater: str, replace: bool) -> int:
    """Check ratings that came back and add them to RUN as one more rater.

    Sheets of a second export by the same NAME are added to the first.
    """
    from mirrorplay.runs.directory import RunDirectory, shown
    from mirrorplay.runs.ratings import importing

    directory = RunDirectory.open(run)
    done = importing.import_ratings(directory, file, key, rater, replace=replace)
    console = open_console()
    lines = [
        f"rater {done.rater}: {done.sheets:,} of {done.of:,} sheets, {done.scores:,} scores of "
        f"{done.sessions:,} sessions, {done.missing:,} answers missing"
    ]
    if done.exports > 1:
        lines.append(f"beside this rater's sheets of {done.exports - 1:,} other exports")
    lines += [
        f"{mean.instrument}: simulated {_mean(mean.simulated)} ({mean.of_simulated:,} scores), "
        f"real {_mean(mean.real)} ({mean.of_real:,} scores)"
        for mean in done.means
    ]
    if done.chose_a is not None:
        lines.append(f"leaning to A: {done.chose_a:.0%} of choices (a half is none)")
    if done.repeats:
        lines.append(f"same choice on {done.consistent} of {done.repeats} pairs shown twice")
    lines.append(f"compare: mirrorplay agreement {shown(directory.path)} --against {done.rater}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
