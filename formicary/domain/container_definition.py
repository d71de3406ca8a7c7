"""Containers, services and volumes of the DOCKER and KUBERNETES methods, by the article's names."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from formicary.domain.field_types import Part, Seconds, TextList, TextMap, Variables, resolve

Anything = Annotated[Any, BeforeValidator(resolve)]


class Mount(Part):
    """A volume seen inside a container."""

    name: str = Field("", description="Name of the volume.")
    mount_path: str = Field("", description="Where the container sees it.")
    sub_path: str = Field("", description="Path inside the volume.")
    read_only: bool = Field(False, description="Whether the container may only read it.")


class HostPathVolume(Mount):
    """A directory of the host."""

    host_path: str = Field("", description="The directory on the host.")


class ItemsVolume(Mount):
    """A config map or a secret seen as files."""

    items: TextMap = Field(default_factory=dict, description="Keys and the files they become.")


class EmptyDirVolume(Mount):
    """A directory that lives as long as the pod."""

    medium: str = Field("", description="Storage medium, for instance Memory.")


class ProjectedVolume(Mount):
    """Several sources in one directory."""

    sources: list[Variables] = Field(default_factory=list, description="What is projected.")


class Volumes(Part):
    """The volumes of a container; for Docker, `names` maps volumes to paths."""

    host_path: list[HostPathVolume] = Field(default_factory=list, description="Host directories.")
    pvc: list[Mount] = Field(default_factory=list, description="Persistent volume claims.")
    config_map: list[ItemsVolume] = Field(default_factory=list, description="Config maps.")
    secret: list[ItemsVolume] = Field(default_factory=list, description="Secrets.")
    empty_dir: list[EmptyDirVolume] = Field(default_factory=list, description="Empty directories.")
    projected: list[ProjectedVolume] = Field(default_factory=list, description="Projected volumes.")


def _volumes_form(value: Any) -> str:
    """Tell the Kubernetes form from Docker's map of names and paths."""
    docker = isinstance(value, dict) and value and not set(value) & set(Volumes.model_fields)
    return "docker" if docker else "kubernetes"


VolumeField = Annotated[
    Annotated[Volumes, Tag("kubernetes")] | Annotated[TextMap, Tag("docker")],
    Discriminator(_volumes_form),
]


class ServicePort(Part):
    """A port that a service listens on."""

    number: int = Field(0, ge=0, le=65_535, description="Port number.")
    protocol: str = Field("", description="TCP, UDP or SCTP.")
    name: str = Field("", description="Name of the port.")


class ResourceLimits(Part):
    """Limits and requests, in Kubernetes' units."""

    cpu_limit: str = Field("", description="Most processor time.")
    cpu_request: str = Field("", description="Processor time asked for.")
    memory_limit: str = Field("", description="Most memory.")
    memory_request: str = Field("", description="Memory asked for.")
    ephemeral_storage_limit: str = Field("", description="Most scratch space.")
    ephemeral_storage_request: str = Field("", description="Scratch space asked for.")


class ImageDefinition(Part):
    """An image with its entry point."""

    name: str = Field("", description="Name of the image.")
    alias: str = Field("", description="Name on the network.")
    command: TextList = Field(default_factory=list, description="Command of the container.")
    entrypoint: TextList = Field(default_factory=list, description="Entry point of the container.")
    ports: list[ServicePort] = Field(default_factory=list, description="Ports.")


class ContainerDefinition(ResourceLimits):
    """The container that a task runs in."""

    image: str = Field("", description="Image to run.")
    image_definition: ImageDefinition | None = Field(
        None, alias="imageDefinition", description="Image with its entry point."
    )
    volumes: VolumeField = Field(default_factory=Volumes, description="Volumes.")
    volume_driver: str = Field("", description="Docker's volume driver.")
    volumes_from: TextList = Field(
        default_factory=list, description="Containers to take volumes of."
    )
    devices: TextList = Field(default_factory=list, description="Devices of the host.")
    bind_dir: str = Field("", description="Directory of the host that is bound.")
    service_account: str = Field("", description="Kubernetes service account.")
    env_from: Anything = Field(None, description="Config maps and secrets as environment.")
    env_value_from: Anything = Field(None, description="Single values as environment.")


class Service(ResourceLimits):
    """A container that runs beside the task."""

    name: str = Field("", description="Name of the service.")
    instances: int = Field(1, ge=0, le=100, description="How many of it run.")
    alias: str = Field("", description="Name on the network.")
    image: str = Field("", description="Image to run.")
    working_directory: str = Field("", description="Directory it starts in.")
    command: TextList = Field(default_factory=list, description="Command of the container.")
    entrypoint: TextList = Field(default_factory=list, description="Entry point of the container.")
    volumes: VolumeField = Field(default_factory=Volumes, description="Volumes.")
    ports: list[ServicePort] = Field(default_factory=list, description="Ports it listens on.")


class CacheConfig(Part):
    """Directories kept between runs, under a key."""

    key: str = Field("", description="Name of the cache.")
    key_paths: TextList = Field(default_factory=list, description="Files whose content is the key.")
    paths: TextList = Field(default_factory=list, description="Directories to keep.")
    expires_after: Seconds | None = Field(None, description="How long it is kept.")


ArtifactsWhen = Literal["onSuccess", "onFailure", "always"]


class ArtifactPaths(Part):
    """Files that are kept as artifacts of the task."""

    paths: TextList = Field(default_factory=list, description="Paths or globs.")
    when: ArtifactsWhen = Field("onSuccess", description="onSuccess, onFailure or always.")
    expires_after: Seconds | None = Field(
        None, description="How long they are kept; unset: for ever."
    )
