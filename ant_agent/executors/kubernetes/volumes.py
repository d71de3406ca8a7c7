"""Volumes of a pod: each is declared once and mounted wherever it is named."""

import json
import re
from typing import Any

from ant_agent.executors.containers.options import invalid, kubernetes_volumes
from formicary.domain.container_definition import ContainerDefinition, Service
from formicary.domain.volume_definition import (
    CsiVolume,
    ItemsVolume,
    Mount,
    PersistentVolume,
    ProjectedItems,
    ProjectedSource,
    ProjectedVolume,
    Volumes,
)

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


class PodVolumes:
    """Collects the volumes of a pod while the mounts of its containers are made."""

    def __init__(self) -> None:
        self._sources: dict[str, dict[str, Any]] = {}

    def manifest(self) -> list[dict[str, Any]]:
        """Return the volumes that were named so far."""
        return [{"name": name, **source} for name, source in self._sources.items()]

    def mounts(self, holder: ContainerDefinition | Service) -> list[dict[str, Any]]:
        """Return the mounts of a container."""
        volumes = kubernetes_volumes(holder.volumes)
        found = [self._mount(volume, source) for volume, source in _sources(volumes)]
        _check_paths(found)
        bind_dir = holder.bind_dir if isinstance(holder, ContainerDefinition) else None
        # A volume at that path says more exactly what is wanted there.
        if bind_dir and bind_dir not in {mount["mountPath"] for mount in found}:
            name = self.add("bind-dir", {"hostPath": {"path": bind_dir}})
            found.append({"name": name, "mountPath": bind_dir})
        return found

    def add(self, name: str, source: dict[str, Any]) -> str:
        """Declare a volume and return its name in the pod; the same one again is the same."""
        plain = _NOT_PLAIN.sub("-", name.lower()).strip("-")[:50] or "volume"
        number, own = 1, plain
        while own in self._sources and _text(self._sources[own]) != _text(source):
            number += 1
            own = f"{plain}-{number}"
        self._sources[own] = source
        return own

    def _mount(self, volume: Mount, source: dict[str, Any]) -> dict[str, Any]:
        if not volume.mount_path:
            raise invalid(f"volume {volume.name!r} has no mount_path")
        mount: dict[str, Any] = {
            "name": self.add(volume.name, source),
            "mountPath": volume.mount_path,
            "readOnly": volume.read_only,
        }
        return mount | ({"subPath": volume.sub_path} if volume.sub_path else {})


def _check_paths(mounts: list[dict[str, Any]]) -> None:
    """Refuse what every cluster refuses, with the names of both."""
    taken: dict[str, str] = {}
    for mount in mounts:
        path, name = mount["mountPath"], mount["name"]
        if path in taken:
            raise invalid(
                f"volumes {taken[path]!r} and {name!r} have the same mount_path {path!r}, and a"
                " pod takes one a path: give one of them another mount_path, or put the sources of"
                " both into one volume of volumes.projected"
            )
        taken[path] = name


def _sources(volumes: Volumes) -> list[tuple[Mount, dict[str, Any]]]:
    return [
        *((v, {"hostPath": {"path": v.host_path}}) for v in volumes.host_path),
        *((v, {"persistentVolumeClaim": _claim(v)}) for v in volumes.pvc),
        *((v, {"configMap": {"name": v.name, **_items(v)}}) for v in volumes.config_map),
        *((v, {"secret": {"secretName": v.name, **_items(v)}}) for v in volumes.secret),
        *((v, {"emptyDir": {"medium": v.medium} if v.medium else {}}) for v in volumes.empty_dir),
        *((v, {"projected": {"sources": _projected(v)}}) for v in volumes.projected),
        *((v, {"csi": _csi(v)}) for v in volumes.csi),
    ]


def _claim(volume: PersistentVolume) -> dict[str, Any]:
    return {"claimName": volume.claim_name or volume.name}


def _items(volume: ItemsVolume | ProjectedItems) -> dict[str, Any]:
    items = [{"key": key, "path": path} for key, path in volume.items.items()]
    return {"items": items} if items else {}


def _projected(volume: ProjectedVolume) -> list[dict[str, Any]]:
    return [source for one in volume.sources for source in _projected_source(one)]


def _projected_source(source: ProjectedSource) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = source.service_account_token
    if token is not None:
        audience = {"audience": token.audience} if token.audience else {}
        seconds = int(token.expiration_seconds)
        found.append(
            {
                "serviceAccountToken": {
                    "path": token.path,
                    "expirationSeconds": seconds,
                    **audience,
                }
            }
        )
    if source.secret is not None:
        found.append({"secret": {"name": source.secret.name, **_items(source.secret)}})
    if source.config_map is not None:
        found.append({"configMap": {"name": source.config_map.name, **_items(source.config_map)}})
    return found


def _csi(volume: CsiVolume) -> dict[str, Any]:
    more = {"fsType": volume.fs_type, "volumeAttributes": volume.volume_attributes}
    return {
        "driver": volume.driver,
        "readOnly": volume.read_only,
        **{name: value for name, value in more.items() if value},
    }


def _text(source: dict[str, Any]) -> str:
    return json.dumps(source, sort_keys=True)
