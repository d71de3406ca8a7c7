"""Sees to it that the engine has an image."""

import logging
from typing import Any

from docker.errors import APIError, ImageNotFound
from requests.exceptions import ReadTimeout

from ant_agent.cancellation import Cancellation
from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.base import ExecutorError
from ant_agent.executors.containers.waiting import in_the_meantime
from ant_agent.executors.docker.engine import FAULTS, connect, telling, words_of
from formicary.domain.states import ErrorCode

_log = logging.getLogger(__name__)
_MEND = (
    "check its name and tag, that the engine reaches the registry, and FORMICARY_ANT_REGISTRY,"
    " _REGISTRY_USERNAME and _REGISTRY_PASSWORD if it is a private one"
)


class Images:
    """Pulls by the ant's policy."""

    def __init__(self, client: Any, settings: ContainerSettings) -> None:
        self._client = client
        self._settings = settings

    def ensure(self, image: str, cancellation: Cancellation) -> None:
        """Return when the image is there; raises ExecutorError when it cannot be had."""
        policy = self._settings.pull_policy
        if policy != "always" and self._present(image):
            return
        if policy == "never":
            raise ExecutorError(
                ErrorCode.IMAGE_PULL,
                f"image {image} is not on the engine, and this ant never pulls"
                " (FORMICARY_ANT_PULL_POLICY): load it there, or change the policy",
            )
        seconds = self._settings.pull_seconds
        try:
            in_the_meantime(lambda: self._pull(image), seconds, cancellation)
        except TimeoutError as error:
            raise _failed(image, f"it did not come within {seconds:g} s") from error
        except ReadTimeout as error:
            raise _failed(image, f"nothing of it came for {seconds:g} s") from error
        except FAULTS as error:
            raise _failed(image, words_of(error)) from error

    def _present(self, image: str) -> bool:
        with telling(f"cannot look for image {image}"):
            try:
                self._client.images.get(image)
            except ImageNotFound:
                return False
        return True

    def _pull(self, image: str) -> None:
        # A client of its own: reading ends when nothing comes for as long as a pull may take.
        client = connect(self._settings, self._settings.pull_seconds)
        try:
            repository, tag = _with_tag(image)
            for step in client.api.pull(
                repository, tag=tag, stream=True, decode=True, auth_config=self._credentials(image)
            ):
                if "error" in step:
                    raise APIError(step["error"], explanation=step["error"])
        finally:
            client.close()

    def _credentials(self, image: str) -> dict[str, str] | None:
        settings = self._settings
        if not settings.registry or not image.startswith(f"{settings.registry}/"):
            return None
        return {
            "username": settings.registry_username,
            "password": settings.registry_password.get_secret_value(),
        }


def _with_tag(image: str) -> tuple[str, str | None]:
    """Split off the tag; without one the engine would pull them all."""
    if "@" in image:
        return image, None
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


def _failed(image: str, why: str) -> ExecutorError:
    return ExecutorError(ErrorCode.IMAGE_PULL, f"image {image} cannot be pulled: {why}; {_MEND}")
