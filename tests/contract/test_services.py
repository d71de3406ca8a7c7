"""Contracts of EventQueue, TaskQueues, ObjectStore and CredentialBroker."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta, timezone

import boto3
import pytest
from botocore.exceptions import ClientError

from formicary.adapters.aws.sqs_task_queues import SqsTaskQueues
from formicary.adapters.message_limits import MAX_BYTES
from formicary.domain.commands import StartTimer
from formicary.domain.errors import InvalidRequestError, PayloadTooLargeError
from formicary.domain.events import JobSubmitted, TaskStarted, TimerFired, TimerKind
from formicary.domain.messages import EventMessage, pack_event, unpack_event
from formicary.domain.messaging import messaging_queue_prefix
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod
from tests.contract.backends import BUCKET, PREFIX, REGION, TIMERS, AwsServices
from tests.contract.examples import NOW, a_task_message

KEY = RoutingKey.of(TaskMethod.SHELL, ["Linux", "ü"])
OTHER_TAG = RoutingKey.of(TaskMethod.SHELL, ["Linux"])
OTHER_METHOD = RoutingKey.of(TaskMethod.DOCKER, ["Linux", "ü"])


def an_event(tenant, name="task", size=0):
    event = TaskStarted(name, 1, "ant" + "x" * size, "host", NOW)
    return pack_event(tenant, "r1", "e1", "proof", event)


def test_an_event_arrives_as_it_was_sent(services, tenant):
    message = an_event(tenant, "ü 🐜")

    services.events.send(message)

    (received,) = services.received_events()
    assert received == message
    assert unpack_event(received) == TaskStarted("ü 🐜", 1, "ant", "host", NOW)
    assert services.received_events() == []


def test_many_events_arrive_once_each(services, tenant):
    messages = [an_event(tenant, str(number)) for number in range(23)]

    services.events.send_all(messages)
    services.events.send_all([])

    received = services.received_events()
    assert sorted(m.event["task_type"] for m in received) == sorted(str(n) for n in range(23))


def a_far_timer(tenant):
    event = TimerFired(TimerKind.START, fire_at=NOW)
    return pack_event(tenant, "r1", "e1", "p", event)


def test_an_event_for_the_far_future_does_not_arrive_at_once(services, tenant):
    far = datetime.now(UTC) + timedelta(days=5 * 365)

    services.events.send_at(a_far_timer(tenant), far, f"{tenant}:far")
    services.events.send_at(a_far_timer(tenant), far, f"{tenant}:far")

    assert services.received_events() == []


def test_a_schedule_fires_once_in_utc_before_its_time_and_deletes_itself(aws_services, tenant):
    moment = datetime(2035, 1, 1, 12, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    message = a_far_timer(tenant)

    aws_services.events.send_at(message, moment, f"{tenant}:schedule")

    scheduler = aws_services.clients.scheduler
    names = [found["Name"] for found in scheduler.list_schedules(GroupName=TIMERS)["Schedules"]]
    schedules = [scheduler.get_schedule(GroupName=TIMERS, Name=name) for name in names]
    (schedule,) = [one for one in schedules if tenant in one["Target"]["Input"]]
    assert schedule["ScheduleExpression"] == "at(2035-01-01T10:58:30)"
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert EventMessage.model_validate_json(schedule["Target"]["Input"]) == message


@pytest.mark.emulator
def test_a_schedule_that_is_due_sends_its_event_to_the_queue(emulator_services, tenant):
    message = a_far_timer(tenant)

    emulator_services.events.send_at(message, datetime.now(UTC), f"{tenant}:due")

    assert emulator_services.await_event(seconds=25) == message


def test_large_events_are_sent_in_batches_that_fit(services, tenant):
    services.events.send_all([an_event(tenant, str(n), size=300_000) for n in range(5)])

    assert len(services.received_events()) == 5


def test_a_delayed_event_does_not_arrive_at_once(services, tenant):
    services.events.send(pack_event(tenant, "r1", "e1", "p", JobSubmitted()), delay_seconds=600)

    assert services.received_events() == []


@pytest.mark.parametrize("delay", [-1, 901])
def test_a_delay_that_sqs_does_not_know_is_refused(services, tenant, delay):
    event = TimerFired(StartTimer(TimerKind.RETRY, NOW).timer, "task", 1)
    with pytest.raises(InvalidRequestError):
        services.events.send(pack_event(tenant, "r1", "e1", "p", event), delay)


def test_an_event_over_a_megabyte_is_refused(services, tenant):
    too_large = an_event(tenant, size=MAX_BYTES)

    with pytest.raises(PayloadTooLargeError):
        services.events.send(too_large)
    with pytest.raises(PayloadTooLargeError):
        services.events.send_all([an_event(tenant), too_large])
    assert services.received_events() == []


def test_a_queue_is_made_once_and_named_after_its_tenant_and_key(services, tenant):
    url = services.task_queues.ensure(tenant, KEY)

    assert services.task_queues.ensure(tenant, KEY) == url
    assert url.endswith(KEY.queue_name(PREFIX, tenant))
    assert services.task_queues.ensure(f"{tenant}x", KEY) != url


def test_a_task_arrives_on_the_queue_of_its_key_as_it_was_sent(services, tenant):
    message = a_task_message(tenant, warnings=["ü"])
    other = services.task_queues.ensure(tenant, RoutingKey.of(TaskMethod.DOCKER))

    services.task_queues.send(tenant, KEY, message)

    url = services.task_queues.ensure(tenant, KEY)
    assert services.received_tasks(url) == [message]
    assert services.received_tasks(other) == []


def test_a_queue_that_somebody_deleted_is_made_again(services, tenant):
    url = services.task_queues.ensure(tenant, KEY)
    services.remove_queue(url)

    services.task_queues.send(tenant, KEY, a_task_message(tenant))

    assert len(services.received_tasks(services.task_queues.ensure(tenant, KEY))) == 1


def test_what_is_on_a_queue_is_counted_whether_it_waits_or_an_ant_has_it(services, tenant):
    url = services.task_queues.ensure(tenant, KEY)
    assert services.counts.count(url) == 0
    for _ in range(3):
        services.task_queues.send(tenant, KEY, a_task_message(tenant))
    assert services.counts.count(url) == 3

    services.hide_one(url)
    assert services.counts.count(url) == 3
    services.remove_queue(url)
    assert services.counts.count(url) == 0


def test_a_task_over_a_megabyte_is_refused(services, tenant):
    with pytest.raises(PayloadTooLargeError):
        services.task_queues.send(tenant, KEY, a_task_message(tenant, warnings=["x" * MAX_BYTES]))


def test_an_object_comes_back_as_it_was(services, tenant):
    body = bytes(range(256)) * 100

    services.objects.put(f"t/{tenant}/ü b.bin", body, "application/octet-stream")

    assert services.objects.get(f"t/{tenant}/ü b.bin") == body
    assert services.objects.get(f"t/{tenant}/nothing") is None


def test_keys_are_listed_sorted_below_their_prefix(services, tenant):
    for key in ("log/000002", "log/000001", "logs/x", "a"):
        services.objects.put(f"t/{tenant}/{key}", b"", "text/plain")

    prefix = f"t/{tenant}/log/"
    assert list(services.objects.list_keys(prefix)) == [f"{prefix}000001", f"{prefix}000002"]
    assert list(services.objects.list_keys(f"t/{tenant}/none/")) == []


def test_what_is_noted_of_an_object_is_read_without_it(services, tenant):
    services.objects.put(f"t/{tenant}/noted", b"x", "text/plain", {"times": "1 5 0:0"})
    services.objects.put(f"t/{tenant}/plain", b"x", "text/plain")

    assert services.objects.metadata(f"t/{tenant}/noted") == {"times": "1 5 0:0"}
    assert services.objects.metadata(f"t/{tenant}/plain") == {}


def test_a_presigned_url_names_the_object(services, tenant):
    services.objects.put(f"t/{tenant}/a b", b"content", "text/plain")

    url = services.objects.presigned_get(f"t/{tenant}/a b", 60, 'evil"\r\n.txt')

    assert f"t/{tenant}/a%20b" in url
    assert "\r" not in url
    if services.name == "emulator":
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"content"
            assert 'evil"' not in answer.headers["Content-Disposition"]


def test_credentials_for_an_ant_last_about_an_hour(services, tenant):
    before = services.clock.now() if services.name == "memory" else datetime.now(UTC)

    credentials = services.broker.ant_credentials(tenant, "ant-" + "x" * 99, [KEY])

    assert 3000 < (credentials.expires_at - before).total_seconds() < 4000
    assert credentials.access_key_id
    assert credentials.session_token


@pytest.mark.parametrize("name", ["", "a-b", "*", "a/b", "${aws:username}", "a?", "x" * 33])
def test_no_credentials_for_a_tenant_whose_name_would_open_more(services, name):
    with pytest.raises(InvalidRequestError):
        services.broker.ant_credentials(name, "ant-1", [KEY])


@pytest.mark.emulator
def test_an_http_task_reads_its_tenants_objects_and_writes_its_own_alone(
    emulator_services, emulator_url, tenant
):
    emulator_services.objects.put(f"t/{tenant}/r/1/dependency", b"d", "text/plain")
    emulator_services.objects.put(f"t/{tenant}x/secret", b"x", "text/plain")
    tasks = emulator_services.task_queues.ensure(tenant, KEY)
    given = emulator_services.broker.task_credentials(tenant, f"t/{tenant}/r/1/e/call/1/")
    session = boto3.Session(
        given.access_key_id, given.secret_access_key, given.session_token, REGION
    )
    sqs = session.client("sqs", endpoint_url=emulator_url)
    s3 = session.client("s3", endpoint_url=emulator_url)

    sqs.send_message(QueueUrl=emulator_services.events_url, MessageBody="x")
    s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}/r/1/e/call/1/artifacts/1/a", Body=b"a")
    s3.get_object(Bucket=BUCKET, Key=f"t/{tenant}/r/1/dependency")

    for refused in (
        lambda: s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}/r/1/e/call/2/a", Body=b"a"),
        lambda: s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}/c/a", Body=b"a"),
        lambda: s3.get_object(Bucket=BUCKET, Key=f"t/{tenant}x/secret"),
        lambda: sqs.receive_message(QueueUrl=tasks),
        lambda: sqs.send_message(QueueUrl=tasks, MessageBody="x"),
        lambda: sqs.receive_message(QueueUrl=emulator_services.events_url),
        lambda: session.client("dynamodb", endpoint_url=emulator_url).get_item(
            TableName="any", Key={"pk": {"S": "x"}, "sk": {"S": "x"}}
        ),
    ):
        with pytest.raises(ClientError, match=r"AccessDenied|403"):
            refused()
    emulator_services.clients.sqs.purge_queue(QueueUrl=emulator_services.events_url)


@pytest.mark.parametrize("prefix", ["t/other/r/1/", "t/acme/c/", "", "t/acme/", "t/acme/u/x"])
def test_no_credentials_for_a_task_whose_objects_lie_elsewhere(aws_services, prefix):
    with pytest.raises(InvalidRequestError):
        aws_services.broker.task_credentials("acme", prefix)


@pytest.fixture(params=["moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def aws_services(request) -> AwsServices:
    return request.getfixturevalue(f"{request.param}_services")


def test_a_task_queue_has_the_lease_and_two_weeks_of_patience(aws_services, tenant):
    url = aws_services.task_queues.ensure(tenant, KEY)

    answer = aws_services.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    tags = aws_services.clients.sqs.list_queue_tags(QueueUrl=url)["Tags"]

    assert answer["Attributes"]["VisibilityTimeout"] == "30"
    assert answer["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert "RedrivePolicy" not in answer["Attributes"]
    assert tags == {"formicary:tenant": tenant, "formicary:routing-key": "SHELL/linux+ü"}


def test_a_queue_made_with_another_lease_is_taken_as_it_is(aws_services, tenant):
    url = aws_services.task_queues.ensure(tenant, KEY)

    other = SqsTaskQueues(aws_services.clients.sqs, PREFIX, lease_seconds=60)

    assert other.ensure(tenant, KEY) == url


def _queues_of(policy: str) -> list[str]:
    statements = json.loads(policy)["Statement"]
    (polls,) = [s for s in statements if "sqs:ReceiveMessage" in s["Action"]]
    return polls["Resource"]


def _keys(count: int, method: TaskMethod = TaskMethod.SHELL) -> list[RoutingKey]:
    return [RoutingKey.of(method, [f"tag-{number}"]) for number in range(count)]


def test_the_session_of_an_ant_names_the_queues_of_its_routing_keys_alone(aws_services):
    policy = aws_services.broker.session_policy("acme", [KEY, *_keys(1)])

    assert _queues_of(policy) == [
        f"arn:aws:sqs:*:*:{PREFIX}-acme-*-{key.queue_name(PREFIX, 'acme')[-8:]}"
        for key in (KEY, *_keys(1))
    ]


@pytest.mark.parametrize("count", [0, 1, 10, 1000])
@pytest.mark.parametrize("tenant", ["t", "t" * 32])
def test_the_session_policy_of_an_ant_fits_however_many_queues_it_polls(
    aws_services, tenant, count
):
    policy = aws_services.broker.session_policy(tenant, _keys(count))

    assert len(policy) <= 2048
    assert policy.count(f"{BUCKET}/t/{tenant}/") == 3


def test_where_queues_are_too_many_to_name_a_session_is_held_to_its_methods(aws_services):
    keys = [*_keys(60), *_keys(60, TaskMethod.HTTP_GET)]

    names = _queues_of(aws_services.broker.session_policy("acme", keys))

    assert names == [f"arn:aws:sqs:*:*:{PREFIX}-acme-{m}-*" for m in ("HTTP_GET", "SHELL")]


def test_only_an_ant_of_messaging_may_use_the_queues_that_tasks_name(aws_services):
    name = f"arn:aws:sqs:*:*:{PREFIX}-acme-messages-*"
    key = RoutingKey.of(TaskMethod.MESSAGING)

    policy = json.loads(aws_services.broker.session_policy("acme", [KEY, key]))
    sends = [s["Resource"] for s in policy["Statement"] if s["Action"] == ["sqs:SendMessage"]]

    assert sends == [[name]]
    assert _queues_of(json.dumps(policy))[-1] == name
    assert "messages" not in aws_services.broker.session_policy("acme", [KEY])


@pytest.mark.parametrize("count", [0, 10, 1000])
def test_the_session_policy_of_an_ant_of_messaging_fits_too(aws_services, count):
    keys = [*_keys(count), RoutingKey.of(TaskMethod.MESSAGING)]

    policy = aws_services.broker.session_policy("t" * 32, keys)

    assert len(policy) <= 2048
    assert policy.count(f"{PREFIX}-{'t' * 32}-messages-*") == 2


@pytest.mark.emulator
def test_an_ant_asks_over_its_own_tenants_queues_alone(emulator_services, emulator_url, tenant):
    make = emulator_services.clients.sqs.create_queue
    mine, theirs = (
        make(QueueName=f"{messaging_queue_prefix(PREFIX, name)}x")["QueueUrl"]
        for name in (tenant, f"{tenant}x")
    )
    tasks = emulator_services.task_queues.ensure(tenant, RoutingKey.of(TaskMethod.MESSAGING))
    keys = [RoutingKey.of(TaskMethod.MESSAGING)]
    given = emulator_services.broker.ant_credentials(tenant, "ant-1", keys)
    session = boto3.Session(
        given.access_key_id, given.secret_access_key, given.session_token, REGION
    )
    sqs = session.client("sqs", endpoint_url=emulator_url)

    sqs.send_message(QueueUrl=mine, MessageBody="x")
    (message,) = sqs.receive_message(QueueUrl=mine)["Messages"]
    sqs.change_message_visibility(
        QueueUrl=mine, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=1
    )
    sqs.delete_message(QueueUrl=mine, ReceiptHandle=message["ReceiptHandle"])

    for refused in (
        lambda: sqs.send_message(QueueUrl=theirs, MessageBody="x"),
        lambda: sqs.receive_message(QueueUrl=theirs),
        lambda: sqs.send_message(QueueUrl=tasks, MessageBody="x"),
    ):
        with pytest.raises(ClientError):
            refused()


@pytest.mark.emulator
def test_an_ant_reaches_its_own_tenants_things_and_no_others(
    emulator_services, emulator_url, tenant
):
    mine = emulator_services.task_queues.ensure(tenant, KEY)
    theirs = emulator_services.task_queues.ensure(f"{tenant}x", KEY)
    emulator_services.objects.put(f"t/{tenant}x/secret", b"x", "text/plain")
    tagged = emulator_services.task_queues.ensure(tenant, OTHER_TAG)
    docker = emulator_services.task_queues.ensure(tenant, OTHER_METHOD)
    given = emulator_services.broker.ant_credentials(tenant, "ant-1", [KEY])
    session = boto3.Session(
        given.access_key_id, given.secret_access_key, given.session_token, REGION
    )
    sqs = session.client("sqs", endpoint_url=emulator_url)
    s3 = session.client("s3", endpoint_url=emulator_url)

    sqs.receive_message(QueueUrl=mine, WaitTimeSeconds=0)
    sqs.send_message_batch(
        QueueUrl=emulator_services.events_url, Entries=[{"Id": "1", "MessageBody": "x"}]
    )
    s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}/r/a", Body=b"a")
    s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}/c/a", Body=b"a")
    s3.get_object(Bucket=BUCKET, Key=f"t/{tenant}/r/a")
    s3.list_objects_v2(Bucket=BUCKET, Prefix=f"t/{tenant}/")

    for refused in (
        lambda: sqs.receive_message(QueueUrl=theirs),
        lambda: sqs.receive_message(QueueUrl=tagged),
        lambda: sqs.receive_message(QueueUrl=docker),
        lambda: s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}/u/a", Body=b"a"),
        lambda: s3.delete_object(Bucket=BUCKET, Key=f"t/{tenant}/r/a"),
        lambda: sqs.send_message(QueueUrl=mine, MessageBody="x"),
        lambda: sqs.receive_message(QueueUrl=emulator_services.events_url),
        lambda: s3.get_object(Bucket=BUCKET, Key=f"t/{tenant}x/secret"),
        lambda: s3.put_object(Bucket=BUCKET, Key=f"t/{tenant}x/b", Body=b""),
        lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"t/{tenant}x/"),
        lambda: s3.list_objects_v2(Bucket=BUCKET),
        lambda: session.client("dynamodb", endpoint_url=emulator_url).list_tables(),
        lambda: session.client("dynamodb", endpoint_url=emulator_url).get_item(
            TableName="any", Key={"pk": {"S": "x"}, "sk": {"S": "x"}}
        ),
    ):
        with pytest.raises(ClientError, match=r"AccessDenied|403"):
            refused()
    emulator_services.clients.sqs.purge_queue(QueueUrl=emulator_services.events_url)
