"""Looks whether an ant could work here, part by part, and says what is missing with the mend."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from ant_agent import instance_metadata
from ant_agent.connection import CLOCK_WARNING_SECONDS, Connection
from ant_agent.control_plane import ControlPlaneClient, ControlPlaneError, RefusedError
from ant_agent.disk_guard import DiskGuard
from ant_agent.executors import ExecutorHost, executors_for
from ant_agent.executors.base import ExecutorUnavailableError
from ant_agent.executors.registry import installed_methods
from ant_agent.host_notices import METADATA_URL
from ant_agent.object_store import S3ObjectStore
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from formicary.domain.ant import QueueDirective
from formicary.domain.object_keys import cache_key
from formicary.domain.states import TaskMethod

_REFUSED_SECONDS = 300
_MIB = 2**20


class Verdict(StrEnum):
    """What came of a check; only a fault keeps an ant from working."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the ant, how it is, and the mend."""

    part: str
    verdict: Verdict
    text: str


class CheckError(Exception):
    """A part does not work; the message says why and the mend."""


class Doctor:
    """Examines a host with the settings that an ant would start with; leaves it as it was."""

    def __init__(self, settings: Settings, *, metadata_url: str = METADATA_URL) -> None:
        self._settings = settings
        self._metadata_url = metadata_url
        self._control_plane = ControlPlaneClient(
            settings.url, settings.token.get_secret_value(), settings.id
        )
        self._connection = Connection(settings, self._control_plane, trial=True)

    def findings(self) -> Iterator[Finding]:
        """Yield what is found; what needs a registration is left out when there is none."""
        with contextlib.closing(self._control_plane):
            yield self._examine("work folder", self._work_folder)
            yield self._examine("disk", self._room)
            registration = self._examine("control plane", self._register)
            yield registration
            if registration.verdict is Verdict.GOOD:
                yield self._clock()
                yield self._examine("queues", self._queues)
                yield self._examine("artifact store", self._store)
        yield from self._instance_metadata()
        yield from self._executors()

    def _examine(self, part: str, check: Callable[[], str]) -> Finding:
        try:
            return Finding(part, Verdict.GOOD, check())
        except CheckError as error:
            return Finding(part, Verdict.FAULT, str(error))

    def _work_folder(self) -> str:
        home = self._settings.home
        try:
            home.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=home) as file:
                file.write(b"x")
        except OSError as error:
            raise CheckError(
                f"{home}: {error.strerror}; choose another --work-dir, or give it to this user"
            ) from error
        return str(home)

    def _room(self) -> str:
        guard = DiskGuard(self._settings.home, self._settings.min_free_disk_bytes)
        problem = guard.problem()
        if problem:
            raise CheckError(f"{problem}; make room, or the ant takes no tasks")
        return f"{guard.free_bytes() // _MIB} MiB free"

    def _register(self) -> str:
        try:
            self._connection.register()
        except RefusedError as error:
            raise CheckError(f"refuses this ant: {error}") from error
        except ControlPlaneError as error:
            raise CheckError(
                f"{self._settings.url} does not answer ({error}); check the address, the proxy and"
                " that outbound HTTPS is open"
            ) from error
        return f"{self._settings.url}, tenant {self._connection.answer.tenant}"

    def _clock(self) -> Finding:
        ahead = self._control_plane.clock_ahead_seconds
        text = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the control plane's"
        if abs(ahead) <= CLOCK_WARNING_SECONDS:
            return Finding("clock", Verdict.GOOD, text)
        mend = f"{text}: AWS refuses calls that are 5 minutes off; set the time, or turn NTP on"
        fault = abs(ahead) >= _REFUSED_SECONDS
        return Finding("clock", Verdict.FAULT if fault else Verdict.WARNING, mend)

    def _queues(self) -> str:
        queues = self._connection.answer.directives.queues
        for queue in queues:
            self._find_queue(queue)
        if not queues:
            raise CheckError("there is none to poll; check --methods and --tags")
        return ", ".join(queue.routing_key.rstrip("|") for queue in queues)

    def _find_queue(self, queue: QueueDirective) -> None:
        name = queue.queue_url.rsplit("/", 1)[-1]
        try:
            self._connection.aws.sqs(lambda sqs: sqs.get_queue_url(QueueName=name))
        except (BotoCoreError, ClientError) as error:
            raise CheckError(_aws_text(f"queue of {queue.routing_key}", error)) from error

    def _store(self) -> str:
        answer = self._connection.answer
        store = S3ObjectStore(self._connection.aws, self._connection.bucket)
        key = cache_key(answer.tenant, "formicary-doctor", self._settings.id)
        handle, name = tempfile.mkstemp()
        os.close(handle)
        try:
            store.put(key, b"x", "text/plain")
            store.download(key, Path(name), lambda: None)
        except (BotoCoreError, ClientError) as error:
            raise CheckError(_aws_text(f"bucket {answer.artifact_bucket}", error)) from error
        finally:
            Path(name).unlink()
        return answer.artifact_bucket

    def _instance_metadata(self) -> Iterator[Finding]:
        """Warn where tasks could fetch the credentials of the host."""
        part, methods = "instance metadata", set(self._settings.methods)
        if TaskMethod.DOCKER in methods:
            inside = self._answers_containers()
            if inside is not None:
                methods.remove(TaskMethod.DOCKER)
                name = f"{part} in containers"
                yield _metadata_finding(name, inside, instance_metadata.mends([TaskMethod.DOCKER]))
        mends = instance_metadata.mends(methods)
        if mends:
            yield _metadata_finding(part, instance_metadata.answers(self._metadata_url), mends)
        elif methods:
            yield Finding(part, Verdict.GOOD, "no method of this ant lets tasks reach it")

    def _answers_containers(self) -> bool | None:
        from ant_agent.executors.docker.metadata_probe import (  # noqa: PLC0415 - loads docker
            answers_inside,
        )

        return answers_inside(self._settings, self._metadata_url)

    def _executors(self) -> Iterator[Finding]:
        """Check the methods of the ant, then tell which others it could carry out."""
        host = ExecutorHost(self._settings, ProcessManager(grace_seconds=0.0))
        wanted = [str(method) for method in self._settings.methods]
        others = [name for name in installed_methods() if name not in wanted]
        for name in (*wanted, *others):
            bad = Verdict.FAULT if name in wanted else Verdict.NOTE
            try:
                for executor in executors_for([TaskMethod(name)], host).values():
                    with contextlib.closing(executor):
                        executor.check()
            except (ExecutorUnavailableError, ValueError) as error:
                yield Finding(name, bad, str(error))
            else:
                if name in wanted:
                    yield Finding(name, Verdict.GOOD, "")
                else:
                    yield Finding(name, Verdict.NOTE, "works here; it is not among --methods")


def _metadata_finding(part: str, answers: bool, mends: list[str]) -> Finding:
    if not answers:
        return Finding(part, Verdict.GOOD, "does not answer")
    text = "answers, so tasks may fetch this host's credentials: "
    return Finding(part, Verdict.WARNING, f"{text}{'; '.join(mends)} (docs/security.md)")


def _aws_text(thing: str, error: Exception) -> str:
    return (
        f"{thing}: {error}; check that outbound HTTPS to AWS is open, and that the stacks are of"
        " the same deployment as the control plane"
    )
