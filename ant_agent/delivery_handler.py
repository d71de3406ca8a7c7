"""From a delivered message to a report: one thread an attempt, which frees its slot at the end."""

import logging
import threading
from pathlib import Path

from pydantic import ValidationError

from ant_agent.ant_fault import outcome_of_fault
from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.control_plane import ControlPlaneClient, ControlPlaneError, RefusedError
from ant_agent.lease_keeper import LeaseKeeper
from ant_agent.poll_loop import Delivery
from ant_agent.reporter import Reporter
from ant_agent.running_tasks import RunningTask, RunningTasks
from ant_agent.secret_values import with_secrets
from ant_agent.slots import Slots
from ant_agent.spool import Report, report_body
from ant_agent.task_directory import TaskDirectory
from ant_agent.task_outcome import Outcome
from ant_agent.task_runner import TaskRunner
from formicary.domain.ant import ClaimRequest
from formicary.domain.states import ErrorCode
from formicary.domain.task_request import MESSAGE_SCHEMA_VERSION, TaskMessage

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 5
_UNKNOWN_SCHEMA_SECONDS = 60


class DeliveryHandler:
    """Decides whether a message is run, runs it and sees to its end."""

    def __init__(
        self,
        *,
        ant_id: str,
        tags: tuple[str, ...],
        tasks_folder: Path,
        control_plane: ControlPlaneClient,
        slots: Slots,
        leases: LeaseKeeper,
        tasks: RunningTasks,
        runner: TaskRunner,
        reporter: Reporter,
    ) -> None:
        self._ant_id = ant_id
        self._tags = list(tags)
        self._tasks_folder = tasks_folder
        self._control_plane = control_plane
        self._slots = slots
        self._leases = leases
        self._tasks = tasks
        self._runner = runner
        self._reporter = reporter

    def deliver(self, delivery: Delivery) -> None:
        """Take a message over, with its lease and its slot."""
        thread = threading.Thread(target=self._handle, args=(delivery,), name="task", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The host has no thread left to give.
            self._slots.free()
            self._leases.give_back(delivery.lease, _RETRY_SECONDS)
            raise

    def _handle(self, delivery: Delivery) -> None:
        directory: TaskDirectory | None = None
        try:
            message = self._admit(delivery)
            if message is not None:
                directory = TaskDirectory(self._tasks_folder)
                self._work(message, delivery, directory)
        except Exception:  # noqa: BLE001 - loop boundary
            # Whatever it is, the slot must come back and the message must not be lost.
            _log.exception("a delivery failed")
            self._leases.give_back(delivery.lease, _RETRY_SECONDS)
        finally:
            self._slots.free()
            if directory is not None:
                directory.remove()

    def _admit(self, delivery: Delivery) -> TaskMessage | None:
        """Return the message to run, None when it is not to be run here and now."""
        try:
            message = TaskMessage.model_validate_json(delivery.body)
        except ValidationError as error:
            # No trace and no input in the log: they may hold secrets.
            _log.error(
                "unreadable message deleted", extra={"faults": error.errors(include_input=False)}
            )
            self._reporter.discard(delivery.lease)
            return None
        if message.schema_version > MESSAGE_SCHEMA_VERSION:
            _log.error("message for a newer ant", extra={"schema": message.schema_version})
            self._leases.give_back(delivery.lease, _UNKNOWN_SCHEMA_SECONDS)
            return None
        if message.needs_claim(
            deliveries=delivery.receive_count, waited_seconds=delivery.waited_seconds
        ):
            return self._claim(message, delivery)
        return message

    def _claim(self, message: TaskMessage, delivery: Delivery) -> TaskMessage | None:
        """Ask whether what was delivered or sent before may run; it then is a new attempt."""
        request = message.request
        claim = ClaimRequest(
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_type=request.task_type,
            attempt=message.attempt,
            proof=message.proof,
            delivery=delivery.receive_count,
        )
        try:
            answer = self._control_plane.claim(claim)
        except ControlPlaneError as error:
            _log.warning("cannot claim", extra={"task": message.task_key, "error": str(error)})
            self._leases.give_back(delivery.lease, _RETRY_SECONDS)
            return None
        if not answer.granted:
            _log.info("not claimed", extra={"task": message.task_key, "reason": answer.reason})
            self._reporter.discard(delivery.lease)
            return None
        return message.model_copy(
            update={
                "attempt": answer.attempt,
                "proof": answer.proof,
                "object_prefix": answer.object_prefix,
                "request": request.model_copy(update={"task_retry": answer.attempt - 1}),
            }
        )

    def _work(self, message: TaskMessage, delivery: Delivery, directory: TaskDirectory) -> None:
        cancellation = Cancellation(message.request.timeout)
        task = RunningTask(message, cancellation)
        if not self._tasks.add(task):
            # Delivered twice as the same attempt: the other one reports; let this copy come again.
            self._leases.let_go(delivery.lease)
            cancellation.close()
            return
        status = ""
        try:
            outcome = self._run(message, directory, cancellation)
            status = str(outcome.status())
            if outcome.stopped is StopReason.ABANDONED:
                self._leases.give_back(delivery.lease)
            else:
                response = outcome.response(message, self._ant_id, self._tags)
                report = Report(report_body(message, response), delivery.lease)
                self._tell(report, directory)
        finally:
            self._tasks.remove(task, status)
            cancellation.close()
        _log.info(
            "task ended",
            extra={
                "task": message.task_key,
                "status": status,
                "exit_code": outcome.result.exit_code,
                "error_code": outcome.result.error_code,
            },
        )

    def _tell(self, report: Report, directory: TaskDirectory) -> None:
        """Report; a task that has filled the disk makes room for that with its own files."""
        try:
            self._reporter.report(report)
        except OSError as error:
            _log.warning("no room for a report", extra={"error": str(error)})
            directory.remove()
            self._reporter.report(report)

    def _run(
        self, message: TaskMessage, directory: TaskDirectory, cancellation: Cancellation
    ) -> Outcome:
        opened = message
        try:
            opened = with_secrets(self._control_plane, message)
            return self._runner.run(opened, directory, cancellation)
        except RefusedError as refusal:
            outcome = Outcome()
            outcome.fail(ErrorCode.VALIDATION, f"its secrets are not to be had: {refusal}")
            return outcome
        except ControlPlaneError as error:
            _log.warning("no secrets", extra={"task": message.task_key, "error": str(error)})
            outcome = Outcome()
            outcome.stop(StopReason.ABANDONED, None)
            return outcome
        except Exception as error:  # noqa: BLE001 - loop boundary
            return outcome_of_fault(opened, error)
