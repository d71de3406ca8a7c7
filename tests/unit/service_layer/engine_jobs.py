"""Jobs that the engine's tests run."""

PIPELINE = """
job_type: pipeline
job_variables:
  Greeting: hello
tasks:
- task_type: extract
  method: SHELL
  script:
    - echo {{.Greeting}} {{.Name}}
  artifacts:
    paths: [rows.csv]
  on_completed: transform
- task_type: transform
  method: SHELL
  retry: 1
  delay_between_retries: 10s
  dependencies: [extract]
  script:
    - fetch {{.extract_ArtifactURL_1}}
  on_completed: load
- task_type: load
  method: SHELL
  tags: [Warehouse]
  script: [load]
- task_type: cleanup
  method: SHELL
  always_run: true
  script: [rm -rf scratch]
"""
CHILD = """
job_type: encode
required_params: [Part]
tasks:
- task_type: encode-part
  method: SHELL
  script: ["encode {{.Part}}"]
  artifacts:
    paths: [out.webm]
"""
PARENT = """
job_type: encode-all
tasks:
- task_type: fork-1
  method: FORK_JOB
  fork_job_type: encode
  variables: {Part: "1"}
  on_completed: fork-2
- task_type: fork-2
  method: FORK_JOB
  fork_job_type: encode
  variables: {Part: "{{.Name}}-2"}
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork-1, fork-2]
  on_completed: join
- task_type: join
  method: SHELL
  dependencies: [wait]
  script: [join]
"""
DIAMOND = """
job_type: diamond
max_parallel: 1
tasks:
- task_type: split
  method: SHELL
  script: [split]
- task_type: left
  method: SHELL
  depends_on: [split]
  script: [left]
- task_type: right
  method: SHELL
  depends_on: [split]
  script: [right]
- task_type: join
  method: SHELL
  depends_on: [left, right]
  script: [join]
"""
SECOND_TRY = """
job_type: second-try
retry: 2
delay_between_retries: 20m
tasks:
- task_type: setup
  method: SHELL
  script: [setup]
  on_completed: work
- task_type: work
  method: SHELL
  script: [work]
- task_type: clean
  method: SHELL
  always_run: true
  script: [clean]
"""
