"""The root of the command line: nouns loaded when they are used, and the place where errors end."""

import importlib
import os
import sys
from collections.abc import Sequence

import click

from formicary import __version__
from formicary.domain.errors import FormicaryError
from formicary.entrypoints.cli.exit_codes import ExitCode, exit_code_of, help_text
from formicary.entrypoints.cli.problem_text import problem_text
from formicary.entrypoints.cli.session import Session, example

_HERE = "formicary.entrypoints.cli"
COMMANDS = {
    "job": ("job_commands:job", "Define jobs and run them."),
    "run": ("run_commands:run", "Look at runs and their logs; pause, cancel and restart them."),
    "config": (
        "config_commands:config",
        "Set variables of your organization, your user or a job type.",
    ),
    "error": ("error_commands:error", "Name failures and say what is done about them."),
    "artifact": ("artifact_commands:artifact", "Get and put files of runs."),
    "ant": ("ant_commands:ant", "Start ants and see which there are."),
    "template": ("template_commands:template", "Try templates, without a control plane."),
    "admin": (
        "admin_commands:admin",
        "Set up a deployment: tokens, and limits of what may run at once.",
    ),
    "health": ("system_commands:health", "Tell whether the control plane answers."),
    "version": ("system_commands:version", "Print the version."),
}


EXAMPLE = example(
    "formicary job push examples/hello.yaml",
    "formicary job run hello -p Name=World --wait",
    "formicary run show latest",
)


class NounGroup(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - of click
        """Return the nouns in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - of click
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"{_HERE}.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - of click
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in COMMANDS.items()])


@click.group(
    cls=NounGroup, epilog=f"{EXAMPLE}\n\n{help_text()}", context_settings={"max_content_width": 100}
)
@click.option("--url", envvar="FORMICARY_URL", help="Address of the control plane.")
@click.option("--token", envvar="FORMICARY_TOKEN", help="Bearer token (better in the environment).")
@click.option("--home", envvar="FORMICARY_HOME", hidden=True)
@click.version_option(__version__, prog_name="formicary")
@click.pass_context
def formicary(ctx: click.Context, url: str | None, token: str | None, home: str | None) -> None:
    """Define jobs, run them on your ants, see what came out.

    The address and the token come from --url and --token, from FORMICARY_URL and
    FORMICARY_TOKEN, or from the file .formicary/env that `make up` writes.
    """
    ctx.obj = Session(url=url, token=token, home=home)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; errors go to stderr, in words."""
    _print_whatever_the_terminal_can()
    try:
        result = formicary.main(arguments, prog_name="formicary", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.INVALID
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nformicary: interrupted", err=True)
        return ExitCode.INTERRUPTED
    except FormicaryError as error:
        click.echo(problem_text(error), err=True)
        return exit_code_of(error)
    except BrokenPipeError:
        # Who read our output has gone, as `head` does; the interpreter must not flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except OSError as error:
        click.echo(f"formicary: {error.filename or ''}: {error.strerror or error}", err=True)
        return ExitCode.FAILED
    return int(result or ExitCode.OK)


def _print_whatever_the_terminal_can() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
