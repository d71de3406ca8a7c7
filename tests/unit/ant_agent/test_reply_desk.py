"""Replies find the tasks that await them, others go back."""

import json
import queue
import threading

import pytest
from botocore.exceptions import ClientError

from ant_agent.cancellation import Cancellation, StopReason, TaskStoppedError
from ant_agent.messaging_queues import MessagingQueue, QueueMissingError, Reply
from ant_agent.reply_desk import ReplyDesk, ReplyQueueGoneError

QUEUE = MessagingQueue("replies", "acme-messages-replies", "http://queue")


class FakeQueues:
    """A reply queue by hand: `put` what is received next, an error too."""

    def __init__(self) -> None:
        self.coming: queue.Queue = queue.Queue()
        self.settled: list[tuple] = []
        self.receivers: set[int] = set()

    def put(self, body: str, count: int = 1) -> None:
        self.coming.put(Reply(body, {}, f"r-{body}", count))

    def receive(self, _: MessagingQueue) -> list[Reply]:
        self.receivers.add(threading.get_ident())
        try:
            item = self.coming.get(timeout=0.05)
        except queue.Empty:
            return []
        if isinstance(item, Exception):
            raise item
        return [item]

    def delete(self, _: MessagingQueue, reply: Reply) -> None:
        self.settled.append(("deleted", reply.body))

    def give_back(self, _: MessagingQueue, reply: Reply, after_seconds: int) -> None:
        self.settled.append(("back", reply.body, after_seconds))


def to(key: str) -> str:
    return json.dumps({"co_relation_id": key})


@pytest.fixture
def queues():
    return FakeQueues()


@pytest.fixture
def desk(queues):
    desk = ReplyDesk(queues)
    yield desk
    desk.close()


@pytest.fixture
def cancellation():
    cancellation = Cancellation(30)
    yield cancellation
    cancellation.close()


def test_replies_reach_their_tasks_in_any_order(desk, queues, cancellation):
    with desk.awaiting(QUEUE, "a") as first, desk.awaiting(QUEUE, "b") as second:
        queues.put(to("b"))
        queues.put(to("a"))

        assert first.wait(cancellation) == to("a")
        assert second.wait(cancellation) == to("b")

    assert queues.settled == [("deleted", to("b")), ("deleted", to("a"))]
    assert len(queues.receivers) == 1


def test_a_reply_that_nobody_awaits_goes_back_and_stays_away_longer_and_longer(
    desk, queues, cancellation
):
    with desk.awaiting(QUEUE, "a") as ticket:
        for count in (1, 10, 15, 500):
            queues.put(to("x"), count)
        queues.put(to("a"))
        ticket.wait(cancellation)

    assert queues.settled[:-1] == [("back", to("x"), seconds) for seconds in (1, 1, 6, 20)]


def test_a_reply_to_a_task_that_has_ended_is_deleted(desk, queues, cancellation):
    with desk.awaiting(QUEUE, "a"):
        pass
    with desk.awaiting(QUEUE, "b") as ticket:
        queues.put(to("a"))
        queues.put(to("b"))
        ticket.wait(cancellation)

    assert queues.settled == [("deleted", to("a")), ("deleted", to("b"))]


def test_a_text_that_mentions_a_task_is_its_reply(desk, queues, cancellation):
    with desk.awaiting(QUEUE, "a-1") as ticket:
        queues.put("<about a-1>")

        assert ticket.wait(cancellation) == "<about a-1>"


def test_a_fault_of_the_queue_is_outlived(desk, queues, cancellation):
    with desk.awaiting(QUEUE, "a") as ticket:
        queues.coming.put(ClientError({"Error": {"Code": "Throttling"}}, "ReceiveMessage"))
        queues.put(to("a"))

        assert ticket.wait(cancellation) == to("a")


def test_a_queue_that_is_gone_fails_all_who_wait(desk, queues, cancellation):
    with desk.awaiting(QUEUE, "a") as first, desk.awaiting(QUEUE, "b") as second:
        queues.coming.put(QueueMissingError("gone"))

        for ticket in (first, second):
            with pytest.raises(ReplyQueueGoneError, match="gone"):
                ticket.wait(cancellation)


@pytest.mark.parametrize("reason", StopReason)
def test_a_task_that_is_stopped_waits_no_longer(desk, cancellation, reason):
    with desk.awaiting(QUEUE, "a") as ticket:
        cancellation.stop(reason)

        with pytest.raises(TaskStoppedError) as stopped:
            ticket.wait(cancellation)

    assert stopped.value.reason is reason
