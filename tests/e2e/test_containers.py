"""Jobs whose tasks run in containers and pods, through the whole system."""

from __future__ import annotations

import pytest

from tests.e2e.api import eventually, states_of, tasks_of

BOTH = """
job_type: e2e-both-engines
tasks:
- task_type: build
  method: DOCKER
  tags: [both-engines]
  container:
    image: alpine:latest
  services:
  - name: store
    alias: keeper
    image: alpine:latest
    command: ["sh", "-c", "while :; do echo kept for {{.Name}} | nc -l -p 6379; done"]
    ports:
    - number: 6379
  script:
  - mkdir out
  - until [ -s out/got.txt ]; do nc keeper 6379 </dev/null >out/got.txt || sleep 0.1; done
  - echo "::set-output name=Built::by attempt $FORMICARY_ATTEMPT"
  artifacts:
    paths: [out]
  on_completed: check
- task_type: check
  method: KUBERNETES
  tags: [both-engines]
  dependencies: [build]
  container:
    image: alpine:latest
  services:
  - name: echo
    image: alpine:latest
    command: ["sh", "-c", "while :; do echo from a sidecar | nc -l -p 7000; done"]
    ports:
    - number: 7000
  script:
  - until [ -s report.txt ]; do nc echo 7000 </dev/null >report.txt || sleep 0.1; done
  - cat out/got.txt report.txt
  - echo built {{.Built}}
  artifacts:
    paths: [report.txt]
"""

LONG = """
job_type: e2e-long-{name}
tasks:
- task_type: work
  method: {method}
  tags: [long-{name}]
  container:
    image: alpine:latest
  services:
  - name: beside
    image: alpine:latest
    command: ["sleep", "900"]
  script:
  - echo begun
  - sleep 900
"""

LEFT = """
job_type: e2e-left-{name}
tasks:
- task_type: work
  method: {method}
  tags: [left-{name}]
  container:
    image: alpine:latest
  script:
  - echo attempt $FORMICARY_ATTEMPT
  - test $FORMICARY_ATTEMPT -gt 1 || sleep 900
"""


def test_a_job_hands_files_from_a_container_to_a_pod(system, api, docker_place, kubernetes_place):
    ant = system.start_ant("both-engines", tags="both-engines", methods="DOCKER,KUBERNETES")
    api.define(BOTH)

    run = api.ended(api.submit("e2e-both-engines", Name="us"), "COMPLETED")

    tasks = tasks_of(run)
    assert states_of(run) == {"build": "COMPLETED", "check": "COMPLETED"}
    assert {task["ant_id"] for task in tasks.values()} == {"both-engines"}
    assert api.log(run["id"], "check") == "kept for us\nfrom a sidecar\nbuilt by attempt 1\n"
    (report,) = tasks["check"]["artifacts"]
    assert api.download(report) == b"from a sidecar\n"
    for place in (docker_place, kubernetes_place):
        assert place.has_none_of(run["id"])
    ant.end()


def test_a_cancel_leaves_nothing_on_the_engine(system, api, place):
    ant = system.start_ant(f"long-{place.name}", tags=f"long-{place.name}", methods=place.method)
    api.define(LONG.format(name=place.name, method=place.method))
    request = api.submit(f"e2e-long-{place.name}")
    assert eventually(lambda: "begun" in log_so_far(api, request)), api.run(request)
    assert place.of_run(request)

    assert api.cancel(request).status == 202
    run = api.ended(request, "CANCELLED")

    assert states_of(run) == {"work": "CANCELLED"}
    assert place.has_none_of(request)
    ant.end()


@pytest.fixture
def left(system, api, place):
    """A request whose ant was killed in mid-task; nothing else has the ant's tag."""
    name = f"left-{place.name}"
    ant = system.start_ant(name, tags=name, methods=place.method)
    api.define(LEFT.format(name=place.name, method=place.method))
    request = api.submit(f"e2e-{name}")
    assert eventually(lambda: "attempt 1" in log_so_far(api, request)), (
        f"{api.run(request)}\n{place.of_run(request)}\n{system.home.log(name).read_text()}"
    )
    ant.kill()
    return request


def test_what_a_killed_ant_left_goes_when_its_successor_starts(system, api, place, left):
    orphans = set(place.of_run(left))
    assert orphans  # they outlive their ant

    again = system.start_ant(f"left-{place.name}", tags=f"left-{place.name}", methods=place.method)

    assert eventually(lambda: not orphans & set(place.of_run(left)))
    run = api.ended(left, "COMPLETED")
    assert [a["attempt"] for a in tasks_of(run)["work"]["attempts"]] == [2]
    assert api.log(left, "work") == "attempt 2\n"
    assert place.has_none_of(left)
    again.end()


def log_so_far(api, request: str) -> str:
    answer = api.call("GET", f"/api/jobs/requests/{request}/tasks/work/log")
    return answer.body.decode() if answer.status == 200 else ""
