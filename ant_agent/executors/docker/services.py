"""Services beside the main container: started, waited for, and blamed when they do not come."""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from docker.errors import APIError

from ant_agent.executors.base import ExecutorError, TaskContext
from ant_agent.executors.containers.launcher import probe_command
from ant_agent.executors.containers.options import ContainerOptions
from ant_agent.executors.containers.rules import amounts
from ant_agent.executors.containers.waiting import ask_until
from ant_agent.executors.docker.engine import telling
from ant_agent.executors.docker.specification import Naming, service_arguments
from ant_agent.settings import Settings
from formicary.domain.container_definition import Service
from formicary.domain.states import ErrorCode

_LAST_LINES = 20


@dataclass(frozen=True, slots=True)
class _Instance:
    """A container of a service and the one that waits for its ports, if it has any."""

    service: Service
    container: Any
    probe: Any | None


class Services:
    """The services of one attempt."""

    def __init__(self, client: Any, settings: Settings, task: TaskContext, naming: Naming) -> None:
        self._client = client
        self._settings = settings
        self._task = task
        self._naming = naming
        self._instances: list[_Instance] = []

    def start(self, options: ContainerOptions, network: str) -> None:
        """Start them all; `await_ready` waits."""
        for service in options.services:
            for number in range(1, service.instances + 1):
                self._task.cancellation.check()
                with telling(f"service {service.name} cannot be started"):
                    container = self._start(service, number, network)
                    probe = self._start_probe(service, container, options.image)
                self._instances.append(_Instance(service, container, probe))

    def await_ready(self) -> None:
        """Wait until each is healthy, where its image tells, and listens on its ports."""
        end = time.monotonic() + self._settings.service_seconds
        for instance in self._instances:
            left = max(0.0, end - time.monotonic())
            with telling(f"cannot look after service {instance.service.name}"):
                ready = ask_until(partial(self._ready, instance), left, self._task.cancellation)
            if ready is None:
                raise self._not_ready(instance, _what_is_missing(instance, self._settings))

    def _start(self, service: Service, number: int, network: str) -> Any:
        arguments = service_arguments(
            service, number, self._naming, amounts(service, self._settings), network
        )
        environment = {**self._task.environment, "SERVICE_INSTANCE": str(number)}
        container = self._client.containers.create(environment=environment, **arguments)
        container.start()
        return container

    def _start_probe(self, service: Service, container: Any, image: str) -> Any | None:
        ports = tuple(f"{port.protocol.lower() or 'tcp'}:{port.number}" for port in service.ports)
        if not ports:
            return None
        command = probe_command(ports)
        # In the service's own network, so that nothing is asked of its image.
        probe = self._client.containers.create(
            image,
            entrypoint=command[:1],
            command=command[1:],
            name=f"{container.name}-probe",
            labels=dict(self._naming.labels),
            network_mode=f"container:{container.id}",
        )
        try:
            probe.start()
        except APIError:
            container.reload()
            if container.status == "running":
                raise
            # The service has ended already: `await_ready` will tell.
            return None
        return probe

    def _ready(self, instance: _Instance) -> bool | None:
        container = instance.container
        container.reload()
        state = container.attrs["State"]
        if not state["Running"]:
            code = state["ExitCode"]
            why = "was killed for lack of memory" if state["OOMKilled"] else f"ended with {code}"
            raise self._not_ready(instance, f"it {why} before the task began")
        health = (state.get("Health") or {}).get("Status", "healthy")
        if health == "unhealthy":
            raise self._not_ready(instance, "its health check fails")
        if health != "healthy":
            return None
        if instance.probe is None:
            return True
        instance.probe.reload()
        return True if instance.probe.status == "exited" else None

    def _not_ready(self, instance: _Instance, why: str) -> ExecutorError:
        name = instance.service.name
        with telling(f"cannot read the output of service {name}"):
            said = instance.container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
        if said:
            self._task.output.say(f"[last output of service {name}]\n{said}")
        return ExecutorError(
            ErrorCode.SERVICE_NOT_READY,
            f"service {name} did not get ready: {why}; its last output is in the log of the task",
        )


def _what_is_missing(instance: _Instance, settings: Settings) -> str:
    ports = ", ".join(str(port.number) for port in instance.service.ports)
    what = f"nobody listens on {ports}" if ports else "it is not healthy"
    return f"{what} after {settings.service_seconds:g} s (FORMICARY_ANT_SERVICE_SECONDS)"
