"""`formicary ant`: start ants and see which there are."""

from collections.abc import Mapping
from typing import Any

import click
from rich.text import Text

from formicary.entrypoints.cli.ant_start import doctor, start
from formicary.entrypoints.cli.output import cell, emit, moment, show, show_table, table
from formicary.entrypoints.cli.session import Session, example, reading


@click.group()
def ant() -> None:
    """Start ants and see which there are."""


ant.add_command(start)
ant.add_command(doctor)


def _condition(item: Mapping[str, Any]) -> Text:
    if not item.get("alive"):
        return cell("silent", "red")
    if item.get("draining"):
        return cell("draining", "yellow")
    return cell("refuses work", "red") if item.get("condition") else cell("alive", "green")


@ant.command("list", epilog=example("formicary ant list"))
@reading
def list_(session: Session, output: str) -> None:
    """List the ants, what they can do and how busy they are."""
    found = session.client.ants()
    rows = [
        (
            item["ant_id"],
            _condition(item),
            f"{item.get('current_load', 0)}/{item.get('max_capacity', '?')}",
            item.get("methods"),
            item.get("tags"),
            item.get("host"),
            moment(item.get("updated_at")),
        )
        for item in found
    ]
    columns = ("ANT", "STATE", "LOAD", "METHODS", "TAGS", "HOST", "LAST SEEN")
    emit(output, found, lambda: show_table(columns, rows, "No ants: formicary ant start"))


@ant.command(epilog=example("formicary ant drain builder-1"))
@click.argument("ant_id", metavar="ID")
@reading
def drain(session: Session, ant_id: str, output: str) -> None:
    """Ask an ant to take no more tasks, end those that run, and stop."""
    found = session.client.drain_ant(ant_id)
    running = len(found.get("in_flight") or ())
    emit(output, found, lambda: click.echo(f"{ant_id} drains; tasks that run: {running}"))


@ant.command("show", epilog=example("formicary ant show my-ant --output yaml"))
@click.argument("ant_id", metavar="ID")
@reading
def show_(session: Session, ant_id: str, output: str) -> None:
    """Show an ant and the tasks it is working on."""
    found = session.client.ant(ant_id)
    plain = [(name, value) for name, value in found.items() if name != "in_flight"]
    working = [
        (task["job_request_id"], task["task_type"], task["attempt"], moment(task["started_at"]))
        for task in found.get("in_flight") or ()
    ]
    parts = [table(("FIELD", "VALUE"), plain)]
    if working:
        parts.append(table(("RUN", "TASK", "ATTEMPT", "SINCE"), working))
    emit(output, found, lambda: show(*parts))
