"""Who may poll and who may run."""

import threading
import time

from ant_agent.slots import FRESH_SECONDS, Slots


def begin_in_background(slots: Slots) -> list[int | None]:
    begun: list[int | None] = []
    threading.Thread(target=lambda: begun.append(slots.begin_poll()), daemon=True).start()
    return begun


def within(condition: object, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(condition())


def test_a_fresh_poll_holds_its_slot_and_an_older_one_lends_it() -> None:
    slots = Slots(1)
    assert slots.begin_poll() is not None
    second = begin_in_background(slots)

    assert not within(lambda: second, FRESH_SECONDS / 2)
    assert within(lambda: second, FRESH_SECONDS + 1)


def test_an_ended_poll_gives_its_slot_to_the_next_at_once() -> None:
    slots = Slots(1)
    first = slots.begin_poll()
    second = begin_in_background(slots)

    slots.end_poll(first)

    assert within(lambda: second, FRESH_SECONDS / 2)


def test_a_lent_slot_is_not_run_on_twice() -> None:
    slots = Slots(1)
    first = slots.begin_poll()
    time.sleep(FRESH_SECONDS + 0.01)
    second = slots.begin_poll()

    assert slots.take(second, 1)
    assert not slots.take(first, 0.02)


def test_a_message_on_a_lent_slot_waits_for_the_running_task() -> None:
    slots = Slots(1)
    first = slots.begin_poll()
    time.sleep(FRESH_SECONDS + 0.01)
    slots.take(slots.begin_poll(), 1)
    threading.Timer(0.05, slots.free).start()

    assert slots.take(first, 2)


def test_nobody_polls_while_all_slots_run() -> None:
    slots = Slots(2)
    for _ in range(2):
        slots.take(slots.begin_poll(), 1)
    waiting = begin_in_background(slots)

    assert not within(lambda: waiting, 0.05)
    slots.free()
    assert within(lambda: waiting, 1)


def test_closing_wakes_pollers_and_takes_no_more() -> None:
    slots = Slots(1)
    poll = slots.begin_poll()
    waiting = begin_in_background(slots)

    slots.close()

    assert within(lambda: waiting == [None], 1)
    assert not slots.take(poll, 0)
    assert slots.wait_until_idle(0)


def test_slots_that_are_held_let_nobody_poll_until_they_are_released() -> None:
    slots = Slots(1)
    polls: list[int | None] = []
    slots.hold(True)
    poller = threading.Thread(target=lambda: polls.append(slots.begin_poll()))
    poller.start()
    poller.join(0.1)
    waiting = poller.is_alive()

    slots.hold(False)
    poller.join(5)

    assert waiting
    assert polls != [None]
    assert len(polls) == 1
