import copy
import json
from typing import Any

import pytest

from formicary.adapters.memory.fake_clock import FakeClock
from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from formicary.adapters.memory.in_memory_told_ends import InMemoryToldEnds
from formicary.domain.errors import UnavailableError
from formicary.domain.job_run import JobRun
from formicary.domain.lifecycle_event import RunEnd, event_of_end
from formicary.domain.states import RequestState
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
    assert publish(bus, InMemoryToldEnds(), [record()]) == []

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
    publish(bus, InMemoryToldEnds(), [record(state="EXECUTING")])

    assert bus.published == []


def test_a_restart_that_ends_at_once_in_the_same_state_is_an_end_of_its_own(
    bus: InMemoryEventBus,
) -> None:
    """Seed 208698 of the simulator: a version that has nothing more to do."""
    ended = record(state="COMPLETED")
    again = copy.deepcopy(ended)
    images = again["dynamodb"]
    images["OldImage"] = copy.deepcopy(images["NewImage"])
    told_ends = InMemoryToldEnds()
    publish(bus, told_ends, [again])
    assert bus.published == []

    images["NewImage"]["summary"]["M"]["job_execution_id"]["S"] = "01KDVDNA00NEXT"
    publish(bus, told_ends, [again])

    assert [event.job_execution_id for event in bus.published] == ["01KDVDNA00NEXT"]
    assert [(event.old_state, event.new_state) for event in bus.published] == [
        ("COMPLETED", "COMPLETED")
    ]


def test_a_new_request_is_published(bus: InMemoryEventBus) -> None:
    publish(bus, InMemoryToldEnds(), [record(state="PENDING", OldImage=None)])

    assert [(event.old_state, event.new_state) for event in bus.published] == [("", "PENDING")]


def test_items_that_are_no_heads_are_passed_over(bus: InMemoryEventBus) -> None:
    keys = {"pk": {"S": "T#acme#R#r"}, "sk": {"S": "TASK#e#0000#000001"}}

    publish(bus, InMemoryToldEnds(), [record(Keys=keys), record(NewImage=None)])

    assert bus.published == []


def test_the_stream_goes_on_from_the_first_that_was_not_taken(bus: InMemoryEventBus) -> None:
    bus.refused.add("01KDVDNA00YKGN797KPCXZSP6S:01KDVDNA00QQQQQQQQQQQQQQQQ:CANCELLED")
    batch = [
        record(1),
        record(2, "EXECUTING"),
        record(3, "CANCELLED"),
        record(4, "CANCELLED"),
    ]

    assert publish(bus, InMemoryToldEnds(), batch) == ["3"]


END = RunEnd("acme", "01KDVDNA00YKGN797KPCXZSP6S", "01KDVDNA00QQQQQQQQQQQQQQQQ")


def test_of_an_end_it_is_noted_that_the_bus_has_taken_it(bus: InMemoryEventBus) -> None:
    told = InMemoryToldEnds()

    publish(bus, told, [record(1, "EXECUTING"), record(2), record(2)])

    assert told.noted == {END}


def test_of_an_end_that_was_not_taken_and_of_other_changes_nothing_is_noted(
    bus: InMemoryEventBus,
) -> None:
    told = InMemoryToldEnds()
    bus.refused.add(":".join((*END[1:], "FAILED")))

    assert publish(bus, told, [record(1, "PAUSED"), record(2)]) == ["2"]
    assert told.noted == set()


def test_an_end_of_a_task_is_not_noted_as_that_of_its_run(bus: InMemoryEventBus) -> None:
    told = InMemoryToldEnds()

    publish(bus, told, [announcing("t", "a", "F", state="EXECUTING")])

    assert len(bus.published) == 1
    assert told.noted == set()


def test_an_end_that_could_not_be_noted_comes_again(bus: InMemoryEventBus) -> None:
    class Busy(InMemoryToldEnds):
        def note(self, ends: Any) -> None:
            raise UnavailableError("The table is too busy.")

    with pytest.raises(UnavailableError):
        publish(bus, Busy(), [record()])


def test_an_end_is_told_from_the_state_as_it_is_told_of_the_change(bus: InMemoryEventBus) -> None:
    now = FakeClock().now()
    run = JobRun(
        *END,
        "hello",
        3,
        "hunter2",
        now,
        now,
        RequestState.FAILED,
        started_at=now,
        ended_at=now,
        error_code="ERR_TASK_EXECUTE",
        user_id="ann",
        announces="n",
    )

    publish(bus, InMemoryToldEnds(), [announcing("n", "a", "F")])

    assert bus.published == [event_of_end(run)]
    assert event_of_end(run.evolve(started_at=None)).old_state == "PENDING"


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
    publish(bus, InMemoryToldEnds(), [announcing("n", "a", "F")])

    (event,) = bus.published
    assert event.to_json()["announces"] == "n"


def test_ended_tasks_are_told_where_somebody_wants_to_know(bus: InMemoryEventBus) -> None:
    publish(bus, InMemoryToldEnds(), [announcing("wt", "C{4}aa.", "C{4}FaS", state="EXECUTING")])

    told = [event.to_json() for event in bus.published]
    assert [(e["task_index"], e["new_state"], e["id"].split(":")[2:]) for e in told] == [
        (4, "FAILED", ["4", "7", "FAILED"]),
        (6, "COMPLETED", ["6", "7", "COMPLETED"]),
    ]
    assert {type(event).kind for event in bus.published} == {"TaskExecutionLifecycleEvent"}


def test_tasks_of_a_job_that_asks_for_nothing_are_nobodys_news(bus: InMemoryEventBus) -> None:
    publish(bus, InMemoryToldEnds(), [announcing("n", "aa", "CF", state="EXECUTING")])

    assert bus.published == []


def test_a_restart_that_resets_tasks_ends_none(bus: InMemoryEventBus) -> None:
    change = announcing("t", "aF", "CC", state="EXECUTING")
    summary = change["dynamodb"]["OldImage"]["summary"]["M"]
    summary["job_execution_id"] = {"S": "the one before"}

    publish(bus, InMemoryToldEnds(), [change])

    assert bus.published == []


def test_what_the_publisher_tells_is_what_the_notifier_reads(bus: InMemoryEventBus) -> None:
    publish(bus, InMemoryToldEnds(), [announcing("nwt", "a", "F")])

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
