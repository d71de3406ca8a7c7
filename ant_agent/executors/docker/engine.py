"""The Docker engine: how it is reached, and its faults in words that a user can act on."""

import contextlib
from collections.abc import Iterator
from typing import Any

import docker
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.base import ExecutorError
from formicary.domain.states import ErrorCode

_CALL_SECONDS = 60
FAULTS = (DockerException, RequestException, OSError)


def connect(settings: ContainerSettings, timeout_seconds: float = _CALL_SECONDS) -> Any:
    """Return a client; nothing is sent yet."""
    arguments = docker.utils.kwargs_from_env()
    if settings.docker_host:
        arguments["base_url"] = settings.docker_host
    return docker.DockerClient(version="auto", timeout=timeout_seconds, **arguments)


@contextlib.contextmanager
def telling(action: str, code: ErrorCode = ErrorCode.CONTAINER) -> Iterator[None]:
    """Turn the engine's faults into the end of the attempt, in words."""
    try:
        yield
    except FAULTS as error:
        raise ExecutorError(code, f"{action}: {words_of(error)}") from error


def words_of(error: Exception) -> str:
    """Return what an engine says, with a mend where one is known."""
    if not isinstance(error, APIError):
        return f"the Docker engine does not answer ({error}): see that it runs"
    said = str(error.explanation or error)
    if "/bin/sh" in said and "no such file" in said:
        return f"the image has no /bin/sh, which scripts need: take one that has ({said})"
    if "no such file" in said and "bind" in said:
        return f"{said}: make that folder on the engine's host"
    return said
