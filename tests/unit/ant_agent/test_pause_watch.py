"""A watch calls back once for each pause."""

import threading
import time

from ant_agent.pause_watch import PauseWatch

_SECONDS = 20


def test_it_calls_back_once_for_each_pause_and_not_without_one() -> None:
    paused = threading.Semaphore(0)
    watch = PauseWatch(0.05, paused.release)

    for _ in range(2):
        watch.touch()
        assert paused.acquire(timeout=_SECONDS)
    assert not paused.acquire(timeout=0.2)
    watch.close()


def test_whoever_touches_it_again_begins_to_count_anew() -> None:
    times: list[float] = []
    watch = PauseWatch(1, lambda: times.append(time.monotonic()))

    for _ in range(4):
        touched = time.monotonic()
        watch.touch()
        time.sleep(0.1)

    end = time.monotonic() + _SECONDS
    while not times or times[-1] < touched + 1:
        assert time.monotonic() < end
        time.sleep(0.02)
    watch.close()


def test_a_closed_one_calls_back_no_more() -> None:
    paused = threading.Event()
    watch = PauseWatch(0.1, paused.set)

    watch.touch()
    watch.close()

    assert not paused.wait(0.3)
