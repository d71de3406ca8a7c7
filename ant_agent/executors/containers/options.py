"""The options of a task that runs in containers, as its definition gave them."""

from typing import Any

from pydantic import Field, ValidationError

from ant_agent.executors.base import ExecutorError
from formicary.domain.container_definition import ContainerDefinition, Service
from formicary.domain.field_types import Part, TextMap
from formicary.domain.pod_definition import AnnotationMap, LabelMap, NodeAffinity, TolerationMap
from formicary.domain.states import ErrorCode
from formicary.domain.task_request import ExecutorOptions
from formicary.domain.volume_definition import Volumes


class ContainerOptions(Part):
    """What DOCKER and KUBERNETES read; an unknown key inside is refused, never overlooked."""

    container: ContainerDefinition = Field(default_factory=ContainerDefinition)
    helper: ContainerDefinition = Field(default_factory=ContainerDefinition)
    services: list[Service] = Field(default_factory=list)
    privileged: bool = False
    network_mode: str = ""
    host_network: bool = False
    helper_environment: TextMap = Field(default_factory=dict)
    affinity: NodeAffinity | None = None
    node_selector: LabelMap = Field(default_factory=dict)
    node_tolerations: TolerationMap = Field(default_factory=dict)
    pod_labels: LabelMap = Field(default_factory=dict)
    pod_annotations: AnnotationMap = Field(default_factory=dict)

    @property
    def image(self) -> str:
        """The image that the scripts run in."""
        definition = self.container.image_definition
        return self.container.image or (definition.name if definition else "")


def container_options(options: ExecutorOptions) -> ContainerOptions:
    """Read the options of a task; raises ExecutorError for what this ant does not know."""
    given = options.model_extra or {}
    known = {name: given[name] for name in ContainerOptions.model_fields if given.get(name)}
    try:
        read = ContainerOptions.model_validate(known)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise invalid(f"{place}: {fault['msg']}; an ant of a newer version may know it") from error
    if not read.image:
        raise invalid(f"{options.method} needs an image: say container: {{image: NAME}}")
    return read


def kubernetes_volumes(volumes: Volumes | dict[str, str]) -> Volumes:
    """Return the volumes in Kubernetes' form; Docker's `name: path` becomes an empty directory."""
    if isinstance(volumes, Volumes):
        return volumes
    empty: list[dict[str, Any]] = [
        {"name": name, "mount_path": path} for name, path in volumes.items()
    ]
    return Volumes.model_validate({"empty_dir": empty})


def invalid(message: str) -> ExecutorError:
    """Make the error of options that cannot be obeyed."""
    return ExecutorError(ErrorCode.VALIDATION, message)
