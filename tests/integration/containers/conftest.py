"""A Docker engine and a Kubernetes cluster, whichever DOCKER_HOST and KUBECONFIG lead to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster
from tests.integration.containers.benches import (
    IMAGE,
    ContainerBench,
    DockerBench,
    KubernetesBench,
)
from tests.integration.containers.settings import Surroundings


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    client = None
    try:
        client = docker.from_env()
        client.images.get(IMAGE)
    except (docker.errors.DockerException, OSError) as error:
        if client is not None:
            client.close()
        pytest.skip(f"needs a Docker engine with the image {IMAGE} (DOCKER_HOST): {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    settings = ContainerSettings()
    if not settings.kubeconfig:
        pytest.skip("needs a Kubernetes cluster: KUBECONFIG names none")
    try:
        cluster = Cluster(settings)
        cluster.check()
    except FAULTS as error:
        pytest.skip(f"needs a Kubernetes cluster, and that of KUBECONFIG does not answer: {error}")
    yield cluster
    cluster.close()


@pytest.fixture
def docker_bench(engine: Any, tmp_path: Path) -> Iterator[DockerBench]:
    """An ant's inside on the engine; nothing of it may be left at the end."""
    bench = DockerBench(engine, tmp_path)
    yield bench
    assert bench.left() == []
    bench.close()


@pytest.fixture
def kubernetes_bench(cluster: Cluster, tmp_path: Path) -> Iterator[KubernetesBench]:
    """The same on the cluster."""
    bench = KubernetesBench(cluster, tmp_path)
    yield bench
    assert bench.left() == []
    bench.close()


@pytest.fixture(params=["docker", "kubernetes"])
def bench(request: pytest.FixtureRequest) -> ContainerBench:
    """Each in turn: both answer the same to the same task."""
    return request.getfixturevalue(f"{request.param}_bench")


@pytest.fixture(scope="session")
def registry_host() -> str:
    """The address of this machine as the engine sees it (DOCKER_HOST_IP, else its own)."""
    return Surroundings().docker_host_ip
