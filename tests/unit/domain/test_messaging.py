"""Names of messaging queues, requests, replies."""

import json

import pytest

from formicary.domain.messaging import (
    QueueNameError,
    ReplyError,
    correlation_of,
    messaging_queue_name,
    messaging_queue_prefix,
    read_reply,
    request_body,
)
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod
from tests.integration.ant.world import task

PREFIX = messaging_queue_prefix("formicary-dev", "acme")


def test_a_name_stands_for_a_queue_of_the_tenant():
    assert messaging_queue_name(PREFIX, "orders") == "formicary-dev-acme-messages-orders"


@pytest.mark.parametrize("method", TaskMethod)
def test_no_task_queue_looks_like_a_messaging_queue(method):
    key = RoutingKey.of(method, ["messages"])

    assert not key.queue_name("formicary-dev", "acme").startswith(PREFIX)


@pytest.mark.parametrize("name", ["", "*", "a b", "a.fifo", "a/b", "ü", "arn:aws:sqs:x"])
def test_a_name_with_other_characters_is_refused(name):
    with pytest.raises(QueueNameError, match="letters, digits"):
        messaging_queue_name(PREFIX, name)


def test_a_name_that_is_too_long_tells_by_how_much():
    room = 80 - len(PREFIX)

    assert len(messaging_queue_name(PREFIX, "x" * room)) == 80
    with pytest.raises(QueueNameError, match="is 2 characters too long"):
        messaging_queue_name(PREFIX, "x" * (room + 2))


def test_a_request_has_no_secret_variables_and_names_its_attempt():
    variables = {"a": {"value": 1}, "b": {"value": "s3cret", "secret": True}}
    request = task("x", variables=variables).request

    told = json.loads(request_body(request, key="e:work:2", reply_queue="r", reply_url="http://r"))

    assert told["variables"] == {"a": {"value": 1, "secret": False}}
    assert (told["co_relation_id"], told["idempotency_key"]) == ("e:work:2", "e:work:2")
    assert (told["reply_queue"], told["reply_queue_url"]) == ("r", "http://r")
    assert told["job_request_id"] == request.job_request_id


@pytest.mark.parametrize(
    ("body", "attributes", "key"),
    [
        ('{"co_relation_id": "a"}', {}, "a"),
        ('{"correlation_id": "a"}', {}, "a"),
        ('{"co_relation_id": "a"}', {"co_relation_id": "b"}, "b"),
        ("not JSON", {"correlation_id": "b"}, "b"),
        ("not JSON", {}, ""),
        ("[1]", {}, ""),
        ("{}", {}, ""),
        ('{"co_relation_id": null}', {}, ""),
    ],
)
def test_whose_reply_it_is(body, attributes, key):
    assert correlation_of(body, attributes) == key


def test_a_reply_is_read_with_its_lenience():
    reply = read_reply(
        '{"status": "completed", "exit_code": 3, "error_code": null, "more": 1,'
        ' "task_context": {"a": 1, "b": 1}, "job_context": {"b": 2}, "artifacts": null}'
    )

    assert reply.succeeded
    assert (reply.exit_code, reply.error_code, reply.outputs) == ("3", "", {"a": 1, "b": 2})


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"status": "EXECUTING"}', "1" * 5000])
def test_a_reply_without_an_outcome_tells_what_to_reply(body):
    with pytest.raises(ReplyError, match="reply with a JSON object"):
        read_reply(body)
