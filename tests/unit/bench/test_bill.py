"""The bill of the benchmark W5: what is billed, at which batch, and the month of doing nothing."""

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.bench import bill

STACKS = Path(__file__).parents[3] / "stacks"


def tally(service: str, operation: str, **numbers: float) -> dict[str, Any]:
    return {
        "service": service,
        "operation": operation,
        "calls": 1,
        "requests": 1,
        "read_units": 0.0,
        "write_units": 0.0,
        **numbers,
    }


def invocation(function: str, kind: str, *tallies: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "phase": "p",
        "function": function,
        "kind": kind,
        "wall_seconds": 1.0,
        "processor_seconds": 0.0,
        "log_bytes": 100,
        "tallies": list(tallies),
        **fields,
    }


def test_an_event_brings_its_receive_and_delete_by_batch() -> None:
    event = invocation("run_engine", "TaskFinished", tally("sqs", "SendMessage"))

    assert bill.of_invocation(event, 1)["SQS requests"] == 3
    assert bill.of_invocation(event, 10)["SQS requests"] == pytest.approx(1.2)
    assert bill.of_invocation(event, 10)["Lambda requests"] == pytest.approx(0.1)
    assert bill.of_invocation(event, 10)["log bytes"] == pytest.approx(10)


def test_a_request_brings_the_gateway_and_its_log() -> None:
    amounts = bill.of_invocation(invocation("handle_api", "submit"), 10)

    assert amounts["HTTP API requests"] == 1
    assert amounts["Lambda requests"] == 1
    assert amounts["log bytes"] == 100 + bill.ACCESS_LOG_BYTES


def test_duration_is_processor_time_stretched_and_waiting() -> None:
    call = invocation("run_engine", "e", tally("dynamodb", "GetItem"), processor_seconds=0.01)

    seconds = bill.of_invocation(call)["Lambda GB-seconds"] / 0.5

    assert seconds == pytest.approx(0.01 * 1769 / 512 + 0.006)


def test_users_who_look_and_ants_that_beat_are_not_on_the_bill_of_a_job() -> None:
    counted = {
        "invocations": [
            invocation("handle_api", "GET /api/jobs/requests", tally("dynamodb", "Query")),
            invocation("handle_api", "heartbeat, busy", tally("sqs", "SendMessageBatch")),
            invocation("run_engine", "TaskStarted", tally("dynamodb", "PutItem", write_units=1)),
        ],
        "ant_calls": {"p": [tally("sqs", "ReceiveMessage", calls=9, requests=9)]},
    }

    amounts = bill.of_phase(counted, "p", tasks=1, batch=1)

    assert amounts["HTTP API requests"] == 0
    assert amounts["DynamoDB writes"] == 1
    # The event that a heartbeat sent, its receive and delete, and the one receive of the task.
    assert amounts["SQS requests"] == 4


def test_deletes_of_an_ant_go_by_batch_and_empty_receives_are_left_out() -> None:
    calls = [
        tally("sqs", "ReceiveMessage", calls=12, requests=12),
        tally("sqs", "DeleteMessageBatch"),
        tally("sqs", "SendMessage", calls=10, requests=10),
    ]

    assert bill.of_ant(calls, 10, 1) == 30
    assert bill.of_ant(calls, 10, 10) == 21


def test_an_idle_month_is_long_polls_alone() -> None:
    assert bill.idle_month() == Counter({"SQS requests": 657_000})
    assert bill.dollars(bill.idle_month()) == pytest.approx(0.2628)


def test_dollars_are_those_of_the_table() -> None:
    million = Counter({"DynamoDB writes": 1e6, "SQS requests": 1e6, "log bytes": 1e9})

    assert bill.dollars(million) == pytest.approx(0.625 + 0.40 + 0.50)


def test_the_memory_of_the_functions_is_that_of_the_stacks() -> None:
    found: dict[str, int] = {}
    for file in STACKS.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "PythonFunction":
                words = {
                    k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)
                }
                found[words["name"]] = words["memory_mb"]

    # Functions that no task passes on its way (websockets, housekeeping) are on no bill.
    assert {name: found[name] for name in bill.MEMORY_MB} == bill.MEMORY_MB
