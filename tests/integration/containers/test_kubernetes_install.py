"""The manifests of install/kubernetes on a real cluster: accepted, enough rights and no more."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.utils import FailToCreateError, create_from_dict

from ant_agent.container_settings import ContainerSettings
from ant_agent.executors.kubernetes.cluster import Cluster
from tests.integration.containers.benches import KubernetesBench
from tests.unit.install.files import manifests

ANTS = f"formicary-install-{os.getpid()}"
TASKS = f"{ANTS}-tasks"
# Names of namespaces are the test's own, so that a real installation is left alone.
_RENAMED = {'"formicary"': f'"{ANTS}"', '"formicary-tasks"': f'"{TASKS}"'}


def renamed() -> list[dict[str, Any]]:
    text = json.dumps(manifests())
    for old, new in _RENAMED.items():
        text = text.replace(old, new)
    return json.loads(text)


def create(api: Any, document: dict[str, Any]) -> None:
    """Send a manifest as it is; no image of the ant is at hand, so deployments are only judged."""
    trial = {"dry_run": "All"} if document["kind"] == "Deployment" else {}
    create_from_dict(api, document, **trial)


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Iterator[client.CoreV1Api]:
    core = client.CoreV1Api(cluster.api)
    try:
        for document in renamed():
            create(core.api_client, document)
        yield core
    finally:
        there = {one.metadata.name for one in core.list_namespace().items}
        for name in there & {TASKS, ANTS}:
            core.delete_namespace(name)


def test_the_cluster_refuses_a_manifest_that_is_wrong(installed: client.CoreV1Api) -> None:
    deployment = next(one for one in renamed() if one["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["serviceAccountName"] = "No Name"

    with pytest.raises(FailToCreateError, match="serviceAccountName"):
        create(installed.api_client, deployment)


def test_the_network_policy_stands_as_it_was_written(installed: client.CoreV1Api) -> None:
    """The cluster takes it; whether it is obeyed is a matter of the cluster's network."""
    api = client.NetworkingV1Api(installed.api_client)

    (kept,) = api.list_namespaced_network_policy(TASKS).items

    wanted = next(one for one in renamed() if one["kind"] == "NetworkPolicy")["spec"]
    assert installed.api_client.sanitize_for_serialization(kept.spec) == wanted


@pytest.fixture
def as_the_ant(installed: client.CoreV1Api, tmp_path: Path) -> Iterator[KubernetesBench]:
    """A bench that talks to the cluster with the ant's account, in the namespace of tasks."""
    token = installed.create_namespaced_service_account_token(
        "formicary-ant", ANTS, {"spec": {"expirationSeconds": 600}}
    )
    kubeconfig = yaml.safe_load(Path(ContainerSettings().kubeconfig).read_text())
    for user in kubeconfig["users"]:
        user["user"] = {"token": token.status.token}
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(kubeconfig))
    settings = {
        "kubeconfig": str(file),
        "kube_namespace": TASKS,
        "kube_service_account": "task",
    }
    cluster = Cluster(ContainerSettings(**settings))
    bench = KubernetesBench(cluster, tmp_path, **settings)
    yield bench
    assert bench.left() == []
    bench.close()
    cluster.close()


def test_the_rights_are_enough_for_a_task_with_files(as_the_ant: KubernetesBench) -> None:
    text = as_the_ant.output(
        "echo made > out.txt",
        "ls /var/run/secrets/kubernetes.io 2>&1 || true",
        options={"artifacts": {"paths": ["out.txt"]}, "separate_streams": True},
    )

    assert "No such file" in text  # no account to log in with


_FORBIDDEN: dict[str, Callable[[client.CoreV1Api], object]] = {
    "its own token": lambda core: core.list_namespaced_secret(ANTS),
    "the pods of ants": lambda core: core.list_namespaced_pod(ANTS),
    "pods of the whole cluster": lambda core: core.list_pod_for_all_namespaces(),
    "a secret by its name": lambda core: core.read_namespaced_secret("x", TASKS),
    "nodes": lambda core: core.list_node(),
}


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_all_else_is_forbidden(as_the_ant: KubernetesBench, what: str) -> None:
    with pytest.raises(ApiException) as refused:
        _FORBIDDEN[what](client.CoreV1Api(as_the_ant.engine.api))

    assert refused.value.status == 403
