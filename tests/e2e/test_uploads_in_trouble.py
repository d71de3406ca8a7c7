"""Uploads that break off in the middle: whole artifacts or none, and an ant that goes on."""

from __future__ import annotations

import hashlib
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.api import tasks_of
from tests.e2e.proxy import Exchange, Proxy, Response, pass_on

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 2**20
ONE_REQUEST, PARTS = 3 * MIB, 65 * MIB
KEEPING = """
job_type: e2e-keeping
tasks:
- task_type: work
  method: SHELL
  tags: [uploads]
  script: ['head -c {{.Size}} /dev/urandom > data.bin', 'sha256sum data.bin']
  artifacts:
    paths: [data.bin]
"""


class Breaker:
    """Cuts the first uploads of artifacts, each in the middle of its body."""

    def __init__(self, times: int) -> None:
        self._lock = threading.Lock()
        self._left = times
        self.cuts: list[str] = []

    def __call__(self, exchange: Exchange) -> Response | None:
        if exchange.method != "PUT" or "/artifacts/" not in exchange.path:
            return exchange.forward()
        with self._lock:
            if not self._left:
                return exchange.forward()
            self._left -= 1
            self.cuts.append(exchange.path)
        exchange.cut(exchange.length // 2)
        return None


class Store:
    """The bucket as anybody with a right to it sees it."""

    def __init__(self, system: Any) -> None:
        self._s3: Any = system.aws.client("s3")
        names = [bucket["Name"] for bucket in self._s3.list_buckets()["Buckets"]]
        (self._bucket,) = [name for name in names if "artifact" in name]

    def artifacts(self, request: str) -> dict[str, int]:
        """The sizes of what is there of the artifacts of a run."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=f"t/default/r/{request}/")
        keys = [item["Key"] for item in listed.get("Contents", [])]
        return {key: self._size(key) for key in keys if "/artifacts/" in key}

    def begun(self) -> list[Any]:
        """Uploads in parts that are neither finished nor dropped."""
        answer = self._s3.list_multipart_uploads(Bucket=self._bucket)
        return list(answer.get("Uploads", []))

    def _size(self, key: str) -> int:
        return int(self._s3.head_object(Bucket=self._bucket, Key=key)["ContentLength"])

    @contextmanager
    def watched(self, request: str) -> Iterator[list[int]]:
        """Collect the sizes that an artifact of a run is seen with, again and again."""
        seen: list[int] = []
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.05):
                seen.extend(self.artifacts(request).values())

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield seen
        finally:
            stop.set()
            thread.join()


@pytest.fixture(scope="module")
def wire(system) -> Iterator[Proxy]:
    """What lies between the ant of these tests and S3."""
    with closing(Proxy(system.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def ant(system, api, wire):
    """An ant with that wire."""
    api.define(KEEPING)
    ant = system.start_ant("uploads", tags="uploads", more={"AWS_ENDPOINT_URL_S3": wire.url})
    yield ant
    ant.end()


@pytest.fixture
def store(system) -> Store:
    return Store(system)


# An upload in one request is tried three times by the library, and that again by the ant.
@pytest.mark.parametrize("broken", [(ONE_REQUEST, 4), (PARTS, 2)], ids=["whole", "in-parts"])
def test_an_artifact_is_whole_though_its_uploads_break_off(api, store, ant, wire, broken):
    size, cuts = broken
    wire.behaviour = breaker = Breaker(cuts)
    request = api.submit("e2e-keeping", Size=size)

    with store.watched(request) as seen:
        run = api.ended(request, "COMPLETED")

    assert len(breaker.cuts) == cuts
    work = tasks_of(run)["work"]
    assert (work["ant_id"], work["retried"]) == (ant.id, 0)
    (artifact,) = work["artifacts"]
    content = api.download(artifact)
    assert len(content) == artifact["content_length"] == size
    assert hashlib.sha256(content).hexdigest() == artifact["sha256"]
    assert artifact["sha256"] in api.log(request, "work")
    assert set(seen) <= {size}  # nobody ever saw a part of it
    assert list(store.artifacts(request).values()) == [size]
    assert store.begun() == []


def test_a_task_whose_uploads_all_break_off_fails_and_its_ant_goes_on(api, store, ant, wire):
    wire.behaviour = breaker = Breaker(10**6)
    request = api.submit("e2e-keeping", Size=ONE_REQUEST)

    with store.watched(request) as seen:
        run = api.ended(request, "FAILED")

    work = tasks_of(run)["work"]
    assert (work["task_state"], work["error_code"]) == ("FAILED", "ERR_ARTIFACT_UPLOAD")
    assert "artifact 'data.bin' cannot be stored" in work["error_message"]
    assert run["error_code"] == "ERR_ARTIFACT_UPLOAD"
    assert work["artifacts"] == []
    assert len(breaker.cuts) > 1
    assert (seen, store.artifacts(request), store.begun()) == ([], {}, [])

    wire.behaviour = pass_on
    after = tasks_of(api.ended(api.submit("e2e-keeping", Size=1), "COMPLETED"))["work"]
    assert after["ant_id"] == ant.id
    assert [artifact["content_length"] for artifact in after["artifacts"]] == [1]
