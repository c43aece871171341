"""The command line. A user's mistake is one clear message and exit code 2, never a traceback.

Commands import what they need when they run, so that `--help` answers at once.
"""

import sys

import click

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.cli.calibrating import calibrate
from mirrorplay.runs.cli.coding import coder
from mirrorplay.runs.cli.configuration import config, doctor
from mirrorplay.runs.cli.faces import faces
from mirrorplay.runs.cli.group import Commands
from mirrorplay.runs.cli.headlining import headline
from mirrorplay.runs.cli.judging import agreement, judge
from mirrorplay.runs.cli.people import personas
from mirrorplay.runs.cli.phrases import phrasing
from mirrorplay.runs.cli.rating import export_ratings, import_ratings
from mirrorplay.runs.cli.reporting import report
from mirrorplay.runs.cli.running import plan, resume, run
from mirrorplay.runs.cli.showing import fork, graph, show
from mirrorplay.runs.cli.studying import study
from mirrorplay.runs.cli.validating import validate

EXIT_MISTAKE = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Entry point: runs a command and turns mistakes into exit codes."""
    try:
        code = app.main(standalone_mode=False)
    except UserError as error:
        _complain(str(error))
        code = EXIT_MISTAKE
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        _complain(error.format_message())
        code = EXIT_MISTAKE
    except click.Abort as stop:
        # click has turned a KeyboardInterrupt, ours with the command to go on, into this.
        cause = stop.__cause__
        _complain(f"stopped at once; go on with: {cause}" if cause and cause.args else "stopped")
        code = EXIT_INTERRUPTED
    except OSError as error:
        told = error.strerror or str(error) or type(error).__name__
        _complain(f"{error.filename or 'the system'}: {told}")
        code = EXIT_MISTAKE
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str) -> None:
    click.echo(f"mirrorplay: {message}", err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mirrorplay")
def app() -> None:
    """Simulate counselling sessions: a client who resists, a therapist, a supervisor."""


for command in (
    run,
    resume,
    plan,
    show,
    study,
    headline,
    report,
    fork,
    graph,
    faces,
    personas,
    phrasing,
    judge,
    agreement,
    export_ratings,
    import_ratings,
    calibrate,
    coder,
    validate,
    config,
    doctor,
):
    app.add_command(command)
