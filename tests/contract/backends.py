"""What the contract suites run on: the adapters of one backend, and a look behind their queues."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_ant_repository import DynamoDbAntRepository
from formicary.adapters.aws.dynamodb_configs import DynamoDbConfigRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_error_rules import DynamoDbErrorRuleRepository
from formicary.adapters.aws.dynamodb_gates import DynamoDbGateRepository
from formicary.adapters.aws.dynamodb_notifications import DynamoDbNotifications
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.dynamodb_socket_ants import DynamoDbSocketAnts
from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.adapters.aws.dynamodb_told_ends import DynamoDbToldEnds
from formicary.adapters.aws.dynamodb_watchers import DynamoDbWatchers
from formicary.adapters.aws.s3_object_store import S3ObjectStore
from formicary.adapters.aws.scheduler_timers import SchedulerTimers
from formicary.adapters.aws.sqs_event_queue import SqsEventQueue
from formicary.adapters.aws.sqs_queue_counts import SqsQueueCounts
from formicary.adapters.aws.sqs_task_queues import SqsTaskQueues
from formicary.adapters.aws.sts_credential_broker import StsCredentialBroker
from formicary.adapters.memory.fake_clock import FakeClock
from formicary.adapters.memory.in_memory_ant_repository import InMemoryAntRepository
from formicary.adapters.memory.in_memory_configs import InMemoryConfigRepository
from formicary.adapters.memory.in_memory_credential_broker import InMemoryCredentialBroker
from formicary.adapters.memory.in_memory_definition_repository import InMemoryDefinitionRepository
from formicary.adapters.memory.in_memory_error_rules import InMemoryErrorRuleRepository
from formicary.adapters.memory.in_memory_event_queue import InMemoryEventQueue
from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.adapters.memory.in_memory_notifications import InMemoryNotifications
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.adapters.memory.in_memory_socket_ants import InMemorySocketAnts
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues
from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.adapters.memory.in_memory_told_ends import InMemoryToldEnds
from formicary.adapters.memory.in_memory_watchers import InMemoryWatchers
from formicary.domain.messages import EventMessage
from formicary.domain.task_request import TaskMessage

if TYPE_CHECKING:
    from formicary.ports import (
        AntRepository,
        ConfigRepository,
        CredentialBroker,
        DefinitionRepository,
        ErrorRuleRepository,
        EventQueue,
        GateRepository,
        NotificationRepository,
        ObjectStore,
        QueueCounts,
        RunRepository,
        SocketAntRepository,
        TaskQueues,
        TokenRepository,
        ToldEnds,
        WatcherRepository,
    )

REGION = "us-east-1"
TABLE = "formicary-contract"
BUCKET = "formicary-contract-bucket"
PREFIX = "formicary-contract"
EVENTS = "formicary-contract-events"
ROLE = "formicary-contract-ant"
TIMERS = "formicary-contract-timers"


def clock_of_today() -> FakeClock:
    """A clock near the real time: emulators remove items whose `ttl` has passed."""
    return FakeClock(datetime.now(UTC).replace(microsecond=0))


@dataclass
class Tables:
    """The repositories of one backend."""

    name: str
    clock: FakeClock
    runs: RunRepository
    definitions: DefinitionRepository
    ants: AntRepository
    tokens: TokenRepository
    gates: GateRepository
    configs: ConfigRepository
    sockets: SocketAntRepository
    error_rules: ErrorRuleRepository
    notifications: NotificationRepository
    watchers: WatcherRepository
    told_ends: ToldEnds
    clients: AwsClients | None = None

    @property
    def threads(self) -> int:
        """How many threads may race: moto keeps its tables in dicts without a lock."""
        return 1 if self.name == "moto" else 6


def memory_tables() -> Tables:
    clock = clock_of_today()
    return Tables(
        "memory",
        clock,
        InMemoryRunRepository(),
        InMemoryDefinitionRepository(),
        InMemoryAntRepository(clock),
        InMemoryTokenRepository(),
        InMemoryGateRepository(),
        InMemoryConfigRepository(),
        InMemorySocketAnts(),
        InMemoryErrorRuleRepository(),
        InMemoryNotifications(),
        InMemoryWatchers(),
        InMemoryToldEnds(),
    )


def aws_clients(endpoint: str | None, access_key: str = "test") -> AwsClients:
    """Clients as the product makes them, with the endpoint from the environment."""
    session = botocore.session.Session()
    session.set_credentials(access_key, "test")
    session.set_config_variable("region", REGION)
    clients = AwsClients(session)
    with pytest.MonkeyPatch.context() as environment:
        if endpoint:
            environment.setenv("AWS_ENDPOINT_URL", endpoint)
        for name in ("dynamodb", "sqs", "s3", "ssm", "sts", "scheduler"):
            getattr(clients, name)
    return clients


def make_table(client: Any) -> None:
    """The table as the stack makes it."""
    text = [{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "gsi1pk", "gsi1sk")]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = {
        "IndexName": "gsi1",
        "KeySchema": [
            {"AttributeName": "gsi1pk", "KeyType": "HASH"},
            {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["summary"]},
    }
    client.create_table(
        TableName=TABLE,
        AttributeDefinitions=text,
        KeySchema=keys,
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )


def aws_tables(name: str, clients: AwsClients) -> Tables:
    clock = clock_of_today()
    return Tables(
        name,
        clock,
        DynamoDbRunRepository(clients.dynamodb, TABLE),
        DynamoDbDefinitionRepository(clients.dynamodb, TABLE),
        DynamoDbAntRepository(clients.dynamodb, TABLE, clock),
        DynamoDbTokenRepository(clients.dynamodb, TABLE),
        DynamoDbGateRepository(clients.dynamodb, TABLE),
        DynamoDbConfigRepository(clients.dynamodb, TABLE),
        DynamoDbSocketAnts(clients.dynamodb, TABLE, clock),
        DynamoDbErrorRuleRepository(clients.dynamodb, TABLE),
        DynamoDbNotifications(clients.dynamodb, TABLE),
        DynamoDbWatchers(clients.dynamodb, TABLE),
        DynamoDbToldEnds(clients.dynamodb, TABLE, clock),
        clients,
    )


class Services:
    """Queues, objects and credentials of one backend; `received_*` also deletes what it returns."""

    name: str
    events: EventQueue
    task_queues: TaskQueues
    counts: QueueCounts
    objects: ObjectStore
    broker: CredentialBroker

    def received_events(self) -> list[EventMessage]:
        raise NotImplementedError

    def received_tasks(self, url: str) -> list[TaskMessage]:
        raise NotImplementedError

    def remove_queue(self, url: str) -> None:
        raise NotImplementedError

    def hide_one(self, url: str) -> None:
        """Receive a message, as an ant that keeps it for a while."""
        raise NotImplementedError


class MemoryServices(Services):
    def __init__(self) -> None:
        self.name = "memory"
        self.clock = clock_of_today()
        self.events = InMemoryEventQueue(self.clock)
        self.task_queues = InMemoryTaskQueues(self.clock, PREFIX)
        self.counts = self.task_queues
        self.objects = InMemoryObjectStore()
        self.broker = InMemoryCredentialBroker(self.clock)

    def received_events(self) -> list[EventMessage]:
        found = self.events.receive(100)
        assert all(self.events.delete(got.receipt) for got in found)
        return [got.message for got in found]

    def received_tasks(self, url: str) -> list[TaskMessage]:
        found = self.task_queues.receive(url, 100)
        assert all(self.task_queues.delete(url, got.receipt) for got in found)
        return [got.message for got in found]

    def remove_queue(self, url: str) -> None:
        self.task_queues._queues.pop(url)

    def hide_one(self, url: str) -> None:
        assert len(self.task_queues.receive(url)) == 1


class AwsServices(Services):
    def __init__(self, name: str, clients: AwsClients, role_arn: str) -> None:
        self.name = name
        self.clients = clients
        self.events_url = clients.sqs.create_queue(QueueName=EVENTS)["QueueUrl"]
        clients.s3.create_bucket(Bucket=BUCKET)
        clients.scheduler.create_schedule_group(Name=TIMERS)
        timers = SchedulerTimers(
            clients.scheduler, group_name=TIMERS, role_arn=role_arn, target_arn=self._events_arn()
        )
        self.events = SqsEventQueue(clients.sqs, self.events_url, timers)
        self.task_queues = SqsTaskQueues(clients.sqs, PREFIX)
        self.counts = SqsQueueCounts(clients.sqs)
        self.objects = S3ObjectStore(clients.s3, BUCKET)
        self.broker = StsCredentialBroker(
            clients.sts,
            role_arn=role_arn,
            queue_name_prefix=PREFIX,
            events_queue_url=self.events_url,
            bucket=BUCKET,
        )

    def _events_arn(self) -> str:
        answer = self.clients.sqs.get_queue_attributes(
            QueueUrl=self.events_url, AttributeNames=["QueueArn"]
        )
        return answer["Attributes"]["QueueArn"]

    def received_events(self) -> list[EventMessage]:
        return [EventMessage.model_validate_json(body) for body in self._received(self.events_url)]

    def received_tasks(self, url: str) -> list[TaskMessage]:
        return [TaskMessage.model_validate_json(body) for body in self._received(url)]

    def remove_queue(self, url: str) -> None:
        self.clients.sqs.delete_queue(QueueUrl=url)

    def hide_one(self, url: str) -> None:
        assert self.clients.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]

    def await_event(self, seconds: int) -> EventMessage:
        """Wait for the next event on the queue."""
        messages = self.clients.sqs.receive_message(
            QueueUrl=self.events_url, MaxNumberOfMessages=1, WaitTimeSeconds=min(20, seconds)
        ).get("Messages", [])
        if not messages and seconds > 20:
            return self.await_event(seconds - 20)
        assert messages, "no event came"
        handle = messages[0]["ReceiptHandle"]
        self.clients.sqs.delete_message(QueueUrl=self.events_url, ReceiptHandle=handle)
        return EventMessage.model_validate_json(messages[0]["Body"])

    def _received(self, url: str) -> list[str]:
        bodies: list[str] = []
        while True:
            answer = self.clients.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
            )
            for message in answer.get("Messages", []):
                bodies.append(message["Body"])
                self.clients.sqs.delete_message(
                    QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]
                )
            if not answer.get("Messages"):
                return bodies


def make_ant_role(iam: Any) -> str:
    """A role as wide as the ant role of the stack."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ],
    }
    rights = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "s3:*"], "Resource": "*"}],
    }
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="ant", PolicyDocument=json.dumps(rights))
    return str(role["Arn"])
