"""The manifests of an attempt, from options to pod and secrets, without a cluster."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.containers.launcher import Launch
from ant_agent.executors.containers.options import ContainerOptions
from ant_agent.executors.kubernetes.pod import PodPlan
from formicary.domain.log_streams import Stream
from tests.integration.ant.world import task

_DB = {"name": "svc-db", "alias": "database", "image": "postgres:16"}
_REGISTRY = {"registry": "r.example", "registry_username": "me", "registry_password": "hush"}


def plan(
    settings: dict[str, Any] | None = None,
    *,
    task_name: str = "work",
    environment: dict[str, str] | None = None,
    with_helper: bool = False,
    timeout_seconds: float | None = None,
    streams: Sequence[Stream] = (Stream.STDOUT,),
    **options: Any,
) -> PodPlan:
    return PodPlan(
        name="formicary-build-1",
        labels={"AntID": "ant-1"},
        task_name=task_name,
        options=ContainerOptions.model_validate({"container": {"image": "alpine"}, **options}),
        settings=ContainerSettings(**(settings or {})),
        launch=Launch.of(task("echo hidden-word").request, streams),
        environment=environment or {},
        with_helper=with_helper,
        timeout_seconds=timeout_seconds,
    )


def containers(made: PodPlan) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in made.pod()["spec"]["containers"]}


def test_a_task_without_files_is_one_container_that_starts_once() -> None:
    pod = plan().pod()

    (main,) = pod["spec"]["containers"]
    assert (main["name"], main["image"]) == ("work", "alpine")
    assert main["command"][0] == "/bin/sh"
    # Nothing is written before the log is followed.
    assert "hold" in main["command"]
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["metadata"] == {
        "name": "formicary-build-1",
        "labels": {"AntID": "ant-1"},
        "annotations": {},
    }


@pytest.mark.parametrize(
    ("name", "container"),
    [("Build It!", "build-it"), ("--", "task"), ("x" * 60, "x" * 48), ("Ünï", "n")],
)
def test_containers_bear_the_name_of_the_task_as_clusters_allow_it(
    name: str, container: str
) -> None:
    assert set(containers(plan(task_name=name, with_helper=True))) == {
        container,
        f"{container}-helper",
    }


def test_no_pod_shows_scripts_or_environment() -> None:
    made = plan(environment={"TOKEN": "hidden-value"})

    shown = json.dumps(made.pod())
    kept = json.dumps(made.secrets())

    assert "hidden" not in shown
    assert "hidden-word" in kept
    assert "hidden-value" in kept
    assert [secret["metadata"]["name"] for secret in made.secrets()] == [
        "formicary-build-1-ctl",
        "formicary-build-1-env",
    ]
    assert all(secret["metadata"]["labels"] == {"AntID": "ant-1"} for secret in made.secrets())


def test_text_that_is_no_utf_8_is_made_sound() -> None:
    values = plan(environment={"BAD": "a\udcffb"}).secrets()[1]["stringData"]

    assert values == {"BAD": "a?b"}


@pytest.mark.parametrize(
    ("image", "services", "used"),
    [
        ("r.example/tool", [], True),
        ("alpine", [_DB | {"image": "r.example/db"}], True),
        ("alpine", [_DB], False),
        ("r.example.evil/tool", [], False),
    ],
)
def test_registry_credentials_go_only_where_an_image_is_of_that_registry(
    image: str, services: list[dict[str, Any]], used: bool
) -> None:
    made = plan(
        _REGISTRY | {"image_pull_secrets": ("ours",)},
        container={"image": image},
        services=services,
    )

    names = [one["name"] for one in made.pod()["spec"]["imagePullSecrets"]]
    secrets = {secret["metadata"]["name"]: secret for secret in made.secrets()}

    assert names == ["ours", *(["formicary-build-1-registry"] if used else [])]
    assert ("formicary-build-1-registry" in secrets) is used
    if used:
        data = secrets["formicary-build-1-registry"]["data"][".dockerconfigjson"]
        assert json.loads(base64.b64decode(data)) == {
            "auths": {"r.example": {"username": "me", "password": "hush"}}
        }


def test_services_are_reached_by_name_and_alias_and_counted() -> None:
    service = _DB | {
        "instances": 2,
        "entrypoint": ["db"],
        "command": ["-x"],
        "ports": [{"number": 5432}],
    }
    made = plan(services=[service])

    found = containers(made)
    aliases = made.pod()["spec"]["hostAliases"]

    assert list(found) == ["work", "svc-db", "svc-db-2"]
    assert aliases == [{"ip": "127.0.0.1", "hostnames": ["svc-db", "database"]}]
    assert (found["svc-db"]["command"], found["svc-db"]["args"]) == (["db"], ["-x"])
    assert found["svc-db-2"]["env"] == [{"name": "SERVICE_INSTANCE", "value": "2"}]
    assert found["work"]["command"][-1] == "tcp:5432"


def test_a_service_that_says_nothing_starts_what_its_image_starts() -> None:
    service = containers(plan(services=[_DB]))["svc-db"]

    assert {"command", "args", "workingDir"}.isdisjoint(service)


def test_the_key_to_the_cluster_is_for_tasks_that_ask_for_an_account() -> None:
    settings = {"kube_service_account": "plain"}
    default = plan(settings).pod()["spec"]
    asked = plan(settings, container={"image": "a", "service_account": "deployer"}).pod()["spec"]

    assert (default["serviceAccountName"], default["automountServiceAccountToken"]) == (
        "plain",
        False,
    )
    assert (asked["serviceAccountName"], asked["automountServiceAccountToken"]) == (
        "deployer",
        True,
    )
    assert "serviceAccountName" not in plan().pod()["spec"]


@pytest.mark.parametrize(("timeout", "seconds"), [(60.7, 360), (None, None)])
def test_the_cluster_ends_a_pod_whose_ant_is_dead_after_the_timeout(
    timeout: float | None, seconds: int | None
) -> None:
    assert plan(timeout_seconds=timeout).pod()["spec"].get("activeDeadlineSeconds") == seconds


def test_limits_and_requests_are_spelt_as_the_cluster_does() -> None:
    container = {
        "image": "a",
        "cpu_limit": "1.5",
        "cpu_request": "250m",
        "memory_limit": "1Gi",
        "ephemeral_storage_limit": "2Gi",
    }
    main = containers(plan(container=container))["work"]

    assert main["resources"] == {
        "limits": {
            "cpu": "1500m",
            "memory": str(2**30),
            "ephemeral-storage": str(2**31),
        },
        "requests": {"cpu": "250m"},
    }


def test_only_a_privileged_task_may_make_raw_packets() -> None:
    assert containers(plan())["work"]["securityContext"] == {
        "privileged": False,
        "capabilities": {"drop": ["NET_RAW"]},
    }
    assert containers(plan(privileged=True))["work"]["securityContext"] == {"privileged": True}


@pytest.mark.parametrize(
    ("host", "policy"), [(True, "ClusterFirstWithHostNet"), (False, "ClusterFirst")]
)
def test_names_of_the_cluster_are_known_on_the_network_of_the_host_too(
    host: bool, policy: str
) -> None:
    specification = plan(host_network=host).pod()["spec"]

    assert (specification["hostNetwork"], specification["dnsPolicy"]) == (host, policy)


def test_labels_of_the_task_do_not_replace_those_of_the_ant() -> None:
    labels = plan(pod_labels={"AntID": "other", "team": "a"}).pod()["metadata"]["labels"]

    assert labels == {"AntID": "ant-1", "team": "a"}


def test_a_helper_has_its_own_image_and_environment_and_shares_the_files() -> None:
    made = plan(
        {"helper_image": "tools"},
        with_helper=True,
        helper_environment={"PROXY": "p"},
    )

    found = containers(made)

    assert (found["work"]["image"], found["work-helper"]["image"]) == ("alpine", "tools")
    assert found["work-helper"]["env"] == [{"name": "PROXY", "value": "p"}]
    shared = {"name": "formicary", "emptyDir": {}}
    assert shared in made.pod()["spec"]["volumes"]
    for container in found.values():
        assert container["volumeMounts"][0]["name"] == "formicary"


@pytest.mark.parametrize(
    ("policy", "word"),
    [("always", "Always"), ("never", "Never"), ("if-not-present", "IfNotPresent")],
)
def test_pull_policies_are_those_of_the_cluster(policy: str, word: str) -> None:
    assert containers(plan({"pull_policy": policy}))["work"]["imagePullPolicy"] == word


def test_keys_are_spelt_as_the_cluster_spells_them() -> None:
    reference = {"name": "db", "key": "password"}
    main = containers(
        plan(
            container={
                "image": "a",
                "env_from": [{"config_map_ref": {"name": "settings"}}],
                "env_value_from": {"DB": {"secret_key_ref": reference}},
            }
        )
    )["work"]

    assert {"configMapRef": {"name": "settings"}} in main["envFrom"]
    assert main["env"] == [{"name": "DB", "valueFrom": {"secretKeyRef": reference}}]


def test_separate_streams_take_one_small_container_more() -> None:
    made = plan(
        {"helper_image": "busybox", "default_memory_limit": "2Gi", "max_cpu_limit": "2"},
        container={"image": "alpine", "cpu_limit": "1"},
        helper={"cpu_limit": "1"},
        streams=tuple(Stream),
        with_helper=True,
    )

    found = containers(made)
    assert list(found) == made.containers == ["work", "work-helper", "work-stderr"]
    carrier = found["work-stderr"]
    assert carrier["image"] == "busybox"
    assert carrier["resources"] == {
        "limits": {"cpu": "2000m", "memory": str(64 * 2**20)},
        "requests": {"cpu": "10m", "memory": str(16 * 2**20)},
    }
    assert carrier["volumeMounts"] == [{"name": "formicary", "mountPath": "/formicary"}]
    assert "carried" in found["work"]["command"]
    assert "work-stderr" not in containers(plan(with_helper=True))
