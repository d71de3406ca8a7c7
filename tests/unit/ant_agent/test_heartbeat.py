"""The pulse ends with the ant, not some time after it."""

import threading
from types import SimpleNamespace
from typing import Any

from ant_agent.heartbeat import HeartbeatLoop
from ant_agent.running_tasks import RunningTasks
from formicary.domain.ant import AntDirectives

_SECONDS = 20


def test_a_beat_that_is_under_way_is_over_when_the_loop_has_stopped() -> None:
    begun, go_on = threading.Event(), threading.Event()
    directives = AntDirectives(queues=[], cancel=[], heartbeat_seconds=0, lease_seconds=60)

    def beat(_heartbeat: Any) -> AntDirectives:
        begun.set()
        assert go_on.wait(_SECONDS)
        return directives

    applied: list[AntDirectives] = []
    plane: Any = SimpleNamespace(heartbeat=beat)
    connection: Any = SimpleNamespace(answer=SimpleNamespace(directives=directives))
    loop = HeartbeatLoop(
        control_plane=plane,
        connection=connection,
        tasks=RunningTasks(),
        apply=applied.append,
        every_beat=lambda: "",
    )
    loop.start()
    assert begun.wait(_SECONDS)
    threading.Timer(0.2, go_on.set).start()

    loop.stop()

    assert applied == [directives]
