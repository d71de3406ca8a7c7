"""The ant role's statements, taken from the template, under a policy engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from formicary.adapters.aws.sts_credential_broker import StsCredentialBroker
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import TaskMethod

pytestmark = pytest.mark.emulator

_ACCOUNT = "000000000000"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": _ACCOUNT}


def _resolve(value: Any, imports: dict[str, str]) -> Any:
    """A template's value as CloudFormation would fill it in."""
    match value:
        case {"Ref": name}:
            return _PSEUDO[name]
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_resolve(part, imports) for part in parts)
        case {"Fn::ImportValue": name}:
            (found,) = [arn for key, arn in imports.items() if key in name]
            return found
        case dict():
            return {key: _resolve(part, imports) for key, part in value.items()}
        case list():
            return [_resolve(part, imports) for part in value]
    return value


@dataclass(frozen=True)
class Place:
    root: Any
    ant: Any
    task_queue: str
    events_queue: str
    other_stage_queue: str
    messages: str
    role_arn: str
    bucket: str = "artifacts"

    def receive(self, queue):
        return self.ant("sqs").receive_message(QueueUrl=queue)

    def lease_and_finish(self):
        self.root("sqs").send_message(QueueUrl=self.task_queue, MessageBody="task")
        (message,) = self.receive(self.task_queue)["Messages"]
        entry = {"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}
        queue = self.ant("sqs")
        queue.change_message_visibility_batch(
            QueueUrl=self.task_queue, Entries=[{**entry, "VisibilityTimeout": 30}]
        )
        return queue.delete_message_batch(QueueUrl=self.task_queue, Entries=[entry])

    def put(self, key):
        return self.ant("s3").put_object(Bucket=self.bucket, Key=key, Body=b"x")

    def list(self, prefix):
        return self.ant("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)


@pytest.fixture(scope="module")
def place(dev, guarded_aws):
    sqs, iam = guarded_aws("sqs"), guarded_aws("iam")
    guarded_aws("s3").create_bucket(Bucket=Place.bucket)
    task_queue, events_queue, other_stage_queue, messages = (
        sqs.create_queue(QueueName=name)["QueueUrl"]
        for name in (
            "formicary-dev-t1-SHELL-x",
            "EventsQueue",
            "formicary-prod-t1-SHELL-x",
            "formicary-dev-t1-messages-x",
        )
    )
    (policy,) = [
        resource["Properties"]["PolicyDocument"]
        for logical_id, resource in dev.resources("AWS::IAM::Policy").items()
        if logical_id.startswith("AntsRole")
    ]
    imports = {
        "EventsQueue": f"arn:aws:sqs:us-east-1:{_ACCOUNT}:EventsQueue",
        "ArtifactsBucket": f"arn:aws:s3:::{Place.bucket}",
    }
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{_ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = iam.create_role(RoleName="ant", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(
        RoleName="ant", PolicyName="most", PolicyDocument=json.dumps(_resolve(policy, imports))
    )
    credentials = guarded_aws("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="ant-1")

    def ant(service):
        return guarded_aws(service, credentials["Credentials"])

    queues = (task_queue, events_queue, other_stage_queue, messages)
    return Place(guarded_aws, ant, *queues, role["Arn"])


ALLOWED = {
    "take a task, extend its lease, delete it": lambda place: place.lease_and_finish(),
    "report to the engine": lambda place: place.ant("sqs").send_message(
        QueueUrl=place.events_queue, MessageBody="{}"
    ),
    "ask over a queue that a task names": lambda place: place.ant("sqs").send_message(
        QueueUrl=place.messages, MessageBody="{}"
    ),
    "take a reply": lambda place: place.receive(place.messages),
    "write an object of a tenant": lambda place: place.put("t/t1/log"),
    "list a tenant's objects": lambda place: place.list("t/t1/"),
}
DENIED = {
    "read the engine's events": lambda place: place.receive(place.events_queue),
    "read another stage's tasks": lambda place: place.receive(place.other_stage_queue),
    "make up a task": lambda place: place.ant("sqs").send_message(
        QueueUrl=place.task_queue, MessageBody="{}"
    ),
    "make a queue": lambda place: place.ant("sqs").create_queue(QueueName="formicary-dev-mine"),
    "write outside the tenants' prefix": lambda place: place.put("elsewhere"),
    "list the whole bucket": lambda place: place.list(""),
    "delete an object": lambda place: place.ant("s3").delete_object(
        Bucket=place.bucket, Key="t/t1/log"
    ),
    "read the table": lambda place: place.ant("dynamodb").list_tables(),
}


@pytest.mark.parametrize("act", ALLOWED.values(), ids=ALLOWED)
def test_an_ant_may(place, act):
    answer = act(place)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert not answer.get("Failed")


@pytest.mark.parametrize("act", DENIED.values(), ids=DENIED)
def test_an_ant_may_not(place, act):
    with pytest.raises(ClientError) as refused:
        act(place)

    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")


def _table_call(operation, **more):
    return lambda ant, _: getattr(ant("dynamodb"), operation)(TableName="formicary-dev", **more)


_OWN, _OTHER = (RoutingKey.of(TaskMethod.SHELL, tags) for tags in (["own"], ["other"]))
_ITEM_KEY = {"PK": {"S": "T#t1"}, "SK": {"S": "RUN"}}
LENT_ALLOWED = {
    "take its own tasks": lambda ant, queues: ant("sqs").receive_message(QueueUrl=queues[_OWN]),
    "read its tenant's artifacts": lambda ant, _: ant("s3").get_object(
        Bucket=Place.bucket, Key="t/t1/artifact"
    ),
}
LENT_DENIED = {
    "take tasks of another routing key": lambda ant, queues: ant("sqs").receive_message(
        QueueUrl=queues[_OTHER]
    ),
    "read another tenant's artifacts": lambda ant, _: ant("s3").get_object(
        Bucket=Place.bucket, Key="t/t2/artifact"
    ),
    "list another tenant's artifacts": lambda ant, _: ant("s3").list_objects_v2(
        Bucket=Place.bucket, Prefix="t/t2/"
    ),
    "read an item of a table": _table_call("get_item", Key=_ITEM_KEY),
    "write an item of a table": _table_call("put_item", Item=_ITEM_KEY),
    "query a table": _table_call(
        "query",
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "T#t1"}},
    ),
    "scan a table": _table_call("scan"),
}


@pytest.fixture(scope="module")
def lent(place):
    """The clients of an ant with the credentials that it is lent, and the queues of its tenant."""
    names = {key: f"formicary-dev-t1-SHELL-{key.digest('t1')}" for key in (_OWN, _OTHER)}
    queues = {
        key: place.root("sqs").create_queue(QueueName=name)["QueueUrl"]
        for key, name in names.items()
    }
    for tenant in ("t1", "t2"):
        key = f"t/{tenant}/artifact"
        place.root("s3").put_object(Bucket=place.bucket, Key=key, Body=b"x")
    place.root("dynamodb").create_table(
        TableName="formicary-dev",
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    broker = StsCredentialBroker(
        place.root("sts"),
        role_arn=place.role_arn,
        queue_name_prefix="formicary-dev",
        events_queue_url=place.events_queue,
        bucket=place.bucket,
    )
    made = broker.ant_credentials("t1", "ant-1", [_OWN])
    credentials = {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret_access_key,
        "SessionToken": made.session_token,
    }
    return lambda service: place.root(service, credentials), queues


@pytest.mark.parametrize("act", LENT_ALLOWED.values(), ids=LENT_ALLOWED)
def test_an_ant_may_with_what_it_is_lent(lent, act):
    assert act(*lent)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("act", LENT_DENIED.values(), ids=LENT_DENIED)
def test_an_ant_may_not_with_what_it_is_lent(lent, act):
    with pytest.raises(ClientError) as refused:
        act(*lent)

    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")
