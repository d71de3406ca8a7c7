"""The embedded AWS for tests of the ant: real requests, real leases, real refusals."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.ports import free_port

PROGRAM = Path(__file__).parents[3] / ".venv-emulator/bin/ministack"


class EmbeddedAws:
    """One emulator process, which can be stopped and started again with its state."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        temp = self._folder / "tmp"
        temp.mkdir(exist_ok=True)
        environment = {
            "PATH": os.defpath,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self._folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self._folder / "s3"),
            "TMPDIR": str(temp),
            "IOT_MTLS_ENABLED": "0",
        }
        with (self._folder / "emulator.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_ready()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("the emulator does not get ready")
