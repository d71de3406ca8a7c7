"""`formicary admin`: what needs the rights of the AWS account and not of a token."""

import re

import click

from formicary.entrypoints.cli.session import example
from formicary.routes import Role

_TENANT = re.compile(r"[A-Za-z0-9_]{1,32}")


@click.group()
def admin() -> None:
    """Set up a deployment, with AWS credentials in place of a token."""


def _checked_tenant(_ctx: click.Context, _option: click.Parameter, value: str) -> str:
    if not _TENANT.fullmatch(value):
        raise click.BadParameter("use 1 to 32 letters, digits and underscores")
    return value


@admin.command(
    "create-token",
    epilog=example("formicary admin create-token --table FormicaryData-prod-Table --user ann"),
)
@click.option("--table", required=True, help="Name of the table: output TableName of the stacks.")
@click.option("--tenant", default="default", show_default=True, callback=_checked_tenant)
@click.option("--user", default="admin", show_default=True, help="Who it is for.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ADMIN.value,
    show_default=True,
    help="admin may do everything in its tenant; ant may register ants and nothing else.",
)
def create_token_(table: str, tenant: str, user: str, role: str) -> None:
    """Make a bearer token and print it, once; only its hash is stored.

    Uses the AWS credentials and the region of the environment.
    """
    from formicary.adapters.system import UlidGenerator  # noqa: PLC0415 - boto3 is slow
    from formicary.bootstrap.authorizer import build_authorizer  # noqa: PLC0415 - as above
    from formicary.service_layer.create_token import create_token  # noqa: PLC0415 - as above

    tokens = build_authorizer(table_name=table)
    click.echo(create_token(tokens, UlidGenerator(), tenant=tenant, user_id=user, role=Role(role)))
