"""One local system for all tests of this folder that a process runs; those that break it come last.

Whole files go to a process each (`--dist loadfile`), so that the tests of a file share its system.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.api import eventually
from tests.e2e.containers import DockerPlace, KubernetesPlace
from tests.e2e.deployed_functions import ENGINE, DeployedFunctions
from tests.e2e.local_system import LocalSystem
from tests.e2e.web_server import WebServer
from tests.engines import cluster, engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.api import Api
    from tests.e2e.containers import Place

__all__ = ["cluster", "engine"]
_HERE = Path(__file__).parent
_SECONDS = 400
# They take longest, so they begin first: a process that begins one last is waited for alone.
_LONG = ("test_functions_in_trouble", "test_http_without_ants", "test_ants_that_go")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(_HERE)]
    for item in ours:
        item.add_marker(pytest.mark.e2e)
        # The first test waits for the system to come up, which deploys its stacks.
        item.add_marker(pytest.mark.timeout(_SECONDS))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if "system_to_break" in getattr(item, "fixturenames", ()):
        return 2
    return 0 if item.path.stem in _LONG else 1


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    """The system, up."""
    system = LocalSystem(tmp_path_factory.mktemp("e2e") / "home")
    try:
        system.up()
        _wait_until_engines_are_loaded(system)
        yield system
    finally:
        system.close()


def _wait_until_engines_are_loaded(system: LocalSystem) -> None:
    """Have the two calls answered that load engines in the background.

    The emulator ends what a function has in hand when its environment changes, and starts it again
    with the old one: a test that changes it would go on without its change.
    """
    functions = DeployedFunctions(system)
    assert eventually(lambda: functions.logs(ENGINE).count("REPORT RequestId") >= 2)


@pytest.fixture
def system_to_break(system: LocalSystem) -> Iterator[LocalSystem]:
    """The same system for a test that stops or kills parts of it; up again afterwards."""
    yield system
    system.up()


@pytest.fixture(scope="session")
def api(system: LocalSystem) -> Api:
    """The REST API with the administrator's token."""
    return system.api()


@pytest.fixture(scope="session")
def web() -> Iterator[WebServer]:
    """A web server that tasks can call."""
    server = WebServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def docker_place(engine) -> DockerPlace:
    """The Docker engine that ants of these tests use, for looking inside."""
    return DockerPlace(engine)


@pytest.fixture(scope="session")
def kubernetes_place(cluster) -> KubernetesPlace:
    """The same of the cluster."""
    return KubernetesPlace(cluster)


@pytest.fixture(params=["docker", "kubernetes"], scope="session")
def place(request: pytest.FixtureRequest) -> Place:
    """Each in turn."""
    return request.getfixturevalue(f"{request.param}_place")
