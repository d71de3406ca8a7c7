"""What containers are made with, and what the ant's owner allows."""

from typing import Any

import pytest

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.base import ExecutorError
from ant_agent.executors.containers.options import ContainerOptions, container_options
from ant_agent.executors.containers.rules import amounts, check_allowed
from ant_agent.executors.docker import specification
from formicary.domain.task_request import ExecutorOptions

_NAMING = specification.Naming("formicary-build-1", {"formicary.io/ant": "a"})
_SERVICE = {"name": "db", "image": "postgres:16"}


def test_services_get_a_network_of_their_own_unless_one_is_named() -> None:
    assert specification.network_of(_options(), _NAMING) == ("bridge", False)
    assert specification.network_of(_options(services=[_SERVICE]), _NAMING) == (
        "formicary-build-1",
        True,
    )
    named = _options(services=[_SERVICE], network_mode="ours")
    assert specification.network_of(named, _NAMING) == ("ours", False)


@pytest.mark.parametrize("mode", ["host", "none", "container:x"])
def test_services_need_a_network_with_names(mode: str) -> None:
    with pytest.raises(ExecutorError, match="cannot be reached by name"):
        specification.network_of(_options(services=[_SERVICE], network_mode=mode), _NAMING)


def test_the_driver_makes_the_volumes_that_are_not_in_memory() -> None:
    options = _options(
        container={
            "image": "x",
            "volume_driver": "nfs",
            "volumes": {"empty_dir": [_volume("a"), _volume("b") | {"medium": "Memory"}]},
        },
        services=[_SERVICE | {"volumes": {"a": "/x", "/host": "/y"}}],
    )

    made = specification.volumes_to_make(options, _NAMING)

    assert made["formicary-build-1-a"] == {"driver": "nfs"}
    assert made["formicary-build-1-b"]["driver_opts"]["type"] == "tmpfs"
    assert len(made) == 2


def test_limits_become_what_the_engine_knows() -> None:
    container = {"image": "x", "cpu_limit": "1500m", "memory_limit": "1Gi", "cpu_request": "250m"}

    limits = specification.limits(amounts(_options(container=container).container, _settings()))

    assert (limits["nano_cpus"], limits["cpu_shares"]) == (1_500_000_000, 256)
    assert limits["mem_limit"] == limits["memswap_limit"] == 2**30


def test_defaults_and_most_of_the_ant() -> None:
    settings = _settings(default_memory_limit="1Gi", max_memory_limit="2Gi")

    assert amounts(_options().container, settings).memory_limit == 2**30
    with pytest.raises(ExecutorError, match="at most 2Gi"):
        amounts(_options(container={"image": "x", "memory_limit": "3Gi"}).container, settings)
    with pytest.raises(ExecutorError, match="at most 2Gi"):
        amounts(_options().container, _settings(max_memory_limit="2Gi"))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/data", True),
        ("/data/x", True),
        ("/datas", False),
        ("/data/../etc", False),
        ("/", False),
    ],
)
def test_paths_of_the_host_must_lie_where_the_owner_allows(path: str, allowed: bool) -> None:
    options = _options(container={"image": "x", "volumes": {path: "/inside"}})

    if allowed:
        check_allowed(options, _settings(host_paths=("/data",)))
    else:
        with pytest.raises(ExecutorError, match="FORMICARY_ANT_HOST_PATHS"):
            check_allowed(options, _settings(host_paths=("/data",)))


def test_an_option_of_a_newer_version_is_refused_not_overlooked() -> None:
    container = {"image": "x", "gpus": 2}

    with pytest.raises(ExecutorError, match=r"container\.gpus"):
        container_options(ExecutorOptions(method="DOCKER", container=container))  # type: ignore[call-arg,arg-type]


def _options(**fields: Any) -> ContainerOptions:
    return ContainerOptions.model_validate({"container": {"image": "alpine"}} | fields)


def _settings(**fields: Any) -> ContainerSettings:
    return ContainerSettings(**fields)


def _volume(name: str) -> dict[str, str]:
    return {"name": name, "mount_path": f"/{name}"}
