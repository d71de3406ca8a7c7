"""Reports outcomes: written to disk first, sent for as long as it takes, then the message goes.

So a result survives a crash of the ant and an outage of the queue. Deletes are collected for a
moment: a message that comes again in between is claimed in vain and deleted then.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ant_agent.aws_access import AwsAccess
from ant_agent.aws_errors import AWS_FAULTS, error_code
from ant_agent.backoff import Backoff
from ant_agent.lease_keeper import Lease, LeaseKeeper
from ant_agent.spool import Report, Spool

_log = logging.getLogger(__name__)
_BATCH = 10
_LINGER_SECONDS = 0.5
_UNSENDABLE = frozenset(
    {"InvalidMessageContents", "InvalidParameterValue", "MessageTooLong", "BatchRequestTooLong"}
)


@dataclass(slots=True)
class _Pending:
    """Deletes that wait for company."""

    leases: list[Lease]
    since: float = 0.0

    def add(self, lease: Lease) -> None:
        if not self.leases:
            self.since = time.monotonic()
        self.leases.append(lease)

    def due_in(self) -> float | None:
        if not self.leases:
            return None
        if len(self.leases) >= _BATCH:
            return 0.0
        return max(0.0, self.since + _LINGER_SECONDS - time.monotonic())


class Reporter:
    """One thread; `report` returns as soon as the outcome is safe on disk."""

    def __init__(
        self, aws: AwsAccess, events_queue: Callable[[], str], spool: Spool, leases: LeaseKeeper
    ) -> None:
        self._aws = aws
        self._events_queue = events_queue
        self._spool = spool
        self._leases = leases
        self._queue: queue.SimpleQueue[Path | Lease | None] = queue.SimpleQueue()
        self._hurry = threading.Event()
        self._pending = _Pending([])
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier ant could not send."""
        for path in self._spool.unsent():
            self._queue.put(path)
        self._thread.start()

    def report(self, report: Report) -> None:
        """Take over an outcome and the message it answers."""
        self._queue.put(self._spool.keep(report))

    def discard(self, lease: Lease) -> None:
        """Delete a message that needs no report."""
        self._queue.put(lease)

    def unsent(self) -> int:
        """Return how many outcomes wait on disk."""
        return len(self._spool.unsent())

    def close(self, timeout_seconds: float) -> bool:
        """Send what is left; False when there was no time, the rest stays on disk."""
        self._queue.put(None)
        self._thread.join(timeout_seconds)
        self._hurry.set()
        return not self._thread.is_alive()

    def _run(self) -> None:
        going_on = True
        while going_on:
            try:
                going_on = self._step()
            except Exception:  # noqa: BLE001 - loop boundary: later reports must go out
                _log.exception("reporting failed; what is on disk goes out at the next start")

    def _step(self) -> bool:
        """Do the next thing that is due; False at the end."""
        try:
            item = self._queue.get(timeout=self._pending.due_in())
        except queue.Empty:
            self._delete_pending()
            return True
        if item is None:
            self._delete_pending()
            return False
        lease = item if isinstance(item, Lease) else self._send(item)
        if lease is not None:
            self._pending.add(lease)
        if self._pending.due_in() == 0.0:
            self._delete_pending()
        return True

    def _send(self, path: Path) -> Lease | None:
        """Send a spooled report however long it takes; return the lease of its message."""
        backoff = Backoff(0.2, 10.0)
        report = self._spool.read(path)
        while report is not None and not self._hurry.is_set():
            try:
                self._send_body(report.body)
            except AWS_FAULTS as error:
                if error_code(error) in _UNSENDABLE:
                    _log.exception("a report is refused for good", extra={"file": path.name})
                    self._spool.set_aside(path)
                    return report.lease
                _log.warning("cannot report yet", extra={"error": str(error)})
                self._hurry.wait(backoff.next_seconds())
            else:
                self._spool.forget(path)
                return report.lease
        return None

    def _send_body(self, body: str) -> None:
        self._aws.sqs(lambda sqs: sqs.send_message(QueueUrl=self._events_queue(), MessageBody=body))

    def _delete_pending(self) -> None:
        leases, self._pending.leases = self._pending.leases, []
        for lease in leases:
            self._leases.let_go(lease)
        for queue_url in {lease.queue_url for lease in leases}:
            self._delete(queue_url, [lease for lease in leases if lease.queue_url == queue_url])

    def _delete(self, queue_url: str, leases: list[Lease]) -> None:
        try:
            answer = self._aws.sqs(
                lambda sqs: sqs.delete_message_batch(
                    QueueUrl=queue_url,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": lease.receipt_handle}
                        for index, lease in enumerate(leases)
                    ],
                )
            )
        except AWS_FAULTS as error:
            _log.warning("cannot delete messages", extra={"error": str(error)})
            return
        for failed in answer.get("Failed", []):
            _log.info("a message was taken by another ant", extra={"code": failed["Code"]})
