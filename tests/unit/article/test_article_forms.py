"""Definitions of our own, each in the form of a block of the article; the section is named."""

import pytest

from formicary.domain.parsed_job import parse_job
from tests.unit.domain.job_texts import (
    BRANCHES,
    BUILD,
    FORKS,
    KUBERNETES,
    PIPELINE,
    SENSOR,
    faults_of,
)

FLUSH_TASKS = """\
job_type: night-shift
tasks:
- task_type: start
method: FORK_JOB
fork_job_type: shift
on_completed: finish
- task_type: finish
method: AWAIT_FORKED_JOB
await_forked_tasks:
- start
"""

FLUSH_FIELDS = """\
job_type: flush
tasks:
- task_type: only
  method: HTTP_GET
  url: https://example.org/
  webhook:
  url: {{.Hook}}
  headers:
  Authorization: Bearer {{.HookToken}}
  query:
  task_key: value
  services:
  \u2013 name: store
  image: redis:7
  ports:
  \u2013 number: 6379
"""

SPACED = """\
job_type: addresses
tasks:
- task_type: show
  method: DOCKER
  container:
    image: alpine
  script:
    { { if .IsWindows } }
    - ipconfig
    { { else } }
    - ip address
    { { end } }
"""

ETL = """\
job_type: weather-etl
tasks:
- task_type: fetch
  method: KUBERNETES
  container:
    image: python:3.13
  before_script:
    - pip install requests --no-cache-dir
  script:
    - python -c 'import json; place = "{{.Place}}"; print(json.dumps([place, {}]));' > day.json
  artifacts:
    paths:
      - day.json
  on_completed: pick
- task_type: pick
  method: KUBERNETES
  tags:
  - builder
  container:
    image: alpine
  dependencies:
    - fetch
  script:
    - cat day.json | jq '.high,.low' > pair.txt
  on_completed: average
- task_type: average
  method: KUBERNETES
  dependencies:
    - pick
  script:
    - awk '{ sum += $1; n++ } END { if (n > 0) print sum / n; }' pair.txt > mean.txt
"""

SCAN = """\
job_type: image-scan
url: https://example.org/scanner/
job_variables:
  COMMIT: 12e4567
tasks:
  - task_type: scan
    working_dir: /scan
    variables:
      HOST: tcp://localhost:2375
      CERTS: ""
      IMAGE: mine:{{.COMMIT}}
    container:
      image: docker:27-cli
    privileged: true
    services:
      - name: daemon
        alias: docker
        image: docker:27-dind
        entrypoint: [ "env", "-u", "HOST" ]
        command: [ "dockerd.sh" ]
    allow_failure: true
    script:
      # build
      - docker build -t $IMAGE .
      - curl -s https://example.org/ | grep '"name":' | sed -E 's/.*"v([^"]+)".*/\\1/'
      # fail on what is severe
      - scanner --exit-code 1 $IMAGE
    cache:
      paths:
        - .cache/
"""

LIMITS = """\
job_type: limits
tasks:
- task_type: pod
  method: KUBERNETES
  script: [sleep 1]
  container:
    image: ubuntu:24.04
    cpu_limit: "1"
    cpu_request: 500m
    memory_limit: 2Gi
    memory_request: 1Gi
    ephemeral_storage_limit: 2Gi
    ephemeral_storage_request: 1Gi
"""

CRON = """\
 job_type: every-minute
 cron_trigger: 0 * * * * * *
 retry: 3
 delay_between_retries: 10s
 timeout: 5m
 tasks:
 - task_type: only
   method: SHELL
   script: [date]
"""

INSIDE = """\
job_type: inside
tasks:
- task_type: build
  working_dir: /src
  variables:
    VERIFY: 1
    CERTS: "/certs"
  container:
    image: docker:27-cli
    volumes:
      empty_dir:
        - name: certs
          mount_path: /certs/client
  privileged: true
  services:
    - name: daemon
      image: docker:27-dind
      entrypoint: ["env", "-u", "HOST"]
      volumes:
        empty_dir:
          - name: certs
            mount_path: /certs/client
  script:
    # build
    - docker build -t mine .
"""

PLUGIN = """\
job_type: org.example.weather
description: For everybody
public_plugin: true
sem_version: 1.0-dev
tasks:
  - task_type: fetch
    method: SHELL
    script: [fetch.sh]
"""

SPAWN = """\
 job_type: spawn
 tasks:
 - task_type: plug
   method: FORK_JOB
   fork_job_type: org.example.weather
   fork_job_version: 1.0-dev
   variables:
     Place: {{.Place}}
"""

CALLS = """\
job_type: calls
tasks:
- task_type: get
  method: HTTP_GET
  url: https://example.org/1
  on_completed: post
- task_type: post
  method: HTTP_POST_JSON
  url: https://example.org/
"""

BROWSER = """\
job_type: browser
tasks:
- task_type: draw
  method: WEBSOCKET
  tags:
    - web
    - js
"""

