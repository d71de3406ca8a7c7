"""`formicary admin`: tokens, made with the rights of the AWS account, and limits of a tenant."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from formicary.domain.records import Principal
from formicary.entrypoints.cli.ant_settings import refuse_unknown_methods
from formicary.entrypoints.cli.session import Session, example, reading
from formicary.routes import Role

_TENANT = re.compile(r"[A-Za-z0-9_]{1,32}")


@click.group()
def admin() -> None:
    """Set up a deployment: tokens, and limits of what may run at once."""


def _checked_tenant(_ctx: click.Context, _option: click.Parameter, value: str) -> str:
    if not _TENANT.fullmatch(value):
        raise click.BadParameter("use 1 to 32 letters, digits and underscores")
    return value


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _checked_methods(
    _ctx: click.Context, _option: click.Parameter, value: str | None
) -> frozenset[str] | None:
    if value is None:
        return None
    refuse_unknown_methods(value)
    return frozenset(_words(value))


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
    help="admin may do everything in its tenant, operator also change what holds for all tenants; "
    "ant may register ants and nothing else.",
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


def _user_limits(_ctx: click.Context, _option: click.Parameter, value: Sequence[str]) -> Any:
    limits = {}
    for text in value:
        name, _, count = text.rpartition("=")
        if not name or not count.isdigit():
            raise click.BadParameter(f"write {text!r} as NAME=COUNT")
        limits[name] = int(count)
    return limits


@admin.command(epilog=example("formicary admin limits --all 20 --each-user 5 --user ann=10"))
@click.option("--all", "all_", type=click.IntRange(min=0), help="Jobs of the whole tenant.")
@click.option("--each-user", type=click.IntRange(min=0), help="Jobs of each user.")
@click.option(
    "--user",
    "users",
    metavar="NAME=COUNT",
    multiple=True,
    callback=_user_limits,
    help="Jobs of this user; 0 takes the own limit away.",
)
@reading
def limits(
    session: Session,
    all_: int | None,
    each_user: int | None,
    users: Mapping[str, int],
    output: str,
) -> None:
    """Show, or change, how many jobs may go on at once; 0 for any number."""
    from formicary.entrypoints.cli.output import emit, show, table  # noqa: PLC0415 - rich is slow

    answer = session.client.limits()
    if all_ is not None or each_user is not None or users:
        wanted = {
            "max_concurrency": answer["max_concurrency"] if all_ is None else all_,
            "user_max_concurrency": (
                answer["user_max_concurrency"] if each_user is None else each_user
            ),
            "users": {**answer["users"], **users},
        }
        answer = session.client.set_limits(wanted)
    rows = [
        ("the whole tenant", answer["max_concurrency"] or "any number"),
        ("each user", answer["user_max_concurrency"] or "any number"),
        *((f"user {name}", count) for name, count in answer["users"].items()),
    ]
    emit(output, answer, lambda: show(table(("JOBS OF", "AT ONCE"), rows)))


@admin.command(
    "create-ant-token",
    epilog=example(
        "formicary admin create-ant-token --table FormicaryData-prod-Table \\",
        "    --methods SHELL,DOCKER --tags linux,gpu",
    ),
)
@click.option("--table", required=True, help="Name of the table: output TableName of the stacks.")
@click.option("--tenant", default="default", show_default=True, callback=_checked_tenant)
@click.option("--user", default="ants", show_default=True, help="Who it is for.")
@click.option(
    "--methods",
    callback=_checked_methods,
    help="Methods that its ants may carry out, separated by commas.  [default: all]",
)
@click.option(
    "--tags",
    help="Tags that its ants may have, separated by commas; '' for none.  [default: all]",
)
def create_ant_token_(
    table: str, tenant: str, user: str, methods: frozenset[str] | None, tags: str | None
) -> None:
    """Make a token to register ants with and print it, once; only its hash is stored.

    An ant that asks for another method or tag than the token grants is refused.
    """
    from formicary.adapters.system import UlidGenerator  # noqa: PLC0415 - boto3 is slow
    from formicary.bootstrap.authorizer import build_authorizer  # noqa: PLC0415 - as above
    from formicary.service_layer.create_token import create_ant_token  # noqa: PLC0415 - as above

    owner = Principal(
        tenant=tenant,
        user_id=user,
        role=Role.ANT,
        methods=methods,
        tags=None if tags is None else frozenset(_words(tags.lower())),
    )
    click.echo(create_ant_token(build_authorizer(table_name=table), UlidGenerator(), owner))
