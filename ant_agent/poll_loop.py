"""One thread a task queue: wait for the turn, long-poll, hand the message over."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ant_agent.aws_access import AwsAccess
from ant_agent.aws_errors import AWS_FAULTS
from ant_agent.backoff import Backoff
from ant_agent.lease_keeper import Lease, LeaseKeeper
from ant_agent.slots import Slots
from formicary.domain.ant import QueueDirective

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef, ReceiveMessageResultTypeDef

_log = logging.getLogger(__name__)
# How long a message waits for a slot that was lent to another queue, before other ants may have it.
_PATIENCE_SECONDS = 2.0
_WORTH_WAITING_SECONDS = 2


class Delivery:
    """A message taken from a queue, with its lease; its slot is taken."""

    def __init__(self, lease: Lease, message: "MessageTypeDef") -> None:
        self.lease = lease
        self.body = message.get("Body", "")
        attributes = message.get("Attributes", {})
        self.receive_count = int(attributes.get("ApproximateReceiveCount", "1"))
        sent = int(attributes.get("SentTimestamp", "0"))
        # Both by the clock of the queue.
        first_received = int(attributes.get("ApproximateFirstReceiveTimestamp", sent))
        self.waited_seconds = max(0, first_received - sent) / 1000


class PollLoops:
    """Starts and stops pollers so that they match what the control plane says."""

    def __init__(
        self,
        *,
        aws: AwsAccess,
        slots: Slots,
        leases: LeaseKeeper,
        lease_seconds: Callable[[], int],
        wait_seconds: int,
        deliver: Callable[[Delivery], None],
    ) -> None:
        self._aws = aws
        self._slots = slots
        self._leases = leases
        self._lease_seconds = lease_seconds
        self._wait_seconds = wait_seconds
        self._deliver = deliver
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._stopped = False

    def follow(self, queues: Iterable[QueueDirective]) -> None:
        """Poll exactly these queues."""
        wanted = {queue.queue_url: queue for queue in queues}
        with self._lock:
            if self._stopped:
                wanted = {}
            for url in self._stops.keys() - wanted.keys():
                self._stops.pop(url).set()
            for url in wanted.keys() - self._stops.keys():
                stop = self._stops[url] = threading.Event()
                name = f"poll-{wanted[url].routing_key}"
                thread = threading.Thread(
                    target=self._poll, args=(url, stop), name=name, daemon=True
                )
                self._threads.add(thread)
                thread.start()

    def stop(self) -> None:
        """Poll nothing any more; what a poll under way still brings is given back."""
        with self._lock:
            self._stopped = True
        self.follow(())

    def join(self) -> None:
        """Wait for polls under way if they are short: one that is cut off may swallow a message."""
        if self._wait_seconds <= _WORTH_WAITING_SECONDS:
            for thread in self._threads:
                thread.join(_WORTH_WAITING_SECONDS)

    def _poll(self, queue_url: str, stop: threading.Event) -> None:
        backoff = Backoff(0.2, 5.0)
        while not stop.is_set() and (poll := self._slots.begin_poll()) is not None:
            try:
                messages = self._receive(queue_url).get("Messages", [])
            except AWS_FAULTS as error:
                self._slots.end_poll(poll)
                _log.warning("cannot poll", extra={"queue": queue_url, "error": str(error)})
                stop.wait(backoff.next_seconds())
                continue
            backoff.reset()
            if not messages:
                self._slots.end_poll(poll)
                continue
            try:
                self._accept(poll, queue_url, messages[0], stop)
            except Exception:  # noqa: BLE001 - loop boundary: this queue must go on being polled
                _log.exception("a delivery could not be handed over")
                stop.wait(backoff.next_seconds())

    def _receive(self, queue_url: str) -> "ReceiveMessageResultTypeDef":
        return self._aws.sqs(
            lambda sqs: sqs.receive_message(
                QueueUrl=queue_url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=self._wait_seconds,
                VisibilityTimeout=self._lease_seconds(),
                MessageSystemAttributeNames=[
                    "ApproximateReceiveCount",
                    "SentTimestamp",
                    "ApproximateFirstReceiveTimestamp",
                ],
            )
        )

    def _accept(
        self, poll: int, queue_url: str, message: "MessageTypeDef", stop: threading.Event
    ) -> None:
        delivery = Delivery(Lease(queue_url, message["ReceiptHandle"]), message)
        with contextlib.ExitStack() as undo:
            undo.callback(self._leases.give_back, delivery.lease)
            if stop.is_set():
                self._slots.end_poll(poll)
                return
            if not self._slots.take(poll, _PATIENCE_SECONDS):
                return
            undo.pop_all()
        self._leases.hold(delivery.lease)
        self._deliver(delivery)