POD = """\
job_type: pod
tasks:
- task_type: first
  script: [x]
  name: shown
  environment:
    AWS-KEY: Key
  container:
    image: ubuntu:24.04
    volumes:
      host_path:
        - name: one
          mount_path: /shared
          host_path: /host/shared
      pvc:
        - name: two
          mount_path: /mnt/2
      config_map:
        - name: three
          mount_path: /mnt/3
          items:
            item: file
      secret:
        - name: four
          mount_path: /mnt/4
          items:
            item: file
    volume_driver: driver
    devices:
      - gpu
    bind_dir: /shared
  affinity:
    required_during_scheduling_ignored_during_execution:
      node_selector_terms:
        - match_expressions:
            - key: zone
              operator: In
              values:
                - north
          match_fields:
            - key: metadata.name
              operator: In
              values:
                - node-1
    preferred_during_scheduling_ignored_during_execution:
      - weight: 1
        preference:
          match_expressions:
            - key: colour
              operator: In
              values:
                - green
  node_selector:
    formicary: "true"
  node_tolerations:
    empty: PreferNoSchedule
    role=db: NoSchedule
  pod_labels:
    foo: bar
  pod_annotations:
    note: words of any kind
  network_mode: bridge
  host_network: true
"""

# By section of the article whose form it has.
FORMS = {
    "5.1.2 fork_job_type": FLUSH_TASKS,
    "5.1.2 webhook, services": FLUSH_FIELDS,
    "5.1.3 if": SPACED,
    "6.1": PIPELINE,
    "6.2": FORKS,
    "6.3": BUILD,
    "6.4": ETL,
    "6.5.1": SCAN,
    "6.6.1": KUBERNETES,
    "6.6.2": LIMITS,
    "6.6.4 to 6.6.6": CRON,
    "6.6.7": BRANCHES,
    "6.6.8": INSIDE,
    "6.6.9": SENSOR,
    "6.6.10": PLUGIN,
    "6.6.10 spawning": SPAWN,
    "7.2": CALLS,
    "7.3": BROWSER,
    "7.5": POD,
}


@pytest.mark.parametrize("section", FORMS)
def test_the_form_of_every_section_is_read(section: str) -> None:
    assert parse_job(FORMS[section]).definition.tasks


def test_tasks_without_indentation_each_get_their_own_keys() -> None:
    start, finish = parse_job(FLUSH_TASKS).definition.tasks

    assert (start.method, start.fork_job_type, start.on_completed) == (
        "FORK_JOB",
        "shift",
        ("finish",),
    )
    assert (finish.method, finish.await_forked_tasks) == ("AWAIT_FORKED_JOB", ["start"])


def test_a_task_key_of_the_job_goes_to_no_task_that_has_keys_of_its_own() -> None:
    text = "job_type: a\ntasks:\n- task_type: x\n  script: [x]\nalways_run: true\n"

    assert [fault.code for fault in faults_of(text)] == ["unknown-key"]


def test_places_of_faults_are_right_in_tasks_without_indentation() -> None:
    faults = faults_of(FLUSH_TASKS.replace("- start", "- strat"))

    assert [(f.code, f.line, f.column) for f in faults] == [("unknown-task", 10, 3)]


def test_services_without_indentation_go_on() -> None:
    text = FLUSH_FIELDS.replace(
        "  ports:\n", "  \u2013 name: second\n  image: memcached\n  ports:\n"
    )

    (task,) = parse_job(text).definition.tasks

    assert [(service.name, service.image) for service in task.services] == [
        ("store", "redis:7"),
        ("second", "memcached"),
    ]
    assert task.services[1].ports[0].number == 6379
    assert task.webhook.query == {"task_key": "value"}


def test_braces_with_a_space_choose_lines() -> None:
    parsed = parse_job(SPACED)

    assert parsed.render_task("show", {"IsWindows": True}).task.script == ["ipconfig"]
    assert parsed.render_task("show", {"IsWindows": False}).task.script == ["ip address"]


def test_braces_of_other_languages_stay_as_they_are() -> None:
    fetch, _, average = (
        parse_job(ETL).render_task(name, {"Place": "Oslo"}).task
        for name in ("fetch", "pick", "average")
    )

    assert 'place = "Oslo"; print(json.dumps([place, {}]));' in fetch.script[0]
    assert average.script == [
        "awk '{ sum += $1; n++ } END { if (n > 0) print sum / n; }' pair.txt > mean.txt"
    ]


def test_comments_between_commands_are_no_commands() -> None:
    parsed = parse_job(SCAN)
    task = parsed.render_task("scan", parsed.definition.job_variables).task

    assert [line.split()[0] for line in task.script] == ["docker", "curl", "scanner"]
    assert task.variables == {"HOST": "tcp://localhost:2375", "CERTS": "", "IMAGE": "mine:12e4567"}
    assert (task.cache.paths, task.cache.key) == ([".cache/"], "")
    assert task.services[0].entrypoint == ["env", "-u", "HOST"]


def test_the_settings_of_a_pod_reach_its_executor() -> None:
    (task,) = parse_job(POD).definition.tasks

    options = task.executor_options().model_dump()

    (term,) = options["affinity"]["required_during_scheduling_ignored_during_execution"][
        "node_selector_terms"
    ]
    assert term["match_fields"] == [
        {"key": "metadata.name", "operator": "In", "values": ["node-1"]}
    ]
    assert options["node_tolerations"] == {"empty": "PreferNoSchedule", "role=db": "NoSchedule"}
    assert options["container"]["volumes"]["secret"][0]["items"] == {"item": "file"}
    assert options["pod_annotations"] == {"note": "words of any kind"}


def test_a_whole_text_may_be_set_in() -> None:
    job = parse_job(CRON).definition

    assert (job.cron_trigger, job.retry, job.delay_between_retries, job.timeout) == (
        "0 * * * * * *",
        3,
        10.0,
        300.0,
    )
