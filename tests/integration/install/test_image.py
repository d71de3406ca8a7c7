"""The image of the ant, built by a real engine from its definition, and started."""

import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines import engine
from tests.unit.install.files import CONTAINERFILE, ROOT

__all__ = ["engine"]

_BASE = re.compile(r"(?:docker\.io/library/)?python:(3\.1[1-9])-slim")
_TAG = f"formicary-ant:test-{os.getpid()}"
_SECONDS = 60


@pytest.fixture(scope="module")
def image(engine: Any) -> Iterator[str]:
    """Build it on whichever of Python's slim images the engine has; nothing is pulled."""
    tags = (tag for one in engine.images.list() for tag in one.tags)
    versions = [found[1] for found in map(_BASE.fullmatch, tags) if found]
    if not versions:
        pytest.skip(
            "needs an engine that has python:3.13-slim, or that of 3.11 or newer, and reaches an"
            " index of packages: pull it, or import a Debian with Python and pip under that name"
        )
    built, _ = engine.images.build(
        path=str(ROOT),
        dockerfile=str(CONTAINERFILE.relative_to(ROOT)),
        buildargs={"PYTHON": max(versions)},
        tag=_TAG,
        rm=True,
    )
    yield str(built.id)
    engine.images.remove(_TAG, noprune=True)


@pytest.fixture
def ant(engine: Any, image: str) -> Iterator[Any]:
    """A container whose control plane is away."""
    environment = {"FORMICARY_URL": "http://127.0.0.1:9", "FORMICARY_TOKEN": "fmc_none"}
    container = engine.containers.run(
        image, ["--id", "ant-1"], environment=environment, detach=True
    )
    yield container
    container.remove(force=True, v=True)


def logged(container: Any, words: str) -> bool:
    return words in container.logs().decode()


def test_it_is_the_ant_of_this_tree_and_not_root(engine: Any, image: str) -> None:
    said = engine.containers.run(
        image,
        ["-c", "id -u; pwd; formicary --version; touch kept; ls /src 2>&1 | tail -n 1"],
        entrypoint="sh",
        remove=True,
    )

    user, folder, version, sources = said.decode().splitlines()
    assert (user, folder) == ("10001", "/var/lib/formicary-ant")
    assert version == "formicary, version 0.1.0"
    assert "No such file" in sources


def test_without_a_control_plane_it_says_what_it_needs(engine: Any, image: str) -> None:
    container = engine.containers.run(image, detach=True)
    try:
        assert container.wait(timeout=_SECONDS)["StatusCode"] != 0
        assert logged(container, "set FORMICARY_URL and FORMICARY_TOKEN")
    finally:
        container.remove(force=True, v=True)


def test_a_stop_reaches_it_and_it_ends_by_itself(ant: Any) -> None:
    end = time.monotonic() + _SECONDS
    while not logged(ant, "control plane is away"):
        assert time.monotonic() < end, ant.logs().decode()
        time.sleep(0.2)

    ant.stop(timeout=_SECONDS)

    assert ant.wait(timeout=_SECONDS)["StatusCode"] == 0
    assert not logged(ant, "fmc_none")
