"""Two hundred tasks while one ant is killed, one is cut off and one drains; two stay."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.api import eventually, states_of, tasks_of
from tests.e2e.partition import wire_to

JOBS = 4
SHELL_TASKS, DOCKER_TASKS = 46, 3
TAG = "going"

SHELL_TASK = """
- task_type: {name}
  method: SHELL
  tags: [going]
  script:
  - |
    echo "{{{{.JobID}}}} {name}" >> {{{{.Notes}}}}/begun
    case "$PWD" in
      */killed/*) echo $$ >> {{{{.Notes}}}}/on-killed; sleep 900 ;;
      */cut-off/*) echo $$ >> {{{{.Notes}}}}/on-cut-off
        while [ ! -e {{{{.Notes}}}}/is-cut ]; do sleep 0.1; done ;;
      */drained/*) echo $$ >> {{{{.Notes}}}}/on-drained; sleep 1 ;;
      *) while [ ! -e {{{{.Notes}}}}/is-cut ]; do sleep 0.1; done ;;
    esac
  - echo "$FORMICARY_IDEMPOTENCY_KEY" > key.txt
"""
DOCKER_TASK = """
- task_type: {name}
  method: DOCKER
  tags: [going]
  container:
    image: alpine:latest
  script: ['echo $FORMICARY_IDEMPOTENCY_KEY']
"""
LAST_TASK = """
- task_type: last
  method: SHELL
  tags: [going]
  depends_on: [{names}]
  script:
  - echo "{{{{.JobID}}}}" >> {{{{.Notes}}}}/last
"""


def definition(docker_tasks: int) -> str:
    shell = [f"s{number}" for number in range(SHELL_TASKS + DOCKER_TASKS - docker_tasks)]
    docker = [f"d{number}" for number in range(docker_tasks)]
    return (
        f"job_type: e2e-{TAG}\ntasks:"
        + "".join(SHELL_TASK.format(name=name) for name in shell)
        + "".join(DOCKER_TASK.format(name=name) for name in docker)
        + LAST_TASK.format(names=", ".join([*shell, *docker]))
    )


class Losses:
    """Five ants at the work, of which three go; what was to be seen at each moment."""

    def __init__(self, system, api, notes: Path, *, docker: bool) -> None:
        self._system, self._api, self.notes = system, api, notes
        self.methods = "SHELL,DOCKER" if docker else "SHELL"
        self.wire = wire_to(system.port)
        self.killed, self.drained = self.start("killed"), self.start("drained")
        self.cut_off = self.start("cut-off", wire=self.wire)
        api.define(definition(DOCKER_TASKS if docker else 0))
        self.requests = [api.submit(f"e2e-{TAG}", Notes=str(notes)) for _ in range(JOBS)]
        names = ("killed", "cut-off", "drained")
        assert eventually(lambda: all(self.pids_on(name) for name in names))
        self.staying = [self.start("stays-1"), self.start("stays-2")]
        self.wire.cut()
        self.killed.kill()
        self.drained.drain()
        (notes / "is-cut").touch()

    def start(self, ant_id: str, **more):
        return self._system.start_ant(ant_id, tags=TAG, capacity=4, methods=self.methods, **more)

    def pids_on(self, ant_id: str) -> list[int]:
        """Return the tasks that began on an ant, by their processes."""
        file = self.notes / f"on-{ant_id}"
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    def runs(self) -> list:
        return [self._api.ended(request, "COMPLETED") for request in self.requests]

    def processes(self) -> list[int]:
        """Return the processes that have a task's environment."""
        mark = f"Notes={self.notes}\0".encode()
        names = [entry.name for entry in Path("/proc").iterdir()]
        return [int(name) for name in names if name.isdigit() and has(name, mark)]

    def files(self) -> list[Path]:
        """Return what lies in the ants' folders for tasks and reports."""
        ants = self._system.home.folder / "ants"
        names = ("killed", "cut-off", "drained", "stays-1", "stays-2")
        return [path for name in names for path in ants.glob(f"{name}/*/*")]


@pytest.fixture(scope="module")
def losses(request, system, api, tmp_path_factory):
    tell = request.config.pluginmanager.get_plugin("terminalreporter").write_line
    try:
        request.getfixturevalue("engine")
        docker = True
    except pytest.skip.Exception as reason:
        tell(f"no DOCKER tasks among the 200: {reason}")
        docker = False
    losses = Losses(system, api, tmp_path_factory.mktemp("going"), docker=docker)
    tell(f"the partition is {losses.wire.how}")
    yield losses
    losses.wire.close()
    for ant in (losses.killed, losses.cut_off, losses.drained, *losses.staying):
        ant.end()


def test_an_ant_that_drains_ends_with_its_tasks(losses):
    assert losses.drained.process.wait(60) == 0


def test_every_task_counts_once(losses):
    runs = losses.runs()

    tasks = [task for run in runs for task in tasks_of(run).values()]
    assert len(tasks) == JOBS * (SHELL_TASKS + DOCKER_TASKS + 1) == 200
    for task in tasks:
        counted = [a["status"] for a in task["attempts"] if not a["late"]]
        assert counted == ["COMPLETED"], task
    # What follows on all of them began once in each job.
    assert Counter((losses.notes / "last").read_text().split()) == Counter(losses.requests)
    ants = Counter(task["ant_id"] for task in tasks)
    assert ants["drained"] > 0
    assert ants["stays-1"] + ants["stays-2"] > 0


def test_what_the_partitioned_ant_did_is_kept_as_late(losses):
    before = losses.runs()

    losses.wire.mend()

    assert eventually(lambda: len(late_attempts(losses.runs())) >= len(losses.pids_on("cut-off")))
    after = losses.runs()
    late = late_attempts(after)
    assert {(a["ant_id"], a["status"]) for a in late} == {("cut-off", "COMPLETED")}
    assert [without_attempts(run) for run in after] == [without_attempts(run) for run in before]
    assert all(set(states_of(run).values()) == {"COMPLETED"} for run in after)


def test_nothing_is_left(losses, request):
    again = losses.start("killed")  # its host is back

    assert eventually(lambda: not losses.processes()), losses.processes()
    for ant in (again, losses.cut_off, *losses.staying):
        ant.drain()
    assert [ant.process.wait(60) for ant in (again, losses.cut_off, *losses.staying)] == [0] * 4
    assert losses.files() == []
    if "DOCKER" in losses.methods:
        place = request.getfixturevalue("docker_place")
        assert [place.of_run(run) for run in losses.requests if not place.has_none_of(run)] == []


def has(pid: str, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def late_attempts(runs) -> list:
    return [
        attempt
        for run in runs
        for task in tasks_of(run).values()
        for attempt in task["attempts"]
        if attempt["late"]
    ]


def without_attempts(run):
    tasks = [{**task, "attempts": []} for task in run["execution"]["tasks"]]
    return {**run, "execution": {**run["execution"], "tasks": tasks}}
