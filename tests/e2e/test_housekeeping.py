"""Housekeeping as it is deployed: the state machine, its function and their rights."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.s3_object_store import S3ObjectStore
from formicary.adapters.aws.step_functions_house import StepFunctionsHouse
from formicary.domain.artifact import Artifact
from formicary.domain.events import JobSubmitted
from formicary.domain.job_run import JobRun
from formicary.domain.messages import pack_event
from formicary.domain.states import RequestState
from tests.e2e.ant_by_hand import AntByHand
from tests.e2e.api import eventually, tasks_of

TENANT = "default"
KEPT = (
    "job_type: e2e-kept\nretention_days_for_completed: 7\n"
    "tasks:\n- task_type: work\n  method: SHELL\n  script: ['true']\n"
)


@pytest.fixture(scope="module")
def outputs(system) -> dict[str, str]:
    stacks = json.loads((system.home.folder / "outputs.json").read_text())
    return {name: value for stack in stacks.values() for name, value in stack.items()}


@pytest.fixture(scope="module")
def runs(system, outputs) -> DynamoDbRunRepository:
    return DynamoDbRunRepository(system.aws.client("dynamodb"), outputs["TableName"])


@pytest.fixture(scope="module")
def objects(system, outputs) -> S3ObjectStore:
    return S3ObjectStore(system.aws.client("s3"), outputs["ArtifactBucketName"])


EXPIRING = "job_type: e2e-expiring\ntasks:\n- task_type: expire\n  method: EXPIRE_ARTIFACTS\n"


def keep_house(system, outputs, **given: str) -> dict[str, Any]:
    """Run the state machine to its end."""
    machines: Any = system.aws.client("stepfunctions")
    execution = machines.start_execution(
        stateMachineArn=outputs["HousekeepingArn"], input=json.dumps(given)
    )["executionArn"]

    def described() -> dict[str, Any]:
        return machines.describe_execution(executionArn=execution)

    assert eventually(lambda: described()["status"] != "RUNNING")
    return described()


def an_old_run(runs, objects, name: str, *, days: int) -> JobRun:
    ended = datetime.now(UTC) - timedelta(days=days)
    done = RequestState.COMPLETED
    run = JobRun(TENANT, name, "exec", "e2e-kept", 1, "key", ended, ended, done, ended_at=ended)
    objects.put(f"t/{TENANT}/r/{name}/exec/work/1/log/000001", b"x", "text/plain")
    return runs.create(run)


def test_every_tenant_is_visited_and_what_is_over_goes(system, api, outputs, runs, objects):
    api.define(KEPT)
    an_old_run(runs, objects, "e2e-old", days=8)
    an_old_run(runs, objects, "e2e-young", days=6)
    past = datetime.now(UTC) - timedelta(minutes=1)
    artifact = Artifact(id="e2e-gone", name="x", key=f"t/{TENANT}/u/e2e-gone", expires_at=past)
    runs.put_artifact(TENANT, artifact)
    objects.put(artifact.key, b"x", "text/plain")

    ended = keep_house(system, outputs)

    assert ended["status"] == "SUCCEEDED"
    assert runs.find(TENANT, "e2e-old") is None
    assert objects.list_keys(f"t/{TENANT}/r/e2e-old/") == []
    assert runs.find(TENANT, "e2e-young") is not None
    assert len(objects.list_keys(f"t/{TENANT}/r/e2e-young/")) == 1
    assert runs.find_artifact(TENANT, artifact.id) is None
    assert objects.get(artifact.key) is None


def test_one_tenant_alone_is_visited_when_the_input_names_it(system, api, outputs, runs, objects):
    api.define(KEPT)
    an_old_run(runs, objects, "e2e-ours", days=8)

    other = keep_house(system, outputs, tenant="somebody_else")
    assert other["status"] == "SUCCEEDED"
    assert runs.find(TENANT, "e2e-ours") is not None

    keep_house(system, outputs, tenant=TENANT)
    assert runs.find(TENANT, "e2e-ours") is None


def test_a_task_starts_the_housekeeping_of_its_tenant(api, runs, objects):
    past = datetime.now(UTC) - timedelta(minutes=1)
    artifact = Artifact(id="e2e-past", name="x", key=f"t/{TENANT}/u/e2e-past", expires_at=past)
    runs.put_artifact(TENANT, artifact)
    objects.put(artifact.key, b"x", "text/plain")
    api.define(EXPIRING)

    api.ended(api.submit("e2e-expiring"), "COMPLETED")

    assert eventually(lambda: runs.find_artifact(TENANT, artifact.id) is None)
    assert objects.get(artifact.key) is None


def test_housekeeping_of_the_same_name_is_started_once(system, outputs):
    machines: Any = system.aws.client("stepfunctions")
    house = StepFunctionsHouse(machines, outputs["HousekeepingArn"])

    def executions() -> int:
        found = machines.list_executions(stateMachineArn=outputs["HousekeepingArn"])
        return len(found["executions"])

    before = executions()
    house.start("somebody_else", "one")
    house.start("somebody_else", "one")
    assert eventually(lambda: not running(machines, outputs))
    house.start("somebody_else", "one")

    assert executions() == before + 1


def test_a_dead_letter_is_sent_on_to_the_engine(system, outputs):
    sqs: Any = system.aws.client("sqs")
    attributes = sqs.get_queue_attributes(
        QueueUrl=outputs["EventsQueueUrl"], AttributeNames=["RedrivePolicy"]
    )["Attributes"]
    name = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
    dead = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    letter = pack_event(TENANT, "nobody", "exec", "proof", JobSubmitted())
    sqs.send_message(QueueUrl=dead, MessageBody=letter.model_dump_json())

    def left() -> int:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=counts)["Attributes"]
        return sum(int(count) for count in found.values())

    assert left() == 1
    assert keep_house(system, outputs)["status"] == "SUCCEEDED"

    assert left() == 0
    assert eventually(lambda: system.events_under_way() == 0)
    assert left() == 0


LOST = """
job_type: e2e-lost-message
tasks:
- task_type: work
  method: SHELL
  tags: [lost-message]
  script: ['true']
