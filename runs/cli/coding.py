"""`coder`: fit the measuring coder on coded transcripts, and say how good it is."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirrorplay.personas.errors import UserError

if TYPE_CHECKING:
    from mirrorplay.runs.coding.embedding import Vectors
    from mirrorplay.runs.coding.transcripts import Transcript


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
@click.option("--embeddings", is_flag=True, help="Sentence embeddings as well; needs --out.")
def fit(annomi: Path, out: Path | None, embeddings: bool) -> int:
    """Fit the learned part on the transcripts of FILE (AnnoMI's layout). The same file gives the
    same bytes; no sentence of it is written.

    Weights fitted with --embeddings are for `coder evaluate --embeddings` alone: the coder that
    reads sessions uses none.
    """
    if embeddings and out is None:
        raise UserError(
            "weights that read embeddings do not replace the package's own",
            where="coder fit --embeddings",
            hint="name a directory: --out DIR",
        )
    from mirrorplay.policies.coding.linear import WEIGHTS
    from mirrorplay.runs.coding.fit import fit as fit_maps
    from mirrorplay.runs.coding.fit import write_weights
    from mirrorplay.runs.coding.transcripts import read_transcripts

    path = out / WEIGHTS.name if out else WEIGHTS
    transcripts = read_transcripts(annomi)
    vectors = _vectors(transcripts) if embeddings else None
    write_weights(fit_maps(transcripts, vectors), path)
    click.echo(f"{path}: {path.stat().st_size} bytes, from {len(transcripts)} transcripts")
    return 0


@coder.command()
@click.option("--annomi", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--bank", metavar="b|DIR", help="Score the acts on a phrase bank instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--cross-validate", is_flag=True, help="Refit without each fold's transcripts.")
@click.option("--weights", type=click.Path(path_type=Path, dir_okay=False), metavar="NPZ")
@click.option("--embeddings", is_flag=True, help="Sentence embeddings as well; extra of that name.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
def evaluate(
    annomi: Path | None,
    bank: str | None,
    as_json: bool,
    cross_validate: bool,
    weights: Path | None,
    embeddings: bool,
    plot: Path | None,
) -> int:
    """Score the coder against the raters of FILE, or on the phrases of a bank.

    Weights that were fitted on transcripts of FILE are not scored on it: the coder is then
    cross-validated, and the answer says so. With --embeddings, weights that read none are refitted
    in the same way.
    """
    if (annomi is None) == (bank is None):
        raise UserError(
            "name one thing to score on",
            where="coder evaluate",
            allowed="--annomi FILE or --bank b|DIR",
        )
    if bank is not None and embeddings:
        raise UserError("acts are read by rules, which have no embeddings", where="--embeddings")
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
    transcripts = read_transcripts(annomi)
    result = score(
        transcripts,
        read_weights(weights) if weights else learned(),
        cross_validate=cross_validate,
        vectors=_vectors(transcripts) if embeddings else None,
    )
    if plot:
        from mirrorplay.runs.coding.plot import draw

        draw(result, plot)
    click.echo(json.dumps(result) if as_json else "\n".join(lines(result)))
    return 0


def _vectors(transcripts: "Sequence[Transcript]") -> "Vectors":
    from mirrorplay.runs.coding.embedding import embed, encoder

    return embed(transcripts, encoder())
