"""What the commands of one call share: the connection, the client, the options that repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from formicary.entrypoints.cli.connection import Connection, find_connection

if TYPE_CHECKING:
    from formicary.adapters.http.control_plane_client import ControlPlaneClient

F = TypeVar("F", bound=Callable[..., Any])
OUTPUTS = ("table", "json", "yaml")


@dataclass
class Session:
    """One call of the command line."""

    url: str | None = None
    token: str | None = None
    home: str | None = None

    @cached_property
    def connection(self) -> Connection:
        """The address and the token to use."""
        return find_connection(self.url, self.token, self.home)

    @cached_property
    def client(self) -> "ControlPlaneClient":
        """The client of the control plane."""
        from formicary.adapters.http.control_plane_client import (  # noqa: PLC0415 - httpx is slow
            ControlPlaneClient,
        )

        client = ControlPlaneClient(self.connection.url, self.connection.token)
        context = click.get_current_context(silent=True)
        if context:
            context.find_root().call_on_close(client.close)
        return client


pass_session = click.make_pass_decorator(Session, ensure=True)


def _remember(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
    if value:
        setattr(ctx.ensure_object(Session), str(option.name), value)


def remote(command: F) -> F:
    """Give a command the session, and --url and --token after the verb too."""
    for name in ("--token", "--url"):
        command = click.option(
            name, callback=_remember, expose_value=False, hidden=True, is_eager=True
        )(command)
    return cast("F", pass_session(command))


def reading(command: F) -> F:
    """Give a command --output and what `remote` gives."""
    return remote(
        click.option(
            "--output",
            type=click.Choice(OUTPUTS),
            default="table",
            show_default=True,
            help="How to print the answer; json and yaml are for programs.",
        )(command)
    )


def limited(command: F) -> F:
    """Give a command --limit."""
    return click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=20,
        show_default=True,
        help="Show at most so many.",
    )(command)


def tell(message: str) -> None:
    """Say something to the person at the terminal, beside the answer."""
    click.echo(message, err=True)


def example(*lines: str, after: str = "") -> str:
    """Return the end of a command's help: how it is used, and a remark."""
    told = "\n".join(f"  {line}" for line in lines)
    return f"\b\nExample:\n{told}" + (f"\n\n{after}" if after else "")
