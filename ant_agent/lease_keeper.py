"""Keeps the messages of running tasks invisible to other ants, in batches, at a third of the lease.

A handle that is lost is let go: the task goes on, its result may turn out late.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ant_agent.aws_access import AwsAccess
from ant_agent.aws_errors import AWS_FAULTS

_log = logging.getLogger(__name__)
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to a message for a while."""

    queue_url: str
    receipt_handle: str


class LeaseKeeper:
    """One thread for all leases; sleeps while there are none."""

    def __init__(self, aws: AwsAccess, lease_seconds: Callable[[], int]) -> None:
        self._aws = aws
        self._lease_seconds = lease_seconds
        self._changed = threading.Condition()
        self._leases: set[Lease] = set()
        self._stopped = False
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        """Begin to keep leases."""
        self._thread.start()

    def stop(self) -> None:
        """Keep none any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def hold(self, lease: Lease) -> None:
        """Keep a lease from now on."""
        with self._changed:
            self._leases.add(lease)
            self._changed.notify_all()

    def let_go(self, lease: Lease) -> None:
        """Keep it no longer."""
        with self._changed:
            self._leases.discard(lease)

    def give_back(self, lease: Lease, after_seconds: int = 0) -> None:
        """Let the message be taken by any ant, at once or after a while."""
        self.let_go(lease)
        try:
            self._aws.sqs(
                lambda sqs: sqs.change_message_visibility(
                    QueueUrl=lease.queue_url,
                    ReceiptHandle=lease.receipt_handle,
                    VisibilityTimeout=after_seconds,
                )
            )
        except AWS_FAULTS as error:
            _log.warning("cannot give a message back", extra={"error": str(error)})

    def _keep(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or bool(self._leases))
                due = time.monotonic() + self._lease_seconds() / 3
                self._changed.wait_for(lambda: self._stopped, due - time.monotonic())
                if self._stopped:
                    return
                leases = list(self._leases)
            self._extend_all(leases)

    def _extend_all(self, leases: list[Lease]) -> None:
        by_queue: dict[str, list[Lease]] = defaultdict(list)
        for lease in leases:
            by_queue[lease.queue_url].append(lease)
        for queue_url, held in by_queue.items():
            for start in range(0, len(held), _BATCH):
                self._extend(queue_url, held[start : start + _BATCH])

    def _extend(self, queue_url: str, leases: list[Lease]) -> None:
        try:
            answer = self._aws.sqs(
                lambda sqs: sqs.change_message_visibility_batch(
                    QueueUrl=queue_url,
                    Entries=[
                        {
                            "Id": str(index),
                            "ReceiptHandle": lease.receipt_handle,
                            "VisibilityTimeout": self._lease_seconds(),
                        }
                        for index, lease in enumerate(leases)
                    ],
                )
            )
        except AWS_FAULTS as error:
            _log.warning("cannot extend leases", extra={"error": str(error)})
            return
        for failed in answer.get("Failed", []):
            _log.warning("a lease is lost", extra={"code": failed["Code"]})
            self.let_go(leases[int(failed["Id"])])
