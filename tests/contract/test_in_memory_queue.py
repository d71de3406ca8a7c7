"""The queue of the simulator behaves as SQS does, on a clock that a test moves."""

from __future__ import annotations

from formicary.adapters.memory.fake_clock import FakeClock, SequentialIds
from formicary.adapters.memory.in_memory_queue import InMemoryQueue
from formicary.adapters.system import SystemClock, UlidGenerator


def a_queue(**options):
    clock = FakeClock()
    return clock, InMemoryQueue(clock, visibility_seconds=30, **options)


def bodies(messages):
    return [message.body for message in messages]


def test_messages_come_in_the_order_sent_and_are_hidden_from_others():
    _, queue = a_queue()
    for body in "abc":
        queue.send(body)

    assert bodies(queue.receive(2)) == ["a", "b"]
    assert bodies(queue.receive()) == ["c"]
    assert queue.receive() == []
    assert len(queue) == 3


def test_a_message_that_was_not_deleted_comes_back_when_its_lease_ends():
    clock, queue = a_queue()
    queue.send("a")
    (first,) = queue.receive()

    clock.advance(29.9)
    assert queue.receive() == []
    clock.advance(0.1)
    (second,) = queue.receive()

    assert (first.receive_count, second.receive_count) == (1, 2)
    assert second.message_id == first.message_id


def test_only_the_latest_receipt_deletes_or_extends():
    clock, queue = a_queue()
    queue.send("a")
    (first,) = queue.receive()
    clock.advance(30)
    (second,) = queue.receive()

    assert not queue.delete(first.receipt)
    assert not queue.extend(first.receipt, 60)
    assert queue.delete(second.receipt)
    assert not queue.delete(second.receipt)
    assert len(queue) == 0


def test_an_extended_lease_lasts_from_now_and_a_lost_one_cannot_be_extended():
    clock, queue = a_queue()
    queue.send("a")
    (message,) = queue.receive()
    clock.advance(20)

    assert queue.extend(message.receipt, 30)
    clock.advance(29)
    assert queue.receive() == []
    clock.advance(1)
    assert not queue.extend(message.receipt, 30)
    assert len(queue.receive()) == 1


def test_a_message_given_back_is_visible_at_once():
    _, queue = a_queue()
    queue.send("a")
    (message,) = queue.receive()

    assert queue.extend(message.receipt, 0)

    assert len(queue.receive()) == 1


def test_a_delayed_message_becomes_visible_when_it_is_due():
    clock, queue = a_queue()
    queue.send("late", 60)
    queue.send("now")
    due = queue.next_visible_at()

    assert due == clock.now()
    assert bodies(queue.receive()) == ["now"]
    clock.advance(60)
    assert sorted(bodies(queue.receive())) == ["late", "now"]


def test_the_next_moment_of_an_empty_queue_is_none():
    clock, queue = a_queue()
    assert queue.next_visible_at() is None
    queue.send("a", 5)
    (at,) = [queue.next_visible_at()]
    clock.advance_to(at)
    (message,) = queue.receive()
    queue.delete(message.receipt)

    assert queue.next_visible_at() is None


def test_a_message_received_too_often_is_put_aside():
    clock, queue = a_queue(max_receive_count=2)
    queue.send("poison")
    for _ in range(2):
        assert len(queue.receive()) == 1
        clock.advance(30)

    assert queue.receive() == []
    assert (queue.dead_letters, len(queue)) == (["poison"], 0)


def test_ids_are_ulids_and_sequential_ones_sort_as_they_came():
    real, made = UlidGenerator(), SequentialIds("seed")

    assert len({real.ulid() for _ in range(100)}) == 100
    assert all(len(ids.ulid()) == 26 and len(ids.key()) >= 32 for ids in (real, made))
    assert made.ulid() < made.ulid()
    assert SequentialIds("seed").key() == SequentialIds("seed").key() != SequentialIds("x").key()


def test_the_clock_of_the_system_is_aware_and_cut_to_milliseconds():
    now = SystemClock().now()

    assert now.utcoffset().total_seconds() == 0
    assert now.microsecond % 1000 == 0
