"""Restarting a run that has ended: a wish that is sent to the engine."""

from dataclasses import dataclass

from formicary.domain.errors import InvalidRequestError, NotFoundError
from formicary.domain.events import RestartRequested
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.records import Principal
from formicary.domain.wishes import Verb
from formicary.service_layer.ask_run import Request, ask_run, conflict
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_definition import unknown_job_type
from formicary.service_layer.runnable_jobs import RunnableJobs
from formicary.service_layer.suggest import did_you_mean

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class RestartWish:
    """What shall run again: what did not complete, all (`hard`), or from one task on.

    `version` is empty (the one the run is pinned to), `latest`, or a number.
    """

    hard: bool = False
    from_task: str = ""
    version: str = ""

    @property
    def options(self) -> str:
        """What tells it from other restarts."""
        told = {"hard": "yes" if self.hard else "", "from": self.from_task, "version": self.version}
        return " ".join(f"{name} {value}" for name, value in told.items() if value)


def restart_job(
    plane: ControlPlane, caller: Principal, request_id: str, wish: RestartWish | None = None
) -> JobRun:
    """Have a run begin anew; ConflictError while it runs."""
    wish = wish or RestartWish()
    request = Request(Verb.RESTART, lambda run: _event(plane, run, wish), wish.options)
    return ask_run(plane, caller, request_id, request)


def _event(plane: ControlPlane, run: JobRun, wish: RestartWish) -> RestartRequested:
    if run.phase is not Phase.ENDED:
        raise conflict(run, f"is {run.state}; only one that has ended can be restarted")
    if wish.hard and wish.from_task:
        raise InvalidRequestError("hard and from exclude each other: leave one of them out.")
    version = _version(plane, run, wish.version)
    if version != run.job_version:
        jobs = RunnableJobs(plane.definitions, plane.parsed)
        jobs.refuse_private(run.tenant, run.defined_by, run.job_type, version)
    if wish.from_task:
        _refuse_unknown_task(plane, run, version, wish.from_task)
    return RestartRequested(hard=wish.hard, from_task=wish.from_task, job_version=version)


def _version(plane: ControlPlane, run: JobRun, asked: str) -> int:
    """Return the number of a version that there is."""
    if not asked:
        return run.job_version
    if asked == LATEST:
        record = plane.definitions.find_type(run.defined_by, run.job_type)
        if record is None:
            raise unknown_job_type(plane, run.defined_by, run.job_type)
        return record.version
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 8):
        raise InvalidRequestError(f"version must be a number or {LATEST}, not {asked[:40]!r}.")
    number = int(asked)
    if plane.definitions.find_version(run.defined_by, run.job_type, number) is None:
        raise NotFoundError(f"There is no version {number} of {run.job_type!r}.")
    return number


def _refuse_unknown_task(plane: ControlPlane, run: JobRun, version: int, task_type: str) -> None:
    parsed = plane.parsed.get(run.defined_by, run.job_type, version).parsed
    names = [task.task_type for task in parsed.definition.tasks]
    if task_type not in names:
        raise InvalidRequestError(
            f"Version {version} of {run.job_type!r} has no task {task_type!r}."
            f"{did_you_mean(task_type, names)}"
        )
