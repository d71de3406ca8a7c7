"""Plays what Lambda does behind the scenes: polls the events queue and the table's stream."""

import json
import threading
from typing import Any

from tests.bench.counted.functions import Function
from tests.unit.lambdas.api_play import canned


class QueuePoller:
    """Feeds the engine one message a call, so that each event has its own price."""

    def __init__(self, sqs: Any, queue_url: str, engine: Function) -> None:
        self._sqs = sqs
        self._url = queue_url
        self._engine = engine
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stopped.is_set():
            answer = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                record = canned("sqs_record") | {
                    "messageId": message["MessageId"],
                    "body": message["Body"],
                }
                kind = json.loads(message["Body"])["kind"]
                failed = self._engine.invoke(kind, {"Records": [record]})["batchItemFailures"]
                if not failed:
                    self._sqs.delete_message(
                        QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                    )


class StreamPoller:
    """Feeds the publisher the heads of runs, one record a call."""

    def __init__(self, streams: Any, publisher: Function) -> None:
        self._streams = streams
        self._publisher = publisher
        self._next: str | None = None

    def drain(self) -> int:
        """Publish what is new; return how many records the mapping's filter let through."""
        iterator = self._next or self._first()
        passed = 0
        while True:
            answer = self._streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                keys = record["dynamodb"]["Keys"]
                if record["eventName"] in {"INSERT", "MODIFY"} and keys["sk"]["S"] == "RUN":
                    self._publisher.invoke("stream record", {"Records": [record]})
                    passed += 1
            iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                self._next = iterator
                return passed

    def _first(self) -> str:
        (stream,) = self._streams.list_streams()["Streams"]
        described = self._streams.describe_stream(StreamArn=stream["StreamArn"])
        (shard,) = described["StreamDescription"]["Shards"]
        return str(
            self._streams.get_shard_iterator(
                StreamArn=stream["StreamArn"],
                ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON",
            )["ShardIterator"]
        )
