"""What all commands share: their order and spelling, the console, the import path."""

from typing import TYPE_CHECKING

import click

from mirrorplay.personas.errors import UserError, nearest

if TYPE_CHECKING:
    from rich.console import Console


class Commands(click.Group):
    """Commands in the order they are written here, with the nearest name for an unknown one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise UserError(
                f"no command {args[0]!r}",
                allowed=self.commands,
                hint=nearest(args[0], self.commands),
            )
        return super().resolve_command(ctx, args)


def open_console() -> "Console":
    from rich.console import Console

    return Console()


IMPORT_PATH = click.option(
    "--import-path",
    "import_path",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder to import custom parts from, besides the current one.",
)
