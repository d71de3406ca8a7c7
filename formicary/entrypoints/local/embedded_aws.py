"""The embedded AWS as a background process: start, wait, ask, stop."""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formicary.entrypoints.local.errors import LocalError
from formicary.entrypoints.local.fingerprint import fingerprint
from formicary.entrypoints.local.home import CHECKOUT, Home
from formicary.entrypoints.local.processes import Daemon

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION = "us-east-1"
ACCOUNT = "000000000000"
_HOST = "127.0.0.1"
_READY_SECONDS = 60.0
_STOP_SECONDS = 60.0  # it saves everything
_PORT_LINGERS_SECONDS = 2.0  # of a killed process, until its last thread is gone
_MODULE = "formicary.entrypoints.local.emulator"


@dataclass(frozen=True, kw_only=True)
class EmbeddedAws:
    """MiniStack in its own environment, with its state in the home."""

    home: Home
    port: int
    snapshot_seconds: float = 5.0
    function_ttl_seconds: int = 600

    @property
    def endpoint(self) -> str:
        """Where every service of it answers."""
        return f"http://{_HOST}:{self.port}"

    @cached_property
    def daemon(self) -> Daemon:
        """Its process."""
        return Daemon(self.home.pid_file("aws"), self.home.log("aws"))

    def client_environment(self) -> dict[str, str]:
        """What any AWS client needs to talk to it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        """A boto3 client that cannot reach a real account."""
        import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 (slow, and `down` needs it not)
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

        return boto3.client(
            service,
            config=Config(proxies={}),  # it is on this machine
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (it checks nothing)
        )

    def start(self) -> bool:
        """Have it run and ready; false when it ran before."""
        if self.daemon.pid() is not None:
            if self.daemon.fact("port") != self.port:
                raise LocalError(
                    f"the system in {self.home.folder} runs on port {self.daemon.fact('port')};"
                    f" stop it (make down) before starting it on FORMICARY_PORT={self.port}"
                )
            if self.daemon.fact("code") == self._code():
                return False
            self.stop()
        self._refuse_taken_port()
        self._set_scratch_aside()
        self.daemon.start(
            self._command(),
            environment=self._environment(),
            folder=CHECKOUT,
            facts={"port": self.port, "code": self._code()},
        )
        self._wait_ready()
        return True

    def stop(self) -> bool:
        """End it gracefully, which saves its state; false when it had to be killed."""
        return self.daemon.stop(grace_seconds=_STOP_SECONDS)

    def save_now(self) -> None:
        """Have the state of this instant on disk before going on."""
        status = self.request("POST", "/_formicary/snapshot", timeout=_STOP_SECONDS)
        if status != 200:
            raise LocalError(
                f"the embedded AWS could not save its state; see {self.daemon.log_file}"
            )

    def request(self, method: str, path: str, *, timeout: float = 5.0) -> int | None:
        """The status of one plain request, None when nobody answers."""
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=timeout)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _command(self) -> list[str]:
        python = CHECKOUT / ".venv-emulator" / "bin" / "python"
        if not python.exists():
            raise LocalError("the embedded AWS is not installed; run: make setup")
        options = {
            "--state": self.home.aws_state,
            "--scratch": self.home.aws_scratch,
            "--snapshot-seconds": self.snapshot_seconds,
        }
        words = [str(word) for option in options.items() for word in option]
        return [str(python), "-m", _MODULE, *words]

    def _environment(self) -> Mapping[str, str]:
        # Functions inherit all of it, so nothing of the shell: no AWS_*, no PYTHON*, no HOME.
        return {
            **self.client_environment(),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home.aws_scratch),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.home.aws_scratch),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": _HOST,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home.aws_state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.home.aws_objects),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_WARM_TTL_SECONDS": str(self.function_ttl_seconds),
            "LOG_LEVEL": "WARNING",
        }

    def _set_scratch_aside(self) -> None:
        # Unpacked functions: thousands of files, which the new process removes while it runs.
        scratch = self.home.aws_scratch
        if scratch.exists():
            scratch.rename(scratch.with_name(f"{scratch.name}-{time.time_ns()}"))
        scratch.mkdir(parents=True)

    def _code(self) -> str:
        own = Path(__file__).with_name("emulator")
        return fingerprint([own, CHECKOUT / "localstack" / "requirements-emulator.txt"])

    def _refuse_taken_port(self) -> None:
        deadline = time.monotonic() + _PORT_LINGERS_SECONDS
        while self._somebody_listens():
            if time.monotonic() > deadline:
                raise LocalError(
                    f"port {self.port} is taken by another program;"
                    " choose a free one: FORMICARY_PORT=4567 make up"
                )
            time.sleep(0.1)

    def _somebody_listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex((_HOST, self.port)) == 0

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while self.request("GET", "/_ministack/ready") != 200:
            if self.daemon.pid() is None or time.monotonic() > deadline:
                self.daemon.stop(grace_seconds=1)
                raise LocalError(f"the embedded AWS did not start:\n{self.daemon.log_tail()}")
            time.sleep(0.05)
