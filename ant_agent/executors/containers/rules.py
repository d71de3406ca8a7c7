"""What the owner of the ant allows tasks, and the limits that hold where a task names none."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.containers.options import ContainerOptions, invalid
from formicary.domain.container_definition import ContainerDefinition, ResourceLimits, Service
from formicary.domain.quantities import parse_cpu, parse_size
from formicary.domain.volume_definition import Volumes


@dataclass(frozen=True, slots=True)
class Amounts:
    """Limits and requests of a container, None where there is none."""

    cpu_limit: float | None
    cpu_request: float | None
    memory_limit: int | None
    memory_request: int | None
    storage_limit: int | None
    storage_request: int | None


def check_allowed(options: ContainerOptions, settings: ContainerSettings) -> None:
    """Raise ExecutorError for what the ant's owner has not allowed."""
    if not settings.allow_privileged:
        for wish in _privileges(options):
            raise invalid(
                f"{wish} is not allowed on this ant: start it with --allow-privileged, or leave"
                " it out of the task"
            )
    for path in _host_paths(options):
        if not _below(path, settings.host_paths):
            raise invalid(
                f"the host's path {path!r} is not allowed on this ant: name it, or a folder above"
                " it, in FORMICARY_ANT_HOST_PATHS, or use empty_dir"
            )


def amounts(wanted: ResourceLimits, settings: ContainerSettings) -> Amounts:
    """Return the limits of a container; raises ExecutorError for bad ones and for too much."""
    try:
        found = Amounts(
            cpu_limit=_cores(wanted.cpu_limit or settings.default_cpu_limit),
            cpu_request=_cores(wanted.cpu_request),
            memory_limit=_size(wanted.memory_limit or settings.default_memory_limit),
            memory_request=_size(wanted.memory_request),
            storage_limit=_size(wanted.ephemeral_storage_limit or settings.default_storage_limit),
            storage_request=_size(wanted.ephemeral_storage_request),
        )
        most_cpu, most_memory = _cores(settings.max_cpu_limit), _size(settings.max_memory_limit)
    except ValueError as error:
        raise invalid(str(error)) from error
    if most_cpu is not None and (found.cpu_limit is None or found.cpu_limit > most_cpu):
        raise invalid(f"cpu_limit must be at most {settings.max_cpu_limit} on this ant")
    if most_memory is not None and (found.memory_limit is None or found.memory_limit > most_memory):
        raise invalid(f"memory_limit must be at most {settings.max_memory_limit} on this ant")
    return found


def _cores(text: str) -> float | None:
    return parse_cpu(text) if text else None


def _size(text: str) -> int | None:
    return parse_size(text) if text else None


def _privileges(options: ContainerOptions) -> Iterator[str]:
    """Yield what gives a task power over its host."""
    if options.privileged:
        yield "privileged"
    if options.host_network:
        yield "host_network"
    if options.network_mode == "host" or options.network_mode.startswith("container:"):
        yield f"network_mode {options.network_mode}"
    if options.container.devices:
        yield "devices"
    if options.container.volumes_from:
        yield "volumes_from"


def _host_paths(options: ContainerOptions) -> Iterator[str]:
    holders: list[ContainerDefinition | Service] = [options.container, *options.services]
    for holder in holders:
        volumes = holder.volumes
        if isinstance(volumes, Volumes):
            yield from (volume.host_path for volume in volumes.host_path)
        else:
            yield from (name for name in volumes if name.startswith("/"))
    if options.container.bind_dir:
        yield options.container.bind_dir


def _below(path: str, allowed: tuple[str, ...]) -> bool:
    inside = PurePosixPath(path)
    return ".." not in inside.parts and any(inside.is_relative_to(folder) for folder in allowed)
