"""What containers are made with: from options to the arguments of the engine's client, purely."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.types import LogConfig, Mount

from ant_agent.executors.containers.options import ContainerOptions, invalid
from ant_agent.executors.containers.rules import Amounts
from formicary.domain.container_definition import ContainerDefinition, Service
from formicary.domain.volume_definition import Mount as VolumeMount
from formicary.domain.volume_definition import Volumes

_MOST_PROCESSES = 4096
_NETWORKS_WITHOUT_NAMES = ("host", "none")


@dataclass(frozen=True, slots=True)
class Naming:
    """Name and labels of an attempt, which everything of it carries."""

    name: str
    labels: Mapping[str, str]

    def volume(self, name: str) -> str:
        """Name a volume of this attempt alone."""
        return f"{self.name}-{name}"


def network_of(options: ContainerOptions, naming: Naming) -> tuple[str, bool]:
    """Return the network, and whether it is to be made for this attempt."""
    mode = "host" if options.host_network else options.network_mode
    if not options.services:
        return mode or "bridge", False
    if mode in _NETWORKS_WITHOUT_NAMES or mode.startswith("container:"):
        raise invalid(
            f"services cannot be reached by name on the network {mode!r}: leave network_mode and"
            " host_network out, or name a network of your own"
        )
    return (mode, False) if mode not in ("", "bridge", "default") else (naming.name, True)


def limits(amounts: Amounts) -> dict[str, Any]:
    """Return the arguments that limit a container."""
    arguments: dict[str, Any] = {"pids_limit": _MOST_PROCESSES}
    if amounts.cpu_limit is not None:
        arguments["nano_cpus"] = round(amounts.cpu_limit * 10**9)
    if amounts.cpu_request is not None:
        arguments["cpu_shares"] = max(2, int(amounts.cpu_request * 1024))
    if amounts.memory_limit is not None:
        # The same again, so that swap gives no more.
        arguments |= {"mem_limit": amounts.memory_limit, "memswap_limit": amounts.memory_limit}
    if amounts.memory_request is not None:
        arguments["mem_reservation"] = amounts.memory_request
    return arguments


def mounts(holder: ContainerDefinition | Service, naming: Naming) -> list[Mount]:
    """Return the mounts of a container."""
    volumes = holder.volumes
    if isinstance(volumes, Volumes):
        found = _of_kubernetes_form(volumes, naming)
    else:
        found = [_named(name, path, naming) for name, path in volumes.items()]
    bind_dir = holder.bind_dir if isinstance(holder, ContainerDefinition) else None
    # A volume at that path says more exactly what is wanted there.
    if bind_dir and bind_dir not in {mount["Target"] for mount in found}:
        found.append(Mount(bind_dir, bind_dir, type="bind"))
    return found


def volumes_to_make(options: ContainerOptions, naming: Naming) -> dict[str, dict[str, Any]]:
    """Return the volumes that the attempt brings along, and what each is made with."""
    found: dict[str, dict[str, Any]] = {}
    driver = options.container.volume_driver
    how: dict[str, Any] = {"driver": driver} if driver else {}
    holders: list[ContainerDefinition | Service] = [options.container, *options.services]
    for holder in holders:
        if isinstance(holder.volumes, Volumes):
            for empty in holder.volumes.empty_dir:
                found[naming.volume(empty.name)] = _in_memory() if empty.medium else how
        else:
            for name in holder.volumes:
                if not name.startswith("/"):
                    found[naming.volume(name)] = how
    return found


def main_arguments(
    options: ContainerOptions, naming: Naming, amounts: Amounts, network: str, command: list[str]
) -> dict[str, Any]:
    """Return what the main container is made with."""
    definition = options.container.image_definition
    aliases = [definition.alias] if definition and definition.alias else []
    return {
        "image": options.image,
        "entrypoint": [*(definition.entrypoint if definition else ()), *command],
        "command": [],
        "name": naming.name,
        "labels": {**options.pod_labels, **naming.labels},
        "privileged": options.privileged,
        "cap_drop": [] if options.privileged else ["NET_RAW"],
        "devices": options.container.devices,
        "volumes_from": options.container.volumes_from,
        "mounts": mounts(options.container, naming),
        # The ant keeps the output; the engine shall not fill its disk with it, too.
        "log_config": LogConfig(type="none"),
        **network_arguments(network, aliases, options.services),
        **limits(amounts),
    }


def service_arguments(
    service: Service, instance: int, naming: Naming, amounts: Amounts, network: str
) -> dict[str, Any]:
    """Return what one instance of a service is made with."""
    own = service.name if instance == 1 else f"{service.name}-{instance}"
    aliases = list(dict.fromkeys(filter(None, (service.name, own, service.alias))))
    return {
        "image": service.image,
        # Nothing said: what the image itself starts.
        "entrypoint": service.entrypoint or None,
        "command": service.command or None,
        "working_dir": service.working_directory or None,
        "name": f"{naming.name}-svc-{own}",
        "labels": dict(naming.labels),
        "mounts": mounts(service, naming),
        "hostname": own,
        **network_arguments(network, aliases, [service]),
        **limits(amounts),
    }


def network_arguments(network: str, aliases: list[str], services: list[Service]) -> dict[str, Any]:
    """Return how a container is on its network; names go only with one that has names."""
    if not services:
        return {"network_mode": network}
    return {"network": network, "networking_config": {network: {"Aliases": aliases}}}


def _of_kubernetes_form(volumes: Volumes, naming: Naming) -> list[Mount]:
    for kind in ("pvc", "config_map", "secret", "projected", "csi"):
        if getattr(volumes, kind):
            raise invalid(
                f"volumes.{kind} is Kubernetes' own: with DOCKER take host_path, empty_dir or"
                " `name: path`"
            )
    return [
        *(
            Mount(_target(v), v.host_path, type="bind", read_only=v.read_only)
            for v in volumes.host_path
        ),
        *(
            Mount(_target(v), naming.volume(v.name), type="volume", read_only=v.read_only)
            for v in volumes.empty_dir
        ),
    ]


def _target(volume: VolumeMount) -> str:
    if not volume.mount_path:
        raise invalid(f"volume {volume.name!r} has no mount_path")
    return volume.mount_path


def _named(name: str, path: str, naming: Naming) -> Mount:
    target, _, mode = path.partition(":")
    if name.startswith("/"):
        return Mount(target, name, type="bind", read_only=mode == "ro")
    return Mount(target, naming.volume(name), type="volume", read_only=mode == "ro")


def _in_memory() -> dict[str, Any]:
    return {"driver": "local", "driver_opts": {"type": "tmpfs", "device": "tmpfs"}}
