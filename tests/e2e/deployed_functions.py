"""The functions of a local system: what they run, and what they are told by their environment."""

from __future__ import annotations

import base64
import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.e2e.api import eventually

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tests.e2e.local_system import LocalSystem

ENGINE, API = "RunEngine", "HandleApi"


class DeployedFunctions:
    """Speaks to Lambda as an operator does."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._lambda: Any = system.aws.client("lambda")
        self._sqs: Any = system.aws.client("sqs")
        self._s3: Any = system.aws.client("s3")

    def code(self) -> dict[str, str]:
        """The hash of the code of each function."""
        pages = self._lambda.get_paginator("list_functions").paginate()
        found = pages.search("Functions[]")
        return {function["FunctionName"]: function["CodeSha256"] for function in found}

    def name_of(self, part: str) -> str:
        """The full name of a function."""
        (name,) = [name for name in self.code() if part in name]
        return name

    def invoke(self, part: str, payload: bytes) -> bytes:
        """Call a function and return what it answers."""
        answer = self._lambda.invoke(FunctionName=self.name_of(part), Payload=payload)
        assert "FunctionError" not in answer, answer
        return bytes(answer["Payload"].read())

    def logs(self, part: str) -> str:
        """Return all that a function has logged."""
        configuration = self._lambda.get_function_configuration(FunctionName=self.name_of(part))
        group = configuration["LoggingConfig"]["LogGroup"]
        pages = self._system.aws.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=group).search("events[].message")
        return "\n".join(filter(None, found))

    def bundle(self) -> tuple[str, str]:
        """Bucket and key of the code that the functions have in common."""
        (wanted,) = {self.code()[self.name_of(part)] for part in (ENGINE, API)}
        for bucket in self._s3.list_buckets()["Buckets"]:
            for item in self._s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
                place = (bucket["Name"], item["Key"])
                if item["Key"].endswith(".zip") and _sha256(self.content(place)) == wanted:
                    return place
        raise LookupError("nobody has the code of the functions")

    def content(self, place: tuple[str, str]) -> bytes:
        """Return the bytes of an object."""
        bucket, key = place
        return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def store(self, place: tuple[str, str], content: bytes) -> None:
        """Put an object there."""
        bucket, key = place
        self._s3.put_object(Bucket=bucket, Key=key, Body=content)

    def deploy(self, place: tuple[str, str], names: Collection[str]) -> None:
        """Give functions other code, whatever they have in hand."""
        bucket, key = place
        for name in names:
            self._lambda.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key=key)
        for name in names:
            self._settle(name)

    @contextmanager
    def told(self, more: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
        """Have functions started again with more variables, and without them afterwards."""
        before = {self.name_of(part): self._variables(self.name_of(part)) for part in more}
        after = {self.name_of(part): added for part, added in more.items()}
        self._when_settled({name: {**before[name], **after[name]} for name in before})
        try:
            yield
        finally:
            self._when_settled(before)

    @contextmanager
    def events_come_again_after(self, seconds: int) -> Iterator[None]:
        """Have what a function has let fall delivered again sooner than after a minute and half."""
        url = self._system.events_queue_url()
        name = "VisibilityTimeout"
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        self._set(url, name, str(seconds))
        try:
            yield
        finally:
            self._set(url, name, attributes["Attributes"][name])

    def _set(self, url: str, name: str, value: str) -> None:
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})

    def _variables(self, name: str) -> dict[str, str]:
        configuration = self._lambda.get_function_configuration(FunctionName=name)
        return dict(configuration["Environment"]["Variables"])

    def _when_settled(self, wanted: Mapping[str, Mapping[str, str]]) -> None:
        # The emulator ends what a function has in hand when its configuration changes.
        assert eventually(lambda: self._system.events_under_way() == 0)
        for name, variables in wanted.items():
            self._lambda.update_function_configuration(
                FunctionName=name, Environment={"Variables": dict(variables)}
            )
            self._settle(name)

    def _settle(self, name: str) -> None:
        self._lambda.get_waiter("function_updated_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1}
        )


def _sha256(content: bytes) -> str:
    """As Lambda writes it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
