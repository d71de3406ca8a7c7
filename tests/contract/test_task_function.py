"""A function that carries out tasks: in memory as on Lambda."""

import json

import pytest

from formicary.adapters.aws.lambda_task_function import LambdaTaskFunction
from formicary.adapters.memory.in_memory_task_function import InMemoryTaskFunction
from formicary.domain.errors import PayloadTooLargeError
from formicary.domain.task_request import TaskMessage
from tests.contract.examples import a_task_message


class FakeLambda:
    """What Lambda was asked for."""

    def __init__(self):
        self.asked = []

    def invoke(self, **asked):
        self.asked.append(asked)


class OnLambda:
    """The function on AWS, with a look at what it is started with."""

    def __init__(self):
        self._client = FakeLambda()
        self._function = LambdaTaskFunction(self._client, "serve-http")
        self.start = self._function.start

    def taken(self):
        asked, self._client.asked = self._client.asked, []
        assert {(a["FunctionName"], a["InvocationType"]) for a in asked} <= {
            ("serve-http", "Event")
        }
        return [TaskMessage.model_validate(json.loads(a["Payload"])) for a in asked]


@pytest.fixture(params=[InMemoryTaskFunction, OnLambda])
def function(request):
    return request.param()


def test_it_is_started_with_the_task_as_it_is(function):
    message = a_task_message("acme", warnings=["ü"])

    function.start(message)

    assert function.taken() == [message]
    assert function.taken() == []


def test_a_task_that_is_too_large_for_a_start_is_refused(function):
    with pytest.raises(PayloadTooLargeError):
        function.start(a_task_message("acme", warnings=["x" * 1_000_000]))

    assert function.taken() == []


def test_a_large_task_is_started(function):
    function.start(a_task_message("acme", warnings=["x" * 990_000]))

    assert len(function.taken()) == 1
