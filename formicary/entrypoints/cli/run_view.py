"""A run on the terminal: its head, its graph with states, its artifacts and what it found out."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.domain.errors import NotFoundError
from formicary.entrypoints.cli.graph_text import graph_text
from formicary.entrypoints.cli.output import cell, elapsed, moment, show, size, state, table

Json = Mapping[str, Any]


def execution_of(run: Json) -> Json:
    """Return the current execution of a run, empty before it has one."""
    return run.get("execution") or {}


def tasks_of(run: Json) -> Sequence[Json]:
    """Return the tasks that have started."""
    return execution_of(run).get("tasks") or ()


def artifacts_of(run: Json) -> list[Json]:
    """Return the artifacts of all tasks of a run."""
    return [artifact for task in tasks_of(run) for artifact in task.get("artifacts") or ()]


def declared_tasks(client: ControlPlaneClient, run: Json) -> Sequence[Json]:
    """Return the tasks of the version that the run is pinned to; those that ran when it is gone."""
    version = str(run.get("job_definition_id") or f"{run['job_type']}:{run.get('job_version', '')}")
    try:
        return client.definition(version).get("tasks") or tasks_of(run)
    except NotFoundError:
        return tasks_of(run)


def graph_of(run: Json, declared: Sequence[Json]) -> RenderableType:
    """Return the graph of a run with its states."""
    return graph_text(declared, {task["task_type"]: task for task in tasks_of(run)})


def show_run(run: Json, declared: Sequence[Json]) -> None:
    """Print a run for people."""
    parts: list[RenderableType] = [head_of(run), graph_of(run, declared)]
    artifacts = artifacts_of(run)
    if artifacts:
        parts += ["", artifact_table(artifacts)]
    contexts = [(item["name"], item["value"]) for item in execution_of(run).get("contexts") or ()]
    if contexts:
        parts += ["", table(("CONTEXT", "VALUE"), contexts)]
    for task in tasks_of(run):
        parts += [
            cell(f"warning: {task['task_type']}: {told}") for told in task.get("warnings") or ()
        ]
    show(*parts)


def head_of(run: Json) -> Text:
    """Return the first lines about a run: which, how, when, with what, and what went wrong."""
    name = f"{run['job_type']} version {run.get('job_version') or '?'}"
    head = Text.assemble((str(run["id"]), "bold"), "  ", name, "  ", state(str(run["job_state"])))
    head.append(f"  {elapsed(execution_of(run))}\n")
    head.append(f"submitted {moment(run.get('created_at'))}", "dim")
    if run.get("parent_id"):
        head.append(f", child of {run['parent_id']}", "dim")
    if run.get("retried"):
        head.append(f", restarts: {run['retried']}", "dim")
    params = run.get("params") or {}
    if params:
        told = "  ".join(f"{key}={value}" for key, value in params.items())
        head.append_text(cell(f"\nparams  {told}"))
    error = " ".join(str(run[key]) for key in ("error_code", "error_message") if run.get(key))
    if error:
        head.append_text(cell(f"\n{error}", "red"))
    if run.get("why"):
        head.append_text(cell(f"\nwaits: {run['why']}", "yellow"))
    head.append("\n")
    return head


def artifact_table(artifacts: Sequence[Json]) -> RenderableType:
    """Return a table of artifacts."""
    rows = [
        (
            item["id"],
            item.get("name"),
            item.get("task_type"),
            size(int(item.get("content_length") or 0)),
            str(item.get("sha256") or "")[:12],
        )
        for item in artifacts
    ]
    return table(("ARTIFACT", "NAME", "TASK", "SIZE", "SHA-256"), rows)
