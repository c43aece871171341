"""`calibrate`: the client against transcripts that experts have coded."""

from pathlib import Path

import click

from mirrorplay.personas.errors import UserError


@click.command()
@click.argument("file", metavar="CSV", type=click.Path(path_type=Path))
@click.option("--fit", "fitting", is_flag=True, help="Fit the coefficients first (a minute).")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write fitted coefficients, as YAML. A new file.",
)
@click.option("--replicates", default=100, show_default=True, help="Clients a transcript.")
@click.option(
    "--rater-carry",
    type=click.FloatRange(0.0, 1.0, max_open=True),
    help="How far a rater's leaning lasts; 0: errors independent from turn to turn.",
)
def calibrate(
    file: Path, fitting: bool, out: Path | None, replicates: int, rater_carry: float | None
) -> int:
    """Compare simulated clients with the coded transcripts of CSV (AnnoMI's layout).

    Only numbers are printed and written, never a sentence of the transcripts.
    """
    from mirrorplay.policies.state import load_dynamics
    from mirrorplay.runs.calibration.corpus import read_corpus
    from mirrorplay.runs.calibration.fit import fit_corpus, placed
    from mirrorplay.runs.calibration.replay import load_mixture
    from mirrorplay.runs.calibration.report import compare, lines

    if replicates < 1:
        raise UserError(f"{replicates} clients", where="--replicates", allowed="1 or more")
    if out is not None and not fitting:
        raise UserError("nothing is fitted", where="--out", hint="add --fit")
    if out is not None and out.exists():
        raise UserError(f"{str(out)!r} exists already", where="--out", hint="name a new file")
    corpus = read_corpus(file)
    dynamics, mixture = load_dynamics(), load_mixture()
    if fitting:
        values = fit_corpus(
            corpus,
            dynamics,
            mixture,
            replicates=replicates,
            told=lambda line: click.echo(line, err=True),
        )
        fitted = "".join(f"{name}: {value}\n" for name, value in values.items())
        if out is None:
            click.echo(fitted)
        else:
            out.write_text(f"# fitted with mirrorplay calibrate --fit\n{fitted}", encoding="utf-8")
        dynamics, mixture = placed(values, dynamics, mixture)
    compared = compare(corpus, dynamics, mixture, replicates=replicates, rater_carry=rater_carry)
    for line in lines(compared):
        click.echo(line)
    return 0
