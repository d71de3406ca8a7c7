"""The ant: puts the parts together and leads them through a life.

register ─> poll, run, report, beat ─> stop or drain: take no more, end what runs ─> report ─> exit
                                    └> second stop: kill what runs, give its messages back ─> exit
"""

import contextlib
import fcntl
import logging
import queue
import signal
import threading
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from pathlib import Path

from ant_agent.ant_facts import AntFacts
from ant_agent.artifact_transfer import ArtifactTransfer
from ant_agent.backoff import Backoff
from ant_agent.cache import Caches
from ant_agent.connection import Connection
from ant_agent.control_plane import (
    ControlPlaneClient,
    ControlPlaneError,
    RefusedError,
)
from ant_agent.delivery_handler import DeliveryHandler
from ant_agent.disk_guard import DiskGuard
from ant_agent.executors import (
    Executor,
    ExecutorHost,
    ExecutorUnavailableError,
    executors_for,
)
from ant_agent.heartbeat import HeartbeatLoop
from ant_agent.host_notices import HostNotices, on_ec2
from ant_agent.lease_keeper import LeaseKeeper
from ant_agent.local_server import LocalServer
from ant_agent.log_lines import log_to_stderr
from ant_agent.messaging_queues import MessagingQueues
from ant_agent.object_store import S3ObjectStore
from ant_agent.poll_loop import PollLoops
from ant_agent.process_manager import ProcessManager, kill_leftovers
from ant_agent.reap_loop import ReapLoop
from ant_agent.reporter import Reporter
from ant_agent.running_tasks import RunningTasks
from ant_agent.settings import Settings
from ant_agent.slots import Slots
from ant_agent.spool import Spool
from ant_agent.task_directory import remove_tree
from ant_agent.task_runner import TaskRunner
from formicary.domain.ant import AntDirectives
from formicary.domain.states import TaskMethod

_log = logging.getLogger(__name__)
_LAST_REPORTS_SECONDS = 10.0
_KILL_SECONDS = 5.0
_LAST_REAP_SECONDS = 20.0


class AntError(Exception):
    """The ant cannot start."""


class _Order(Enum):
    STOP = auto()
    DRAIN = auto()
    IDLE = auto()


