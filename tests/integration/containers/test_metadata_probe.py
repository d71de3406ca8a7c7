"""Whether containers reach a metadata service, asked from inside one of the real engine."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ant_agent.doctor import Doctor, Finding, Verdict
from ant_agent.executors.containers.labels import ANT
from ant_agent.executors.docker.metadata_probe import SCRIPT, answers_inside
from ant_agent.settings import Settings

ANT_ID = "looks-inside"


class Service:
    """Gives a token for a PUT, and items to those who bring it, or to all."""

    def __init__(self, host: str) -> None:
        self.gives_token = True
        self.wants_token = True
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                service.asked.append(self.command)
                wanted = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                self._answer(200 if wanted and service.gives_token else 403)

            def do_GET(self) -> None:
                service.asked.append(self.command)
                self._answer(401 if service.wants_token else 200)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://{host}:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def service(registry_host: str) -> Iterator[Service]:
    service = Service(registry_host)
    yield service
    service.close()


@pytest.fixture
def settings(engine: Any, tmp_path: Path) -> Iterator[Settings]:
    fields = {"url": "http://127.0.0.1:9", "token": "t", "id": ANT_ID, "work_dir": tmp_path}
    yield Settings(**fields, methods="DOCKER", helper_image="alpine:latest")
    assert engine.containers.list(all=True, filters={"label": f"{ANT}={ANT_ID}"}) == []


@pytest.mark.parametrize(
    ("gives_token", "wants_token", "reached"),
    [(True, True, True), (False, False, True), (False, True, False)],
    ids=["a token", "items without a token", "refusals alone"],
)
def test_what_a_container_is_given_counts(
    service: Service, settings: Settings, *, gives_token: bool, wants_token: bool, reached: bool
) -> None:
    service.gives_token, service.wants_token = gives_token, wants_token

    assert answers_inside(settings, service.url) is reached
    assert service.asked[0] == "PUT"


@pytest.mark.parametrize("tools", [("timeout", "bash"), ("timeout",), ("bash",)])
def test_an_image_without_nc_asks_by_bash_and_one_without_either_cannot(
    service: Service, tmp_path: Path, tools: tuple[str, ...]
) -> None:
    for tool in ("grep", "cat", *tools):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    host, port = service.url.removeprefix("http://").split(":")

    def code() -> int:
        command = ["/bin/sh", "-c", SCRIPT, "ask", host, port]
        return subprocess.run(command, env={"PATH": str(tmp_path)}, check=False).returncode

    open_to_all = code()
    service.gives_token = False

    assert (open_to_all, code()) == ((0, 1) if len(tools) == 2 else (3, 3))


def test_nobody_there_is_no_answer(settings: Settings, registry_host: str) -> None:
    assert answers_inside(settings, f"http://{registry_host}:9") is False


def test_without_an_engine_it_is_not_known(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"docker_host": "tcp://127.0.0.1:9"})

    assert answers_inside(nowhere, "http://127.0.0.1:9") is None


def test_the_doctor_warns_of_what_a_container_reaches(service: Service, settings: Settings) -> None:
    def finding() -> Finding:
        found = Doctor(settings, metadata_url=service.url).findings()
        return {one.part: one for one in found}["instance metadata in containers"]

    open_to_all = finding()
    service.gives_token = False
    closed = finding()

    assert open_to_all.verdict is Verdict.WARNING
    assert "hop limit of 1" in open_to_all.text
    assert closed.verdict is Verdict.GOOD
