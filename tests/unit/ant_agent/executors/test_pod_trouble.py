"""Why a pod does not run, told from documents as clusters write them."""

from typing import Any

import pytest

from ant_agent.executors.kubernetes import trouble
from formicary.domain.states import ErrorCode


def pod(state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    statuses = [{"name": "main", "state": state}] if state is not None else []
    return {"status": {"containerStatuses": statuses, **status}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


@pytest.mark.parametrize("document", [{}, {"status": None}, pod(), pod({}), pod({"running": {}})])
def test_what_only_takes_its_time_is_no_trouble(document: dict[str, Any]) -> None:
    assert trouble.trouble(document) is None


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (waiting("ErrImagePull", "no such host"), ErrorCode.IMAGE_PULL, "no such host; check its"),
        (waiting("ImagePullBackOff"), ErrorCode.IMAGE_PULL, "ImagePullBackOff"),
        (waiting("CreateContainerConfigError", "x"), ErrorCode.CONTAINER, "cannot be started: x"),
        (
            waiting("RunContainerError", "exec: /bin/sh: no such file"),
            ErrorCode.CONTAINER,
            "its image has no /bin/sh",
        ),
        (
            {"terminated": {"reason": "ContainerCannotRun", "message": "bad"}},
            ErrorCode.CONTAINER,
            "bad",
        ),
    ],
)
def test_a_container_that_will_not_run_is_told_with_its_name(
    state: dict[str, Any], code: ErrorCode, words: str
) -> None:
    found = trouble.trouble(pod(state))

    assert found is not None
    assert (found.code, found.may_pass) == (code, False)
    assert "container main" in found.words
    assert words in found.words


def test_no_place_may_pass() -> None:
    condition = {"reason": "Unschedulable", "message": "0/3 nodes"}

    found = trouble.trouble(pod(conditions=[condition]))

    assert found is not None
    assert (found.code, found.may_pass) == (ErrorCode.UNSCHEDULABLE, True)
    assert "0/3 nodes; lower its requests" in found.words


def test_a_pod_that_the_cluster_ended_tells_why() -> None:
    found = trouble.trouble(pod(phase="Failed", reason="Evicted", message="disk"))

    assert found is not None
    assert found.words == "the cluster ended the pod (Evicted: disk)"
    assert trouble.end_of_pod({}) == "the pod is gone"


def test_a_carrier_that_ended_early_is_named() -> None:
    state = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    pod = {"status": {"containerStatuses": [{"name": "work-stderr", "state": state}]}}

    assert trouble.why_unfollowed(pod, "work-stderr") == (
        "container work-stderr, which carries their stderr on, ended before them"
        " (OOMKilled, exit code 137)"
    )
    assert trouble.why_unfollowed({}, "work-stderr") == "the pod is gone"


def test_events_tell_of_volumes_and_images() -> None:
    missing = {"reason": "FailedMount", "message": 'configmap "x" not found'}
    pulling = {"reason": "Pulling", "message": "Pulling image"}

    told = trouble.mount_trouble([missing, pulling])

    assert told is not None
    assert 'configmap "x" not found' in told.words
    assert trouble.mount_trouble([pulling]) is None
    assert trouble.pulls([missing, pulling])
    assert not trouble.pulls([pulling, missing])
    assert trouble.last_words([]) == "the cluster tells nothing"


def test_how_a_container_ended_is_found_by_its_name() -> None:
    end = {"exitCode": 3}

    assert trouble.terminated(pod({"terminated": end}), "main") == end
    assert trouble.terminated(pod({"terminated": end}), "other") is None
    assert trouble.all_running(pod({"terminated": end}), ["main"])
    assert not trouble.all_running(pod({"running": {}}), ["main", "other"])
