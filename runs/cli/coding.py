"""`coder`: fit the measuring coder on coded transcripts, and say how good it is."""

import json
from pathlib import Path

import click

from mirrorplay.personas.errors import UserError


@click.group()
def coder() -> None:
    """The measuring coder: its weights and its figures."""


@coder.command()
@click.option("--annomi", type=click.Path(path_type=Path), required=True, metavar="FILE")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for coder.npz. By default the package's own weights are replaced.",
)
def fit(annomi: Path, out: Path | None) -> int:
    """Fit the learned part on the transcripts of FILE (AnnoMI's layout). The same file gives the
    same bytes; no sentence of it is written."""
    from mirrorplay.policies.coding.linear import WEIGHTS
    from mirrorplay.runs.coding.fit import fit as fit_maps
    from mirrorplay.runs.coding.fit import write_weights
    from mirrorplay.runs.coding.transcripts import read_transcripts

    path = out / WEIGHTS.name if out else WEIGHTS
    transcripts = read_transcripts(annomi)
    write_weights(fit_maps(transcripts), path)
    click.echo(f"{path}: {path.stat().st_size} bytes, from {len(transcripts)} transcripts")
    return 0


@coder.command()
@click.option("--annomi", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--bank", metavar="b|DIR", help="Score the acts on a phrase bank instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--cross-validate", is_flag=True, help="Refit without each fold's transcripts.")
@click.option("--weights", type=click.Path(path_type=Path, dir_okay=False), metavar="NPZ")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
def evaluate(
    annomi: Path | None,
    bank: str | None,
    as_json: bool,
    cross_validate: bool,
    weights: Path | None,
    plot: Path | None,
) -> int:
    """Score the coder against the raters of FILE, or on the phrases of a bank.

    Weights that were fitted on transcripts of FILE are not scored on it: the coder is then
    cross-validated, and the answer says so.
    """
    if (annomi is None) == (bank is None):
        raise UserError(
            "name one thing to score on",
            where="coder evaluate",
            allowed="--annomi FILE or --bank b|DIR",
        )
    if bank is not None:
        from mirrorplay.runs.coding.bank import lines as bank_lines
        from mirrorplay.runs.coding.bank import score_bank

        found = score_bank(bank)
        click.echo(json.dumps(found) if as_json else "\n".join(bank_lines(found)))
        return 0
    from mirrorplay.policies.coding.linear import learned, read_weights
    from mirrorplay.runs.coding.evaluate import evaluate as score
    from mirrorplay.runs.coding.evaluate import lines
    from mirrorplay.runs.coding.transcripts import read_transcripts

    assert annomi is not None
    result = score(
        read_transcripts(annomi),
        read_weights(weights) if weights else learned(),
        cross_validate=cross_validate,
    )
    if plot:
        from mirrorplay.runs.coding.plot import draw

        draw(result, plot)
    click.echo(json.dumps(result) if as_json else "\n".join(lines(result)))
    return 0
