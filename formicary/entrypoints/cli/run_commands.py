"""`formicary run`: look at runs, their tasks and logs."""

from collections.abc import Mapping
from typing import Any

import click

from formicary.domain.errors import NotFoundError
from formicary.domain.log_streams import Stream
from formicary.domain.log_view import LogView
from formicary.domain.states import RequestState
from formicary.entrypoints.cli.exit_codes import ExitCode, exit_code_of_state
from formicary.entrypoints.cli.follow import LogTail, RunWatcher
from formicary.entrypoints.cli.graph_commands import add_graph_commands, run_graph
from formicary.entrypoints.cli.output import elapsed, emit, moment, show, show_table, state
from formicary.entrypoints.cli.run_verbs import add_verbs
from formicary.entrypoints.cli.run_view import declared_tasks, show_run, tasks_of
from formicary.entrypoints.cli.session import Session, example, limited, reading, remote, tell
from formicary.entrypoints.cli.timing_table import timing_table
from formicary.entrypoints.cli.watch_run import write_bytes
from formicary.entrypoints.cli.which_run import WHICH_RUN, find_run_id


@click.group(epilog=WHICH_RUN)
def run() -> None:
    """Look at runs and their logs; pause, cancel and restart them."""


add_graph_commands(run, "ID", "of a run with its states", run_graph)


@run.command("list", epilog=example("formicary run list --type word-statistics --state FAILED"))
@click.option("--type", "job_type", default="", help="Only runs of this job type.")
@click.option("--parent", default="", help="Only runs that this one has forked.")
@click.option(
    "--state",
    "job_state",
    type=click.Choice([str(s) for s in RequestState], case_sensitive=False),
    help="Only runs in this state.",
)
@limited
@reading
def list_(  # noqa: PLR0917 - one argument an option
    session: Session, job_type: str, parent: str, job_state: str | None, limit: int, output: str
) -> None:
    """List runs, the newest first."""
    found = session.client.runs(limit, job_type=job_type, state=job_state or "", parent=parent)
    rows = [
        (
            item["id"],
            item["job_type"],
            state(item["job_state"]),
            moment(item.get("created_at")),
            elapsed(item.get("execution") or item),
            item.get("error_code"),
        )
        for item in found
    ]
    columns = ("RUN", "JOB TYPE", "STATE", "SUBMITTED", "TOOK", "ERROR")
    emit(output, found, lambda: show_table(columns, rows, "No runs: formicary job run TYPE"))


@run.command("show", epilog=example("formicary run show latest", after=WHICH_RUN))
@click.argument("run_id", metavar="ID")
@click.option("--timings", is_flag=True, help="Show how long each step of each task took.")
@reading
def show_(session: Session, run_id: str, timings: bool, output: str) -> None:
    """Show a run: its graph with states, artifacts, context and error."""
    found = session.client.run(find_run_id(session.client, run_id))

    def show_all() -> None:
        show_run(found, declared_tasks(session.client, found))
        if timings:
            show(timing_table(tasks_of(found)))

    emit(output, found, show_all)


@run.command(epilog=example("formicary run history latest", after=WHICH_RUN))
@click.argument("run_id", metavar="ID")
@limited
@reading
def history(session: Session, run_id: str, limit: int, output: str) -> None:
    """Show what happened to a run: what was applied, late, doubled, refused or forged."""
    found = session.client.history(find_run_id(session.client, run_id), limit)
    rows = [
        (
            item.get("version") or "",
            moment(item["at"]),
            item["kind"],
            item["verdict"],
            _told(item),
        )
        for item in found
    ]
    columns = ("VERSION", "AT", "EVENT", "VERDICT", "DETAILS")
    emit(output, found, lambda: show_table(columns, rows, "Nothing has happened yet."))


@run.command(epilog=example("formicary run notifications latest", after=WHICH_RUN))
@click.argument("run_id", metavar="ID")
@reading
def notifications(session: Session, run_id: str, output: str) -> None:
    """Show who was told how a run and its tasks ended, and who could not be told."""
    found = session.client.notifications(find_run_id(session.client, run_id))
    rows = [
        (
            moment(item["updated_at"]),
            item["task_type"] or "the job",
            "Fixed" if item["fixed"] else item["told_state"],
            item["channel"],
            item["recipient"],
            item["state"],
            item["attempts"],
            item["error"],
        )
        for item in found
    ]
    columns = ("AT", "OF", "TOLD", "CHANNEL", "RECIPIENT", "STATE", "TRIES", "ERROR")
    emit(output, found, lambda: show_table(columns, rows, "Nobody was told of anything."))


def _told(item: Mapping[str, Any]) -> str:
    fields = [f"{name}={value}" for name, value in item.get("event", {}).items() if value]
    by = [f"by {item['by']}"] if item.get("by") else []
    return ", ".join([*fields, *by, *([item["reason"]] if item.get("reason") else [])])


@run.command(
    epilog=example(
        "formicary run logs latest merge", "formicary run logs latest -f", after=WHICH_RUN
    )
)
@click.argument("run_id", metavar="ID")
@click.argument("task_type", metavar="[TASK]", default="")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--timestamps", is_flag=True, help="Begin each line with the time it was written.")
@click.option("--labels", is_flag=True, help="Begin each line with stdout or stderr.")
@click.option(
    "--stream",
    type=click.Choice([str(stream) for stream in Stream]),
    help="Print this stream alone.",
)
@remote
def logs(
    session: Session,
    run_id: str,
    task_type: str,
    *,
    follow: bool,
    timestamps: bool,
    labels: bool,
    stream: str | None,
) -> ExitCode:
    """Print what the tasks of a run have written, or one task of it.

    With -f the exit code tells how the job ended.
    """
    full_id = find_run_id(session.client, run_id)
    wanted = LogView(timestamps, labels, Stream(stream) if stream else None)
    tail = LogTail(session.client, write_bytes, only=task_type, view=wanted)
    if not follow:
        found = session.client.run(full_id)
        _refuse_unknown_task(found, task_type)
        tail.update(found)
        return ExitCode.OK
    last = ""
    for view in RunWatcher(session.client, full_id, warn=tell).views():
        tail.update(view)
        last = str(view["job_state"])
    return exit_code_of_state(last)


def _refuse_unknown_task(found: dict[str, object], task_type: str) -> None:
    started = [str(task["task_type"]) for task in tasks_of(found)]
    if task_type and task_type not in started:
        known = f"Started so far: {', '.join(started) or 'none'}."
        raise NotFoundError(f"Task {task_type} of run {found['id']} has not started. {known}")


add_verbs(run)
