"""What is asked of a cluster, and what of its client is loaded for that."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.kubernetes.cluster import Cluster, words_of

_USE = """
import sys
from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.kubernetes import KubernetesExecutor
from ant_agent.executors.kubernetes.cluster import Cluster
cluster = Cluster(ContainerSettings(kubeconfig=sys.argv[1]))
cluster.check()
cluster.create_pod({"metadata": {"name": "p"}})
cluster.delete("pod", "p")
print(sum(name.startswith("kubernetes.client.models.") for name in sys.modules))
"""


class Server:
    """An API server that answers each request alike, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        self.answer: tuple[int, dict[str, Any]] = (200, {"items": []})
        memory = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                authorization = self.headers["authorization"]
                document = json.loads(body) if body else None
                memory.asked.append((self.command, self.path, authorization, document))
                status, answer = memory.answer
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_POST(self) -> None:
                self.do_GET()

            def do_DELETE(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def kubeconfig(self, folder: Path) -> str:
        url = f"http://127.0.0.1:{self._server.server_port}"
        file = folder / "kubeconfig"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "hush"}}],
            "contexts": [
                {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "ns"}}
            ],
        }
        file.write_text(json.dumps(document))
        return str(file)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(ContainerSettings(kubeconfig=server.kubeconfig(tmp_path)))
    yield cluster
    cluster.close()


def test_work_on_a_cluster_loads_none_of_the_models_of_its_client(
    server: Server, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _USE, server.kubeconfig(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["0"]
    assert [(method, path) for method, path, _, _ in server.asked] == [
        ("GET", "/api/v1/namespaces/ns/pods?limit=1"),
        ("POST", "/api/v1/namespaces/ns/pods"),
        ("DELETE", "/api/v1/namespaces/ns/pods/p?gracePeriodSeconds=1"),
    ]


def test_each_request_shows_who_asks_and_documents_go_as_they_are(
    cluster: Cluster, server: Server
) -> None:
    manifest = {"metadata": {"name": "s"}, "stringData": {"k": "väl ue"}}

    cluster.create_secret(manifest)

    assert server.asked == [("POST", "/api/v1/namespaces/ns/secrets", "Bearer hush", manifest)]


def test_selectors_are_escaped(cluster: Cluster, server: Server) -> None:
    cluster.labelled("a=b,c in (d)")

    (pods, secrets) = [path for _, path, _, _ in server.asked]
    assert pods == "/api/v1/namespaces/ns/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29"
    assert secrets.startswith("/api/v1/namespaces/ns/secrets?labelSelector=")


def test_a_refusal_is_told_in_the_words_of_the_cluster(cluster: Cluster, server: Server) -> None:
    server.answer = (403, {"message": "pods is forbidden"})

    with pytest.raises(ApiException) as refused:
        cluster.check()

    assert refused.value.status == 403
    assert words_of(refused.value).startswith("pods is forbidden: give the ant's account")


def test_what_is_gone_is_deleted(cluster: Cluster, server: Server) -> None:
    server.answer = (404, {"message": "not found"})

    cluster.delete("pod", "p")
    cluster.delete("secret", "s")

    assert [method for method, _, _, _ in server.asked] == ["DELETE", "DELETE"]


@pytest.mark.parametrize("kind", ["pod", "secret"])
def test_what_cannot_be_deleted_is_told(cluster: Cluster, server: Server, kind: str) -> None:
    server.answer = (409, {"message": "conflict"})

    with pytest.raises(ApiException):
        cluster.delete(kind, "p")


def test_the_beginning_of_a_log_is_asked_for_alone(cluster: Cluster, server: Server) -> None:
    cluster.log_so_far("p", "work", 64)
    cluster.log_so_far("p", "work")

    assert [path for _, path, _, _ in server.asked] == [
        "/api/v1/namespaces/ns/pods/p/log?container=work&limitBytes=64",
        "/api/v1/namespaces/ns/pods/p/log?container=work",
    ]
