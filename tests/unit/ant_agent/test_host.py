"""What an ant learns of its host, and what the host may ask of it."""

import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ant_agent.disk_guard import DiskGuard
from ant_agent.host_notices import HostNotices, on_ec2, wait_for_notice
from ant_agent.local_server import LocalServer, Metric


class Metadata:
    """The instance metadata service: answers only with a token of its own."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.tokens = 0
        self.asked = threading.Semaphore(0)
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                service.tokens += 1
                self._answer(200, f"token-{service.tokens}")

            def do_GET(self) -> None:
                name = self.path.removeprefix("/latest/meta-data/")
                if self.headers["X-aws-ec2-metadata-token"] != f"token-{service.tokens}":
                    self._answer(401, "")
                elif name in service.items:
                    self._answer(200, service.items[name])
                else:
                    self._answer(404, "")
                service.asked.release()

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

            def _answer(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,)).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    service = Metadata()
    yield service
    service.close()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("spot/instance-action", '{"action": "terminate"}', "the spot instance is interrupted"),
        (
            "autoscaling/target-lifecycle-state",
            "Terminated",
            "the instance leaves its Auto Scaling group",
        ),
    ],
)
def test_a_notice_of_the_host_is_told_once(
    metadata: Metadata, name: str, value: str, reason: str
) -> None:
    told: list[str] = []
    seen = threading.Event()

    def leave(why: str) -> None:
        told.append(why)
        seen.set()

    metadata.items["autoscaling/target-lifecycle-state"] = "InService"
    notices = HostNotices(leave, url=metadata.url, seconds=0.01)
    notices.start()
    for _ in range(4):
        assert metadata.asked.acquire(timeout=5)
    early = list(told)
    metadata.tokens += 1  # A token that has ended is replaced.
    metadata.items[name] = value

    assert seen.wait(5)
    notices.stop()
    assert (early, told) == ([], [reason])


def test_who_waits_is_told_of_a_notice(metadata: Metadata) -> None:
    metadata.items["spot/instance-action"] = "{}"

    assert wait_for_notice(url=metadata.url, seconds=0.01) == "the spot instance is interrupted"


def test_a_service_that_is_closed_to_the_ant_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = threading.Semaphore(0)

    class Closed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            refused.release()

    caplog.set_level(logging.WARNING)
    notices = HostNotices(lambda _: None, url="http://127.0.0.1:9", seconds=0.001)
    handler = Closed()
    logging.getLogger("ant_agent.host_notices").addHandler(handler)
    notices.start()

    assert refused.acquire(timeout=10)
    assert not refused.acquire(timeout=0.3)
    notices.stop()
    logging.getLogger("ant_agent.host_notices").removeHandler(handler)


def test_only_a_host_of_ec2_is_asked(tmp_path: Path) -> None:
    vendor = tmp_path / "sys_vendor"
    assert not on_ec2(vendor)
    vendor.write_text("QEMU\n")
    assert not on_ec2(vendor)
    vendor.write_text("Amazon EC2\n")
    assert on_ec2(vendor)


def test_a_disk_without_room_is_told_with_the_setting_that_says_so(tmp_path: Path) -> None:
    assert DiskGuard(tmp_path, 1).problem() == ""
    assert "FORMICARY_ANT_MIN_FREE_DISK_BYTES" in DiskGuard(tmp_path, 2**62).problem()
    assert DiskGuard(tmp_path / "gone", 1).problem() != ""


def test_health_and_metrics_are_served() -> None:
    problems = [""]
    metrics = [Metric("a_total", "Counts.", 3.0), Metric("b", "Measures.", 0.5)]
    server = LocalServer("127.0.0.1", 0, problem=lambda: problems[0], metrics=lambda: metrics)
    server.start()

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    healthy, text = get("/health"), get("/metrics")[1]
    problems[0] = "no room"
    ill = get("/health")
    nothing = get("/")
    server.close()

    assert healthy == (200, '{"status": "ok", "reason": ""}')
    assert (ill[0], json.loads(ill[1])["reason"]) == (503, "no room")
    assert nothing[0] == 404
    assert text == (
        "# HELP a_total Counts.\n# TYPE a_total counter\na_total 3\n"
        "# HELP b Measures.\n# TYPE b gauge\nb 0.5\n"
    )
