"""Volumes of containers, by the article's names."""

from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag

from formicary.domain.field_types import NeedyPart, Part, Seconds, TextMap


class Mount(NeedyPart):
    """A volume seen inside a container."""

    needs: ClassVar[tuple[str, ...]] = ("name", "mount_path")

    name: str = Field("", description="Name of the volume.")
    mount_path: str = Field("", description="Where the container sees it.")
    sub_path: str = Field("", description="Path inside the volume.")
    read_only: bool = Field(False, description="Whether the container may only read it.")


class HostPathVolume(Mount):
    """A directory of the host."""

    needs: ClassVar[tuple[str, ...]] = ("name", "mount_path", "host_path")

    host_path: str = Field("", description="The directory on the host.")


class PersistentVolume(Mount):
    """A persistent volume claim."""

    claim_name: str = Field("", description="Name of the claim; unset: the name of the volume.")


class ItemsVolume(Mount):
    """A config map or a secret seen as files."""

    items: TextMap = Field(
        default_factory=dict, description="Keys and the files they become; unset: all of them."
    )


class EmptyDirVolume(Mount):
    """A directory that lives as long as the pod."""

    medium: str = Field("", description="Storage medium, for instance Memory.")


class ProjectedItems(NeedyPart):
    """A config map or a secret as a source of a projected volume."""

    needs: ClassVar[tuple[str, ...]] = ("name",)

    name: str = Field("", description="Name of the config map or secret.")
    items: TextMap = Field(
        default_factory=dict, description="Keys and the files they become; unset: all of them."
    )


class ServiceAccountToken(NeedyPart):
    """A token of the pod's service account as a source of a projected volume."""

    needs: ClassVar[tuple[str, ...]] = ("path",)

    path: str = Field("", description="File that holds the token.")
    expiration_seconds: Seconds = Field(3600, ge=600, description="How long the token is good.")
    audience: str = Field("", description="Whom the token is for; unset: the cluster.")


class ProjectedSource(Part):
    """One source of a projected volume."""

    service_account_token: ServiceAccountToken | None = Field(
        None, description="A token of the service account."
    )
    secret: ProjectedItems | None = Field(None, description="A secret.")
    config_map: ProjectedItems | None = Field(None, description="A config map.")


class ProjectedVolume(Mount):
    """Several sources in one directory."""

    needs: ClassVar[tuple[str, ...]] = ("name", "mount_path", "sources")

    sources: list[ProjectedSource] = Field(default_factory=list, description="What is projected.")


class CsiVolume(Mount):
    """A volume of a container storage interface driver, alive as long as the pod."""

    needs: ClassVar[tuple[str, ...]] = ("name", "mount_path", "driver")

    driver: str = Field("", description="Name of the driver.")
    fs_type: str = Field("", description="File system of the volume.")
    volume_attributes: TextMap = Field(default_factory=dict, description="What the driver is told.")


class Volumes(Part):
    """The volumes of a container; Docker takes a map of volumes (or directories) and paths too."""

    host_path: list[HostPathVolume] = Field(default_factory=list, description="Host directories.")
    pvc: list[PersistentVolume] = Field(
        default_factory=list, description="Persistent volume claims."
    )
    config_map: list[ItemsVolume] = Field(default_factory=list, description="Config maps.")
    secret: list[ItemsVolume] = Field(default_factory=list, description="Secrets.")
    empty_dir: list[EmptyDirVolume] = Field(default_factory=list, description="Empty directories.")
    projected: list[ProjectedVolume] = Field(default_factory=list, description="Projected volumes.")
    csi: list[CsiVolume] = Field(default_factory=list, description="Volumes of CSI drivers.")


def _volumes_form(value: Any) -> str:
    """Tell the Kubernetes form from Docker's map of names and paths."""
    docker = isinstance(value, dict) and value and not set(value) & set(Volumes.model_fields)
    return "docker" if docker else "kubernetes"


VolumeField = Annotated[
    Annotated[Volumes, Tag("kubernetes")] | Annotated[TextMap, Tag("docker")],
    Discriminator(_volumes_form),
]
