"""Which HTTP tasks a function carries out, so that they need no host: those that no ant serves.

The function stands outside of every network of a tenant's own, so a task with tags is never its.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from formicary.domain.ant import AntRegistration
from formicary.domain.job_run import ActiveTask, ActivityState
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import HTTP_METHODS
from formicary.domain.task_definition import TaskDefinition
from formicary.domain.task_request import TaskMessage

FUNCTION_ANT_ID = "http-function"
# A function ends after 15 minutes; artifacts and the report take their part of that.
FUNCTION_TASK_SECONDS = 840.0
# When it is looked again whether an ant has, or will take, what was left to ants.
ANT_CHECK_SECONDS = 60.0
# From here on an ant asks before it runs such a message. What it took earlier, its heartbeat has
# told by the time of the check.
CLAIM_AFTER_SECONDS = 45.0
# For how long a task waits for ants that are alive and full.
FULL_ANTS_SECONDS = 600.0
# How many silences an ant that has begun is waited for: its calls may fail while its lease holds.
_PATIENCE_WITH_HOLDER = 4


def is_served(
    key: RoutingKey,
    ants: Iterable[AntRegistration],
    now: datetime,
    silence: timedelta,
    *,
    with_room: bool = False,
) -> bool:
    """Whether an ant that is alive and stays takes tasks of a routing key, at once if need be."""
    return any(
        now - ant.updated_at <= silence
        and not ant.draining
        and not (with_room and ant.current_load >= ant.max_capacity)
        and key.served_by(ant.methods, ant.tags)
        for ant in ants
    )


def is_waited_for(
    task: ActiveTask,
    key: RoutingKey,
    ants: Iterable[AntRegistration],
    now: datetime,
    silence: timedelta,
) -> bool:
    """Whether an ant has a task that was put on its queue, or may soon take it."""
    known = list(ants)
    if any(
        _holds(ant, task) and now - ant.updated_at <= silence * _PATIENCE_WITH_HOLDER
        for ant in known
    ):
        return True
    waited = now - (task.dispatched_at or task.activated_at)
    with_room = waited >= timedelta(seconds=FULL_ANTS_SECONDS)
    return is_served(key, known, now, silence, with_room=with_room)


def _holds(ant: AntRegistration, task: ActiveTask) -> bool:
    return task.state is ActivityState.EXECUTING and ant.ant_id == task.ant_id


@dataclass(frozen=True, slots=True)
class TaskTraits:
    """What of a task decides whether the function carries it out."""

    key: RoutingKey
    timeout: float | None = None
    working_dir: str = ""
    has_cache: bool = False


def traits_of(message: TaskMessage) -> TaskTraits:
    """Return what decides of a task as it is handed out."""
    request = message.request
    options = request.executor_opts
    return TaskTraits(
        RoutingKey.of(options.method, request.tags),
        request.timeout,
        options.working_dir,
        has_cache=options.cache is not None,
    )


def traits_of_definition(task: TaskDefinition) -> TaskTraits:
    """Return what decides of a task as it is defined, as far as templates do not hide it."""
    return TaskTraits(
        RoutingKey.of(task.method, task.tags),
        task.timeout,
        task.working_dir,
        has_cache=task.cache is not None,
    )


def why_not_by_function(task: TaskTraits) -> str:
    """Return why the function does not carry out a task, nothing when it does."""
    return next(_objections(task), "")


def _objections(task: TaskTraits) -> Iterator[str]:
    if task.key.method not in HTTP_METHODS:
        yield f"it carries out HTTP tasks, not {task.key.method}"
    if task.key.tags:
        tags = "tag" if len(task.key.tags) == 1 else "tags"
        yield f"the task asks for an ant with {tags} {', '.join(task.key.tags)}"
    if task.timeout is not None and task.timeout > FUNCTION_TASK_SECONDS:
        yield f"its tasks end within {FUNCTION_TASK_SECONDS:g} s, and this one may take longer"
    # The folders of a function are no tenant's: what lies there must not become an artifact.
    if PurePosixPath(task.working_dir).is_absolute():
        yield "the task names a working_dir of its host"
    if task.has_cache:
        yield "the task keeps a cache"