"""


def test_a_task_whose_message_was_lost_is_sent_again(system, api, outputs, runs):
    api.define(LOST)
    taken = AntByHand(system, "lost-message")
    request = api.submit("e2e-lost-message")
    taken.receive()  # which deletes the message: nobody else will ever get it
    assert eventually(lambda: system.events_under_way() == 0)

    assert keep_house(system, outputs, tenant=TENANT)["status"] == "SUCCEEDED"
    assert eventually(lambda: system.events_under_way() == 0)
    assert taken.all_there_is() == []  # it may be on its way still

    half_an_hour_passes_over(runs, request)
    ant = system.start_ant("finds-it", tags="lost-message")
    assert keep_house(system, outputs, tenant=TENANT)["status"] == "SUCCEEDED"
    run = api.ended(request, "COMPLETED")
    ant.end()

    work = tasks_of(run)["work"]
    assert (work["ant_id"], work["task_state"]) == (ant.id, "COMPLETED")
    assert [attempt["status"] for attempt in work["attempts"]] == ["COMPLETED"]
    records = api.get(f"/api/jobs/requests/{request}/history")["records"]
    applied = [record["kind"] for record in records if record["verdict"] == "applied"]
    assert (applied.count("TaskLost"), applied.count("TaskFinished")) == (1, 1)


def half_an_hour_passes_over(runs: DynamoDbRunRepository, request: str) -> None:
    """Have a run look as if all that it waits for had been handed out long ago."""
    run = runs.find(TENANT, request)
    assert run is not None
    ago = timedelta(minutes=31)
    active = {
        name: replace(
            task,
            activated_at=task.activated_at - ago,
            dispatched_at=task.dispatched_at and task.dispatched_at - ago,
        )
        for name, task in run.active.items()
    }
    runs.save(replace(run, active=active))


TELLS = """
job_type: e2e-untold
notify:
  email: ["e2e-untold@example.org"]
