"""The jobs that are measured, as text: tasks that do nothing, so that all time is the product's."""


def chain(job_type: str, tasks: int) -> str:
    """Return a job whose tasks run one after the other."""
    lines = [f"job_type: {job_type}", "tasks:"]
    for number in range(1, tasks + 1):
        lines += [f"- task_type: t{number}", "  method: SHELL", "  script:", "  - 'true'"]
        if number < tasks:
            lines.append(f"  on_completed: t{number + 1}")
    return "\n".join(lines) + "\n"


def fan_out(job_type: str, child_type: str, children: int) -> str:
    """Return a job that forks so many children, then waits for all of them."""
    lines = [f"job_type: {job_type}", "tasks:"]
    for number in range(1, children + 1):
        following = f"f{number + 1}" if number < children else "join"
        lines += [f"- task_type: f{number}", "  method: FORK_JOB"]
        lines += [f"  fork_job_type: {child_type}", f"  on_completed: {following}"]
    lines += ["- task_type: join", "  method: AWAIT_FORKED_JOB", "  await_forked_tasks:"]
    lines += [f"  - f{number}" for number in range(1, children + 1)]
    return "\n".join(lines) + "\n"


def fan_of_items(job_type: str, child_type: str, children: int) -> str:
    """Return a job with one fork task that forks so many children, and one that awaits them."""
    return f"""job_type: {job_type}
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: {child_type}
  fork_items: "{{{{range Iterate {children}}}}}{{{{println .}}}}{{{{end}}}}"
  variables: {{Number: "{{{{.Item}}}}"}}
  on_completed: join
- task_type: join
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""


def joined_chain(job_type: str, tasks: int) -> str:
    """Return a chain, and a task that depends on all of it."""
    lines = [f"job_type: {job_type}", "tasks:"]
    for number in range(1, tasks):
        lines += [f"- task_type: t{number}", "  method: SHELL", "  script: [x]"]
        if number < tasks - 1:
            lines.append(f"  on_completed: t{number + 1}")
    lines += ["- task_type: join", "  method: SHELL", "  script: [x]", "  depends_on:"]
    lines += [f"  - t{number}" for number in range(1, tasks)]
    return "\n".join(lines) + "\n"


def lean(job_type: str, tasks: int) -> str:
    """Return a chain that stays below the limit of a text with a thousand tasks, too."""
    lines = [f"job_type: {job_type}", "job_variables:", "  Target: prod", "tasks:"]
    for number in range(1, tasks + 1):
        lines += [f"- task_type: step-{number}", "  method: SHELL", "  timeout: 5m", "  script:"]
        lines.append(f"  - echo step {number} of {{{{.JobID}}}} for {{{{.Target}}}}")
        if number > 1:
            lines.append(f"  dependencies: [step-{number - 1}]")
        if number < tasks:
            lines.append(f"  on_completed: step-{number + 1}")
    return "\n".join(lines) + "\n"


def typical(job_type: str, tasks: int) -> str:
    """Return a chain with what real jobs have: templates, routes, retries, artifacts."""
    lines = [f"job_type: {job_type}", "job_variables:", "  Target: prod", "tasks:"]
    for number in range(1, tasks + 1):
        lines += [
            f"- task_type: step-{number}",
            "  method: SHELL",
            "  timeout: 5m",
            "  retry: 2",
            "  environment:",
            '    TARGET: "{{.Target}}"',
            "  script:",
            f"  - echo step {number} of {{{{.JobID}}}} for {{{{.Input}}}}",
            '  - {{if eq .Target "prod"}}echo careful{{else}}echo whatever{{end}}',
            "  artifacts:",
            "    paths: [out.txt]",
        ]
        if number > 1:
            lines.append(f"  dependencies: [step-{number - 1}]")
        if number < tasks:
            lines += [f"  on_completed: step-{number + 1}", f"  on_failed: step-{tasks}"]
    return "\n".join(lines) + "\n"
