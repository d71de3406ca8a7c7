"""Examples of the article through the whole system (docs/compatibility.md has the list).

Images, hosts, and paths and labels of the node are of this machine; the fields are the article's.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.client.api.core_v1_api import CoreV1Api
from kubernetes.client.exceptions import ApiException

from ant_agent.container_settings import ContainerSettings
from tests.e2e.api import eventually, states_of, tasks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ant_agent.executors.kubernetes.cluster import Cluster

OURS = f"e2e-{os.getpid()}"
GIB = str(2**30)

VOLUMES_AND_SERVICES = """
job_type: kube-example1
description: Simple Kubernetes example with volume mounts, secrets and ports
max_concurrency: 1
tasks:
- task_type: k8-task
  tags:
  - builder
  pod_labels:
    foor: bar
  script:
    - ls -l /myshared
    - ls -l /myempty
    - ls /var/run/sigstore/cosign
    - sleep 10
  method: KUBERNETES
  host_network: false
  services:
    - name: redis
      image: alpine:latest
      command: ["sh", "-c", "while :; do nc -l -p 6379; done"]
      ports:
        - number: 6379
  container:
    image: alpine:latest
    volumes:
      host_path:
        - name: mount1
          mount_path: /myshared
          host_path: /tmp/shared
      empty_dir:
        - name: mount2
          mount_path: /myempty
      projected:
        - name: oidc-token
          mount_path: /var/run/sigstore/cosign
          sources:
            - service_account_token:
              path: oidc-token
              expiration_seconds: 600
              audience: sigstore
"""
RESOURCES = """
job_type: kube-example2
description: Simple Kubernetes example with resources
max_concurrency: 1
tasks:
- task_type: kubby
  tags:
  - builder
  pod_labels:
    foor: bar
  script:
    - echo hello world
    - ls -l
    - sleep 10
  method: KUBERNETES
  container:
    image: alpine:latest
    cpu_limit: "1"
    cpu_request: 500m
    memory_limit: 2Gi
    memory_request: 1Gi
    ephemeral_storage_limit: 2Gi
    ephemeral_storage_request: 1Gi
"""
HTTP = """
job_type: http-job
tasks:
- task_type: get
  method: HTTP_GET
  url: {server}/todos/1
  on_completed: post
- task_type: post
  method: HTTP_POST_JSON
  url: {server}/todos
  on_completed: put
- task_type: put
  method: HTTP_PUT_JSON
  url: {server}/todos/1
  on_completed: delete
- task_type: delete
  method: HTTP_DELETE
  url: {server}/todos/1
"""
DOCKER = """
job_type: docker-job
tasks:
- task_type: task1
  method: DOCKER
  tags:
    - tag1
    - tag2
  container:
    image: alpine:latest
  script:
    - echo in a container
    - sleep 10
"""
EVERY_OPTION = """
job_type: kube-options
tasks:
- task_type: task1
  name: task1
  method: KUBERNETES
  tags: [builder]
  script:
    - grep -o ' /shared ' /proc/mounts
    - grep -o ' /mnt/sh1 ' /proc/mounts
    - cat /mnt/sh2/val1 /mnt/sh3/val1
    - until [ -s /mnt/sh4/told ]; do sleep 0.1; done; cat /mnt/sh4/told
    - ls /var/run/sigstore/cosign
    - echo "key ${{Key-}}"
    - sleep 10
  environment:
    AWS-KEY: Mykey
    Key: given
  container:
    image: alpine:latest
    volumes:
      host_path:
        - name: mount1
          mount_path: /shared
          host_path: /tmp
      pvc:
        - name: {ours}
          mount_path: /mnt/sh1
      config_map:
        - name: {ours}
          mount_path: /mnt/sh2
          items:
            item1: val1
      secret:
        - name: {ours}
          mount_path: /mnt/sh3
          items:
            item1: val1
      empty_dir:
        - name: mount4
          mount_path: /mnt/sh4
      projected:
        - name: oidc-token
          mount_path: /var/run/sigstore/cosign
          sources:
            - service_account_token:
              path: oidc-token
              expiration_seconds: 600
              audience: sigstore
    volume_driver: voldriver
    devices:
      - devices
    bind_dir: /shared
    cpu_limit: "1"
    cpu_request: 100m
    memory_limit: 1Gi
    memory_request: 64Mi
  services:
    - name: svc-name
      image: alpine:latest
      command:
        - -c
        - cat /mnt/sh2/val1 /mnt/sh3/file-name >/mnt/sh4/told; sleep 600
      entrypoint:
        - /bin/sh
      volumes:
        host_path:
          - name: svc-mount1
            mount_path: /shared
            host_path: /tmp
            read_only: false
        pvc:
          - name: {ours}
            mount_path: /mnt/sh1
            read_only: true
        config_map:
          - name: {ours}
            mount_path: /mnt/sh2
            read_only: true
            items:
              item1: val1
        secret:
          - name: {ours}-svc
            mount_path: /mnt/sh3
            items:
              mysecret: file-name
        empty_dir:
          - name: mount4
            mount_path: /mnt/sh4
        projected:
          - name: oidc-token
            mount_path: /var/run/sigstore/cosign
            sources:
              - service_account_token:
                path: oidc-token
                expiration_seconds: 600
                audience: sigstore
      cpu_limit: "1"
      cpu_request: 100m
      memory_limit: 1Gi
      memory_request: 64Mi
  affinity:
    required_during_scheduling_ignored_during_execution:
      node_selector_terms:
        - match_expressions:
            - key: datacenter
              operator: In
              values:
                - {ours}
          match_fields:
            - key: metadata.name
              operator: In
              values:
                - {node}
    preferred_during_scheduling_ignored_during_execution:
      - weight: 1
        preference:
          match_expressions:
            - key: datacenter
              operator: In
              values:
                - chicago
          match_fields:
            - key: metadata.name
              operator: In
              values:
                - blue
  node_selector:
    formicary: {ours}
  node_tolerations:
    empty: PreferNoSchedule
    myrole: NoSchedule
  pod_labels:
    foo: bar
  pod_annotations:
    ann1: val
  network_mode: mod1
  host_network: true
