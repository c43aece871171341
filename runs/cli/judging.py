"""`judge` and `agreement`: an existing run scored again, and raters compared."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cli.group import IMPORT_PATH, open_console

if TYPE_CHECKING:
    from rich.console import Console

LINE_SECONDS = 5.0
"""Time between two plain lines."""


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--judge", "spec", default="scripted", show_default=True, metavar="SPEC",
              help="scripted, a model (openai:NAME or its block), or module:Class.")  # fmt: skip
@click.option("--instruments", help="Instruments to score, joined by commas; all by default.")
@click.option("--variant", default="words", show_default=True,
              help="What the judge is shown: words, words+stage or words+face.")  # fmt: skip
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Keep a model's answers here: after a cut-off nothing is paid for twice; "
              "by default where the run keeps its own.")  # fmt: skip
@click.option("--force", is_flag=True, help="Score again what has its scores already.")
@IMPORT_PATH
def judge(
    run: str,
    spec: str,
    instruments: str | None,
    variant: str,
    cache: Path | None,
    force: bool,
    import_path: tuple[str, ...],
) -> int:
    """Score the sessions of RUN again, into new files beside the old ones.

    A second call scores what is new, has changed or failed, and nothing else. Scores are written a
    file of RUN at a time; with a model for a judge give a --cache, which keeps each answer.

    \b
    mirrorplay judge outputs/quickstart-1 --variant words+stage
    mirrorplay judge outputs/quickstart-1 --judge my_judges:Strict --instruments ctrs,wai
    mirrorplay judge outputs/quickstart-1 --judge "{model: openai:qwen3, base_url: http://gpu:8000/v1}"
    """
    from mirrorplay.runs.casting import extend_import_path
    from mirrorplay.runs.directory import RunDirectory, shown
    from mirrorplay.runs.judging.rescore import judge_run, rater_of
    from mirrorplay.runs.judging.summary import given_scores, summary_of
    from mirrorplay.runs.memory import keep_one_heap
    from mirrorplay.runs.scorebook import folder_of

    keep_one_heap()
    directory = RunDirectory.open(run)
    extend_import_path((*import_path, ".", *directory.import_path()))
    asked = None if instruments is None else tuple(instruments.split(","))
    kept = directory.config().cache
    rater = rater_of(spec, variant, asked, cache or (Path(kept) if kept else None))
    if variant == "words+face" and directory.config().face.kind == "none":
        raise UserError("the run has no faces", where="--variant", allowed=("words", "words+stage"))
    console = open_console()
    with _Counter(console) as counter:
        done = judge_run(directory.path, rater, force=force, told=counter.told)
    sessions = done.scored + done.kept + len(done.failed)
    if not sessions:
        console.print("no finished sessions yet", markup=False)
        return 0
    console.print(f"rater: {rater.name}", highlight=False, markup=False)
    console.print(summary_of(given_scores(directory.path, rater.name), sessions))
    told = f"{done.scored:,} sessions scored, {done.kept:,} had their scores"
    if not done.scored and not done.failed:
        told = f"nothing to do: all {done.kept:,} sessions have their scores (--force scores again)"
    console.print(told, highlight=False, markup=False, soft_wrap=True)
    where = shown(folder_of(directory.path, rater.name))
    console.print(f"scores: {where}", highlight=False, markup=False, soft_wrap=True)
    for session, error in list(done.failed.items())[:5]:
        console.print(f"not judged: {session}: {error}", markup=False, soft_wrap=True)
    if done.failed:
        console.print(
            f"{len(done.failed):,} sessions could not be judged; the same command tries them again",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return 1 if done.failed else 0


class _Counter:
    """A line that counts in a terminal, a plain line now and then elsewhere."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._status = console.status("reading the run")
        self._next = time.monotonic() + LINE_SECONDS

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def told(self, at: int, of: int) -> None:
        text = f"{at:,} of {of:,} sessions"
        self._status.update(text)
        if not self._console.is_terminal and time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            self._console.print(text, highlight=False)


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--against", metavar="RATER", help="Compare everyone with this rater alone.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def agreement(run: str, against: str | None, as_json: bool) -> int:
    """How far the raters of RUN agree: judges, people, and the simulation's own latent truth."""
    import json

    from mirrorplay.runs.directory import RunDirectory
    from mirrorplay.runs.judging.agreement import compare
    from mirrorplay.runs.judging.agreement_report import as_document, print_agreement

    directory = RunDirectory.open(run)
    found = compare(directory.path, against)
    if as_json:
        click.echo(json.dumps(as_document(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_agreement(open_console(), found)
    return 0
