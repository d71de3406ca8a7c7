import copy
import json
from typing import Any

import pytest

from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from lambdas.publish_changes.handler import handler, publish
from lambdas.send_notifications.read_ending import read_ending
from tests.unit.lambdas.api_play import canned


@pytest.fixture
def bus() -> InMemoryEventBus:
    return InMemoryEventBus()


def record(number: int = 1, state: str = "FAILED", **image: Any) -> dict[str, Any]:
    change = copy.deepcopy(canned("stream_record"))
    change["dynamodb"]["SequenceNumber"] = str(number)
    change["dynamodb"]["NewImage"]["summary"]["M"]["job_state"]["S"] = state
    change["dynamodb"] |= image
    return change


def test_a_change_of_state_is_published_without_params_and_keys(bus: InMemoryEventBus) -> None:
    assert publish(bus, [record()]) == []

    (event,) = bus.published
    assert event.to_json() == {
        "id": "01KDVDNA00YKGN797KPCXZSP6S:01KDVDNA00QQQQQQQQQQQQQQQQ:FAILED",
        "tenant": "acme",
        "job_request_id": "01KDVDNA00YKGN797KPCXZSP6S",
        "job_execution_id": "01KDVDNA00QQQQQQQQQQQQQQQQ",
        "job_type": "hello",
        "job_version": 3,
        "old_state": "EXECUTING",
        "new_state": "FAILED",
        "error_code": "ERR_TASK_EXECUTE",
        "user_id": "ann",
    }
    assert "hunter2" not in json.dumps(event.to_json())


def test_a_commit_that_keeps_the_state_is_nobodys_news(bus: InMemoryEventBus) -> None:
    publish(bus, [record(state="EXECUTING")])

    assert bus.published == []


def test_a_new_request_is_published(bus: InMemoryEventBus) -> None:
    publish(bus, [record(state="PENDING", OldImage=None)])

    assert [(event.old_state, event.new_state) for event in bus.published] == [("", "PENDING")]


def test_items_that_are_no_heads_are_passed_over(bus: InMemoryEventBus) -> None:
    keys = {"pk": {"S": "T#acme#R#r"}, "sk": {"S": "TASK#e#0000#000001"}}

    publish(bus, [record(Keys=keys), record(NewImage=None)])

    assert bus.published == []


def test_the_stream_goes_on_from_the_first_that_was_not_taken(bus: InMemoryEventBus) -> None:
    bus.refused.add("01KDVDNA00YKGN797KPCXZSP6S:01KDVDNA00QQQQQQQQQQQQQQQQ:CANCELLED")
    batch = [
        record(1),
        record(2, "EXECUTING"),
        record(3, "CANCELLED"),
        record(4, "CANCELLED"),
    ]

    assert publish(bus, batch) == ["3"]


def test_a_function_without_settings_gives_the_batch_back_and_raises_nothing() -> None:
    assert handler({"Records": [record(7)]}, None) == {
        "batchItemFailures": [{"itemIdentifier": "7"}]
    }


def announcing(letters: str, old_marks: str, new_marks: str, **fields: Any) -> dict[str, Any]:
    change = record(**fields)
    for image, marks in (("OldImage", old_marks), ("NewImage", new_marks)):
        change["dynamodb"][image] |= {"announces": {"S": letters}, "marks": {"S": marks}}
    change["dynamodb"]["NewImage"]["version"] = {"N": "7"}
    return change


def test_who_wants_to_know_is_told_with_the_change(bus: InMemoryEventBus) -> None:
    publish(bus, [announcing("n", "a", "F")])

    (event,) = bus.published
    assert event.to_json()["announces"] == "n"


def test_ended_tasks_are_told_where_somebody_wants_to_know(bus: InMemoryEventBus) -> None:
    publish(bus, [announcing("wt", "C{4}aa.", "C{4}FaS", state="EXECUTING")])

    told = [event.to_json() for event in bus.published]
    assert [(e["task_index"], e["new_state"], e["id"].split(":")[2:]) for e in told] == [
        (4, "FAILED", ["4", "7", "FAILED"]),
        (6, "COMPLETED", ["6", "7", "COMPLETED"]),
    ]
    assert {type(event).kind for event in bus.published} == {"TaskExecutionLifecycleEvent"}


def test_tasks_of_a_job_that_asks_for_nothing_are_nobodys_news(bus: InMemoryEventBus) -> None:
    publish(bus, [announcing("n", "aa", "CF", state="EXECUTING")])

    assert bus.published == []


def test_a_restart_that_resets_tasks_ends_none(bus: InMemoryEventBus) -> None:
    change = announcing("t", "aF", "CC", state="EXECUTING")
    summary = change["dynamodb"]["OldImage"]["summary"]["M"]
    summary["job_execution_id"] = {"S": "the one before"}

    publish(bus, [change])

    assert bus.published == []


def test_what_the_publisher_tells_is_what_the_notifier_reads(bus: InMemoryEventBus) -> None:
    publish(bus, [announcing("nwt", "a", "F")])

    task, job = [
        read_ending({"detail": json.loads(json.dumps(e.to_json()))}) for e in bus.published
    ]

    assert (task.task_index, task.state, task.key) == (
        0,
        "FAILED",
        "01KDVDNA00QQQQQQQQQQQQQQQQ:0:7:FAILED",
    )
    assert (job.task_index, job.state) == (None, "FAILED")
    assert (job.tenant, job.key) == ("acme", "01KDVDNA00QQQQQQQQQQQQQQQQ:FAILED")
    assert read_ending(json.loads(job.model_dump_json())) == job
