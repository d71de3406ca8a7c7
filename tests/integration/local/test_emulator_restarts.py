"""What survives a stop and a kill of the embedded AWS."""

from __future__ import annotations

import io
import os
import signal
import time
import zipfile
from contextlib import suppress

import pytest

pytestmark = pytest.mark.emulator

SLOW_FUNCTION = """
import time

def handler(event, context):
    print("records", len(event["Records"]))
    time.sleep(2)
"""


def kill(aws) -> None:
    os.kill(aws.daemon.pid(), signal.SIGKILL)
    assert aws.daemon.wait_end(5)


def make_table(aws) -> None:
    aws.client("dynamodb").create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def put(aws, key: str) -> None:
    aws.client("dynamodb").put_item(TableName="items", Item={"pk": {"S": key}})


def keys(aws) -> set[str]:
    items = aws.client("dynamodb").scan(TableName="items")["Items"]
    return {item["pk"]["S"] for item in items}


def make_queue(aws, visibility_seconds: int = 30) -> str:
    attributes = {"VisibilityTimeout": str(visibility_seconds)}
    return aws.client("sqs").create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]


def receive(aws, queue: str, wait_seconds: int = 0) -> list[str]:
    answer = aws.client("sqs").receive_message(
        QueueUrl=queue, WaitTimeSeconds=wait_seconds, MaxNumberOfMessages=10
    )
    return [message["Body"] for message in answer.get("Messages", [])]


def counts(aws, queue: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return tuple(int(answer["Attributes"][name]) for name in names)


def make_function(aws, queue: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("slow.py", SLOW_FUNCTION)
    role = aws.client("iam").create_role(RoleName="slow", AssumeRolePolicyDocument="{}")
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="slow",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="slow.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=10,
    )
    source = f"arn:aws:sqs:us-east-1:000000000000:{queue.rpartition('/')[2]}"
    functions.create_event_source_mapping(FunctionName="slow", EventSourceArn=source, BatchSize=1)


def eventually(condition, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_graceful_stop_keeps_everything(aws):
    make_table(aws)
    queue = make_queue(aws)
    put(aws, "row")
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="waiting")

    assert aws.stop()
    assert aws.start()

    assert keys(aws) == {"row"}
    assert receive(aws, queue) == ["waiting"]


def test_a_kill_goes_back_to_the_last_snapshot_in_all_services_alike(aws):
    make_table(aws)
    queue = make_queue(aws)
    put(aws, "before")
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="before")
    aws.save_now()
    put(aws, "after")
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="after")

    kill(aws)
    assert aws.start()

    assert keys(aws) == {"before"}
    assert receive(aws, queue) == ["before"]


def test_a_message_in_flight_at_a_kill_comes_back_when_its_lease_is_over(aws):
    queue = make_queue(aws, visibility_seconds=3)
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="task")
    assert receive(aws, queue) == ["task"]
    aws.save_now()

    kill(aws)
    aws.start()

    assert receive(aws, queue) == []
    assert receive(aws, queue, wait_seconds=5) == ["task"]


def test_a_message_that_a_function_had_at_a_kill_is_delivered_again_at_once(aws):
    queue = make_queue(aws, visibility_seconds=300)
    make_function(aws, queue)
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="event")
    assert eventually(lambda: counts(aws, queue) == (0, 1))
    aws.save_now()

    kill(aws)
    aws.start()

    assert eventually(lambda: counts(aws, queue) == (0, 0))


def test_objects_survive_a_kill_even_without_a_snapshot(aws):
    bucket = aws.client("s3")
    bucket.create_bucket(Bucket="artifacts")
    aws.save_now()
    bucket.put_object(Bucket="artifacts", Key="a/b", Body=b"kept")

    kill(aws)
    aws.start()

    found = aws.client("s3").get_object(Bucket="artifacts", Key="a/b")
    assert found["Body"].read() == b"kept"


def test_snapshots_are_taken_by_themselves_while_something_changes(make_aws):
    aws = make_aws(snapshot_seconds=0.2)
    aws.start()
    make_table(aws)
    put(aws, "unmistakable")

    def saved() -> bool:
        with suppress(FileNotFoundError):  # a newer generation replaces the one just found
            files = aws.home.aws_state.glob("generation-*[0-9]/dynamodb.json")
            return any("unmistakable" in file.read_text() for file in files)
        return False

    assert eventually(saved)
    kill(aws)
    aws.start()

    assert keys(aws) == {"unmistakable"}


def test_a_save_that_was_interrupted_is_ignored(aws):
    make_table(aws)
    put(aws, "row")
    aws.save_now()
    (newest,) = aws.home.aws_state.glob("generation-*")
    kill(aws)
    torn = aws.home.aws_state / "generation-99999999.unfinished"
    torn.mkdir()
    (torn / "dynamodb.json").write_text("{")

    aws.start()

    assert keys(aws) == {"row"}
    assert newest.exists()
    assert not torn.exists()


def test_calls_go_on_while_a_snapshot_is_saved(aws):
    make_table(aws)
    table = aws.client("dynamodb")
    for batch in range(80):
        rows = [{"pk": {"S": f"{batch}-{i}"}, "v": {"S": "x" * 500}} for i in range(25)]
        table.batch_write_item(
            RequestItems={"items": [{"PutRequest": {"Item": row}} for row in rows]}
        )
    for turn in range(3):
        put(aws, f"turn-{turn}")
        aws.save_now()

    kill(aws)
    aws.start()

    assert (
        len(keys(aws)) >= 2003
        or aws.client("dynamodb").describe_table(TableName="items")["Table"]["ItemCount"] == 2003
    )
    assert len(list(aws.home.aws_state.glob("generation-*"))) == 1
