"""Waiting for an engine, which has to be asked again and again, without missing a stop."""

import select
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ant_agent.cancellation import Cancellation

Answer = TypeVar("Answer")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


def ask_until(
    ask: Callable[[], Answer | None], seconds: float, cancellation: Cancellation
) -> Answer | None:
    """Return the first answer, None when the time is up; raises TaskStoppedError on a stop."""
    end = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        cancellation.check()
        answer = ask()
        if answer is not None or time.monotonic() > end:
            return answer
        _rest(pause, cancellation)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def in_the_meantime(
    work: Callable[[], Answer], seconds: float, cancellation: Cancellation
) -> Answer:
    """Do something that cannot be broken off in a thread, and leave it when the time is up.

    Raises TimeoutError then, TaskStoppedError on a stop, and what the work itself raises.
    """
    results: list[Answer] = []
    errors: list[Exception] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)
        done.set()

    threading.Thread(target=run, name="engine", daemon=True).start()
    ask_until(lambda: done.is_set() or None, seconds, cancellation)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


def _rest(seconds: float, cancellation: Cancellation) -> None:
    remaining = cancellation.remaining()
    pause = seconds if remaining is None else min(seconds, remaining)
    select.select([cancellation], [], [], pause)
