"""What happens to events that come twice, are forged, or race with others."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.domain.events import CancelRequested, JobSubmitted, RestartRequested
from formicary.domain.messages import pack_event
from formicary.domain.proofs import internal_proof
from formicary.service_layer.config_variables import NoConfigs
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.replay_history import replay
from formicary.service_layer.situation import Situations
from tests.e2e.ant_by_hand import AntByHand
from tests.e2e.api import TERMINAL, eventually, states_of, tasks_of
from tests.e2e.host import noted

BY_HAND = """
job_type: e2e-{tag}
tasks:
- task_type: one
  method: SHELL
  tags: [{tag}]
  script: ['done by hand']
  on_completed: two
- task_type: two
  method: SHELL
  tags: [{tag}]
  script: ['done by hand']
  on_completed: after
- task_type: after
  method: SHELL
  script: ['echo told {{{{.Told}}}}']
"""


def settled(system) -> bool:
    """Whether the engine has taken all that was sent."""
    return eventually(lambda: system.events_under_way() == 0)


@pytest.fixture
def by_hand(system, api):
    """Define a job of tasks that the test itself does, as an ant."""

    def start(tag: str) -> tuple[AntByHand, str]:
        api.define(BY_HAND.format(tag=tag))
        return AntByHand(system, tag), api.submit(f"e2e-{tag}")

    return start


def test_a_report_that_is_delivered_twice_counts_once(system, api, by_hand):
    ant, request = by_hand("twice")
    one = ant.receive()

    for _ in range(3):
        ant.report(one)
    two = ant.receive()
    assert settled(system)
    # The engine cannot know whether it died before it sent the task on, so it may send it again:
    # the same attempt, with the same proof.
    assert all(copy == two for copy in ant.all_there_is())
    ant.report(one)
    ant.report(two)
    run = api.ended(request, "COMPLETED")
    ant.report(two)
    ant.report(one)
    assert settled(system)

    assert api.run(request) == run
    assert [len(task["attempts"]) for task in tasks_of(run).values()] == [1, 1, 1]
    assert "told 0" in api.log(request, "after")


def test_an_ant_that_changes_its_mind_is_recorded_as_late(system, api, by_hand):
    ant, request = by_hand("mind")
    one = ant.receive()
    ant.report(one)
    ant.report(ant.receive())
    run = api.ended(request, "COMPLETED")

    ant.report(one, exit_code="7")
    assert settled(system)

    after = api.run(request)
    assert after["job_state"] == "COMPLETED"
    assert after["execution"]["contexts"] == run["execution"]["contexts"]
    task = tasks_of(after)["one"]
    assert (task["task_state"], task["exit_code"]) == ("COMPLETED", "0")
    assert [(a["exit_code"], a["late"]) for a in task["attempts"]] == [("0", False), ("7", True)]


def test_forged_events_change_nothing(system, api, by_hand):
    ant, request = by_hand("forged")
    one = ant.receive()
    before = api.run(request)
    event = {
        "tenant": one.tenant,
        "request_id": request,
        "execution_id": before["job_execution_id"],
        "kind": "CancelRequested",
        "event": {"reason": "because I can"},
    }

    ant.report(one, exit_code="1", proof="0" * 32)
    ant.report(one, exit_code="1", proof="")
    # Its own proof, for another task and for another attempt.
    ant.report(one, exit_code="1", event={"task_type": "two", "attempt": 1})
    ant.report(one, exit_code="1", event={"task_type": "one", "attempt": 2})
    # And the proof of an attempt for what only the control plane may say.
    ant.send({**event, "proof": one.proof})
    ant.send({**event, "proof": one.proof, "kind": "RestartRequested", "event": {"hard": True}})
    ant.send({**event, "proof": one.proof, "tenant": "other"})
    assert settled(system)
    assert api.run(request) == before

    ant.report(one)
    ant.report(ant.receive())
    run = api.ended(request, "COMPLETED")
    assert [len(task["attempts"]) for task in tasks_of(run).values()] == [1, 1, 1]


def test_events_of_the_control_plane_that_come_again_change_nothing(system, api, tmp_path):
    api.define(
        "job_type: e2e-again\ntasks:\n- task_type: once\n  method: SHELL\n"
        "  script: ['echo ran >> {{.Notes}}/runs', 'exit 1']\n"
    )
    request = api.submit("e2e-again", Notes=str(tmp_path))
    api.ended(request, "FAILED")
    assert api.call("POST", f"/api/jobs/requests/{request}/restart").status == 202
    run = api.reaches(request, lambda run: run["last_job_execution_id"])
    run = api.ended(request, "FAILED")
    dynamodb, sqs = system.aws.client("dynamodb"), system.aws.client("sqs")
    (table,) = dynamodb.list_tables()["TableNames"]
    head = DynamoDbRunRepository(dynamodb, table).find("default", request)
    queue = system.events_queue_url()

    for execution in (run["last_job_execution_id"], run["job_execution_id"]):
        for event in (JobSubmitted(), CancelRequested()):
            copy = pack_event("default", request, execution, internal_proof(head.key), event)
            for _ in range(2):
                sqs.send_message(QueueUrl=queue, MessageBody=copy.model_dump_json())
    copy = pack_event(
        *("default", request, run["last_job_execution_id"], internal_proof(head.key)),
        RestartRequested(),
    )
    sqs.send_message(QueueUrl=queue, MessageBody=copy.model_dump_json())
    assert settled(system)

    assert api.run(request) == run
    assert (tmp_path / "runs").read_text().split() == ["ran", "ran"]


VERSIONED = """
job_type: e2e-deploy
tasks:
- task_type: wait
  method: SHELL
  script:
    - echo $$ > {{{{.Notes}}}}/there
    - while [ ! -e {{{{.Notes}}}}/go-on ]; do sleep 0.1; done
  on_completed: {second}
