"""`config show`, `config schema` and `doctor`."""

import click

from mirrorplay.runs.cli.group import Commands


@click.group(cls=Commands)
def config() -> None:
    """Show a resolved configuration, or the schema of all of them."""


@config.command("show")
@click.argument("source", required=False)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
def config_show(source: str | None, overrides: tuple[str, ...]) -> int:
    """The resolved configuration as YAML."""
    import yaml

    from mirrorplay.runs.load import load_config

    loaded = load_config(source, overrides)
    click.echo(yaml.safe_dump(loaded.config.model_dump(mode="json"), sort_keys=False).rstrip())
    return 0


@config.command("schema")
def config_schema() -> int:
    """JSON schema of a configuration, for editors."""
    import json

    from mirrorplay.runs.load import schema

    click.echo(json.dumps(schema(), indent=2))
    return 0


@click.command()
def doctor() -> int:
    """Check this installation: versions, personas, a session with faces, disk, Ray."""
    from mirrorplay.runs.doctor import examine

    healthy = True
    for finding in examine():
        healthy = healthy and finding.good
        click.echo(f"{'ok  ' if finding.good else 'FAIL'} {finding.name}: {finding.detail}")
    return 0 if healthy else 1
