"""Containers and services of the DOCKER and KUBERNETES methods, by the article's names."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from formicary.domain.fault_codes import FaultCode
from formicary.domain.field_types import NeedyPart, Part, TextList, check_by, fault, resolve
from formicary.domain.quantities import parse_cpu, parse_size
from formicary.domain.volume_definition import VolumeField, Volumes

Anything = Annotated[Any, BeforeValidator(resolve)]
_SIZE_MEND = "write it as 512Mi, 1Gi, 1.5G or a number of bytes"
_CPU_MEND = "write it as 500m, 0.5 or 2"
Size = Annotated[
    str, AfterValidator(check_by(parse_size, "must be a size", _SIZE_MEND, FaultCode.BAD_SIZE))
]
Cpu = Annotated[
    str,
    AfterValidator(
        check_by(parse_cpu, "must be a share of processors", _CPU_MEND, FaultCode.BAD_CPU)
    ),
]


class ServicePort(NeedyPart):
    """A port that a service listens on."""

    needs: ClassVar[tuple[str, ...]] = ("number",)

    number: int = Field(0, ge=1, le=65_535, description="Port number.")
    protocol: Literal["TCP", "UDP", "SCTP"] = Field("TCP", description="TCP, UDP or SCTP.")
    name: str = Field("", description="Name of the port.")


class ResourceLimits(Part):
    """Limits and requests: processors as `500m` or `2`, sizes as `1Gi` or `500M`."""

    cpu_limit: Cpu = Field("", description="Most processor time.")
    cpu_request: Cpu = Field("", description="Processor time asked for.")
    memory_limit: Size = Field("", description="Most memory.")
    memory_request: Size = Field("", description="Memory asked for.")
    ephemeral_storage_limit: Size = Field("", description="Most scratch space.")
    ephemeral_storage_request: Size = Field("", description="Scratch space asked for.")

    @model_validator(mode="after")
    def _requests_are_within_limits(self) -> Self:
        for what in ("cpu", "memory", "ephemeral_storage"):
            parse: Callable[[str], float] = parse_cpu if what == "cpu" else parse_size
            asked, most = getattr(self, f"{what}_request"), getattr(self, f"{what}_limit")
            if asked and most and parse(asked) > parse(most):
                message = f"asks for {what}_request {asked}, which is above {what}_limit {most}"
                raise fault(message, "ask for no more than the limit", FaultCode.OUT_OF_RANGE)
        return self


class ImageDefinition(NeedyPart):
    """An image with its entry point."""

    needs: ClassVar[tuple[str, ...]] = ("name",)

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


class Service(ResourceLimits, NeedyPart):
    """A container that runs beside the task."""

    needs: ClassVar[tuple[str, ...]] = ("name", "image")

    name: str = Field("", description="Name of the service.")
    instances: int = Field(1, ge=0, le=100, description="How many of it run.")
    alias: str = Field("", description="Name on the network.")
    image: str = Field("", description="Image to run.")
    working_directory: str = Field("", description="Directory it starts in.")
    command: TextList = Field(default_factory=list, description="Command of the container.")
    entrypoint: TextList = Field(default_factory=list, description="Entry point of the container.")
    volumes: VolumeField = Field(default_factory=Volumes, description="Volumes.")
    ports: list[ServicePort] = Field(default_factory=list, description="Ports it listens on.")
