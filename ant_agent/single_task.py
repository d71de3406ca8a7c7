"""An ant that lives for one task: a function is handed it, carries it out and reports.

No queue, no lease, no heartbeat. What breaks off is started again as the same attempt; of two
reports of an attempt the engine takes one. A desk of the control plane hands out the secrets of
the attempt, and is asked every few seconds whether it is still wanted.
"""

import contextlib
import logging
import platform
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from ant_agent.ant_fault import outcome_of_fault
from ant_agent.artifact_transfer import ArtifactTransfer
from ant_agent.cache import Caches, CacheStore
from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.executors.http import HttpExecutor
from ant_agent.log_streamer import ObjectSink
from ant_agent.secret_values import with_values
from ant_agent.spool import report_body
from ant_agent.task_directory import TaskDirectory
from ant_agent.task_outcome import Outcome
from ant_agent.task_runner import TaskRunner
from formicary.domain.ant import AttemptAnswer, AttemptQuestion
from formicary.domain.events import TaskStarted
from formicary.domain.http_function import (
    FUNCTION_ANT_ID,
    FUNCTION_TASK_SECONDS,
    traits_of,
    why_not_by_function,
)
from formicary.domain.messages import pack_event
from formicary.domain.states import HTTP_METHODS, ErrorCode
from formicary.domain.task_request import TaskMessage
from formicary.ports import AttemptDesk

_log = logging.getLogger(__name__)
_MEGABYTE = 2**20
# As an ant's heartbeats would tell it, and be told: a shorter task costs neither.
_BEAT_SECONDS = 5.0
# What a task that was stopped has for keeping its artifacts; an ant gives as much.
_KEEP_SECONDS = 20.0


class TaskStore(CacheStore, ObjectSink, Protocol):
    """Where artifacts and logs go."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What bounds the HTTP tasks of a function; the defaults are those of an ant."""

    http_public_only: bool = True
    http_closed_addresses: tuple[str, ...] = ()
    http_body_limit_bytes: int = 16 * _MEGABYTE
    http_connect_seconds: float = 10.0
    http_call_seconds: float = 600.0
    output_limit_bytes: int = 64 * _MEGABYTE


@dataclass(frozen=True, slots=True)
class _Host:
    settings: FunctionSettings


class SingleTaskAnt:
    """Carries out one HTTP task with the ant's own executor."""

    def __init__(
        self,
        *,
        settings: FunctionSettings,
        store: TaskStore,
        send: Callable[[str], None],
        folder: Path,
        desk: AttemptDesk,
        secrets: Callable[[], list[str]] = list,
        beat_seconds: float = _BEAT_SECONDS,
    ) -> None:
        """`send` puts a body on the events queue; `secrets` tells what no output may show."""
        self._send = send
        self._folder = folder
        self._desk = desk
        self._beat_seconds = beat_seconds
        self._runner = TaskRunner(
            executors=dict.fromkeys(HTTP_METHODS, HttpExecutor(_Host(settings))),
            transfer=ArtifactTransfer(store),
            caches=Caches(store, limit_bytes=0),
            log_sink=store,
            base_environment={},
            output_limit=settings.output_limit_bytes,
            after_script_seconds=_KEEP_SECONDS,
            ant_secrets=secrets,
        )

    def run(self, message: TaskMessage) -> Outcome:
        """Carry the task out and report how it ended; raises only what keeps it from reporting."""
        message = _bounded(message)
        directory = TaskDirectory(self._folder)
        cancellation = Cancellation(message.request.timeout)
        try:
            outcome = self._carry_out(message, directory, cancellation)
        finally:
            cancellation.close()
            directory.remove()
        response = outcome.response(message, FUNCTION_ANT_ID, [])
        self._send(report_body(message, response))
        return outcome

    def _carry_out(
        self, message: TaskMessage, directory: TaskDirectory, cancellation: Cancellation
    ) -> Outcome:
        if reason := why_not_by_function(traits_of(message)):
            # It would not have been started with such a task; here it is a matter of safety.
            outcome = Outcome()
            outcome.fail(ErrorCode.VALIDATION, f"this is no task for a function: {reason}")
            return outcome
        answer = self._secrets_of(message)
        if answer is not None and answer.secrets is None:
            return _unserved(answer)
        if answer is not None and answer.secrets is not None:
            message = with_values(message, answer.secrets)
        try:
            with self._heartbeat(message, cancellation):
                return self._runner.run(message, directory, cancellation)
        except Exception as error:  # noqa: BLE001 - boundary: the job must hear of it
            return outcome_of_fault(message, error)

    def _secrets_of(self, message: TaskMessage) -> AttemptAnswer | None:
        """Ask for the secrets that a task mentions; what keeps it from an answer is raised."""
        return self._desk.ask(_question(message, message.secrets)) if message.secrets else None

    @contextlib.contextmanager
    def _heartbeat(self, message: TaskMessage, cancellation: Cancellation) -> Iterator[None]:
        ended = threading.Event()
        arguments = (message, cancellation, ended, datetime.now(UTC))
        beats = threading.Thread(target=self._beat, args=arguments, name="beat", daemon=True)
        beats.start()
        try:
            yield
        finally:
            # Not joined: an answer that is slow to come must not keep the task from its report.
            ended.set()

    def _beat(
        self,
        message: TaskMessage,
        cancellation: Cancellation,
        ended: threading.Event,
        began_at: datetime,
    ) -> None:
        """Tell once that the task has begun, and ask again and again whether it is wanted."""
        told = False
        while not ended.wait(self._beat_seconds):
            try:
                if not told:
                    self._tell(message, began_at)
                    told = True
                if not self._desk.ask(_question(message, [])).wanted:
                    cancellation.stop(StopReason.CANCELLED)
                    return
            except Exception as error:  # noqa: BLE001 - loop boundary: the task goes on without
                _log.warning(
                    "no heartbeat", extra={"task": message.task_key, "error": type(error).__name__}
                )

    def _tell(self, message: TaskMessage, began_at: datetime) -> None:
        """Tell the engine that somebody works on the task, so that it is not waited for."""
        request = message.request
        started = TaskStarted(
            request.task_type, message.attempt, FUNCTION_ANT_ID, platform.node(), began_at
        )
        event = pack_event(
            message.tenant,
            request.job_request_id,
            request.job_execution_id,
            message.proof,
            started,
        )
        self._send(event.model_dump_json())


def _question(message: TaskMessage, names: list[str]) -> AttemptQuestion:
    request = message.request
    return AttemptQuestion(
        tenant=message.tenant,
        job_request_id=request.job_request_id,
        job_execution_id=request.job_execution_id,
        task_type=request.task_type,
        attempt=message.attempt,
        proof=message.proof,
        names=names,
    )


def _unserved(answer: AttemptAnswer) -> Outcome:
    """Return the end of a task that is not handed its secrets."""
    outcome = Outcome()
    if answer.wanted:
        outcome.fail(ErrorCode.VALIDATION, f"its secrets are not to be had: {answer.refused}")
    else:
        outcome.stop(StopReason.CANCELLED, None)
    return outcome


def _bounded(message: TaskMessage) -> TaskMessage:
    """Return a task that ends before the function does: one without timeout gets one."""
    if message.request.timeout is not None:
        return message
    request = message.request.model_copy(update={"timeout": FUNCTION_TASK_SECONDS})
    return message.model_copy(update={"request": request})
