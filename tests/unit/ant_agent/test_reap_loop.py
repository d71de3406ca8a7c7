"""What attempts left behind goes when an ant starts, and when it ends."""

import threading
from typing import cast

from ant_agent.executors.base import Executor
from ant_agent.reap_loop import ReapLoop

_LONG = 60.0


class Engine:
    """Reaps when it is let, and counts; its first reaping may fail."""

    def __init__(self, *, fails_first: bool = False) -> None:
        self.rounds = 0
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        self._fails_first = fails_first

    def reap(self) -> None:
        self.begun.set()
        self.may_go_on.wait()
        self.rounds += 1
        if self._fails_first and self.rounds == 1:
            raise ConnectionError("the engine is away")


def loop_of(*engines: Engine) -> ReapLoop:
    loop = ReapLoop(cast("list[Executor]", [*engines, *engines]), every_seconds=_LONG)
    loop.start()
    return loop


def test_an_ant_that_ends_at_once_has_reaped() -> None:
    engine = Engine()
    loop = loop_of(engine)
    engine.begun.wait(_LONG)
    threading.Timer(0.05, engine.may_go_on.set).start()

    loop.stop(_LONG)

    # What began to reap before it was stopped has ended, and what ended since is seen to.
    assert engine.rounds == 2


def test_a_fault_of_an_engine_keeps_no_other_from_being_reaped() -> None:
    faulty, other = Engine(fails_first=True), Engine()
    faulty.may_go_on.set()
    other.may_go_on.set()

    loop_of(faulty, other).stop(_LONG)

    assert faulty.rounds >= 1
    assert other.rounds == faulty.rounds


def test_an_engine_that_hangs_keeps_no_ant_from_ending() -> None:
    engine = Engine()

    loop_of(engine).stop(0.01)

    assert engine.rounds == 0
    engine.may_go_on.set()
