"""Attempts of tasks on a real Docker engine and a real Kubernetes cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ant_agent.executors.kubernetes.cluster import Cluster
from tests.engines import cluster, engine
from tests.integration.containers.benches import ContainerBench, DockerBench, KubernetesBench
from tests.integration.containers.settings import Surroundings

__all__ = ["cluster", "engine"]


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
