"""`formicary config`: variables of the organization, of a user or of a job type."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import click

from formicary.domain.config import ConfigKind
from formicary.entrypoints.cli.output import emit, moment, show_table
from formicary.entrypoints.cli.session import Session, example, limited, reading, remote, tell

F = TypeVar("F", bound=Callable[..., Any])
_ORGANIZATION, _USER = "/api/orgs/me", "/api/users"
_WHOSE = (
    "Without --user or --job they are the organization's. A run sees the configs of its "
    "organization, of its user over them, and of its job type over both."
)


def _owner_options(command: F) -> F:
    """Give a command --user and --job, whose owner it then takes as `owner`."""
    command = click.option("--user", "own", is_flag=True, help="Your own configs.")(command)
    return click.option("--job", "job_type", metavar="TYPE", help="Those of a job type.")(command)


def _owner(*, own: bool, job_type: str | None) -> str:
    if own and job_type:
        raise click.UsageError("Give --user or --job, not both.")
    if job_type:
        return f"/api/jobs/definitions/{quote(job_type, safe='')}"
    return _USER if own else _ORGANIZATION


@click.group(epilog=_WHOSE)
def config() -> None:
    """Set variables of your organization, your user or a job type."""


@config.command("list", epilog=example("formicary config list --job word-count", after=_WHOSE))
@_owner_options
@limited
@reading
def list_(session: Session, *, own: bool, job_type: str | None, limit: int, output: str) -> None:
    """List configs by name."""
    found = session.client.configs(_owner(own=own, job_type=job_type), limit)
    rows = [(c["name"], c["kind"], c["value"], moment(c.get("updated_at"))) for c in found]
    nothing = "No configs: formicary config set NAME VALUE"
    emit(output, found, lambda: show_table(("NAME", "KIND", "VALUE", "UPDATED"), rows, nothing))


@config.command("show", epilog=example("formicary config show Registry", after=_WHOSE))
@click.argument("name")
@_owner_options
@reading
def show_(session: Session, *, name: str, own: bool, job_type: str | None, output: str) -> None:
    """Show a config."""
    found = session.client.config(_owner(own=own, job_type=job_type), name)
    emit(output, found, lambda: click.echo(found["value"]))


@config.command(
    "set",
    epilog=example(
        "formicary config set Registry registry.example.com",
        "formicary config set Parts 4 --kind int --job word-count",
        "formicary config set GithubToken --secret",
        after=_WHOSE,
    ),
)
@click.argument("name")
@click.argument("value", required=False)
@click.option("--secret", is_flag=True, help="Never show it again; without VALUE it is asked for.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in ConfigKind]),
    default=ConfigKind.STRING.value,
    show_default=True,
    help="What VALUE means.",
)
@_owner_options
@remote
def set_(
    session: Session,
    *,
    name: str,
    value: str | None,
    secret: bool,
    kind: str,
    own: bool,
    job_type: str | None,
) -> None:
    """Set a config; a VALUE of - is read from standard input.

    Others on this host can read the arguments of commands: give a secret by - or when asked.
    """
    if value is None:
        if not secret:
            raise click.UsageError("Missing argument 'VALUE'.")
        value = click.prompt("Value", hide_input=True, confirmation_prompt=True, err=True)
    text = sys.stdin.read().removesuffix("\n") if value == "-" else value
    body = {"name": name, "value": text, "kind": kind} | ({"secret": True} if secret else {})
    saved = session.client.set_config(_owner(own=own, job_type=job_type), body)
    tell(f"{'added' if saved['created'] else 'changed'} {name}")


@config.command(epilog=example("formicary config delete Registry", after=_WHOSE))
@click.argument("name")
@_owner_options
@remote
def delete(session: Session, *, name: str, own: bool, job_type: str | None) -> None:
    """Delete a config."""
    session.client.delete_config(_owner(own=own, job_type=job_type), name)
    tell(f"deleted {name}")
