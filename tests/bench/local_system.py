"""A local system of its own for the benchmarks, started and stopped by the product's runner."""

import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.entrypoints.cli.connection import find_connection
from formicary.entrypoints.local.home import CHECKOUT, Home
from formicary.entrypoints.local.local_ant import ant_daemon
from formicary.entrypoints.local.processes import Daemon
from formicary.entrypoints.local.settings import shell_environment
from tests.bench import jobs
from tests.bench.report import note
from tests.ports import free_port

_LOOK_SECONDS = 0.5
_UP_SECONDS = 300
_CALL_SECONDS = 120.0


class BenchError(Exception):
    """A benchmark cannot be carried out."""


class LocalSystem:
    """`make up` and `make down` on a folder and port that nobody else uses."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self._port = free_port()

    def up(self) -> bool:
        """Start it; whether stacks had to be deployed."""
        return "stacks deployed" in self._local("up")

    def down(self) -> None:
        """Stop it, keeping its state."""
        self._local("down")

    def client(self) -> ControlPlaneClient:
        """Return a client with connections of its own."""
        found = find_connection(None, None, str(self.home.folder))
        return ControlPlaneClient(found.url, found.token, timeout_seconds=_CALL_SECONDS)

    def formicary(self, *arguments: str) -> None:
        """Call the command line as a user does."""
        command = [str(Path(sys.executable).with_name("formicary")), *arguments]
        self._run(command, CHECKOUT)

    def pids(self) -> tuple[int, int]:
        """Return the processes that all others of the system descend from: its AWS, its ant."""
        aws = Daemon(self.home.pid_file("aws"), self.home.log("aws")).pid()
        ant = ant_daemon(self.home).pid()
        if aws is None or ant is None:
            raise BenchError("the local system does not run")
        return aws, ant

    def _local(self, command: str) -> str:
        return self._run([sys.executable, "-m", "formicary.entrypoints.local", command], CHECKOUT)

    def _run(self, command: list[str], folder: Path) -> str:
        environment = {
            **shell_environment(),
            "FORMICARY_HOME": str(self.home.folder),
            "FORMICARY_PORT": str(self._port),
        }
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_UP_SECONDS,
            check=False,
        )
        if done.returncode:
            words = " ".join(command[-3:])
            raise BenchError(f"{words} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stderr


@contextlib.contextmanager
def local_system() -> Iterator[LocalSystem]:
    """Have a fresh system run for the length of the block; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="formicary-bench-") as folder:
        system = LocalSystem(Path(folder) / "home")
        note("starting a local system (its stacks are deployed: 15 to 60 s)")
        try:
            system.up()
            _warm_up(system)
            yield system
        finally:
            system.down()


def define(client: ControlPlaneClient, text: str) -> None:
    """Save a definition."""
    client.save_definition(text.encode())


def finish(client: ControlPlaneClient, run_id: str, patience_seconds: float = 600.0) -> Any:
    """Wait for a run by seldom looks; return it, which must have completed."""
    deadline = time.monotonic() + patience_seconds
    while True:
        run = client.run(run_id)
        if run["job_state"] in {"COMPLETED", "FAILED", "CANCELLED"}:
            break
        if time.monotonic() > deadline:
            raise BenchError(f"run {run_id} is {run['job_state']} after {patience_seconds:g} s")
        time.sleep(_LOOK_SECONDS)
    if run["job_state"] != "COMPLETED":
        raise BenchError(f"run {run_id} is {run['job_state']}: {run.get('error_message')}")
    return run


def seconds_between(start: str, end: str) -> float:
    """Return the seconds between two moments as the API writes them."""
    return (_moment(end) - _moment(start)).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))


def _warm_up(system: LocalSystem) -> None:
    """Have every function loaded and the queue of SHELL tasks polled."""
    with system.client() as client:
        define(client, jobs.chain("bench-warm-up", 5))
        for _ in range(3):
            finish(client, client.submit({"job_type": "bench-warm-up"})["id"])
    note("the local system is warm")
