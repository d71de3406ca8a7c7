"""The article's Kubernetes examples run; only images, paths of the node and naps are different."""

from pathlib import Path

import pytest

from ant_agent.executors.kubernetes.cluster import Cluster
from formicary.domain.parsed_job import parse_job
from tests.integration.containers.benches import KubernetesBench

_VOLUMES_AND_SERVICES = """
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
    - ls -l /var/run/sigstore/cosign
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
_RESOURCES = """
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
  method: KUBERNETES
  container:
    image: alpine:latest
    cpu_limit: "1"
    cpu_request: 50m
    memory_limit: 2Gi
    memory_request: 64Mi
    ephemeral_storage_limit: 2Gi
    ephemeral_storage_request: 1Mi
"""


@pytest.mark.parametrize(
    ("text", "words"), [(_VOLUMES_AND_SERVICES, "oidc-token"), (_RESOURCES, "hello world")]
)
def test_an_example_of_the_article_runs(
    cluster: Cluster, tmp_path: Path, text: str, words: str
) -> None:
    bench = KubernetesBench(cluster, tmp_path, host_paths=("/tmp/shared",))
    job = parse_job(text)
    definition = job.render_task(job.start_tasks[0], {}).task
    options = definition.executor_options().model_dump(mode="json", by_alias=True)
    container = options.pop("container")

    output = bench.output(*definition.script, container=container, options=options)

    assert words in output
    assert bench.left() == []
    bench.close()
