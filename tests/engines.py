"""A Docker engine and a Kubernetes cluster, whichever DOCKER_HOST and KUBECONFIG lead to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster

IMAGE = "alpine:latest"
_UNIX = "unix://"
_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    address = docker.utils.kwargs_from_env().get("base_url") or _DEFAULT_ADDRESS
    path = address.removeprefix(_UNIX)
    if path != address and not Path(path).is_socket():
        # Not even asked: a connection that fails leaves its socket open, a fault of its own.
        pytest.skip(f"needs a Docker engine (DOCKER_HOST): there is none at {address}")
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
