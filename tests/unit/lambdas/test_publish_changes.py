import copy
import json
from typing import Any

import pytest

from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from lambdas.publish_changes.handler import handler, publish
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
