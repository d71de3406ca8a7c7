"""The manifests of an attempt: one pod and its secrets, made purely from the options."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.containers.launcher import CONTROL, HOME, Launch, carrier_command
from ant_agent.executors.containers.options import ContainerOptions
from ant_agent.executors.containers.rules import amounts
from ant_agent.executors.kubernetes.placement import placement
from ant_agent.executors.kubernetes.volumes import PodVolumes
from formicary.domain.container_definition import ResourceLimits, Service

_PULL_POLICIES = {"always": "Always", "never": "Never", "if-not-present": "IfNotPresent"}
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_LONGER_SECONDS = 300
_IDLE = "trap 'exit 0' TERM; while :; do sleep 5 & wait $!; done"
# It only copies from one pipe to another.
_CARRIER = {"cpu_request": "10m", "memory_request": "16Mi", "memory_limit": "64Mi"}
_UPPER = re.compile(r"_([a-z])")


@dataclass(frozen=True, slots=True)
class PodPlan:
    """What a pod is made of."""

    name: str
    labels: Mapping[str, str]
    task_name: str
    options: ContainerOptions
    settings: ContainerSettings
    launch: Launch
    environment: Mapping[str, str]
    with_helper: bool
    timeout_seconds: float | None

    @property
    def main(self) -> str:
        """Name of the container with the scripts."""
        return _plain(self.task_name) or "task"

    @property
    def helper(self) -> str:
        """Name of the container that moves files."""
        return f"{self.main}-helper"

    @property
    def helper_image(self) -> str:
        """Image of the containers that the ant adds."""
        return self.options.helper.image or self.settings.helper_image or self.options.image

    @property
    def carrier(self) -> str:
        """Name of the container whose output is the stderr of the main one."""
        return f"{self.main}-stderr"

    @property
    def is_carried(self) -> bool:
        """Whether there is one: clusters do not tell the streams of a container apart."""
        return len(self.launch.streams) > 1

    @property
    def containers(self) -> list[str]:
        """Names of all containers."""
        return [
            self.main,
            *([self.helper] if self.with_helper else []),
            *([self.carrier] if self.is_carried else []),
            *self.services,
        ]

    @property
    def services(self) -> dict[str, Service]:
        """Services by the names of their containers."""
        return {name: service for name, service, _ in self._instances()}

    def _instances(self) -> list[tuple[str, Service, int]]:
        return [
            (_service_name(service, number), service, number)
            for service in self.options.services
            for number in range(1, service.instances + 1)
        ]

    def secrets(self) -> list[dict[str, Any]]:
        """Return the scripts and the environment, which no pod shows when it is looked at."""
        files = {name: _sound(text) for name, text in self.launch.files().items()}
        values = {name: _sound(value) for name, value in self.environment.items()}
        found = [
            self._secret("ctl", {"stringData": files}),
            self._secret("env", {"stringData": values}),
        ]
        registry = self._registry_credentials()
        if registry:
            kind = {"type": "kubernetes.io/dockerconfigjson"}
            found.append(self._secret("registry", kind | {"data": registry}))
        return found

    def pod(self) -> dict[str, Any]:
        """Return the pod."""
        volumes = PodVolumes()
        containers = [
            self._main_container(volumes),
            *([self._helper_container(volumes)] if self.with_helper else []),
            *([self._carrier_container(volumes)] if self.is_carried else []),
            *(self._service_container(*instance, volumes) for instance in self._instances()),
        ]
        options, settings = self.options, self.settings
        account = options.container.service_account or settings.kube_service_account
        pull_secrets = [*settings.image_pull_secrets]
        if self._registry_credentials():
            pull_secrets.append(f"{self.name}-registry")
        specification: dict[str, Any] = {
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            # The key to the cluster is only for tasks that ask for an account.
            "automountServiceAccountToken": bool(options.container.service_account),
            "terminationGracePeriodSeconds": 1,
            "hostNetwork": options.host_network,
            "dnsPolicy": "ClusterFirstWithHostNet" if options.host_network else "ClusterFirst",
            "containers": containers,
            "volumes": volumes.manifest(),
            "imagePullSecrets": [{"name": name} for name in pull_secrets],
            **placement(options),
            **({"serviceAccountName": account} if account else {}),
            **self._host_aliases(),
            **self._deadline(),
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "labels": {**options.pod_labels, **self.labels},
                "annotations": options.pod_annotations,
            },
            "spec": specification,
        }

    def _main_container(self, volumes: PodVolumes) -> dict[str, Any]:
        container = self.options.container
        definition = container.image_definition
        ports = tuple(
            f"{port.protocol.lower()}:{port.number}"
            for service in self.options.services
            for port in service.ports
        )
        privileged = self.options.privileged
        drop = {} if privileged else {"capabilities": {"drop": ["NET_RAW"]}}
        control = volumes.add("formicary-ctl", {"secret": {"secretName": f"{self.name}-ctl"}})
        return {
            **self._common(self.main, self.options.image, container),
            "command": [
                *(definition.entrypoint if definition else ()),
                *self.launch.command(hold=True, carried=self.is_carried, ports=ports),
            ],
            "securityContext": {"privileged": privileged, **drop},
            "envFrom": [self._environment(), *_camel_list(container.env_from)],
            "env": _environment_values(container.env_value_from),
            "volumeMounts": [
                self._home(volumes),
                {"name": control, "mountPath": str(CONTROL), "readOnly": True},
                *volumes.mounts(container),
            ],
        }

    def _helper_container(self, volumes: PodVolumes) -> dict[str, Any]:
        helper = self.options.helper
        return {
            **self._common(self.helper, self.helper_image, helper),
            "command": ["/bin/sh", "-c", _IDLE],
            "env": [
                {"name": name, "value": value}
                for name, value in self.options.helper_environment.items()
            ],
            "volumeMounts": [self._home(volumes), *volumes.mounts(helper)],
        }

    def _carrier_container(self, volumes: PodVolumes) -> dict[str, Any]:
        most_cpu = self.settings.default_cpu_limit or self.settings.max_cpu_limit
        limits = ResourceLimits(cpu_limit=most_cpu, **_CARRIER)
        return {
            **self._common(self.carrier, self.helper_image, limits),
            "command": carrier_command(),
            "volumeMounts": [self._home(volumes)],
        }

    def _service_container(
        self, name: str, service: Service, number: int, volumes: PodVolumes
    ) -> dict[str, Any]:
        return {
            **self._common(name, service.image, service),
            # Nothing said: what the image itself starts.
            **({"command": service.entrypoint} if service.entrypoint else {}),
            **({"args": service.command} if service.command else {}),
            **({"workingDir": service.working_directory} if service.working_directory else {}),
            "ports": [
                {
                    "containerPort": port.number,
                    "protocol": port.protocol,
                    **({"name": port.name} if port.name else {}),
                }
                for port in service.ports
            ],
            "env": [{"name": "SERVICE_INSTANCE", "value": str(number)}],
            "envFrom": [self._environment()],
            "volumeMounts": volumes.mounts(service),
        }

    def _common(self, name: str, image: str, holder: ResourceLimits) -> dict[str, Any]:
        return {
            "name": name,
            "image": image,
            "imagePullPolicy": _PULL_POLICIES[self.settings.pull_policy],
            "resources": resources(holder, self.settings),
        }

    def _home(self, volumes: PodVolumes) -> dict[str, Any]:
        return {"name": volumes.add("formicary", {"emptyDir": {}}), "mountPath": str(HOME)}

    def _environment(self) -> dict[str, Any]:
        return {"secretRef": {"name": f"{self.name}-env"}}

    def _host_aliases(self) -> dict[str, Any]:
        """All containers of a pod share one network: a service is at localhost."""
        names = [
            name for service in self.options.services for name in (service.name, service.alias)
        ]
        known = [name for name in dict.fromkeys(names) if name]
        return {"hostAliases": [{"ip": "127.0.0.1", "hostnames": known}]} if known else {}

    def _deadline(self) -> dict[str, Any]:
        """Have the cluster end a pod whose ant is dead and does not come back."""
        if self.timeout_seconds is None:
            return {}
        return {"activeDeadlineSeconds": int(self.timeout_seconds) + _LONGER_SECONDS}

    def _secret(self, suffix: str, more: dict[str, Any]) -> dict[str, Any]:
        metadata = {"name": f"{self.name}-{suffix}", "labels": dict(self.labels)}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **more}

    def _registry_credentials(self) -> dict[str, str]:
        settings = self.settings
        images = [self.options.image, *(service.image for service in self.options.services)]
        if not settings.registry or not any(
            image.startswith(f"{settings.registry}/") for image in images
        ):
            return {}
        entry = {
            "username": settings.registry_username,
            "password": settings.registry_password.get_secret_value(),
        }
        text = json.dumps({"auths": {settings.registry: entry}})
        return {".dockerconfigjson": base64.b64encode(text.encode()).decode()}


def resources(wanted: ResourceLimits, settings: ContainerSettings) -> dict[str, Any]:
    """Return limits and requests of a container."""
    found = amounts(wanted, settings)
    limits = _resources(found.cpu_limit, found.memory_limit, found.storage_limit)
    requests = _resources(found.cpu_request, found.memory_request, found.storage_request)
    return {"limits": limits, "requests": requests}


def _resources(cpu: float | None, memory: int | None, storage: int | None) -> dict[str, str]:
    found = {
        "cpu": f"{round(cpu * 1000)}m" if cpu is not None else None,
        "memory": str(memory) if memory is not None else None,
        "ephemeral-storage": str(storage) if storage is not None else None,
    }
    return {name: text for name, text in found.items() if text is not None}


def _service_name(service: Service, number: int) -> str:
    plain = _plain(service.name.removeprefix("svc-"))
    return f"svc-{plain}" if number == 1 else f"svc-{plain}-{number}"


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub("-", text.lower()).strip("-")[:48].strip("-")


def _sound(text: str) -> str:
    """Return text that is sound UTF-8."""
    return text.encode(errors="replace").decode()


def _environment_values(given: Any) -> list[dict[str, Any]]:
    """Read a map of names and where their values come from."""
    return [{"name": name, "valueFrom": _camel(source)} for name, source in (given or {}).items()]


def _camel_list(given: Any) -> list[Any]:
    return [_camel(item) for item in given or ()]


def _camel(value: Any) -> Any:
    """Spell keys as Kubernetes does: `secret_key_ref` becomes `secretKeyRef`."""
    if isinstance(value, dict):
        return {_UPPER.sub(lambda m: m[1].upper(), str(k)): _camel(v) for k, v in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value
