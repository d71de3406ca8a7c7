"""Hands replies out: one receiver a reply queue, however many tasks wait for replies on it.

A reply that nobody here awaits goes back: another ant may await it. It then stays hidden the
longer the more often it was received, so that replies which are nobody's do not keep ants busy;
the queue's retention ends them. A second reply to an attempt of this ant is deleted.
"""

import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ant_agent.aws_errors import AWS_FAULTS
from ant_agent.backoff import Backoff
from ant_agent.cancellation import Cancellation
from ant_agent.messaging_queues import MessagingQueue, MessagingQueues, QueueMissingError, Reply
from formicary.domain.messaging import correlation_of

_log = logging.getLogger(__name__)
_REMEMBERED = 10_000
_LONGEST_HIDDEN_SECONDS = 20
# Times that a reply goes back for a second only: that many ants have had the chance to see it.
_QUICK_TURNS = 10


class ReplyQueueGoneError(Exception):
    """The reply queue was removed while a task waits for its reply."""


@dataclass(slots=True)
class _Waiter:
    """A task that waits; its thread is woken by `changed`."""

    changed: threading.Event = field(default_factory=threading.Event)
    body: str | None = None
    fault: str = ""


class _Receiver:
    """One reply queue: who waits on it, and whether a thread receives."""

    def __init__(self, queue: MessagingQueue) -> None:
        self.queue = queue
        self.waiters: dict[str, _Waiter] = {}
        self.running = False


class ReplyDesk:
    """The replies of one ant's tasks, by correlation id."""

    def __init__(self, queues: MessagingQueues) -> None:
        self._queues = queues
        self._lock = threading.Lock()
        self._receivers: dict[str, _Receiver] = {}
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._stopped = threading.Event()

    @contextlib.contextmanager
    def awaiting(self, queue: MessagingQueue, key: str) -> Iterator["ReplyTicket"]:
        """Await the reply to a request that is sent inside; one that comes later is deleted."""
        waiter = _Waiter()
        with self._lock:
            receiver = self._receivers.setdefault(queue.url, _Receiver(queue))
            receiver.waiters[key] = waiter
        try:
            yield ReplyTicket(self, receiver, waiter)
        finally:
            with self._lock:
                receiver.waiters.pop(key, None)
                self._answered[key] = None
                while len(self._answered) > _REMEMBERED:
                    self._answered.popitem(last=False)

    def close(self) -> None:
        """Receive no more; what a poll under way brings is given back."""
        self._stopped.set()

    def receive(self, receiver: _Receiver) -> None:
        """See to it that somebody receives."""
        with self._lock:
            if receiver.running:
                return
            receiver.running = True
        thread = threading.Thread(
            target=self._run, args=(receiver,), name=f"replies-{receiver.queue.name}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                receiver.running = False
            raise

    def _run(self, receiver: _Receiver) -> None:
        backoff = Backoff(0.2, 5.0)
        while self._wanted(receiver):
            try:
                replies = self._queues.receive(receiver.queue)
                backoff.reset()
            except QueueMissingError as error:
                self._fail_all(receiver, str(error))
                continue
            except AWS_FAULTS as error:
                _log.warning(
                    "cannot receive replies",
                    extra={"queue": receiver.queue.full_name, "error": str(error)},
                )
                self._stopped.wait(backoff.next_seconds())
                continue
            for reply in replies:
                try:
                    self._hand_out(receiver, reply)
                except Exception:  # noqa: BLE001 - loop boundary: other tasks wait for theirs
                    _log.exception("a reply could not be handed out")

    def _wanted(self, receiver: _Receiver) -> bool:
        """Whether anybody waits; under one lock with the decision to end."""
        with self._lock:
            waiting = any(not waiter.changed.is_set() for waiter in receiver.waiters.values())
            receiver.running = waiting and not self._stopped.is_set()
            return receiver.running

    def _fail_all(self, receiver: _Receiver, fault: str) -> None:
        with self._lock:
            for waiter in receiver.waiters.values():
                waiter.fault = fault
                waiter.changed.set()

    def _hand_out(self, receiver: _Receiver, reply: Reply) -> None:
        key = correlation_of(reply.body, reply.attributes)
        with self._lock:
            key = key or _named_in(reply.body, receiver.waiters)
            waiter = receiver.waiters.get(key)
            # Deleted before it is used: a reply that is lost with its ant is asked for again.
            ours = waiter is not None or key in self._answered
            if waiter is not None and not waiter.changed.is_set():
                waiter.body = reply.body
        try:
            if ours:
                self._queues.delete(receiver.queue, reply)
            else:
                self._queues.give_back(receiver.queue, reply, _hidden_seconds(reply))
        except AWS_FAULTS as error:
            _log.warning("cannot settle a reply", extra={"error": str(error)})
        if waiter is not None:
            waiter.changed.set()
        elif not key and reply.receive_count == 1:
            _log.warning(
                "a reply names no task: give it the co_relation_id of its request",
                extra={"queue": receiver.queue.full_name},
            )


class ReplyTicket:
    """What a task holds while it waits."""

    def __init__(self, desk: ReplyDesk, receiver: _Receiver, waiter: _Waiter) -> None:
        self._desk = desk
        self._receiver = receiver
        self._waiter = waiter

    def wait(self, cancellation: Cancellation) -> str:
        """Return the reply; may raise TaskStoppedError and ReplyQueueGoneError."""
        self._desk.receive(self._receiver)
        changed = self._waiter.changed
        cancellation.on_stop(changed.set)
        try:
            while not changed.wait(cancellation.remaining()):
                cancellation.check()
        finally:
            cancellation.forget(changed.set)
        if self._waiter.body is None:
            cancellation.check()
            raise ReplyQueueGoneError(self._waiter.fault)
        return self._waiter.body


def _named_in(body: str, waiters: dict[str, _Waiter]) -> str:
    """Return the task whose id a text mentions that is no proper reply; it is told so."""
    return next((key for key in waiters if key in body), "")


def _hidden_seconds(reply: Reply) -> int:
    extra = reply.receive_count - _QUICK_TURNS
    return 1 if extra <= 0 else min(1 + extra, _LONGEST_HIDDEN_SECONDS)
