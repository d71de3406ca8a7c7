"""`formicary health` and `formicary version`."""

import platform

import click

from formicary import __version__
from formicary.entrypoints.cli.output import emit, show, table
from formicary.entrypoints.cli.session import Session, example, reading


@click.command(epilog=example("formicary health"))
@reading
def health(session: Session, output: str) -> None:
    """Tell whether the control plane answers, and where it is."""
    answer = {"url": session.connection.url, **session.client.health()}
    emit(output, answer, lambda: show(table(("FIELD", "VALUE"), list(answer.items()))))


@click.command(epilog=example("formicary version"))
def version() -> None:
    """Print the version."""
    click.echo(f"formicary {__version__} (Python {platform.python_version()})")
