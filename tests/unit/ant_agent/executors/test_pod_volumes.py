"""Volumes of a pod, from options to manifest, without a cluster."""

from typing import Any

import pytest

from ant_agent.executors.base import ExecutorError
from ant_agent.executors.kubernetes.volumes import PodVolumes
from formicary.domain.container_definition import ContainerDefinition


def container(**volumes: list[dict[str, Any]]) -> ContainerDefinition:
    return ContainerDefinition.model_validate({"image": "i", "volumes": volumes})


def named(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "mount_path": path, **more}


@pytest.mark.parametrize(
    ("kind", "volume", "source"),
    [
        ("host_path", {"host_path": "/srv"}, {"hostPath": {"path": "/srv"}}),
        ("pvc", {}, {"persistentVolumeClaim": {"claimName": "v"}}),
        ("pvc", {"claim_name": "c"}, {"persistentVolumeClaim": {"claimName": "c"}}),
        ("config_map", {}, {"configMap": {"name": "v"}}),
        (
            "secret",
            {"items": {"key": "file"}},
            {"secret": {"secretName": "v", "items": [{"key": "key", "path": "file"}]}},
        ),
        ("empty_dir", {"medium": "Memory"}, {"emptyDir": {"medium": "Memory"}}),
    ],
)
def test_each_kind_has_its_source(
    kind: str, volume: dict[str, Any], source: dict[str, Any]
) -> None:
    volumes = PodVolumes()

    (mount,) = volumes.mounts(container(**{kind: [named("v", "/v", **volume)]}))

    assert (mount["name"], mount["mountPath"]) == ("v", "/v")
    assert volumes.manifest() == [{"name": "v", **source}]


def test_a_volume_that_two_containers_name_is_one() -> None:
    volumes = PodVolumes()
    for path in ("/here", "/there"):
        volumes.mounts(container(empty_dir=[named("shared", path)]))

    assert volumes.manifest() == [{"name": "shared", "emptyDir": {}}]


def test_one_name_for_two_things_is_told_apart() -> None:
    volumes = PodVolumes()

    mounts = volumes.mounts(
        container(config_map=[named("Both", "/c")], secret=[named("Both", "/s")])
    )

    assert [mount["name"] for mount in mounts] == ["both", "both-2"]
    assert [volume["name"] for volume in volumes.manifest()] == ["both", "both-2"]


def test_two_volumes_at_one_path_are_refused_by_their_names() -> None:
    both = container(empty_dir=[named("a", "/same"), named("b", "/same")])

    with pytest.raises(ExecutorError, match="'a' and 'b' have the same mount_path '/same'"):
        PodVolumes().mounts(both)


def test_one_path_in_two_containers_is_no_fault() -> None:
    volumes = PodVolumes()
    for name in "ab":
        volumes.mounts(container(empty_dir=[named(name, "/same")]))

    assert len(volumes.manifest()) == 2