- task_type: {second}
  method: SHELL
  script: ['echo {second}']
"""


def test_a_run_stays_on_its_version_when_a_new_one_is_deployed(api, tmp_path):
    api.define(VERSIONED.format(second="old"))
    request = api.submit("e2e-deploy", Notes=str(tmp_path))
    noted(tmp_path / "there")

    api.define(VERSIONED.format(second="new"))
    (tmp_path / "go-on").touch()
    run = api.ended(request, "COMPLETED")
    fresh = api.ended(api.submit("e2e-deploy", Notes=str(tmp_path)), "COMPLETED")

    assert (run["job_version"], list(states_of(run))) == ("1", ["wait", "old"])
    assert (fresh["job_version"], list(states_of(fresh))) == ("2", ["wait", "new"])


def test_a_run_outlives_the_deletion_of_its_job_type(api, tmp_path):
    api.define(VERSIONED.replace("e2e-deploy", "e2e-deleted").format(second="last"))
    request = api.submit("e2e-deleted", Notes=str(tmp_path))
    noted(tmp_path / "there")

    assert api.call("DELETE", "/api/jobs/definitions/e2e-deleted").status == 204
    (tmp_path / "go-on").touch()

    api.ended(request, "COMPLETED")
    assert api.call("GET", "/api/jobs/definitions/e2e-deleted").status == 404


RACED = """
job_type: e2e-raced
tasks:
- {task_type: a, method: SHELL, script: ['true'], on_completed: b}
- {task_type: b, method: SHELL, script: ['true'], on_completed: c}
- {task_type: c, method: SHELL, script: ['true']}
- {task_type: last, method: SHELL, always_run: true, script: ['true']}
"""


class Raced:
    """Runs that are cancelled at random moments, and every state that they were seen in."""

    def __init__(self, api, seed: int) -> None:
        self._api = api
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.seen: dict[str, list[str]] = {}

    def race(self, _: int) -> str:
        with self._lock:
            delay = self._random.uniform(0, 1.2)
        request = self._api.submit("e2e-raced")
        time.sleep(delay)
        cancelled = [self._api.cancel(request).status for _ in range(2)]
        assert set(cancelled) <= {202, 409}, cancelled
        states = self.seen[request] = []
        while not states or states[-1] not in TERMINAL:
            run = self._api.reaches(request, lambda run: run["job_state"])
            states.append(run["job_state"])
        return request


def test_a_cancel_that_races_with_completion_leaves_one_end_that_stays(system, api):
    api.define(RACED)
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    raced = Raced(api, seed)

    with ThreadPoolExecutor(4) as pool:
        requests = list(pool.map(raced.race, range(24)))
    ended = {request: api.run(request) for request in requests}
    assert settled(system)

    for request in requests:
        run = api.run(request)
        assert run == ended[request]
        assert raced.seen[request][-1] == run["job_state"]
        states = states_of(run)
        if run["job_state"] == "COMPLETED":
            assert set(states.values()) == {"COMPLETED"}
            assert list(states) == ["a", "b", "c", "last"]
        else:
            assert run["job_state"] == "CANCELLED"
            assert states.get("c") != "COMPLETED"
        assert all(len(task["attempts"]) == 1 for task in tasks_of(run).values())


def test_the_history_tells_all_that_happened_and_leads_to_the_state(system, api, by_hand):
    ant, request = by_hand("history")
    one = ant.receive()
    ant.report(one, proof="guessed")
    for _ in range(2):
        ant.report(one)
    two = ant.receive()
    assert settled(system)
    ant.report(two, exit_code="7")
    api.ended(request, "FAILED")
    ant.report(two)
    assert settled(system)
    assert api.post_json(f"/api/jobs/requests/{request}/cancel", {}).status == 409

    records = api.get(f"/api/jobs/requests/{request}/history")["records"]

    told = [(record["kind"], record["verdict"]) for record in records]
    applied = [kind for kind, verdict in told if verdict == "applied"]
    assert applied == ["JobSubmitted", "TaskFinished", "TaskFinished"]
    for refused in ("duplicate", "forged", "late"):
        assert ("TaskFinished", refused) in told
    assert ("cancel", "refused") in told
    dynamodb = system.aws.client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    runs = DynamoDbRunRepository(dynamodb, table)
    definitions = ParsedDefinitions(DynamoDbDefinitionRepository(dynamodb, table))
    run = runs.find("default", request)
    again = replay(Situations(definitions, NoConfigs()), runs, run)
    assert again.evolve(tail=()) == run.evolve(tail=())
