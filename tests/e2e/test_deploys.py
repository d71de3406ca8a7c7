"""Other code of the functions is deployed, and taken back, while jobs run."""

from __future__ import annotations

import io
import zipfile
from collections import Counter

from tests.e2e.api import TERMINAL, eventually, states_of, tasks_of
from tests.e2e.deployed_functions import DeployedFunctions
from tests.e2e.host import noted

JOBS = 2
STEPS = ("a", "b", "c")
# The last task keeps each job under way until both deployments are over.
TASKS = "".join(
    f"- task_type: {step}\n  method: SHELL\n  tags: [deploys]\n  on_completed: {after}\n"
    f"  script: ['echo {step} >> {{{{.Notes}}}}/ran']\n"
    for step, after in zip(STEPS, (*STEPS[1:], "last"), strict=True)
)
DEPLOYED_OVER = f"""
job_type: e2e-deployed-over
tasks:
{TASKS}- task_type: last
  method: SHELL
  tags: [deploys]
  script:
    - echo last >> {{{{.Notes}}}}/ran
    - while [ ! -e {{{{.Notes}}}}/go-on ]; do sleep 0.1; done
"""


def changed(bundle: bytes) -> bytes:
    """The same code with one more file."""
    buffer = io.BytesIO(bundle)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("lambdas/CHANGED", "by a test")
    return buffer.getvalue()


def test_jobs_end_right_and_once_though_the_functions_are_deployed_twice(system, api, tmp_path):
    functions = DeployedFunctions(system)
    before, old = functions.code(), functions.bundle()
    names = [name for name, code in before.items() if code == before[functions.name_of("Engine")]]
    new = (old[0], "changed.zip")
    functions.store(new, changed(functions.content(old)))
    api.define(DEPLOYED_OVER)
    ant = system.start_ant("deploys", tags="deploys", capacity=JOBS)

    with functions.events_come_again_after(6):
        requests = []
        for number in range(JOBS):
            notes = tmp_path / str(number)
            notes.mkdir()
            requests.append(api.submit("e2e-deployed-over", Notes=str(notes)))
        noted(tmp_path / "0" / "ran")
        functions.deploy(new, names)
        during = functions.code()
        functions.deploy(old, names)
        # The first call of a function that was just replaced may find nobody there.
        between = [api.reaches(request, lambda run: run["execution"]) for request in requests]
        for number in range(JOBS):
            (tmp_path / str(number) / "go-on").touch()
        ended = [api.ended(request, "COMPLETED") for request in requests]
        assert eventually(lambda: system.events_under_way() == 0)

    assert len(names) > 5
    assert all(during[name] != before[name] for name in names)
    assert functions.code() == before
    assert not {run["job_state"] for run in between} & TERMINAL
    for number, run in enumerate(ended):
        request = run["id"]
        assert states_of(run) == dict.fromkeys((*STEPS, "last"), "COMPLETED")
        assert {task["ant_id"] for task in tasks_of(run).values()} == {ant.id}
        # An engine that is ended after it has sent a task sends it again: a script may run twice.
        ran = (tmp_path / str(number) / "ran").read_text().split()
        assert list(dict.fromkeys(ran)) == [*STEPS, "last"]
        assert api.run(request)["ended_at"] == run["ended_at"]
        records = api.get(f"/api/jobs/requests/{request}/history", page_size=100)["records"]
        applied = Counter(record["kind"] for record in records if record["verdict"] == "applied")
        assert (applied["JobSubmitted"], applied["TaskFinished"]) == (1, len(STEPS) + 1)
    ant.end()
