"""The outcome of an attempt while it takes shape, and the response made of it."""

import platform
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ant_agent.cancellation import StopReason
from ant_agent.executors.base import ExecutorResult
from ant_agent.masking import Secrets
from formicary.domain.artifact import Artifact
from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_request import TaskMessage, cost_factor
from formicary.domain.task_response import TaskLog, TaskResponse, TaskResponseTimings

_MAX_TEXT = 4096
_MAX_WARNINGS = 100


@dataclass(slots=True)
class Outcome:
    """What is known so far; a failure is never overwritten by a later one."""

    result: ExecutorResult = field(default_factory=lambda: ExecutorResult(succeeded=False))
    stopped: StopReason | None = None
    artifacts: list[Artifact] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    context: dict[str, str] = field(default_factory=dict)
    stdout: list[str] = field(default_factory=list)
    log: TaskLog = field(default_factory=TaskLog)
    timings: TaskResponseTimings = field(
        default_factory=lambda: TaskResponseTimings(received_at=datetime.now(UTC))
    )

    @property
    def succeeded(self) -> bool:
        """Whether it is a success so far."""
        return self.result.succeeded and self.stopped is None

    def reached(self, step: str) -> None:
        """Note when a step ended."""
        setattr(self.timings, step, datetime.now(UTC))

    def take(self, result: ExecutorResult, timeout: float | None) -> None:
        """Take the executor's word."""
        self.result = result
        self.warnings += result.warnings
        self.timings.pod_started_at = result.started_at or self.timings.pod_started_at
        self.timings.pre_script_finished_at = result.pre_script_finished_at
        if result.stopped is not None:
            self.stop(result.stopped, timeout)

    def fail(self, code: ErrorCode, message: str) -> None:
        """Make it a failure, or add to one."""
        if self.result.error_code:
            self.warnings.append(message)
            return
        self.result = ExecutorResult(
            succeeded=False,
            exit_code=self.result.exit_code,
            error_code=code,
            error_message=message,
        )

    def stop(self, reason: StopReason, timeout: float | None) -> None:
        """Make it an attempt that was not let to end."""
        if self.stopped is not None and reason is not StopReason.ABANDONED:
            return
        self.stopped = reason
        if reason is StopReason.TIMED_OUT:
            message = f"the task took longer than its timeout of {timeout:g} s" if timeout else ""
            code: str = ErrorCode.TASK_TIMED_OUT
        else:
            message, code = f"the task was {reason}", ""
        self.result = ExecutorResult(
            succeeded=False,
            error_code=code,
            error_message=message,
            exit_message=str(reason),
        )

    def status(self) -> RequestState:
        """Return the state that the attempt ends in."""
        if self.stopped in {StopReason.CANCELLED, StopReason.ABANDONED}:
            return RequestState.CANCELLED
        return RequestState.COMPLETED if self.succeeded else RequestState.FAILED

    def mask(self, secrets: Secrets) -> None:
        """Hide secrets in everything that is told; kept files are the task's own affair."""
        shown = {key: secrets.mask(value) for key, value in self.context.items()}
        hidden = sorted(key for key, value in shown.items() if value != self.context[key])
        self.context = shown
        self.warnings += [f"the output {key!r} holds a secret and was masked" for key in hidden]
        self.warnings = [secrets.mask(text) for text in self.warnings]
        # One text, so that a secret of several lines is seen as one.
        self.stdout = secrets.mask("\n".join(self.stdout)).split("\n") if self.stdout else []
        self.result = replace(
            self.result,
            exit_message=secrets.mask(self.result.exit_message),
            error_message=secrets.mask(self.result.error_message),
            failed_command=secrets.mask(self.result.failed_command),
        )

    def response(self, message: TaskMessage, ant_id: str, tags: list[str]) -> TaskResponse:
        """Return the answer to the control plane."""
        request, result = message.request, self.result
        return TaskResponse(
            job_request_id=request.job_request_id,
            task_execution_id=request.task_execution_id,
            job_type=request.job_type,
            job_type_version=request.job_type_version,
            task_type=request.task_type,
            co_relation_id=request.co_relation_id,
            status=self.status(),
            ant_id=ant_id,
            host=platform.node(),
            tags=tags,
            error_message=result.error_message[:_MAX_TEXT],
            error_code=result.error_code,
            exit_code=result.exit_code,
            exit_message=result.exit_message[:_MAX_TEXT],
            failed_command=result.failed_command[:_MAX_TEXT],
            job_context=self.context,
            artifacts=self.artifacts,
            warnings=self.warnings[:_MAX_WARNINGS],
            stdout=self.stdout,
            cost_factor=cost_factor(request.executor_opts),
            timings=self.timings,
            log=self.log,
        )
