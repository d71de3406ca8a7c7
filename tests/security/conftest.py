"""The embedded AWS with its policy engine on, apart from any system that runs beside the tests."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from pathlib import Path

import boto3
import pytest

from tests.ports import free_port
from tests.synthesis import dev, synthesise

__all__ = ["dev", "guarded_aws", "synthesise"]

_EMULATOR = Path(__file__).resolve().parents[2] / ".venv-emulator" / "bin" / "ministack"


def _wait_until_ready(endpoint: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the embedded AWS did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def guarded_aws(tmp_path_factory):
    """A function that makes clients of an embedded AWS that enforces IAM policies."""
    home = tmp_path_factory.mktemp("aws")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    log = home / "log"
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "testing",
        "IOT_MTLS_ENABLED": "0",
        "STATE_DIR": str(home / "state"),
        "S3_DATA_DIR": str(home / "s3"),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(_EMULATOR)], env=environment, cwd=home, stdout=output, stderr=output
        )
    try:
        _wait_until_ready(endpoint, process, log)

        def client(service, credentials=None):
            keys = credentials or {}
            session = boto3.Session(
                aws_access_key_id=keys.get("AccessKeyId", "testing"),
                aws_secret_access_key=keys.get("SecretAccessKey", "testing"),
                aws_session_token=keys.get("SessionToken"),
                region_name="us-east-1",
            )
            return session.client(service, endpoint_url=endpoint)

        yield client
    finally:
        process.terminate()
        process.wait(timeout=30)
