"""The pulse of the ant: says what is in flight, learns which queues to poll and what to cancel."""

import logging
import threading
import time
from collections.abc import Callable

from ant_agent.connection import Connection
from ant_agent.control_plane import ControlPlaneClient, ControlPlaneError, UnknownAntError
from ant_agent.running_tasks import RunningTasks
from formicary.domain.ant import AntDirectives

_log = logging.getLogger(__name__)
_SHORTEST_SECONDS = 0.05
_LAST_BEAT_SECONDS = 5.0


class HeartbeatLoop:
    """One thread; a control plane that is away changes nothing but the log."""

    def __init__(
        self,
        *,
        control_plane: ControlPlaneClient,
        connection: Connection,
        tasks: RunningTasks,
        apply: Callable[[AntDirectives], None],
        every_beat: Callable[[], str],
    ) -> None:
        """`every_beat` sees to the host and tells why it can take no tasks, if so."""
        self._control_plane = control_plane
        self._connection = connection
        self._tasks = tasks
        self._apply = apply
        self._every_beat = every_beat
        self._stopped = threading.Event()
        self._answered = time.monotonic()
        self._interval = connection.answer.directives.heartbeat_seconds
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more; the beat under way is waited for, since its connection is closed next."""
        self._stopped.set()
        self._thread.join(_LAST_BEAT_SECONDS)

    def _beat_on(self) -> None:
        while not self._stopped.wait(max(_SHORTEST_SECONDS, self._interval)):
            try:
                self._beat(self._every_beat())
            except ControlPlaneError as error:
                _log.warning("no heartbeat", extra={"error": str(error)})
            except Exception:  # noqa: BLE001 - loop boundary
                # This thread is what cancels tasks and finds queues: it must not end.
                _log.exception("heartbeat failed")

    def last_answer_seconds(self) -> float:
        """Return how long ago the control plane answered."""
        return time.monotonic() - self._answered

    def _beat(self, condition: str) -> None:
        try:
            directives = self._control_plane.heartbeat(self._tasks.heartbeat(condition))
        except UnknownAntError:
            directives = self._connection.register()
        self._answered = time.monotonic()
        self._interval = directives.heartbeat_seconds
        self._tasks.cancel(directives.cancel)
        self._apply(directives)
