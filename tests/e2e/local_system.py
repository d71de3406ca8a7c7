"""The whole product on this machine, started and stopped by its own runner as a user does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formicary.entrypoints.local.embedded_aws import EmbeddedAws
from formicary.entrypoints.local.home import CHECKOUT, Home
from formicary.entrypoints.local.settings import shell_environment
from tests.e2e.api import Api
from tests.e2e.partition import Wire
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_UP_SECONDS = 280
_FORMICARY = str(Path(sys.executable).with_name("formicary"))


class LocalSystem:
    """One system in a folder and on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.port = free_port()
        self._ants: list[Ant] = []

    def up(self) -> str:
        """Start it (what does not run) and return what it told."""
        return self._local("up")

    def down(self) -> str:
        """Stop it, keeping its state."""
        return self._local("down")

    def close(self) -> None:
        """Leave no process behind, whatever happened before."""
        for ant in self._ants:
            ant.end()
        self.down()

    def kill_aws(self) -> None:
        """Kill the embedded AWS as a power cut would."""
        daemon = self.aws.daemon
        pid = daemon.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert daemon.wait_end(20)

    @property
    def aws(self) -> EmbeddedAws:
        """The embedded AWS, for looking inside."""
        return EmbeddedAws(home=self.home, port=self.port)

    @property
    def env(self) -> dict[str, str]:
        """What `up` wrote for clients."""
        lines = self.home.env_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def api(self, token: str | None = None) -> Api:
        """Return a client of the REST API; with the administrator's token unless told."""
        return Api(self.env["FORMICARY_URL"], token or self.env["FORMICARY_TOKEN"])

    def formicary(self, *arguments: str, seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Call the command line and return how it ended."""
        return subprocess.run(
            [_FORMICARY, *arguments],
            env={**shell_environment(), "FORMICARY_HOME": str(self.home.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start_formicary(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line and go on."""
        return subprocess.Popen(
            [_FORMICARY, *arguments],
            env={**shell_environment(), "FORMICARY_HOME": str(self.home.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_ant(
        self,
        ant_id: str,
        *,
        tags: str,
        capacity: int = 1,
        methods: str = "SHELL",
        wire: Wire | None = None,
        more: Mapping[str, str] = {},
    ) -> Ant:
        """Start one more ant in a process group of its own, with more variables if need be."""
        told = wire.environment(self.env) if wire else self.env
        log = self.home.log(ant_id).open("ab")
        with log:
            process = subprocess.Popen(
                [
                    *(wire.prefix if wire else ()),
                    *(_FORMICARY, "ant", "start", "--id", ant_id, "--tags", tags),
                    *("--methods", methods, "--capacity", str(capacity)),
                    *("--work-dir", str(self.home.folder / "ants")),
                ],
                env={**shell_environment(), "NO_PROXY": "*", **told, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ant = Ant(ant_id, process)
        self._ants.append(ant)
        return ant

    def events_queue_url(self) -> str:
        """Where events go: the source of the engine function."""
        functions: Any = self.aws.client("lambda")
        (source,) = [
            mapping["EventSourceArn"]
            for mapping in functions.list_event_source_mappings()["EventSourceMappings"]
            if ":sqs:" in mapping["EventSourceArn"]
        ]
        sqs: Any = self.aws.client("sqs")
        return str(sqs.get_queue_url(QueueName=source.rpartition(":")[2])["QueueUrl"])

    def events_under_way(self) -> int:
        """How many events wait for the engine or are with it (timers that are not due do not)."""
        sqs: Any = self.aws.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = sqs.get_queue_attributes(QueueUrl=self.events_queue_url(), AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def _local(self, command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "formicary.entrypoints.local", command],
            cwd=CHECKOUT,
            env={
                **shell_environment(),
                "FORMICARY_HOME": str(self.home.folder),
                "FORMICARY_PORT": str(self.port),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_UP_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr}"
        return done.stderr


class Ant:
    """A process `formicary ant start`."""

    def __init__(self, ant_id: str, process: subprocess.Popen[bytes]) -> None:
        self.id = ant_id
        self.process = process

    def kill(self) -> None:
        """Kill its process group, as the loss of a host does; its task's processes live on."""
        self._signal(signal.SIGKILL)
        self.process.wait(20)

    def drain(self) -> None:
        """Ask it to take no more and end."""
        self.process.terminate()

    def freeze(self) -> None:
        """Cut it off: it does nothing and answers nobody until it is thawed."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on where it was."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Make sure that it is gone."""
        if self.process.poll() is None:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)
