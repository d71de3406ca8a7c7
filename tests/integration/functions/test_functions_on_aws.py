"""The functions as AWS calls them: by their handlers, with their environment, on moto."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.adapters.aws.dynamodb_told_ends import DynamoDbToldEnds
from formicary.adapters.system import SystemClock
from formicary.domain.lifecycle_event import RunEnd
from formicary.domain.messages import pack_response
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskLog, TaskResponse
from formicary.routes import Role
from formicary.service_layer.create_token import store_token
from lambdas.answer_attempt import handler as desk
from lambdas.authorize_request import handler as authorizer
from lambdas.handle_api import handler as api
from lambdas.publish_changes import handler as publisher
from lambdas.run_engine import handler as engine
from lambdas.send_notifications import handler as sender
from lambdas.serve_http import handler as server
from tests.contract.backends import REGION, TABLE, make_table
from tests.unit.lambdas.api_play import HELLO, canned, gateway_event

TOKEN = "fmc_a_token_of_acme"


@dataclass
class Account:
    """An account with what the stacks make in it, and a user's way through its gateway."""

    events_url: str

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        request = canned("authorizer_request") | {"identitySource": [f"Bearer {TOKEN}"]}
        allowed = authorizer.handler(request, None)
        assert allowed["isAuthorized"]
        text = json.dumps(body) if isinstance(body, dict) else body
        event = gateway_event(method, path, text, caller=allowed["context"], **options)
        function = engine if path.endswith("/claims") else api
        return function.handler(event, None)

    def json(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.call(method, path, body, **options)
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"])

    def run_engine(self) -> None:
        sqs = boto3.client("sqs")
        while received := sqs.receive_message(QueueUrl=self.events_url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            records = [
                canned("sqs_record") | {"messageId": message["MessageId"], "body": message["Body"]}
                for message in received
            ]
            assert engine.handler({"Records": records}, None) == {"batchItemFailures": []}
            for message in received:
                sqs.delete_message(QueueUrl=self.events_url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        make_table(boto3.client("dynamodb"))
        boto3.client("s3").create_bucket(Bucket="artifacts")
        boto3.client("events").create_event_bus(Name="bus")
        url = boto3.client("sqs").create_queue(QueueName="events")["QueueUrl"]
        environment = {
            "TABLE_NAME": TABLE,
            "EVENTS_QUEUE_URL": url,
            "ARTIFACT_BUCKET": "artifacts",
            "EVENTS_QUEUE_ARN": "arn:aws:sqs:us-east-1:123456789012:events",
            "TIMER_GROUP": "timers",
            "TIMER_ROLE_ARN": "arn:aws:iam::123456789012:role/timers",
            "QUEUE_NAME_PREFIX": "formicary-test",
            "SOCKET_API_ID": "no-sockets",
            "SOCKET_STAGE": "ws",
            "HOUSEKEEPING_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:housekeeping",
            "ROOT_KEY_PARAMETER": "/formicary/test/root-key-of-secrets",
            "ANT_ROLE_ARN": "arn:aws:iam::123456789012:role/ant",
            "EVENT_BUS_NAME": "bus",
            "DEAD_LETTERS_URL": url,
            "RETRY_GROUP": "retries",
            "RETRY_ROLE_ARN": "arn:aws:iam::123456789012:role/retries",
            "MAIL_FROM": "jobs@example.org",
            "WATCH_FUNCTION": "tell-watchers",
            "HTTP_FUNCTION": "serve-http",
            "SERVES_HTTP": "true",
            "ATTEMPT_FUNCTION": "answer-attempt",
            "TASK_ROLE_ARN": "arn:aws:iam::123456789012:role/http-tasks",
        }
        for name, value in environment.items():
            monkeypatch.setenv(f"FORMICARY_{name}", value)
        tokens = DynamoDbTokenRepository(boto3.client("dynamodb"), TABLE)
        store_token(tokens, TOKEN, tenant="acme", user_id="ann", role=Role.ADMIN)
        _forget_clients()
        yield Account(url)
        _forget_clients()


def _forget_clients() -> None:
    for made_once in (
        api._api,
        authorizer._tokens,
        engine._engine,
        publisher._bus,
        publisher._told_ends,
        sender._notifier,
        publisher._room,
        server._settings,
        server._broker,
        server._desk,
        desk._desk,
    ):
        made_once.cache_clear()


def test_a_job_goes_through_all_functions(account: Account) -> None:
    account.json("POST", "/api/jobs/definitions", HELLO)
    run_id = account.json("POST", "/api/jobs/requests", {"job_type": "hello"})["id"]
    account.run_engine()
    ant = account.json("POST", "/api/ants", {"ant_id": "ant-1", "methods": ["SHELL"]})
    (queue,) = ant["directives"]["queues"]
    for _ in range(2):
        finish_next_task(ant, queue["queue_url"])
        account.run_engine()

    view = account.json("GET", f"/api/jobs/requests/{run_id}")

    assert view["job_state"] == "COMPLETED"
    assert [task["task_state"] for task in view["execution"]["tasks"]] == ["COMPLETED"] * 2
    log = account.call("GET", f"/api/jobs/requests/{run_id}/tasks/part/log")
    assert log["headers"]["Formicary-Complete"] == "true"
    assert account.json("GET", "/api/jobs/requests")["records"][0]["job_state"] == "COMPLETED"


CALL = """
job_type: call
tasks:
- task_type: ask
  method: HTTP_GET
  url: http://127.0.0.1:9/inside
"""


def test_an_http_task_goes_to_the_function_which_reports_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is none that it may call; that it says so is the report."""
    started = FakeFunctions()
    monkeypatch.setattr(engine._engine().performer.dispatcher.function.function, "_client", started)
    account.json("POST", "/api/jobs/definitions", CALL)
    run_id = account.json("POST", "/api/jobs/requests", {"job_type": "call"})["id"]
    account.run_engine()

    ((name, kind, task),) = started.calls
    assert (name, kind) == ("serve-http", "Event")
    assert server.handler(json.loads(task), None)["status"] == "FAILED"
    account.run_engine()

    view = account.json("GET", f"/api/jobs/requests/{run_id}")
    assert view["job_state"] == "FAILED"
    (asked,) = view["execution"]["tasks"]
    assert asked["ant_id"] == "http-function"
    assert "reach public addresses alone" in asked["error_message"]


SECRET = "ghp_s3cr3t-Token"
CALL_WITH_SECRET = """
job_type: call
tasks:
- task_type: ask
  method: HTTP_GET
  url: http://127.0.0.1:9/{{.Token}}
"""


def test_the_function_asks_for_the_secrets_of_its_task_and_shows_none(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started, asked = FakeFunctions(), FakeFunctions(desk.handler)
    monkeypatch.setattr(engine._engine().performer.dispatcher.function.function, "_client", started)
    monkeypatch.setattr(server._desk(), "_client", asked)
    account.json("POST", "/api/orgs/me/configs", {"name": "Token", "value": SECRET, "secret": True})
    account.json("POST", "/api/jobs/definitions", CALL_WITH_SECRET)
    run_id = account.json("POST", "/api/jobs/requests", {"job_type": "call"})["id"]
    account.run_engine()

    ((_, _, task),) = started.calls
    assert SECRET not in task.decode()
    assert server.handler(json.loads(task), None)["status"] == "FAILED"
    ((name, kind, question),) = asked.calls
    assert (name, kind) == ("answer-attempt", "RequestResponse")
    assert json.loads(question)["names"] == ["Token"]
    assert asked.answers[0]["secrets"]["values"] == {"Token": SECRET}
    account.run_engine()

    view = account.call("GET", f"/api/jobs/requests/{run_id}")["body"]
    assert "reach public addresses alone" in view
    assert SECRET not in view
    assert SECRET not in repr([vars(record) for record in caplog.records])


@pytest.mark.parametrize("task", [{}, {"tenant": "acme"}, {"Records": []}])
def test_what_is_no_task_is_refused_by_the_function(account: Account, task: Any) -> None:
    assert server.handler(task, None) == {"status": "refused"}


class FakeFunctions:
    """A client of Lambda that notes what is started, and hands it to a function if it has one."""

    def __init__(self, handler: Callable[[Any, Any], Any] | None = None) -> None:
        self.handler = handler
        self.calls: list[tuple[str, str, bytes]] = []
        self.answers: list[Any] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        self.calls.append((FunctionName, InvocationType, Payload))
        if self.handler is None:
            return None
        self.answers.append(self.handler(json.loads(Payload), None))
        return {"Payload": io.BytesIO(json.dumps(self.answers[-1]).encode())}


def finish_next_task(ant: dict[str, Any], queue_url: str) -> None:
    sqs = boto3.client("sqs")
    (received,) = sqs.receive_message(QueueUrl=queue_url)["Messages"]
    message = TaskMessage.model_validate_json(received["Body"])
    request = message.request
    response = TaskResponse(
        job_request_id=request.job_request_id,
        task_execution_id=request.task_execution_id,
        job_type=request.job_type,
        job_type_version=request.job_type_version,
        task_type=request.task_type,
        co_relation_id=request.co_relation_id,
        ant_id=ant["ant_id"],
        status=RequestState.COMPLETED,
        exit_code="0",
        log=TaskLog(inline="hello\n"),
    )
    result = pack_response(
        message.tenant, message.attempt, message.proof, request.job_execution_id, response
    )
    sqs.send_message(QueueUrl=ant["events_queue_url"], MessageBody=result.model_dump_json())
    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=received["ReceiptHandle"])


def test_an_artifact_goes_up_and_leads_down(account: Account) -> None:
    artifact = account.json("POST", "/api/artifacts", b"\x00\xff", query={"name": "a.bin"})

    answer = account.call("GET", f"/api/artifacts/{artifact['id']}/download")

    assert answer["statusCode"] == 302
    assert f"t/acme/u/{artifact['id']}" in answer["headers"]["Location"]
    listed = account.json("GET", "/api/artifacts", query={"name": "a.bin"})
    assert listed["records"][0]["sha256"] == artifact["sha256"]


def test_a_heartbeat_is_answered_with_directives(account: Account) -> None:
    account.json("POST", "/api/ants", {"ant_id": "ant-1", "methods": ["SHELL"], "tags": ["x"]})

    answer = account.json("POST", "/api/ants/ant-1/heartbeat", {"current_load": 1})

    assert answer["heartbeat_seconds"] == 5
    assert account.json("GET", "/api/ants/ant-1")["current_load"] == 1


def test_a_wrong_token_is_refused_with_a_problem(account: Account) -> None:
    context = authorizer.handler(canned("authorizer_request"), None)["context"]

    answer = api.handler(gateway_event("GET", "/api/jobs/requests", caller=context), None)

    assert answer["statusCode"] == 401
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_health_and_description_need_no_token(account: Account) -> None:
    for path in ("/api/health", "/api/openapi.json"):
        assert api.handler(gateway_event("GET", path, caller={}), None)["statusCode"] == 200


def test_changes_go_to_the_bus_and_of_an_end_it_is_noted(account: Account) -> None:
    record = canned("stream_record")

    answer = publisher.handler({"Records": [record]}, None)

    assert answer == {"batchItemFailures": []}
    end = RunEnd("acme", "01KDVDNA00YKGN797KPCXZSP6S", "01KDVDNA00QQQQQQQQQQQQQQQQ")
    other = end._replace(execution_id="01KDVDNA00RRRRRRRRRRRRRRRR")
    told = DynamoDbToldEnds(boto3.client("dynamodb"), TABLE, SystemClock())
    assert told.untold("acme", [end, other]) == [other]


@dataclass
class Context:
    """What Lambda hands a function beside the event."""

    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:sender"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_the_end_of_a_job_is_mailed_and_the_api_tells_of_it(account: Account) -> None:
    ses = boto3.client("sesv2")
    ses.create_email_identity(EmailIdentity="jobs@example.org")
    text = HELLO.replace(
        "job_type: hello",
        "job_type: hello\nnotify: {email: {recipients: [ann@example.org], when: always}}",
    )
    account.json("POST", "/api/jobs/definitions", text)
    run = account.json("POST", "/api/jobs/requests", {"job_type": "hello"})
    account.json("POST", f"/api/jobs/requests/{run['id']}/cancel")
    account.run_engine()
    view = account.json("GET", f"/api/jobs/requests/{run['id']}")
    assert view["job_state"] == "CANCELLED"
    execution_id = view["execution"]["id"]
    detail = {
        "id": f"{run['id']}:{execution_id}:CANCELLED",
        "tenant": "acme",
        "job_request_id": run["id"],
        "job_execution_id": execution_id,
        "new_state": "CANCELLED",
    }

    for _ in range(2):
        sender.handler({"detail-type": "JobExecutionLifecycleEvent", "detail": detail}, Context())

    answer = account.json("GET", f"/api/jobs/requests/{run['id']}/notifications")
    told = [(r["channel"], r["recipient"], r["state"], r["attempts"]) for r in answer["records"]]
    assert told == [("email", "ann@example.org", "SENT", 1)]
    (sent,) = mail_of("us-east-1")
    assert sent.destinations["ToAddresses"] == ["ann@example.org"]
    assert "CANCELLED" in sent.subject


def mail_of(region: str) -> Any:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    return ses_backends[DEFAULT_ACCOUNT_ID][region].sent_messages


def test_a_service_that_fails_is_a_problem_without_its_words(account: Account) -> None:
    boto3.client("dynamodb").delete_table(TableName=TABLE)

    answer = api.handler(gateway_event("GET", "/api/jobs/requests"), None)

    assert answer["statusCode"] >= 500
    assert TABLE not in answer["body"]