"""


@pytest.fixture(scope="module")
def builder(system, kubernetes_place) -> Iterator[None]:
    """An ant for the article's Kubernetes examples."""
    owner = {"FORMICARY_ANT_HOST_PATHS": "/tmp,/shared", "FORMICARY_ANT_ALLOW_PRIVILEGED": "true"}
    ant = system.start_ant("builder", tags="builder", methods="KUBERNETES", more=owner)
    yield
    ant.end()


@pytest.fixture(scope="module")
def node(cluster: Cluster) -> Iterator[str]:
    """A node with labels of ours; and what the example mounts: claim, config map, two secrets."""
    core, where = CoreV1Api(cluster.api), cluster.namespace
    name = core.list_node().items[0].metadata.name
    named, beside = {"metadata": {"name": OURS}}, {"metadata": {"name": f"{OURS}-svc"}}
    size = {"storage": "1Mi"}
    claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": size}}
    volume = {"accessModes": ["ReadWriteMany"], "capacity": size, "storageClassName": ""}
    volume["hostPath"] = {"path": f"/tmp/{OURS}", "type": "DirectoryOrCreate"}
    bound = claim | {"storageClassName": "", "volumeName": OURS}
    core.create_persistent_volume(named | {"spec": volume})
    core.create_namespaced_persistent_volume_claim(where, named | {"spec": bound})
    core.create_namespaced_config_map(where, named | {"data": {"item1": "of the map\n"}})
    core.create_namespaced_secret(where, named | {"stringData": {"item1": "of the secret\n"}})
    core.create_namespaced_secret(where, beside | {"stringData": {"mysecret": "of its own\n"}})
    core.patch_node(name, {"metadata": {"labels": {"datacenter": OURS, "formicary": OURS}}})
    yield name
    ends: list[Callable[[], object]] = [
        lambda: core.patch_node(
            name, {"metadata": {"labels": {"datacenter": None, "formicary": None}}}
        ),
        lambda: core.delete_namespaced_secret(f"{OURS}-svc", where),
        lambda: core.delete_namespaced_secret(OURS, where),
        lambda: core.delete_namespaced_config_map(OURS, where),
        lambda: core.delete_namespaced_persistent_volume_claim(OURS, where),
        lambda: core.delete_persistent_volume(OURS),
    ]
    for end in ends:
        with contextlib.suppress(ApiException):
            end()


def pod_of(cluster: Cluster, request: str) -> dict[str, Any]:
    """Return the pod of a request while there is one, as the cluster shows it."""

    def pods() -> list[str]:
        found = cluster.labelled(f"JobRequestID={request}")
        return [name for kind, name, _ in found if kind == "pod"]

    assert eventually(lambda: bool(pods()))
    return cluster.pod(pods()[0])


