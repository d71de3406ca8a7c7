"""MESSAGING: a request over one queue, its reply over another; the status of the reply counts."""

from collections.abc import Sequence

from ant_agent.aws_errors import AWS_FAULTS
from ant_agent.executors.answer_file import answer_file
from ant_agent.executors.base import (
    ExecutorError,
    ExecutorHost,
    ExecutorResult,
    ExecutorUnavailableError,
    TaskContext,
)
from ant_agent.messaging_queues import MessagingQueue, MessagingQueues, QueueMissingError
from ant_agent.reply_desk import ReplyDesk, ReplyQueueGoneError
from ant_agent.task_environment import as_text
from formicary.domain.messaging import QueueNameError, ReplyError, read_reply, request_body
from formicary.domain.states import ErrorCode

_REQUEST_FIELD, _REPLY_FIELD = "messaging_request_queue", "messaging_reply_queue"
_UNREACHABLE: tuple[type[Exception], ...] = (QueueMissingError, *AWS_FAULTS)
_MAX_BODY = 1024 * 1024 - 1024


class MessagingExecutor:
    """Has tasks done by whoever reads the queues that they name."""

    on_host = True

    def __init__(self, host: ExecutorHost) -> None:
        self._queues = host.messaging
        self._desk = ReplyDesk(host.messaging) if host.messaging is not None else None

    def check(self) -> None:
        """Nothing is needed on this host."""

    def open(self, task: TaskContext) -> "MessagingSession":
        """Take an attempt."""
        if self._queues is None or self._desk is None:
            raise ExecutorUnavailableError("this ant has no access to queues: start it anew")
        return MessagingSession(task, self._queues, self._desk)

    def reap(self) -> None:
        """A request leaves nothing behind."""

    def close(self) -> None:
        """Stop to receive replies."""
        if self._desk is not None:
            self._desk.close()


class MessagingSession:
    """One attempt."""

    def __init__(self, task: TaskContext, queues: MessagingQueues, desk: ReplyDesk) -> None:
        self._task = task
        self._queues = queues
        self._desk = desk

    def run_scripts(self) -> ExecutorResult:
        """Send the request and wait for its reply."""
        task = self._task
        requests, replies = self._find(_REQUEST_FIELD), self._find(_REPLY_FIELD)
        if requests.url == replies.url:
            raise ExecutorError(
                ErrorCode.VALIDATION,
                f"{_REQUEST_FIELD} and {_REPLY_FIELD} name the same queue: name two",
            )
        key = task.environment["FORMICARY_IDEMPOTENCY_KEY"]
        body = request_body(
            task.request, key=key, reply_queue=replies.full_name, reply_url=replies.url
        )
        if len(body.encode()) > _MAX_BODY:
            raise ExecutorError(
                ErrorCode.VALIDATION,
                f"the request has more than {_MAX_BODY} bytes: hand over large things as artifacts",
            )
        task.cancellation.check()
        with self._desk.awaiting(replies, key) as ticket:
            self._send(requests, body, key)
            task.output.say(f"asked over {requests.full_name}, waiting on {replies.full_name}")
            try:
                reply = ticket.wait(task.cancellation)
            except ReplyQueueGoneError as error:
                raise _unreachable(_REPLY_FIELD, error) from error
        return self._result(reply)

    def run_after_script(self) -> list[str]:
        """There is no shell here for an `after_script`."""
        return [f"after_script is not run by {self._task.request.executor_opts.method}"]

    def fetch(self, patterns: Sequence[str]) -> list[str]:  # noqa: ARG002 - it is there
        """Nothing to do: the reply is written into the working directory."""
        return []

    def close(self) -> None:
        """Nothing is left open."""

    def _find(self, field: str) -> MessagingQueue:
        name = str((self._task.request.executor_opts.model_extra or {}).get(field) or "")
        if not name:
            raise ExecutorError(ErrorCode.VALIDATION, f"{field} names no queue: name one")
        try:
            return self._queues.find(name)
        except QueueNameError as error:
            raise ExecutorError(ErrorCode.VALIDATION, f"{field}: {error}") from error
        except _UNREACHABLE as error:
            raise _unreachable(field, error) from error

    def _send(self, queue: MessagingQueue, body: str, key: str) -> None:
        try:
            self._queues.send(queue, body, key)
        except _UNREACHABLE as error:
            raise _unreachable(_REQUEST_FIELD, error) from error

    def _result(self, body: str) -> ExecutorResult:
        task = self._task
        if (file := answer_file(task, "reply.json")) is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body)
        try:
            reply = read_reply(body)
        except ReplyError as error:
            task.output.say(body)
            return ExecutorResult(
                succeeded=False, error_code=ErrorCode.MESSAGING, error_message=str(error)
            )
        for line in reply.stdout:
            task.output.say(line)
        for name, value in reply.outputs.items():
            task.output.scanner.put(name, as_text(value))
        task.output.say(f"the reply says {reply.status}")
        return ExecutorResult(
            succeeded=reply.succeeded,
            exit_code=reply.exit_code,
            exit_message=reply.exit_message,
            error_code="" if reply.succeeded else reply.error_code or ErrorCode.TASK_EXECUTE,
            error_message="" if reply.succeeded else reply.error_message or "the reply says FAILED",
            failed_command=reply.failed_command,
            warnings=tuple(reply.warnings),
        )


def _unreachable(field: str, error: Exception) -> ExecutorError:
    return ExecutorError(ErrorCode.MESSAGING, f"{field}: {error}")
