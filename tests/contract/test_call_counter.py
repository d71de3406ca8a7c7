"""What the benchmarks price: calls, units and requests as they were made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formicary.adapters.aws.call_counter import CallCounter
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.lifecycle_event import RunEnd
from formicary.domain.states import RequestState
from tests.contract.backends import aws_clients, aws_tables
from tests.contract.examples import a_run, noise


@pytest.fixture
def counted(moto_tables):
    """Repositories of their own clients, so that counting ends with the test."""
    clients = aws_clients(None)
    counter = CallCounter()
    counter.attach(clients.dynamodb)
    counter.attach(clients.sqs)
    return aws_tables("moto", clients).runs, clients, counter


def tally(counter, operation):
    return next(t for t in counter.tallies() if t.operation == operation)


def test_each_call_is_counted_under_its_service_and_operation(counted, tenant):
    runs, _, counter = counted
    run = runs.create(a_run(tenant))
    runs.save(run)
    runs.find(tenant, "r1")

    assert [(t.service, t.operation, t.calls) for t in counter.tallies()] == [
        ("dynamodb", "GetItem", 1),
        ("dynamodb", "PutItem", 2),
    ]
    counter.reset()
    assert counter.tallies() == []


def test_a_consistent_read_costs_a_unit_for_each_4_kb_begun(counted, tenant):
    runs, _, counter = counted
    runs.create(a_run(tenant, "small"))
    runs.create(a_run(tenant, "large", context=dict(enumerate_text(600))))

    runs.find(tenant, "small")
    assert tally(counter, "GetItem").read_units == 1
    counter.reset()
    runs.find(tenant, "large")
    assert 2 <= tally(counter, "GetItem").read_units <= 4


def test_a_refused_write_costs_what_it_would_have_written(counted, tenant):
    runs, _, counter = counted
    run = runs.create(a_run(tenant))
    runs.save(run)
    counter.reset()

    with pytest.raises(ConcurrentUpdateError):
        runs.save(replace(run, context=dict(enumerate_text(600))))

    refused = tally(counter, "PutItem")
    assert (refused.calls, refused.refused) == (1, 1)
    assert refused.write_units > 5


def test_a_user_key_costs_one_transaction_and_one_delete(counted, tenant):
    runs, _, counter = counted
    run = runs.create(a_run(tenant, user_key="k"))
    runs.save(replace(run, state=RequestState.COMPLETED))

    calls = {t.operation: t.calls for t in counter.tallies()}
    assert calls == {"TransactWriteItems": 1, "PutItem": 1, "DeleteItem": 1}


def test_items_that_are_written_as_a_batch_cost_a_unit_each(counted, tenant):
    _, clients, counter = counted
    told = aws_tables("moto", clients).told_ends

    told.note([RunEnd(tenant, f"run{number}", "e") for number in range(30)])

    batches = tally(counter, "BatchWriteItem")
    assert (batches.calls, batches.write_units) == (2, 30)


def test_a_message_is_a_request_for_each_64_kb_begun(counted, moto_services):
    _, clients, counter = counted
    clients.sqs.send_message(QueueUrl=moto_services.events_url, MessageBody="x" * 65537)
    clients.sqs.purge_queue(QueueUrl=moto_services.events_url)

    assert tally(counter, "SendMessage").requests == 2
    assert tally(counter, "PurgeQueue").requests == 1


def enumerate_text(count):
    return ((str(number), text) for number, text in enumerate(noise(count)))
