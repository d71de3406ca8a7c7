"""Settings of the ant that only tasks in containers need."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode


class ContainerSettings(BaseSettings):
    """How engines are reached and what tasks in containers may do."""

    docker_host: str = Field(
        default="",
        validation_alias=AliasChoices("FORMICARY_ANT_DOCKER_HOST", "DOCKER_HOST"),
        description="DOCKER: where the engine is; its usual socket by default.",
    )
    kubeconfig: str = Field(
        default="",
        validation_alias=AliasChoices("FORMICARY_ANT_KUBECONFIG", "KUBECONFIG"),
        description="KUBERNETES: file that tells how to reach the cluster; in a pod, the pod's own"
        " account by default.",
    )
    kube_context: str = Field(default="", description="Context of that file; its current one.")
    kube_namespace: str = Field(
        default="", description="Namespace of the pods; the context's, else `default`."
    )
    kube_service_account: str = Field(
        default="", description="Service account of pods whose task names none."
    )
    image_pull_secrets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Secrets of the namespace with credentials of registries."
    )
    helper_image: str = Field(
        default="",
        description="Image with sh, tar and head that moves files of a pod; unset: the task's.",
    )
    schedule_seconds: float = Field(
        default=120.0, gt=0, le=7200, description="Time that a pod may wait for a node."
    )
    registry: str = Field(
        default="", description="Image registry that the user and password are for."
    )
    registry_username: str = Field(default="", description="User at the registry.")
    registry_password: SecretStr = Field(
        default=SecretStr(""), description="Password at the registry."
    )
    pull_policy: Literal["if-not-present", "always", "never"] = Field(
        default="if-not-present", description="When images are pulled: always, never or this."
    )
    pull_seconds: float = Field(
        default=600.0, gt=0, le=7200, description="Time that an image may take to come."
    )
    service_seconds: float = Field(
        default=60.0, gt=0, le=3600, description="Time that services may take to get ready."
    )
    allow_privileged: bool = Field(
        default=False,
        description="Whether tasks may have privileged containers, devices, the host's network.",
    )
    host_paths: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Folders of the host that tasks may mount, and those below them."
    )
    default_cpu_limit: str = Field(
        default="", description="cpu_limit of containers that name none."
    )
    default_memory_limit: str = Field(
        default="", description="memory_limit of containers that name none."
    )
    default_storage_limit: str = Field(
        default="", description="ephemeral_storage_limit of containers that name none (KUBERNETES)."
    )
    max_cpu_limit: str = Field(default="", description="Highest cpu_limit that a task may name.")
    max_memory_limit: str = Field(
        default="", description="Highest memory_limit that a task may name."
    )
