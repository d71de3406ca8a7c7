"""The functions of a local system: what they run, and what they are told by their environment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.e2e.api import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.local_system import LocalSystem

ENGINE, API = "RunEngine", "HandleApi"


class DeployedFunctions:
    """Speaks to Lambda as an operator does."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._lambda: Any = system.aws.client("lambda")
        self._sqs: Any = system.aws.client("sqs")

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
            self._lambda.get_waiter("function_updated_v2").wait(
                FunctionName=name, WaiterConfig={"Delay": 1}
            )
