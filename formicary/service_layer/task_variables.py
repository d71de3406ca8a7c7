"""The variables that a task's templates and script see, by the order of precedence.

Later overrides earlier: configs of the organization and the user, job_variables, configs of the
job type, built-ins, the task's own variables, request params, the run's context. Request params
cannot carry the names of built-ins (refused when they are submitted).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import Fan, JobRun
from formicary.domain.parsed_job import ParsedJob, RenderedTask
from formicary.domain.states import STATE_OF_MARK, ChildMark

BUILT_IN_NAMES = frozenset(
    {
        "JobID",
        "JobType",
        "JobRetry",
        "TaskRetry",
        "JobElapsedSecs",
        "TaskType",
        "UserID",
        "OrganizationID",
        "Nonce",
        "DateYear",
        "DateMonth",
        "DateDay",
        "YearDay",
        "FullDate",
        "EpochSecs",
    }
)
# What the templates of a fork task with `fork_items` see of each item, above all else.
ITEM_NAMES = frozenset({"Item", "ItemIndex"})


def job_built_ins(run: JobRun, now: datetime) -> dict[str, Any]:
    """Return the built-ins that hold for the whole run."""
    started = run.started_at or now
    return {
        "JobID": run.request_id,
        "JobType": run.job_type,
        "JobRetry": run.retried,
        "JobElapsedSecs": max(0, int((now - started).total_seconds())),
        "UserID": run.user_id,
        "OrganizationID": run.tenant,
        "DateYear": now.year,
        "DateMonth": now.strftime("%B"),
        "DateDay": now.day,
        "YearDay": now.timetuple().tm_yday,
        "FullDate": now.strftime("%Y-%m-%d"),
        "EpochSecs": int(now.timestamp()),
    }


def task_built_ins(run: JobRun, task_type: str, attempt: int) -> dict[str, Any]:
    """Return the built-ins of one attempt; `Nonce` is the same for each rendering of it."""
    index_seed = f"{run.key}:{run.execution_id}:{task_type}:{attempt}"
    return {
        "TaskType": task_type,
        "TaskRetry": attempt - 1,
        "Nonce": _nonce(index_seed),
    }


def job_variables(run: JobRun, defaults: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what the policy fields of a definition (retry, timeout, ...) are rendered with."""
    return {**defaults, **job_built_ins(run, now), **run.params, **run.context}


def render_attempt(
    parsed: ParsedJob,
    task_type: str,
    below: Mapping[str, Any],
    above: Mapping[str, Any],
    keys: frozenset[str] | None = None,
) -> RenderedTask:
    """Render a task: its own variables override what is `below` and give way to what is `above`.

    With `keys`, only those of its fields are rendered.
    """
    rendered = parsed.render_task(task_type, {**below, **above}, keys)
    own = rendered.task.variables
    if own and not own.keys() <= above.keys():
        return parsed.render_task(task_type, {**below, **own, **above}, keys)
    return rendered


class Results(Protocol):
    """Looks up what tasks and children have left."""

    def url(self, task_type: str, order: int) -> str:
        """Return a URL of a task's n-th artifact, or nothing."""

    def context_of_child(self, fork_task: str) -> Mapping[str, str]:
        """Return what the tasks of a child that has ended have set."""


def results_of_tasks(
    run: JobRun, graph: JobGraph, names: frozenset[str], results: Results
) -> dict[str, Any]:
    """Return what earlier tasks left, as far as the templates mention it (`names`).

    `<task>-status` of a task that ended, `<fork_task>.ForkedJobID` and `<fork_task>.<key>` of the
    child's context (counts, where there are many), `<task>_ArtifactURL_<n>`. The cost does not
    grow with the number of tasks.
    """
    found: dict[str, Any] = {}
    for name in names:
        value = (
            _status(run, graph, name.removesuffix("-status"))
            if name.endswith("-status")
            else _fork(run, graph, name, results) or _artifact_url(name, results)
        )
        if value:
            found[name] = value
    return found


def _status(run: JobRun, graph: JobGraph, task_type: str) -> str:
    if not graph.has(task_type):
        return ""
    return str(STATE_OF_MARK.get(run.mark(graph.index(task_type)), ""))


def _fork(run: JobRun, graph: JobGraph, task_type: str, results: Results) -> dict[str, str]:
    if not graph.has(task_type):
        return {}
    index = graph.index(task_type)
    child = run.child(index)
    if child is ChildMark.NONE:
        return {}
    if index in run.fans:
        return _counts(run.fans[index])
    context = {} if child is ChildMark.RUNNING else results.context_of_child(task_type)
    return {**context, "ForkedJobID": run.child_request_id(index)}


def _counts(fan: Fan) -> dict[str, str]:
    """Return what is told of many children: counts, and no context, of which each has its own."""
    return {
        "ForkedJobCount": str(fan.total),
        "ForkedJobCompletedCount": str(fan.completed),
        "ForkedJobFailedCount": str(fan.failed),
        "ForkedJobCancelledCount": str(fan.cancelled),
    }


def _artifact_url(name: str, results: Results) -> str:
    task_type, mark, order = name.rpartition("_ArtifactURL_")
    return results.url(task_type, int(order)) if mark and order.isdecimal() else ""


def _nonce(seed: str) -> int:
    return int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=6).digest(), "big")
