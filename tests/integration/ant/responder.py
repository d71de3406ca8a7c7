"""Somebody else's program: takes requests off a queue and replies, until it is killed.

`python responder.py ENDPOINT REQUEST_QUEUE`; each request's `variables.reply` tells what to do.
"""

import json
import sys

import boto3

FIELDS = ("job_request_id", "task_type", "script", "idempotency_key", "tags")


def answer(request: dict) -> list[str]:
    wanted = request["variables"].get("reply", {}).get("value", "echo")
    key = request["co_relation_id"]
    told = {"co_relation_id": key, "status": "COMPLETED"}
    if wanted == "echo":
        context = {name: request[name] for name in FIELDS} | {"epoch": 7}
        names = sorted(request["variables"])
        return [json.dumps({**told, "task_context": {**context, "names": names}})]
    if wanted == "fail":
        failure = {"status": "FAILED", "error_code": "ERR_MESSAGING_WORKER", "exit_code": "9"}
        return [json.dumps({**told, **failure, "error_message": "mock error"})]
    if wanted == "twice":
        return [json.dumps(told)] * 2
    if wanted == "garbage":
        return [f"<reply to={key}>"]
    if wanted == "nothing":
        return []
    return [json.dumps({**told, **wanted})]


def main(endpoint: str, queue: str) -> None:
    sqs = boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    while True:
        got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10)
        for message in got.get("Messages", []):
            request = json.loads(message["Body"])
            for body in answer(request):
                sqs.send_message(QueueUrl=request["reply_queue_url"], MessageBody=body)
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main(*sys.argv[1:])
