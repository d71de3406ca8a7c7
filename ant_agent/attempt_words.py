"""What a task with `debug` has in its log beside the output: how it was begun and how it ended.

Of the environment only names are told. The lines pass the masking of secrets like all output.
"""

from collections.abc import Iterator

from ant_agent.executors.base import TaskContext
from ant_agent.task_outcome import Outcome
from formicary.domain.task_request import cost_factor


def words_of_beginning(task: TaskContext, *, on_host: bool) -> Iterator[str]:
    """Tell what is begun, and where; elsewhere than on the host only the task may name a folder."""
    request = task.request
    options = request.executor_opts
    given = options.model_extra or {}
    yield (
        f"[debug] {options.method} {request.task_type} of {request.job_type}:"
        f"{request.job_type_version}, request {request.job_request_id}, attempt"
        f" {request.task_retry + 1}"
    )
    container = given.get("container")
    if isinstance(container, dict) and container.get("image"):
        yield f"[debug] image: {container['image']}"
    services = [one for one in given.get("services") or [] if isinstance(one, dict)]
    for service in services:
        yield f"[debug] service {service.get('name')}: {service.get('image')}"
    place = options.working_dir or (task.working_dir if on_host else "")
    if place:
        yield f"[debug] working directory: {place}"
    yield f"[debug] environment: {' '.join(sorted(task.environment)) or 'empty'}"
    timeout = "none" if request.timeout is None else f"{request.timeout:g} s"
    yield f"[debug] timeout: {timeout}; cost factor: {cost_factor(options):g}"
    parts = (
        ("before_script", request.before_script),
        ("script", request.script),
        ("after_script", request.after_script),
    )
    yield "[debug] items: " + ", ".join(f"{len(items)} of {name}" for name, items in parts)


def words_of_end(outcome: Outcome) -> Iterator[str]:
    """Tell how it ended, what it left, and how long the steps took."""
    result = outcome.result
    words = " ".join(filter(None, (result.error_code, result.error_message)))
    code = result.exit_code or "none"
    yield f"[debug] {outcome.status()}, exit code {code}" + (f": {words}" if words else "")
    for artifact in outcome.artifacts:
        yield f"[debug] artifact {artifact.name}: {artifact.content_length} bytes"
    for name, seconds in outcome.timings.steps():
        yield f"[debug] {name} after {seconds:.3f} s"
