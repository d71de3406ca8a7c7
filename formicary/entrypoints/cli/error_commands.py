"""`formicary error`: the table of error codes."""

import click

from formicary.domain.error_rules import ErrorAction
from formicary.entrypoints.cli.output import emit, show_table
from formicary.entrypoints.cli.session import Session, example, limited, reading, remote, tell


@click.group()
def error() -> None:
    """Name failures and say what is done about them."""


@error.command("list", epilog=example("formicary error list"))
@limited
@reading
def list_(session: Session, limit: int, output: str) -> None:
    """List error codes: what they fit, and what is done."""
    found = session.client.error_codes(limit)
    rows = [
        (
            row["id"],
            row["error_code"],
            row.get("regex"),
            row.get("exit_code"),
            row.get("job_type") or "any",
            row.get("action"),
            "everybody" if row.get("everybody") else "",
        )
        for row in found
    ]
    columns = ("ID", "CODE", "REGEX", "EXIT", "JOB TYPE", "ACTION", "OF")
    nothing = "No error codes: formicary error add CODE --regex TEXT"
    emit(output, found, lambda: show_table(columns, rows, nothing))


@error.command(
    "add",
    epilog=example(
        "formicary error add ERR_DISK_FULL --regex 'No space left' --action SUSPEND_JOB",
        "formicary error add ERR_FLAKY --exit-code 75 --job build --action RETRY_TASK --retry 2",
        "formicary error add ERR_DISK_FULL --regex 'No space left' --everybody",
    ),
)
@click.argument("code")
@click.option("--regex", default="", help="Found in the error message or the output.")
@click.option("--exit-code", default="", help="Exit code.")
@click.option("--job", "job_type", default="", metavar="TYPE", help="Only of this job type.")
@click.option("--task", "task_type_scope", default="", metavar="TASK", help="Only of this task.")
@click.option("--platform", "platform_scope", default="", help="Only on this platform.")
@click.option("--command", "command_scope", default="", help="Part of the command that failed.")
@click.option("--message", "display_message", default="", help="Shown for the error message.")
@click.option(
    "--action",
    type=click.Choice([str(action) for action in ErrorAction], case_sensitive=False),
    help="What is done about such a failure.",
)
@click.option("--retry", type=click.IntRange(0, 100), default=0, help="How often it is retried.")
@click.option("--everybody", is_flag=True, help="For all tenants (needs the role operator).")
@remote
def add(session: Session, code: str, *, everybody: bool, **row: object) -> None:
    """Give failures a CODE (ERR_...) of their own, and an action."""
    given = {name: value for name, value in row.items() if value}
    added = session.client.add_error_code({"error_code": code, **given}, everybody=everybody)
    tell(f"added {added['id']}")


@error.command(epilog=example("formicary error delete 01K0000000AAAAAAAAAAAAAAAA"))
@click.argument("rule_id", metavar="ID")
@remote
def delete(session: Session, rule_id: str) -> None:
    """Delete an error code."""
    session.client.delete_error_code(rule_id)
    tell(f"deleted {rule_id}")