class Ant:
    """One ant; `run` returns after `stop`."""

    def __init__(self, settings: Settings, *, owns_process: bool = False) -> None:
        """Take settings; `owns_process` tells that all children of this process are the ant's."""
        self._settings = settings
        # A SimpleQueue may be filled from a signal handler, an Event may not.
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._tasks_folder = settings.home / "tasks"
        self._control_plane = ControlPlaneClient(
            settings.url, settings.token.get_secret_value(), settings.id
        )
        self._connection = Connection(settings, self._control_plane)
        self._slots = Slots(settings.capacity)
        self._tasks = RunningTasks()
        self._processes = ProcessManager(
            grace_seconds=settings.grace_seconds, owns_process=owns_process
        )
        self._leases = LeaseKeeper(self._connection.aws, self._lease_seconds)
        self._executors: Mapping[TaskMethod, Executor] = {}
        self._directives: AntDirectives | None = None
        self._draining = threading.Event()
        self._disk = DiskGuard(settings.home, settings.min_free_disk_bytes)

    def stop(self) -> None:
        """End after the running tasks; called again, end at once."""
        self._orders.put(_Order.STOP)

    def drain(self, reason: str) -> None:
        """End after the running tasks, however often it is asked."""
        if not self._draining.is_set():
            _log.info("asked to go", extra={"reason": reason})
            self._draining.set()
            self._orders.put(_Order.DRAIN)

    def run(self) -> None:
        """Live; raises AntError when it cannot start."""
        self._tasks_folder.mkdir(parents=True, exist_ok=True)
        with _only_one(self._settings.home), contextlib.closing(self._control_plane):
            self._executors = self._usable_executors()
            kill_leftovers(self._tasks_folder)
            for left in self._tasks_folder.iterdir():
                remove_tree(left)
            reaper = ReapLoop(self._executors.values())
            reaper.start()
            try:
                if self._register():
                    self._live()
            finally:
                reaper.stop(_LAST_REAP_SECONDS)
                for executor in set(self._executors.values()):
                    executor.close()

    def _usable_executors(self) -> Mapping[TaskMethod, Executor]:
        """Make the executors of its methods; an ant does not promise what it cannot do."""
        try:
            executors = executors_for(self._settings.methods, self._executor_host())
            for executor in set(executors.values()):
                executor.check()
        except ExecutorUnavailableError as error:
            raise AntError(str(error)) from error
        return executors

    def _executor_host(self) -> ExecutorHost:
        messaging = MessagingQueues(
            self._connection.aws,
            self._connection.messaging_queue_prefix,
            poll_seconds=self._settings.poll_seconds,
        )
        return ExecutorHost(self._settings, self._processes, messaging)

    def _register(self) -> bool:
        """Register however long it takes; False when told to stop before."""
        backoff = Backoff(0.3, 10.0)
        while True:
            try:
                self._directives = self._connection.register()
            except RefusedError as error:
                raise AntError(f"the control plane refuses this ant: {error}") from error
            except ControlPlaneError as error:
                _log.warning("control plane is away", extra={"error": str(error)})
            else:
                return True
            with contextlib.suppress(queue.Empty):
                self._orders.get(timeout=backoff.next_seconds())
                return False

    def _live(self) -> None:
        aws = self._connection.aws
        reporter = Reporter(
            aws,
            self._connection.events_queue,
            Spool(self._settings.home / "spool"),
            self._leases,
        )
        polls = PollLoops(
            aws=aws,
            slots=self._slots,
            leases=self._leases,
            lease_seconds=self._lease_seconds,
            wait_seconds=self._settings.poll_seconds,
            deliver=self._handler(reporter).deliver,
        )
        heartbeat = HeartbeatLoop(
            control_plane=self._control_plane,
            connection=self._connection,
            tasks=self._tasks,
            apply=lambda directives: self._apply(directives, polls),
            every_beat=self._see_to_the_host,
        )
        reporter.start()
        self._leases.start()
        heartbeat.start()
        assert self._directives is not None  # noqa: S101 - it is registered
        self._see_to_the_host()
        self._apply(self._directives, polls)
        with self._watched(heartbeat, reporter):
            self._await_stop(polls)
        polls.join()
        reporter.close(_LAST_REPORTS_SECONDS)
        heartbeat.stop()
        self._leases.stop()
        _log.info("ant ends")

    def _handler(self, reporter: Reporter) -> DeliveryHandler:
        settings = self._settings
        store = S3ObjectStore(self._connection.aws, self._connection.bucket)
        runner = TaskRunner(
            executors=self._executors,
            transfer=ArtifactTransfer(store),
            caches=Caches(store, settings.cache_limit_bytes),
            log_sink=store,
            base_environment=settings.task_environment(),
            output_limit=settings.output_limit_bytes,
            after_script_seconds=settings.after_script_seconds,
            ant_secrets=self._secrets,
        )
        return DeliveryHandler(
            ant_id=settings.id,
            tags=settings.tags,
            tasks_folder=self._tasks_folder,
            control_plane=self._control_plane,
            slots=self._slots,
            leases=self._leases,
            tasks=self._tasks,
            runner=runner,
            reporter=reporter,
        )

    def _secrets(self) -> list[str]:
        return [
            self._settings.token.get_secret_value(),
            *self._connection.aws.secrets(),
            *self._settings.masked_values(),
        ]

    def _await_stop(self, polls: PollLoops) -> None:
        """Drain at the first order; kill what runs at a second signal, not at a second wish."""
        stops = int(self._orders.get() is _Order.STOP)
        self._draining.set()
        _log.info("draining")
        polls.stop()
        self._slots.close()
        threading.Thread(target=self._tell_when_idle, name="drain", daemon=True).start()
        while (order := self._orders.get()) is not _Order.IDLE:
            stops += order is _Order.STOP
            if stops > 1:
                _log.warning("killing what runs")
                self._tasks.abandon()
                self._slots.wait_until_idle(_KILL_SECONDS)
                return

    def _tell_when_idle(self) -> None:
        self._slots.wait_until_idle()
        self._orders.put(_Order.IDLE)

    def _apply(self, directives: AntDirectives, polls: PollLoops) -> None:
        self._directives = directives
        polls.follow(directives.queues)
        if directives.drain:
            self.drain("by the control plane")

    def _see_to_the_host(self) -> str:
        """Bury and kill orphans; take no tasks while there is no room for them, and tell why."""
        self._processes.sweep()
        problem = self._disk.problem()
        if problem:
            _log.warning("taking no tasks", extra={"reason": problem})
        self._slots.hold(bool(problem))
        return problem

    @contextlib.contextmanager
    def _watched(self, heartbeat: HeartbeatLoop, reporter: Reporter) -> Iterator[None]:
        """Serve health and metrics, and listen to the host, as far as the settings say."""
        facts = AntFacts(
            slots=self._slots,
            tasks=self._tasks,
            disk=self._disk,
            heartbeat=heartbeat,
            reporter=reporter,
            capacity=self._settings.capacity,
            draining=self._draining.is_set,
        )
        with contextlib.ExitStack() as ends:
            if self._settings.metrics_port is not None:
                server = LocalServer(
                    self._settings.metrics_host,
                    self._settings.metrics_port,
                    problem=facts.problem,
                    metrics=facts.metrics,
                )
                ends.callback(server.close)
                server.start()
            if on_ec2():
                notices = HostNotices(self.drain)
                ends.callback(notices.stop)
                notices.start()
            yield

    def _lease_seconds(self) -> int:
        return self._directives.lease_seconds if self._directives else 30


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the folder of the ant; a second ant of that name would kill the tasks of the first."""
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AntError(f"another ant uses {home}; give this one another --id") from error
        yield


def run_ant(settings: Settings) -> int:
    """Be an ant process: log to stderr, end on SIGTERM and SIGINT."""
    log_to_stderr(settings.id)
    ant = Ant(settings, owns_process=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ant.stop())
    try:
        ant.run()
    except AntError as error:
        _log.error("cannot start", extra={"error": str(error)})
        return 1
    return 0
