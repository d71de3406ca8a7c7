"""What a user gets wrong: the task fails with a code and the mend, and nothing stays behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ant_agent.cancellation import Cancellation, StopReason
from formicary.domain.states import RequestState
from tests.integration.containers.benches import DockerBench
from tests.integration.containers.silent_server import silent_server


def test_an_image_that_does_not_exist(docker_bench: DockerBench) -> None:
    outcome, _ = docker_bench.run("true", container={"image": "127.0.0.1:1/nobody/nothing:1"})

    assert outcome.result.error_code == "ERR_IMAGE_PULL"
    assert "127.0.0.1:1/nobody/nothing:1" in outcome.result.error_message
    assert "check its name and tag" in outcome.result.error_message


def test_an_image_without_a_name(docker_bench: DockerBench) -> None:
    outcome, _ = docker_bench.run("true", container={"image": ""})

    assert outcome.result.error_code == "ERR_VALIDATION"
    assert "container: {image: NAME}" in outcome.result.error_message


def test_a_policy_of_never_pulling(engine: Any, tmp_path: Path) -> None:
    bench = DockerBench(engine, tmp_path, pull_policy="never")

    outcome, _ = bench.run("true", container={"image": "nobody/nothing:1"})

    assert outcome.result.error_code == "ERR_IMAGE_PULL"
    assert "never pulls" in outcome.result.error_message
    bench.close()


@pytest.fixture
def silent_registry(registry_host: str) -> Iterator[str]:
    """A registry that takes every connection and says nothing."""
    with silent_server(registry_host) as address:
        yield address


def test_a_pull_that_hangs(engine: Any, tmp_path: Path, silent_registry: str) -> None:
    bench = DockerBench(engine, tmp_path, pull_seconds=1)

    outcome, _ = bench.run("true", container={"image": f"{silent_registry}/slow:1"})

    assert outcome.result.error_code == "ERR_IMAGE_PULL"
    assert "1 s" in outcome.result.error_message
    bench.close()


def test_a_cancel_does_not_wait_for_a_pull(docker_bench: DockerBench, silent_registry: str) -> None:
    def cancel(cancellation: Cancellation) -> None:
        cancellation.stop(StopReason.CANCELLED)

    outcome, _ = docker_bench.run(
        "true", container={"image": f"{silent_registry}/slow:1"}, when_started=cancel
    )

    assert outcome.status() is RequestState.CANCELLED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"privileged": True}, "privileged is not allowed"),
        ({"host_network": True}, "host_network is not allowed"),
        ({"network_mode": "host"}, "network_mode host is not allowed"),
        ({"network_mode": "container:x"}, "network_mode container:x is not allowed"),
        ({"services": [{"name": "x"}]}, "services.0"),
        ({"network_mode": "no-such-network"}, "no-such-network"),
    ],
)
def test_options_that_are_not_allowed_or_cannot_be(
    docker_bench: DockerBench, options: dict[str, Any], words: str
) -> None:
    outcome, _ = docker_bench.run("true", options=options)

    assert outcome.result.error_code in {"ERR_VALIDATION", "ERR_CONTAINER"}
    assert words in outcome.result.error_message


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"memory_limit": "half"}, "'half' is not a size"),
        ({"cpu_limit": "lots"}, "'lots' is not a share"),
        ({"devices": ["/dev/null"]}, "devices is not allowed"),
        ({"volumes": {"/etc": "/x"}}, "FORMICARY_ANT_HOST_PATHS"),
        ({"bind_dir": "/etc"}, "FORMICARY_ANT_HOST_PATHS"),
        ({"volumes": {"pvc": [{"name": "a", "mount_path": "/b"}]}}, "volumes.pvc is Kubernetes'"),
        ({"gpus": 2}, "container.gpus"),
    ],
)
def test_a_container_that_is_not_allowed_or_cannot_be(
    docker_bench: DockerBench, container: dict[str, Any], words: str
) -> None:
    outcome, _ = docker_bench.run("true", container=container)

    assert outcome.result.error_code == "ERR_VALIDATION"
    assert words in outcome.result.error_message


def test_a_limit_above_the_ants_own(engine: Any, tmp_path: Path) -> None:
    bench = DockerBench(engine, tmp_path, max_memory_limit="64Mi", max_cpu_limit="1")

    unset, _ = bench.run("true", container={"cpu_limit": "1"})
    too_much, _ = bench.run("true", container={"cpu_limit": "2", "memory_limit": "1Mi"})

    assert "memory_limit must be at most 64Mi" in unset.result.error_message
    assert "cpu_limit must be at most 1" in too_much.result.error_message
    bench.close()


def test_a_service_that_never_listens(engine: Any, tmp_path: Path) -> None:
    bench = DockerBench(engine, tmp_path, service_seconds=1.5)
    service = {
        "name": "db",
        "image": "alpine:latest",
        "command": ["sh", "-c", "echo still busy; sleep 100"],
        "ports": [{"number": 5432}],
    }

    outcome, text = bench.run("true", options={"services": [service]})

    assert outcome.result.error_code == "ERR_SERVICE_NOT_READY"
    assert "service db did not get ready: nobody listens on 5432" in outcome.result.error_message
    assert "still busy" in text
    assert bench.left() == []
    bench.close()


def test_a_service_that_ends_before_the_task_begins(docker_bench: DockerBench) -> None:
    service = {"name": "db", "image": "alpine:latest", "command": ["sh", "-c", "echo no; exit 4"]}
    service["ports"] = [{"number": 5432}]

    outcome, text = docker_bench.run("true", options={"services": [service]})

    assert outcome.result.error_code in {"ERR_SERVICE_NOT_READY", "ERR_CONTAINER"}
    assert "service db" in outcome.result.error_message
    assert outcome.status() is RequestState.FAILED
    assert "no" in text


def test_a_command_that_no_image_has(docker_bench: DockerBench) -> None:
    service = {"name": "db", "image": "alpine:latest", "command": ["/no/such/program"]}

    outcome, _ = docker_bench.run("true", options={"services": [service]})

    assert outcome.result.error_code == "ERR_CONTAINER"
    assert "service db cannot be started" in outcome.result.error_message