def containers_of(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {container["name"]: container for container in pod["spec"]["containers"]}


@pytest.mark.usefixtures("builder")
def test_6_6_1_a_pod_with_volumes_and_services(api, cluster, kubernetes_place):
    api.define(VOLUMES_AND_SERVICES)
    request = api.submit("kube-example1")

    pod = pod_of(cluster, request)
    api.ended(request, "COMPLETED")

    labels, containers = pod["metadata"]["labels"], containers_of(pod)
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in containers["k8-task"]["volumeMounts"]}
    assert (labels["AntID"], labels["foor"]) == ("builder", "bar")
    assert volumes[mounts["/myshared"]["name"]]["hostPath"]["path"] == "/tmp/shared"
    assert volumes[mounts["/myempty"]["name"]]["emptyDir"] is not None
    assert containers["svc-redis"]["image"] == "alpine:latest"
    assert not pod["spec"].get("hostNetwork")
    assert api.log(request, "k8-task").endswith("oidc-token\n")
    assert kubernetes_place.has_none_of(request)


@pytest.mark.usefixtures("builder")
def test_6_6_2_a_pod_with_resources(api, cluster, kubernetes_place):
    api.define(RESOURCES)
    request = api.submit("kube-example2")

    pod = pod_of(cluster, request)
    api.ended(request, "COMPLETED")

    resources = containers_of(pod)["kubby"]["resources"]
    two = str(2 * 2**30)
    assert resources["limits"] == {"cpu": "1", "memory": two, "ephemeral-storage": two}
    assert resources["requests"] == {"cpu": "500m", "memory": GIB, "ephemeral-storage": GIB}
    assert api.log(request, "kubby").startswith("hello world\n")
    assert kubernetes_place.has_none_of(request)


def test_7_2_calls_of_a_rest_api_one_after_the_other(api, web):
    api.define(HTTP.format(server=web.url))

    run = api.ended(api.submit("http-job"), "COMPLETED")

    assert states_of(run) == dict.fromkeys(("get", "post", "put", "delete"), "COMPLETED")
    asked = [(one.method, one.path) for one in web.asked if one.path.startswith("/todos")]
    assert asked == [
        ("GET", "/todos/1"),
        ("POST", "/todos"),
        ("PUT", "/todos/1"),
        ("DELETE", "/todos/1"),
    ]
    assert {task["exit_code"] for task in tasks_of(run).values()} == {"200"}


def test_7_4_an_ant_of_docker_with_its_registry(system, api, docker_place):
    told = {
        "FORMICARY_ANT_REGISTRY": "docker-registry-server",
        "FORMICARY_ANT_REGISTRY_USERNAME": "docker-registry-user",
        "FORMICARY_ANT_REGISTRY_PASSWORD": "docker-registry-pass",
        "FORMICARY_ANT_PULL_POLICY": "if-not-present",
        "FORMICARY_ANT_DOCKER_HOST": ContainerSettings().docker_host,
    }
    ant = system.start_ant("test-id", tags="tag1,tag2", methods="DOCKER", more=told)
    api.define(DOCKER)
    request = api.submit("docker-job")

    assert eventually(lambda: any("task1" in name for name in docker_place.of_run(request)))
    run = api.ended(request, "COMPLETED")

    assert tasks_of(run)["task1"]["ant_id"] == "test-id"
    assert api.log(request, "task1") == "in a container\n"
    assert docker_place.has_none_of(request)
    ant.end()


@pytest.mark.usefixtures("builder")
def test_7_5_a_pod_with_every_option(api, cluster, kubernetes_place, node):
    api.define(EVERY_OPTION.format(ours=OURS, node=node))
    request = api.submit("kube-options")

    pod = pod_of(cluster, request)
    api.ended(request, "COMPLETED")

    spec, containers = pod["spec"], containers_of(pod)
    affinity = spec["affinity"]["nodeAffinity"]
    (required,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert required["matchExpressions"][0]["values"] == [OURS]
    assert required["matchFields"][0]["values"] == [node]
    assert affinity["preferredDuringSchedulingIgnoredDuringExecution"][0]["weight"] == 1
    assert spec["nodeSelector"] == {"formicary": OURS}
    tolerations = {(one["key"], one["effect"]) for one in spec["tolerations"] if "key" in one}
    assert tolerations >= {("empty", "PreferNoSchedule"), ("myrole", "NoSchedule")}
    assert spec["hostNetwork"] is True
    assert pod["metadata"]["labels"]["foo"] == "bar"
    assert pod["metadata"]["annotations"]["ann1"] == "val"
    for name in ("task1", "svc-name"):
        resources = containers[name]["resources"]
        assert (resources["limits"]["cpu"], resources["requests"]["cpu"]) == ("1", "100m")
        assert resources["limits"]["memory"] == GIB
    # The cluster may bind the volumes late, which the ant tells in the log, too.
    lines = [line for line in api.log(request, "task1").split("\n") if "[waiting" not in line]
    assert lines == [
        *(" /shared ", " /mnt/sh1 ", "of the map", "of the secret"),
        *("of the map", "of its own", "oidc-token", "key given", ""),
    ]
    assert kubernetes_place.has_none_of(request)