webhook: {url: URL/untold}
tasks:
- task_type: work
  method: SHELL
  script: ["exit 3"]
"""


@contextmanager
def deaf_publisher(system) -> Iterator[None]:
    """Have the stream of the table told to nobody for a while."""
    functions: Any = system.aws.client("lambda")
    (uuid,) = [
        mapping["UUID"]
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]
        if ":dynamodb:" in mapping["EventSourceArn"]
    ]
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)


def test_of_an_end_that_the_stream_has_not_told_people_and_programs_are_told_by_night(
    system, api, outputs, runs, web
):
    api.define(TELLS.replace("URL", web.url))

    def calls() -> list[Any]:
        told = [json.loads(call.body) for call in web.of("/untold")]
        return [call for call in told if call["event_type"] == "JobExecutionLifecycleEvent"]

    def letters() -> int:
        with urllib.request.urlopen(f"{system.aws.endpoint}/_ministack/ses/messages") as answer:
            return answer.read().decode().count("e2e-untold FAILED")

    with deaf_publisher(system):
        request = api.submit("e2e-untold")
        api.ended(request, "FAILED")
        assert keep_house(system, outputs, tenant=TENANT)["status"] == "SUCCEEDED"
        assert (calls(), letters()) == ([], 0)  # it may be on its way still

        run = runs.find(TENANT, request)
        runs.save(replace(run, ended_at=run.ended_at - timedelta(minutes=31)))
        assert keep_house(system, outputs, tenant=TENANT)["status"] == "SUCCEEDED"
        assert eventually(lambda: len(calls()) == 1 and letters() > 0)
        once = letters()
        assert keep_house(system, outputs, tenant=TENANT)["status"] == "SUCCEEDED"
    (called,) = calls()
    assert called["id"] == f"{request}:{run.execution_id}:FAILED"

    # What has lain in the stream, or comes after it, tells nobody twice.
    another = api.submit("e2e-untold")
    api.ended(another, "FAILED")
    assert eventually(lambda: another in [call["job_request_id"] for call in calls()])
    assert eventually(lambda: letters() == 2 * once)
    assert [call["job_request_id"] for call in calls()] == [request, another]
    tellings = api.get(f"/api/jobs/requests/{request}/notifications")["records"]
    of_the_job = [telling for telling in tellings if not telling["task_type"]]
    assert [(t["channel"], t["state"], t["attempts"]) for t in of_the_job] == [
        ("email", "SENT", 1),
        ("webhook", "SENT", 1),
    ]


def running(machines: Any, outputs: dict[str, str]) -> list[Any]:
    """The executions that go on."""
    return machines.list_executions(
        stateMachineArn=outputs["HousekeepingArn"], statusFilter="RUNNING"
    )["executions"]


def test_the_nightly_start_fires_and_may_start_the_machine(system, outputs):
    schedules: Any = system.aws.client("scheduler")
    machines: Any = system.aws.client("stepfunctions")
    nightly = next(
        found
        for found in schedules.list_schedules()["Schedules"]
        if found["Target"]["Arn"] == outputs["HousekeepingArn"]
    )
    told = schedules.get_schedule(Name=nightly["Name"], GroupName=nightly["GroupName"])
    kept = {
        name: told[name]
        for name in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    }
    assert kept["ScheduleExpression"] == "cron(17 3 * * ? *)"

    def begun() -> set[str]:
        listed = machines.list_executions(stateMachineArn=outputs["HousekeepingArn"])
        return {execution["executionArn"] for execution in listed["executions"]}

    before = begun()
    soon = {
        "ScheduleExpression": "cron(* * * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }
    schedules.update_schedule(**kept | soon)
    try:
        assert eventually(lambda: bool(begun() - before))
    finally:
        schedules.update_schedule(**kept)
    execution = min(begun() - before)
    assert eventually(
        lambda: machines.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    )
