"""Job definitions of our own, in the forms that users write them."""

from formicary.domain.errors import InvalidDefinitionError
from formicary.domain.faults import Fault
from formicary.domain.parsed_job import parse_job

PIPELINE = """\
job_type: thumbnails
description: Makes a small picture of a large one
max_concurrency: 1
tasks:
- task_type: check
  script:
    - echo picture {{.Picture}} to {{.Width}} pixels
  container:
    image: alpine
  on_completed: fetch
- task_type: fetch
  container:
    image: curl:8
  script:
    - curl -o large.{{.Format}} {{.Picture}}
  artifacts:
    paths:
      - large.{{.Format}}
  on_completed: shrink
- task_type: shrink
  container:
    image: imagemagick
  script:
    - convert large.{{.Format}} -resize {{.Width}} small.{{.Format}}
  dependencies:
    - fetch
  artifacts:
    paths:
      - small.{{.Format}}
"""

FORKS = """\
job_type: two-thumbnails
tasks:
- task_type: split
  method: SHELL
  script: ./split.sh
  artifacts:
    paths: [left.png, right.png]
  on_completed: fork-left
- task_type: fork-left
  method: FORK_JOB
  fork_job_type: thumbnails
  variables:
    Picture: {{.split_ArtifactURL_1}}
    Width: {{.Width}}
  on_completed: fork-right
- task_type: fork-right
  method: FORK_JOB
  fork_job_type: thumbnails
  variables:
    Picture: {{.split_ArtifactURL_2}}
    Width: {{.Width}}
  on_completed: join
- task_type: join
  method: AWAIT_FORKED_JOB
  await_forked_tasks:
    - fork-left
    - fork-right
  on_completed: paste
- task_type: paste
  method: SHELL
  script: [./paste.sh]
  dependencies:
    - join
"""

BUILD = """\
job_type: library-build
# only the branch that is released
skip_if: {{if ne .Branch "trunk"}} true {{end}}
tasks:
- task_type: build
  method: DOCKER
  working_dir: /src
  container:
    image: gcc:14
  environment:
    GO111MODULE: on
    CGO_ENABLED: 0
    RELEASE: 1.10
  before_script:
    - git clone https://{{.Token}}@example.org/library.git .
  script:
    - make JOBS={{.Jobs}}
  after_script:
    - ls -l
  cache:
    key_paths:
      - deps.lock
    paths:
      - deps
"""

BRANCHES = """\
job_type: weekday
tasks:
- task_type: look
  method: SHELL
  script:
    - exit {{.ExitCode}}
  on_exit_code:
    1: work
    2: rest
    failed: tidy
  on_completed: tidy
- task_type: work
  method: SHELL
  script: [echo work]
  on_completed: tidy
- task_type: rest
  method: SHELL
  script: [echo rest]
  on_completed: tidy
- task_type: tidy
  method: SHELL
  always_run: true
  script: [echo tidy]
"""

SENSOR = """\
job_type: wait-for-file
tasks:
- task_type: poll
  method: HTTP_GET
  allow_failure: true
  timeout: 15s
  delay_between_retries: 5s
  script:
    {{ if lt .JobElapsedSecs 3 }}
    - https://example.org/not-yet
    {{ else }}
    - https://example.org/there
    {{ end }}
  on_completed: draw
  on_exit_code:
    404: EXECUTING
- task_type: draw
  method: SHELL
  script:
      - echo {{.Nonce}}
      - exit {{ Random 0 5 }}
  on_exit_code:
    1: FAILED
    2: RESTART_JOB
    3: COMPLETED
    4: ERR_BLAH
    5: RESTART_TASK
"""

KUBERNETES = """\
job_type: pods
tasks:
- task_type: pod
  tags:
  - builder
  method: KUBERNETES
  host_network: false
  script:
    - ls /shared
  pod_labels:
    team: ants
  services:
    - name: cache
      image: redis:7
      entrypoint: ["env", "-u", "HOST"]
      ports:
        - number: 6379
  container:
    image: ubuntu:24.04
    cpu_limit: "1"
    memory_request: 1Gi
    volumes:
      host_path:
        - name: one
          mount_path: /shared
          host_path: /data
      projected:
        - name: token
          mount_path: /var/run/token
          sources:
            - service_account_token:
              path: token
              expiration_seconds: 600
"""

ALL = {
    "pipeline": PIPELINE,
    "forks": FORKS,
    "build": BUILD,
    "branches": BRANCHES,
    "sensor": SENSOR,
    "kubernetes": KUBERNETES,
}


def job(*tasks: str, head: str = "") -> str:
    """Return a definition around tasks that are each given as flow maps without braces."""
    lines = "\n".join(f"- {{{task}}}" for task in tasks)
    return f"job_type: sample\n{head}tasks:\n{lines}\n"


def faults_of(text: str | bytes) -> tuple[Fault, ...]:
    """Return the faults of a definition, none when it is right."""
    try:
        parse_job(text)
    except InvalidDefinitionError as error:
        return error.faults
    return ()


def codes_of(text: str | bytes) -> set[str]:
    """Return the codes of the faults of a definition."""
    return {fault.code for fault in faults_of(text)}
