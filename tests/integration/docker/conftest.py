"""A Docker engine, whichever DOCKER_HOST or the usual socket leads to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.integration.docker.docker_bench import DockerBench
from tests.integration.executors.settings import Surroundings

IMAGE = "alpine:latest"


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


@pytest.fixture
def bench(engine: Any, tmp_path: Path) -> Iterator[DockerBench]:
    """An ant's inside on the engine; nothing of it may be left at the end."""
    bench = DockerBench(engine, tmp_path)
    yield bench
    assert bench.left() == []
    bench.close()


@pytest.fixture(scope="session")
def registry_host() -> str:
    """The address of this machine as the engine sees it (DOCKER_HOST_IP, else its own)."""
    return Surroundings().docker_host_ip
