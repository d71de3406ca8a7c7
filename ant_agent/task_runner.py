"""One attempt of one task, step by step.

Dependencies, `before_script` and `script`, `after_script`, artifacts, log: in this order, and
however a step ends, the ones after it that clean up or preserve still happen.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping

from ant_agent.artifact_transfer import ArtifactTransfer, DependencyError
from ant_agent.attempt_words import words_of_beginning, words_of_end
from ant_agent.cache import Caches, TaskCache, Workplace
from ant_agent.cancellation import Cancellation, StopReason, TaskStoppedError
from ant_agent.executors.base import (
    Executor,
    ExecutorError,
    ExecutorResult,
    TaskContext,
    TaskSession,
)
from ant_agent.keeper import Keeper
from ant_agent.log_streamer import ObjectSink
from ant_agent.masking import Secrets
from ant_agent.output_log import OutputLog
from ant_agent.task_directory import TaskDirectory, WorkingDirError
from ant_agent.task_environment import task_environment
from ant_agent.task_outcome import Outcome
from ant_agent.task_secrets import secrets_of
from formicary.domain.states import ErrorCode, TaskMethod
from formicary.domain.task_request import TaskMessage

_log = logging.getLogger(__name__)


class TaskRunner:
    """Runs attempts, each in the thread that calls it."""

    def __init__(
        self,
        *,
        executors: Mapping[TaskMethod, Executor],
        transfer: ArtifactTransfer,
        caches: Caches,
        log_sink: ObjectSink,
        base_environment: Mapping[str, str],
        output_limit: int,
        after_script_seconds: float,
        ant_secrets: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`ant_secrets` tells the values of the ant itself that no task's output may show."""
        self._executors = executors
        self._transfer = transfer
        self._keeper = Keeper(transfer, caches)
        self._log_sink = log_sink
        self._base_environment = base_environment
        self._output_limit = output_limit
        self._after_script_seconds = after_script_seconds
        self._ant_secrets = ant_secrets

    def run(
        self, message: TaskMessage, directory: TaskDirectory, cancellation: Cancellation
    ) -> Outcome:
        """Run to the end; every fault of the task is in the outcome."""
        outcome = Outcome(warnings=list(message.warnings))
        secrets = Secrets([*self._ant_secrets(), *secrets_of(message)])
        output = OutputLog(
            directory.output,
            limit=self._output_limit,
            sink=self._log_sink,
            prefix=f"{message.object_prefix}log/",
            keep_lines=message.request.executor_opts.wants("report_stdout"),
            secrets=secrets,
        )
        try:
            self._steps(message, directory, cancellation, output, outcome)
            if outcome.stopped is not StopReason.ABANDONED:
                self._finish(output, outcome)
                outcome.mask(secrets)
        finally:
            output.discard()
        return outcome

    def _steps(
        self,
        message: TaskMessage,
        directory: TaskDirectory,
        cancellation: Cancellation,
        output: OutputLog,
        outcome: Outcome,
    ) -> None:
        executor = self._executors.get(message.request.executor_opts.method)
        if executor is None:
            method = message.request.executor_opts.method
            outcome.fail(ErrorCode.UNSUPPORTED_METHOD, f"this ant does not carry out {method}")
            return
        try:
            task, cache = self._prepare(
                executor,
                message,
                directory,
                cancellation=cancellation,
                output=output,
                outcome=outcome,
            )
        except DependencyError as error:
            outcome.fail(ErrorCode.ARTIFACT_MISSING, str(error))
            return
        except WorkingDirError as error:
            outcome.fail(ErrorCode.VALIDATION, str(error))
            return
        except TaskStoppedError as stopped:
            outcome.stop(stopped.reason, message.request.timeout)
            return
        debug = message.request.executor_opts.wants("debug")
        if debug:
            output.say("\n".join(words_of_beginning(task, on_host=executor.on_host)))
        with contextlib.closing(executor.open(task)) as session:
            self._execute(session, task, outcome)
            self._clean_up(session, task, outcome)
            task.cancellation.allow_clean_up(self._after_script_seconds)
            self._keeper.keep(message, session, task, cache=cache, outcome=outcome)
        if debug:
            output.say("\n".join(words_of_end(outcome)))
        if not executor.on_host:
            outcome.reached("pod_shutdown_at")

    def _prepare(
        self,
        executor: Executor,
        message: TaskMessage,
        directory: TaskDirectory,
        *,
        cancellation: Cancellation,
        output: OutputLog,
        outcome: Outcome,
    ) -> tuple[TaskContext, TaskCache | None]:
        wanted = message.request.executor_opts.working_dir if executor.on_host else ""
        working_dir = directory.working_dir(wanted)
        for dependency in message.dependencies:
            self._transfer.fetch(dependency, working_dir, directory.control, cancellation.check)
        place = Workplace(working_dir, directory.control, cancellation.check, output.say)
        cache = self._keeper.caches.restore(message, place)
        outcome.reached("dependent_artifacts_downloaded_at")
        environment, warnings = (
            task_environment(message, self._base_environment, directory)
            if executor.on_host
            else task_environment(message)
        )
        outcome.warnings += warnings
        task = TaskContext(
            request=message.request,
            environment=environment,
            directory=directory,
            working_dir=working_dir,
            output=output,
            cancellation=cancellation,
        )
        return task, cache

    def _execute(self, session: TaskSession, task: TaskContext, outcome: Outcome) -> None:
        outcome.reached("pod_started_at")
        try:
            result = session.run_scripts()
        except TaskStoppedError as stopped:
            result = ExecutorResult(succeeded=False, stopped=stopped.reason)
        except ExecutorError as error:
            result = ExecutorResult(
                succeeded=False, error_code=error.code, error_message=str(error)
            )
        outcome.take(result, task.request.timeout)
        outcome.reached("script_finished_at")

    def _clean_up(self, session: TaskSession, task: TaskContext, outcome: Outcome) -> None:
        if outcome.stopped is StopReason.ABANDONED or not task.request.after_script:
            return
        task.cancellation.allow_clean_up(self._after_script_seconds)
        try:
            outcome.warnings += session.run_after_script()
        except TaskStoppedError as stopped:
            outcome.warnings.append(f"after_script {stopped}")
        except ExecutorError as error:
            outcome.warnings.append(f"after_script could not be run: {error}")
        if task.cancellation.reason is StopReason.ABANDONED:
            outcome.stop(StopReason.ABANDONED, None)
        outcome.reached("post_script_finished_at")

    def _finish(self, output: OutputLog, outcome: Outcome) -> None:
        outcome.log = output.finish()
        outcome.context = output.scanner.context
        outcome.stdout = output.scanner.lines
        outcome.warnings += output.warnings
