"""Why a pod does not come to run, told from what the cluster says of it, purely."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from formicary.domain.states import ErrorCode

_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})
_CONTAINER = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"}
)
_IMAGE_MEND = "check its name and tag, that the nodes reach the registry, and its credentials"
_NO_PLACE_MEND = (
    "lower its requests, or see to its node_selector, affinity, tolerations and volumes"
)
_GONE = frozenset({"FailedMount", "FailedAttachVolume"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reason; `may_pass` when waiting may still help."""

    code: ErrorCode
    words: str
    may_pass: bool = False


def running(pod: dict[str, Any], container: str) -> bool:
    """Whether a container has been started (it may have ended since)."""
    state = _state(pod, container)
    return "running" in state or "terminated" in state


def all_running(pod: dict[str, Any], containers: Iterable[str]) -> bool:
    """Whether every container has been started."""
    return all(running(pod, container) for container in containers)


def trouble(pod: dict[str, Any]) -> Trouble | None:
    """Return why a pod does not run, None where it only takes its time."""
    status = pod.get("status") or {}
    for name, state in _states(pod).items():
        found = _of_container(name, state)
        if found is not None:
            return found
    if status.get("phase") == "Failed" and status.get("reason"):
        return Trouble(ErrorCode.CONTAINER, end_of_pod(pod))
    for condition in status.get("conditions") or ():
        if condition.get("reason") == "Unschedulable":
            said = condition.get("message", "")
            return Trouble(
                ErrorCode.UNSCHEDULABLE,
                f"no node takes the pod: {said}; {_NO_PLACE_MEND}",
                may_pass=True,
            )
    return None


def mount_trouble(events: list[dict[str, Any]]) -> Trouble | None:
    """Return what of the volumes is missing, if something is."""
    for event in reversed(events):
        message = event.get("message") or ""
        if event.get("reason") in _GONE and "not found" in message:
            return Trouble(ErrorCode.CONTAINER, f"a volume cannot be mounted: {message}")
    return None


def last_words(events: list[dict[str, Any]]) -> str:
    """Return what the cluster did last, for a pod that does not begin."""
    return str(events[-1].get("message", "")) if events else "the cluster tells nothing"


def pulls(events: list[dict[str, Any]]) -> bool:
    """Whether the last thing heard of is an image on its way."""
    return bool(events) and events[-1].get("reason") in {"Pulling", "BackOff"}


def end_of_pod(pod: dict[str, Any]) -> str:
    """Tell why the cluster ended a pod."""
    status = pod.get("status") or {}
    said = ": ".join(filter(None, (status.get("reason"), status.get("message"))))
    return f"the cluster ended the pod ({said})" if said else "the pod is gone"


def why_unfollowed(pod: dict[str, Any], carrier: str) -> str:
    """Tell why the scripts cannot be followed to their end, though their container runs."""
    end = terminated(pod, carrier)
    if end is None:
        return end_of_pod(pod)
    how = f"{end.get('reason', '')}, exit code {end.get('exitCode')}"
    return f"container {carrier}, which carries their stderr on, ended before them ({how})"


def terminated(pod: dict[str, Any], container: str) -> dict[str, Any] | None:
    """Return how a container ended, None while it has not."""
    found: dict[str, Any] | None = _state(pod, container).get("terminated")
    return found


def _of_container(name: str, state: dict[str, Any]) -> Trouble | None:
    waiting = state.get("waiting") or state.get("terminated") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _IMAGE:
        words = f"the image of container {name} cannot be had: {message or reason}; {_IMAGE_MEND}"
        return Trouble(ErrorCode.IMAGE_PULL, words)
    if reason in _CONTAINER or (reason == "ContainerCannotRun"):
        shell = "/bin/sh" in message and "no such file" in message
        mend = ": its image has no /bin/sh, which scripts need" if shell else ""
        return Trouble(
            ErrorCode.CONTAINER, f"container {name} cannot be started{mend}: {message or reason}"
        )
    return None


def _state(pod: dict[str, Any], container: str) -> dict[str, Any]:
    return _states(pod).get(container, {})


def _states(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return {status["name"]: status.get("state") or {} for status in statuses}
