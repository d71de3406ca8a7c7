"""Every option of KUBERNETES, seen from inside the pod (docs/executors.md has the same list)."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.api.core_v1_api import CoreV1Api
from kubernetes.client.exceptions import ApiException

from ant_agent.executors.containers.labels import ANT
from ant_agent.executors.kubernetes.cluster import Cluster
from tests.integration.ant.world import eventually
from tests.integration.containers.benches import KubernetesBench

Check = Callable[[KubernetesBench], None]
CHECKS: dict[str, Check] = {}
NAME = f"formicary-test-{os.getpid()}"
_MEMORY = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>&-"
_QUOTA = "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>&-"
_SHARES = "cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>&-"


def option(name: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return keep


@pytest.fixture(scope="module")
def objects(cluster: Cluster) -> Iterator[None]:
    """A config map, a secret, a service account, a volume with its claim."""
    core, where = CoreV1Api(cluster.api), cluster.namespace
    named = {"metadata": {"name": NAME}}
    size = {"storage": "1Mi"}
    claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": size}}
    claim |= {"storageClassName": "", "volumeName": NAME}
    volume = {
        "capacity": size,
        "accessModes": ["ReadWriteMany"],
        "hostPath": {"path": f"/tmp/{NAME}", "type": "DirectoryOrCreate"},
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
    }
    makers = [
        lambda: core.create_namespaced_config_map(where, named | {"data": {"a": "map\n"}}),
        lambda: core.create_namespaced_secret(where, named | {"stringData": {"b": "hidden\n"}}),
        lambda: core.create_namespaced_service_account(where, named),
        lambda: core.create_persistent_volume(named | {"spec": volume}),
        lambda: core.create_namespaced_persistent_volume_claim(where, named | {"spec": claim}),
    ]
    removers = [
        lambda: core.delete_namespaced_config_map(NAME, where),
        lambda: core.delete_namespaced_secret(NAME, where),
        lambda: core.delete_namespaced_service_account(NAME, where),
        lambda: core.delete_namespaced_persistent_volume_claim(NAME, where),
        lambda: core.delete_persistent_volume(NAME),
    ]
    for make in makers:
        with contextlib.suppress(ApiException):
            make()
    yield
    for remove in removers:
        with contextlib.suppress(ApiException):
            remove()
    core.api_client.rest_client.pool_manager.clear()


@option("container.image")
def _image(bench: KubernetesBench) -> None:
    text = bench.output("busybox | head -n 1", container={"image": "docker.io/local/busybox:1"})
    assert text.startswith("BusyBox")


@option("container.imageDefinition")
def _image_definition(bench: KubernetesBench) -> None:
    definition = {"name": "alpine:latest", "entrypoint": ["env", "SET=by-entrypoint"]}
    text = bench.output("echo $SET", container={"image": "", "imageDefinition": definition})
    assert text == "by-entrypoint\n"


@option("container.volumes.host_path")
def _host_path(bench: KubernetesBench) -> None:
    mount = {"name": "mount1", "mount_path": "/myshared", "host_path": "/tmp", "read_only": True}
    text = bench.output(
        "grep -c ' /myshared ' /proc/mounts; touch /myshared/x 2>&- || echo read-only",
        container={"volumes": {"host_path": [mount]}},
    )
    assert text == "1\nread-only\n"


@option("container.volumes.pvc")
def _claim(bench: KubernetesBench) -> None:
    mount = {"name": NAME, "mount_path": "/mnt/sh1"}
    volumes = {"pvc": [mount]}
    bench.output("echo kept >/mnt/sh1/file", container={"volumes": volumes})
    text = bench.output("cat /mnt/sh1/file", container={"volumes": volumes})
    assert text == "kept\n"


@option("container.volumes.config_map")
def _config_map(bench: KubernetesBench) -> None:
    mount = {"name": NAME, "mount_path": "/mnt/sh2", "items": {"a": "renamed"}}
    text = bench.output("cat /mnt/sh2/renamed", container={"volumes": {"config_map": [mount]}})
    assert text == "map\n"


@option("container.volumes.secret")
def _secret(bench: KubernetesBench) -> None:
    mount = {"name": NAME, "mount_path": "/mnt/sh3"}
    text = bench.output("cat /mnt/sh3/b", container={"volumes": {"secret": [mount]}})
    assert text == "hidden\n"


@option("container.volumes.empty_dir")
def _empty_dir(bench: KubernetesBench) -> None:
    volumes = {"empty_dir": [{"name": "m", "mount_path": "/myempty", "medium": "Memory"}]}
    text = bench.output("grep ' /myempty ' /proc/mounts", container={"volumes": volumes})
    assert text.startswith("tmpfs ")


@option("container.volumes.projected")
def _projected(bench: KubernetesBench) -> None:
    sources = [
        {
            "service_account_token": {
                "path": "oidc-token",
                "expiration_seconds": 600,
                "audience": "sigstore",
            }
        },
        {"config_map": {"name": NAME}},
        {"secret": {"name": NAME, "items": {"b": "c"}}},
    ]
    mount = {"name": "oidc", "mount_path": "/var/run/sigstore/cosign", "sources": sources}
    text = bench.output(
        "cd /var/run/sigstore/cosign; cut -d. -f2 oidc-token | tr -d '\\n' | "
        "awk '{while (length($0) % 4) $0 = $0 \"=\"; print}' | base64 -d | grep -o sigstore | "
        "head -n 1; cat a c",
        container={"volumes": {"projected": [mount]}},
    )
    assert text == "sigstore\nmap\nhidden\n"


@option("container.bind_dir")
def _bind_dir(bench: KubernetesBench) -> None:
    text = bench.output("grep -c ' /tmp ' /proc/mounts", container={"bind_dir": "/tmp"})
    assert text == "1\n"


@option("container.cpu_limit")
def _cpu_limit(bench: KubernetesBench) -> None:
    assert bench.output(_QUOTA + "; true", container={"cpu_limit": "250m"}).startswith("25000")


@option("container.cpu_request")
def _cpu_request(bench: KubernetesBench) -> None:
    shares = bench.output(_SHARES + "; true", container={"cpu_request": "100m"})
    assert shares.strip() in {"102", "4"}


@option("container.memory_limit")
def _memory_limit(bench: KubernetesBench) -> None:
    text = bench.output(_MEMORY + "; true", container={"memory_limit": "64Mi"})
    assert text == f"{64 * 2**20}\n"


@option("container.memory_request")
def _memory_request(bench: KubernetesBench) -> None:
    spec = _pod_of(bench, container={"memory_request": "32Mi"})["spec"]
    assert spec["containers"][0]["resources"]["requests"]["memory"] == str(32 * 2**20)


@option("container.ephemeral_storage_limit, ephemeral_storage_request")
def _storage(bench: KubernetesBench) -> None:
    container = {"ephemeral_storage_limit": "64Mi", "ephemeral_storage_request": "1Mi"}
    resources = _pod_of(bench, container=container)["spec"]["containers"][0]["resources"]
    assert resources["limits"]["ephemeral-storage"] == str(64 * 2**20)
    assert resources["requests"]["ephemeral-storage"] == str(2**20)


@option("container.service_account")
def _service_account(bench: KubernetesBench) -> None:
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    with_one = bench.output(
        f"cut -d. -f2 {token} | tr -d '\\n' | "
        "awk '{while (length($0) % 4) $0 = $0 \"=\"; print}' | base64 -d | "
        f"grep -o 'serviceaccount:[a-z]*:{NAME}' | head -n 1",
        container={"service_account": NAME},
    )
    without = bench.output(f"ls {token} 2>&- || echo none")
    assert with_one.strip().endswith(NAME)
    assert without == "none\n"


@option("container.env_from")
def _env_from(bench: KubernetesBench) -> None:
    given = [{"config_map_ref": {"name": NAME}}]
    assert bench.output("echo $a", container={"env_from": given}) == "map\n"


@option("container.env_value_from")
def _env_value_from(bench: KubernetesBench) -> None:
    given = {"NODE": {"field_ref": {"field_path": "spec.nodeName"}}}
    assert bench.output("echo ${NODE:+set}", container={"env_value_from": given}) == "set\n"


@option("working_dir")
def _working_dir(bench: KubernetesBench) -> None:
    changes = {"working_dir": "/sample/deep", "artifacts": {"paths": ["out"]}}
    outcome, text = bench.run("pwd; echo x >out", options=changes)
    assert (text, [one.path for one in outcome.artifacts]) == ("/sample/deep\n", ["out"])
    assert bench.output("pwd", options={"working_dir": "below"}) == "/formicary/work/below\n"


@option("environment")
def _environment(bench: KubernetesBench) -> None:
    text = bench.output(
        'echo "$GIVEN|$FORMICARY_TASK_TYPE|${USER-}|$TMPDIR"',
        options={"environment": {"GIVEN": "a $(b) c"}},
    )
    assert text == "a $(b) c|work||\n"


@option("helper, helper_environment")
def _helper(bench: KubernetesBench) -> None:
    options = {"helper": {"image": "docker.io/local/busybox:1", "memory_limit": "32Mi"}}
    options["helper_environment"] = {"MOVES": "files"}
    pod = _pod_of(bench, options=options)
    helper = pod["spec"]["containers"][1]
    assert helper["name"] == "work-helper"
    assert helper["image"] == "docker.io/local/busybox:1"
    assert helper["env"] == [{"name": "MOVES", "value": "files"}]


@option("separate_streams")
def _separate_streams(bench: KubernetesBench) -> None:
    apart = {"separate_streams": True, "helper": {"image": "docker.io/local/busybox:1"}}
    assert bench.output("readlink /proc/$$/fd/2", options=apart) == "/formicary/stderr\n"
    carrier = _pod_of(bench, options=apart)["spec"]["containers"][-1]
    assert (carrier["name"], carrier["image"]) == ("work-stderr", "docker.io/local/busybox:1")


@option("services: name, alias, ports")
def _service_names(bench: KubernetesBench) -> None:
    service = _service("redis", "sleep 1; while :; do echo pong | nc -l -p 6379; done")
    service |= {"alias": "cache", "ports": [{"number": 6379}]}
    text = bench.output(
        "nc redis 6379 </dev/null; grep -o cache /etc/hosts", options={"services": [service]}
    )
    assert text == "pong\ncache\n"


@option("services: instances")
def _service_instances(bench: KubernetesBench) -> None:
    serve = "while :; do echo $SERVICE_INSTANCE | nc -l -p $((8000 + SERVICE_INSTANCE)); done"
    service = _service("web", serve)
    service |= {"instances": 2, "ports": [{"number": 8001}, {"number": 8002}]}
    text = bench.output(
        "nc web 8001 </dev/null; nc web 8002 </dev/null", options={"services": [service]}
    )
    assert text == "1\n2\n"


@option("services: command, entrypoint, working_directory, volumes, limits")
def _service_command(bench: KubernetesBench) -> None:
    volumes = {"empty_dir": [{"name": "certs", "mount_path": "/mycerts"}]}
    service = {
        "name": "svc-name",
        "image": "alpine:latest",
        "entrypoint": ["env", "A=1"],
        "command": ["sh", "-c", f"({_MEMORY}) >/mycerts/m; echo $A $PWD $B >/mycerts/f; sleep 60"],
        "working_directory": "/mycerts",
        "volumes": volumes,
        "memory_limit": "48Mi",
    }
    text = bench.output(
        "until [ -s /mycerts/f ]; do sleep 0.1; done; cat /mycerts/f /mycerts/m",
        container={"volumes": volumes},
        options={"services": [service], "environment": {"B": "2"}},
    )
    assert text == f"1 /mycerts 2\n{48 * 2**20}\n"


@option("affinity")
def _affinity(bench: KubernetesBench) -> None:
    def wanting(system: str) -> dict[str, Any]:
        rule = {"key": "kubernetes.io/os", "operator": "In", "values": [system]}
        terms = {"node_selector_terms": [{"match_expressions": [rule]}]}
        preferred = [{"weight": 1, "preference": {"match_expressions": [rule]}}]
        return {
            "required_during_scheduling_ignored_during_execution": terms,
            "preferred_during_scheduling_ignored_during_execution": preferred,
        }

    assert bench.output("echo here", options={"affinity": wanting("linux")}) == "here\n"
    outcome, text = bench.run("true", options={"affinity": wanting("plan9")}, timeout=2)
    assert not outcome.succeeded
    assert "no node takes the pod" in text


@option("node_selector")
def _node_selector(bench: KubernetesBench) -> None:
    selector = {"kubernetes.io/os": "linux"}
    assert bench.output("echo here", options={"node_selector": selector}) == "here\n"


@option("node_tolerations")
def _tolerations(bench: KubernetesBench) -> None:
    options = {"node_tolerations": {"empty": "PreferNoSchedule", "myrole=a": "NoSchedule"}}
    found = _pod_of(bench, options=options)["spec"]["tolerations"]
    assert {"key": "empty", "operator": "Exists", "effect": "PreferNoSchedule"} in found
    equal = {"key": "myrole", "operator": "Equal", "value": "a", "effect": "NoSchedule"}
    assert equal in found


@option("pod_labels, pod_annotations")
def _labels(bench: KubernetesBench) -> None:
    options = {"pod_labels": {"foor": "bar"}, "pod_annotations": {"ann1": "val"}}
    metadata = _pod_of(bench, options=options)["metadata"]
    labels = metadata["labels"]
    assert (labels["AntID"], labels["TaskType"], labels["foor"]) == (bench.ant_id, "work", "bar")
    assert metadata["annotations"]["ann1"] == "val"


@option("host_network")
def _host_network(bench: KubernetesBench) -> None:
    pod = bench.output("ls /sys/class/net")
    host = bench.output("ls /sys/class/net", options={"host_network": True})
    assert host != pod
    assert set(host.split()) > {"lo"}


@option("privileged")
def _privileged(bench: KubernetesBench) -> None:
    outcome, text = bench.run("grep CapEff /proc/self/status", options={"privileged": True})
    if outcome.succeeded:
        assert int(text.split()[1], 16) & 1 << 21, "CAP_SYS_ADMIN"
    else:
        # A node that lacks privileges itself is asked for them all the same, and refuses.
        assert "not permitted" in outcome.result.error_message


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize("name", list(CHECKS))
def test_option_is_seen_inside(name: str, cluster: Cluster, tmp_path: Path) -> None:
    bench = KubernetesBench(
        cluster, tmp_path, allow_privileged=True, host_paths=("/tmp",), service_seconds=20
    )

    CHECKS[name](bench)

    assert bench.left() == []
    bench.close()


def test_the_ants_image_pull_secrets_and_registry_reach_the_pod(
    cluster: Cluster, tmp_path: Path
) -> None:
    bench = KubernetesBench(
        cluster,
        tmp_path,
        image_pull_secrets=("mine",),
        registry="docker.io",
        registry_username="u",
        registry_password="p",
    )

    pod = _pod_of(bench, container={"image": "docker.io/local/busybox:1"})

    names = [one["name"] for one in pod["spec"]["imagePullSecrets"]]
    assert names == ["mine", f"{pod['metadata']['name']}-registry"]
    assert bench.left() == []
    bench.close()


def _pod_of(bench: KubernetesBench, **changes: Any) -> dict[str, Any]:
    """Run a task and return its pod as the cluster shows it meanwhile."""
    seen: list[dict[str, Any]] = []

    def look(_cancellation: object) -> None:
        def pods() -> list[str]:
            found = bench.engine.labelled(f"{ANT}={bench.ant_id}")
            return [name for kind, name, _ in found if kind == "pod"]

        seen.append(bench.engine.pod(eventually(pods)[0]))

    bench.run("sleep 0.5", when_started=look, **changes)
    return seen[0]


def _service(name: str, script: str) -> dict[str, Any]:
    return {"name": name, "image": "alpine:latest", "command": ["sh", "-c", script]}
