"""What a user gets wrong on a cluster: a code, the mend, and nothing stays behind."""

from pathlib import Path
from typing import Any

import pytest

from ant_agent.cancellation import Cancellation
from ant_agent.executors.base import ExecutorHost, ExecutorUnavailableError
from ant_agent.executors.containers.labels import ANT, TASK
from ant_agent.executors.kubernetes import KubernetesExecutor
from ant_agent.executors.kubernetes.cluster import Cluster
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from tests.integration.ant.world import eventually
from tests.integration.containers.benches import KubernetesBench
from tests.integration.containers.settings import Surroundings
from tests.integration.containers.silent_server import silent_server


def test_an_image_that_does_not_exist(kubernetes_bench: KubernetesBench) -> None:
    outcome, _ = kubernetes_bench.run("true", container={"image": "127.0.0.1:1/nobody/nothing:1"})

    assert outcome.result.error_code == "ERR_IMAGE_PULL"
    assert "127.0.0.1:1/nobody/nothing:1" in outcome.result.error_message
    assert "check its name and tag" in outcome.result.error_message


def test_a_policy_of_never_pulling(cluster: Cluster, tmp_path: Path) -> None:
    bench = KubernetesBench(cluster, tmp_path, pull_policy="never")

    outcome, _ = bench.run("true", container={"image": "nobody/nothing:1"})

    assert outcome.result.error_code == "ERR_IMAGE_PULL"
    assert bench.left() == []
    bench.close()


def test_a_pull_that_hangs(cluster: Cluster, tmp_path: Path) -> None:
    bench = KubernetesBench(cluster, tmp_path, pull_seconds=2)

    with silent_server(Surroundings().k8s_host_ip) as registry:
        outcome, _ = bench.run("true", container={"image": f"{registry}/slow:1"})

    assert outcome.result.error_code == "ERR_IMAGE_PULL"
    assert "did not begin within 2 s (FORMICARY_ANT_PULL_SECONDS)" in outcome.result.error_message
    assert f'Pulling image "{registry}/slow:1"' in outcome.result.error_message
    assert bench.left() == []
    bench.close()


def test_a_pod_that_no_node_takes(cluster: Cluster, tmp_path: Path) -> None:
    bench = KubernetesBench(cluster, tmp_path, schedule_seconds=1)

    outcome, text = bench.run("true", container={"cpu_limit": "500", "cpu_request": "500"})

    assert outcome.result.error_code == "ERR_UNSCHEDULABLE"
    assert "Insufficient cpu" in outcome.result.error_message
    assert "lower its requests" in outcome.result.error_message
    assert "[waiting: no node takes the pod" in text
    assert bench.left() == []
    bench.close()


def test_a_config_map_that_is_not_there(kubernetes_bench: KubernetesBench) -> None:
    mount = {"name": "no-such-map", "mount_path": "/x"}

    outcome, _ = kubernetes_bench.run("true", container={"volumes": {"config_map": [mount]}})

    assert outcome.result.error_code == "ERR_CONTAINER"
    assert 'configmap "no-such-map" not found' in outcome.result.error_message


def test_a_service_that_never_listens(cluster: Cluster, tmp_path: Path) -> None:
    bench = KubernetesBench(cluster, tmp_path, service_seconds=2)
    service = _service("db", "echo still busy; sleep 100")

    outcome, text = bench.run("true", options={"services": [service]}, after_script=["echo after"])

    assert outcome.result.error_code == "ERR_SERVICE_NOT_READY"
    assert outcome.warnings == ["after_script was not run: the pod did not start"]
    assert "service db did not get ready: nobody listens" in outcome.result.error_message
    assert "5432" in outcome.result.error_message
    assert "still busy" in text
    assert bench.left() == []
    bench.close()


def test_a_service_that_ends_before_the_task_begins(kubernetes_bench: KubernetesBench) -> None:
    service = _service("db", "echo no; exit 4")

    outcome, text = kubernetes_bench.run("true", options={"services": [service]})

    assert outcome.result.error_code == "ERR_SERVICE_NOT_READY"
    assert "it ended with exit code 4" in outcome.result.error_message
    assert "no" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"privileged": True}, "privileged is not allowed"),
        ({"host_network": True}, "host_network is not allowed"),
        (
            {"container": {"volumes": {"host_path": [{"name": "a", "mount_path": "/a"}]}}},
            "host_path",
        ),
        ({"node_selector": {"bad key!": "x"}}, "node_selector"),
    ],
)
def test_options_that_are_not_allowed_or_cannot_be(
    kubernetes_bench: KubernetesBench, options: dict[str, Any], words: str
) -> None:
    outcome, _ = kubernetes_bench.run("true", options=options)

    assert outcome.result.error_code == "ERR_VALIDATION"
    assert words in outcome.result.error_message


def test_two_volumes_at_one_path_are_refused_by_their_names(
    kubernetes_bench: KubernetesBench,
) -> None:
    volumes = {"empty_dir": [_volume("a", "/same"), _volume("b", "/same")]}

    outcome, _ = kubernetes_bench.run("true", container={"volumes": volumes})

    assert outcome.result.error_code == "ERR_VALIDATION"
    assert "volumes 'a' and 'b' have the same mount_path '/same'" in outcome.result.error_message


def test_orphans_of_this_ant_go_and_running_attempts_stay(
    kubernetes_bench: KubernetesBench,
) -> None:
    bench = kubernetes_bench
    labels = {ANT: bench.ant_id, TASK: "orphan"}
    metadata = {"name": f"{bench.ant_id}-orphan", "labels": labels}
    container = {"name": "c", "image": "alpine:latest", "command": ["sleep", "1000"]}
    container["imagePullPolicy"] = "IfNotPresent"
    bench.engine.create_secret({"metadata": metadata})
    bench.engine.create_pod({"metadata": metadata, "spec": {"containers": [container]}})

    def reap(_cancellation: Cancellation) -> None:
        eventually(lambda: any("formicary-work" in name for name in bench.left()))
        bench.executor.reap()

    outcome, text = bench.run("sleep 1", "echo unharmed", when_started=reap)

    assert (outcome.succeeded, text) == (True, "unharmed\n")
    assert bench.left() == []


def test_an_ant_without_a_cluster_says_so(tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    settings = Settings(url="http://nowhere", token="t", kubeconfig=str(nowhere))
    executor = KubernetesExecutor(ExecutorHost(settings, ProcessManager(grace_seconds=0.1)))

    with pytest.raises(ExecutorUnavailableError, match="KUBERNETES needs a cluster"):
        executor.check()


def _service(name: str, script: str) -> dict[str, Any]:
    ports = [{"number": 5432}]
    command = ["sh", "-c", script]
    return {"name": name, "image": "alpine:latest", "command": command, "ports": ports}


def _volume(name: str, path: str) -> dict[str, str]:
    return {"name": name, "mount_path": path}
