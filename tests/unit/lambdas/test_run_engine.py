import copy
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.events import JobSubmitted
from formicary.domain.messages import EventMessage, pack_event
from formicary.service_layer.handle_event import Outcome
from lambdas.run_engine.consume_batch import consume_batch
from lambdas.run_engine.handler import handler
from tests.unit.lambdas.api_play import canned

LOGGER = Logger(service="test")


class FakeEngine:
    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = list(outcomes)
        self.handled: list[str] = []

    def handle(self, message: EventMessage) -> Outcome:
        self.handled.append(message.request_id)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def record(number: int, body: str | None = None) -> dict[str, Any]:
    event = copy.deepcopy(canned("sqs_record"))
    message = pack_event("acme", f"run-{number}", "exec", "proof", JobSubmitted())
    return event | {"messageId": f"m{number}", "body": body or message.model_dump_json()}


def consume(engine: FakeEngine, *records: dict[str, Any], context: Any = None) -> list[str]:
    return consume_batch(lambda: engine, records, context, LOGGER)  # type: ignore[arg-type, return-value]


def test_a_batch_is_applied_in_its_order() -> None:
    engine = FakeEngine(Outcome.APPLIED, Outcome.STALE, Outcome.EARLY)

    assert consume(engine, record(1), record(2), record(3)) == []
    assert engine.handled == ["run-1", "run-2", "run-3"]


@pytest.mark.parametrize("error", [ConcurrentUpdateError(), ValueError("kind"), RuntimeError()])
def test_what_fails_is_given_back_alone(error: Exception) -> None:
    engine = FakeEngine(Outcome.APPLIED, error, Outcome.APPLIED)

    assert consume(engine, record(1), record(2), record(3)) == ["m2"]


def test_what_cannot_be_read_is_given_back_for_the_dead_letter_queue() -> None:
    engine = FakeEngine(Outcome.APPLIED)

    assert consume(engine, record(1, "no json"), record(2)) == ["m1"]


@pytest.mark.parametrize("outcome", [Outcome.FORGED, Outcome.UNKNOWN])
def test_forged_and_unknown_events_are_dropped(outcome: Outcome) -> None:
    assert consume(FakeEngine(outcome), record(1)) == []


def test_no_event_is_begun_when_the_time_is_nearly_up() -> None:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 3000)
    engine = FakeEngine()

    assert consume(engine, record(1), record(2), context=context) == ["m1", "m2"]
    assert engine.handled == []


def test_a_function_without_settings_gives_the_batch_back_and_raises_nothing() -> None:
    assert handler({"Records": [record(1)]}, None) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}]
    }
