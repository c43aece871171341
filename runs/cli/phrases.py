"""`phrasing lint`: checks a phrase bank."""

import click

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cli.group import Commands, open_console


@click.group(cls=Commands)
def phrasing() -> None:
    """Check phrase banks."""


@phrasing.command("lint")
@click.argument("bank")
def phrasing_lint(bank: str) -> int:
    """What is wrong with BANK (`a`, `b` or a directory), and how many utterances it can make."""
    from rich.table import Table

    from mirrorplay.personas.schema import RESISTANCE_TYPES
    from mirrorplay.policies.acts import CLIENT_ACTS
    from mirrorplay.policies.phrasing.bank import bank_directory
    from mirrorplay.policies.phrasing.lint import ENOUGH, lint_bank

    directory = bank_directory(bank)
    findings = lint_bank(directory)
    for warning in findings.warnings:
        click.echo(f"warning: {warning}", err=True)
    if findings.mistakes:
        lines = "\n".join(f"  {mistake}" for mistake in findings.mistakes)
        raise UserError(
            f"{len(findings.mistakes)} mistakes in the phrase bank {bank!r}\n{lines}",
            hint="docs/design/005-phrase-banks.md describes the grammar and the keys",
        )
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("utterances of", no_wrap=True)
    for kind in RESISTANCE_TYPES:
        table.add_column(kind, justify="right", no_wrap=True)
    for act in CLIENT_ACTS:
        made = (findings.counts[act, kind] for kind in RESISTANCE_TYPES)
        table.add_row(act, *(f"{number:,}" for number in made))
    open_console().print(table)
    click.echo(
        f"no mistakes, {len(findings.warnings)} warnings; common acts should make {ENOUGH} or more"
    )
    return 0
