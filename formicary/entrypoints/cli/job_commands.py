"""`formicary job`: define jobs and run them."""

from typing import Any, BinaryIO

import click

from formicary.domain.errors import FormicaryError, InvalidDefinitionError
from formicary.entrypoints.cli.exit_codes import ExitCode, exit_code_of
from formicary.entrypoints.cli.graph_commands import add_graph_commands, job_graph
from formicary.entrypoints.cli.job_settings import disable, enable, limit
from formicary.entrypoints.cli.lint_command import counted, lint
from formicary.entrypoints.cli.output import cell, emit, moment, show, show_table
from formicary.entrypoints.cli.params import read_params
from formicary.entrypoints.cli.plan_command import plan
from formicary.entrypoints.cli.problem_text import fault_text, problem_text
from formicary.entrypoints.cli.session import Session, example, limited, reading, remote, tell
from formicary.entrypoints.cli.watch_run import watch_run


@click.group()
def job() -> None:
    """Define jobs and run them."""


job.add_command(lint)
job.add_command(plan)
add_graph_commands(job, "TYPE", "of a job", job_graph)
for _command in (lint, limit, enable, disable):
    job.add_command(_command)


@job.command(epilog=example("formicary job push examples/hello.yaml"))
@click.argument("files", metavar="FILE...", type=click.File("rb"), nargs=-1, required=True)
@remote
def push(session: Session, files: tuple[BinaryIO, ...]) -> ExitCode:
    """Upload job definitions; each change makes a new version in force.

    A FILE of - is standard input. Every file is tried; faults are shown with their lines.
    """
    outcome = ExitCode.OK
    for file in files:
        outcome = max(outcome, _push(session, file), key=bool)
    return outcome


def _push(session: Session, file: BinaryIO) -> ExitCode:
    text = file.read()
    form = "json" if file.name.endswith(".json") else "yaml"
    try:
        saved = session.client.save_definition(text, f"application/{form}")
    except InvalidDefinitionError as error:
        tell(f"formicary: {counted(len(error.faults))} in {file.name}")
        for fault in error.faults:
            tell(fault_text(fault, file.name, text))
        return exit_code_of(error)
    except FormicaryError as error:
        if exit_code_of(error) in {ExitCode.UNREACHABLE, ExitCode.NOT_AUTHORIZED}:
            raise
        tell(f"{problem_text(error)} ({file.name})")
        return exit_code_of(error)
    version = saved.get("job_version") or saved.get("version")
    unchanged = "" if saved["created"] else " (unchanged)"
    click.echo(f"{saved['job_type']} version {version}{unchanged}")
    return ExitCode.OK


@job.command("list", epilog=example("formicary job list --output json"))
@limited
@reading
def list_(session: Session, limit: int, output: str) -> None:
    """List the job types with the version in force."""
    found = session.client.definitions(limit)
    rows = [
        (
            item["job_type"],
            item.get("job_version") or item.get("version"),
            moment(item.get("updated_at")),
            item.get("description"),
        )
        for item in found
    ]
    columns = ("JOB TYPE", "VERSION", "UPDATED", "DESCRIPTION")
    emit(output, found, lambda: show_table(columns, rows, "No jobs yet: formicary job push FILE"))


@job.command("show", epilog=example("formicary job show word-statistics"))
@click.argument("job_type", metavar="TYPE")
@reading
def show_(session: Session, job_type: str, output: str) -> None:
    """Show a definition: its tasks and where each leads (TYPE, or TYPE:VERSION)."""
    definition = session.client.definition(job_type)
    emit(output, definition, lambda: _show_definition(definition))


def _show_definition(definition: dict[str, Any]) -> None:
    from formicary.entrypoints.cli.graph_text import definition_text  # noqa: PLC0415 - with its user

    version = definition.get("job_version") or definition.get("version") or "?"
    head = cell(f"{definition['job_type']} version {version}", "bold")
    told = str(definition.get("description") or "").strip()
    required = definition.get("required_params") or []
    parts = [head, *([cell(told)] if told else [])]
    if required:
        parts.append(cell(f"required params: {', '.join(map(str, required))}"))
    show(*parts, "", definition_text(definition.get("tasks") or ()))


@job.command(epilog=example("formicary job yaml hello > hello.yaml"))
@click.argument("job_type", metavar="TYPE")
@remote
def yaml(session: Session, job_type: str) -> None:
    """Print a definition as it was uploaded."""
    click.echo(session.client.definition_text(job_type, "yaml"), nl=False)


@job.command(epilog=example("formicary job delete hello"))
@click.argument("job_type", metavar="TYPE")
@remote
def delete(session: Session, job_type: str) -> None:
    """Delete a job type; runs under way go on."""
    session.client.delete_definition(job_type)
    tell(f"deleted {job_type}")


@job.command(
    epilog=example(
        "formicary job run hello -p Name=World --wait",
        "formicary job run io.formicary.tagger --version 1.0",
    )
)
@click.argument("job_type", metavar="TYPE")
@click.option("--version", help="Version number or sem_version.  [default: the one in force]")
@click.option("-p", "--param", "params", multiple=True, metavar="K=V", help="A param; repeatable.")
@click.option(
    "--params-file", type=click.File("rb"), help="YAML or JSON file with params; -p goes before."
)
@click.option("--user-key", help="While a run with this key is not finished, it is that run.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code tells how it ended.")
@click.option("--follow", is_flag=True, help="Wait and print the logs as they come.")
@click.option("--timeout", type=click.FloatRange(min=0), help="Wait at most so many seconds.")
@reading
def run(
    session: Session,
    *,
    job_type: str,
    version: str | None,
    params: tuple[str, ...],
    params_file: BinaryIO | None,
    user_key: str | None,
    wait: bool,
    follow: bool,
    timeout: float | None,
    output: str,
) -> ExitCode:
    """Submit a job and print the id of its run."""
    body: dict[str, Any] = {"job_type": job_type, "params": read_params(params, params_file)}
    if version:
        body["job_version"] = version
    if user_key:
        body["user_key"] = user_key
    request = session.client.submit(body)
    if not request["created"]:
        tell(f"run {request['id']} has this user key already and is not finished")
    if wait or follow or timeout is not None:
        tell(f"run {request['id']}")
        return watch_run(session, request["id"], timeout=timeout, output=output, logs=follow)
    emit(output, request, lambda: click.echo(request["id"]))
    return ExitCode.OK
