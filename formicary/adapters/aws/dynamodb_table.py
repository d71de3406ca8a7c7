"""The table: the few calls that the repositories need, each item within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.adapters.aws.items import item_size, marshal, unmarshal
from formicary.adapters.aws.keys import Key
from formicary.domain.errors import PayloadTooLargeError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "gsi1"
# DynamoDB takes 400 KB; what is left is room for the attributes that a later version adds.
MAX_ITEM_BYTES = 350_000
# The most that one BatchWriteItem takes.
_BATCH = 25


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition or filter with its names and values."""

    text: str
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def names_and_values(self) -> dict[str, Any]:
        """Return the arguments that go with the text."""
        arguments: dict[str, Any] = {}
        if self.names:
            arguments["ExpressionAttributeNames"] = dict(self.names)
        if self.values:
            arguments["ExpressionAttributeValues"] = marshal(self.values)
        return arguments


ABSENT = Expression("attribute_not_exists(pk)")
PRESENT = Expression("attribute_exists(pk)")


def equals(name: str, value: str | int | bytes) -> Expression:
    """Return the condition that a stored attribute has this value."""
    return Expression("#c = :c", {"#c": name}, {":c": value})


def not_after(name: str, value: int) -> Expression:
    """Return the condition that a stored number, if there is one, is at most this one."""
    return Expression("attribute_not_exists(#n) OR #n <= :n", {"#n": name}, {":n": value})


@dataclass(frozen=True, slots=True)
class Put:
    """An item to write if the condition holds."""

    key: Key
    attributes: Mapping[str, Any]
    condition: Expression | None = None

    def arguments(self, table_name: str) -> dict[str, Any]:
        """Return the arguments of PutItem; PayloadTooLargeError when the item is too large."""
        item = marshal({"pk": self.key.pk, "sk": self.key.sk, **self.attributes})
        size = item_size(item)
        if size > MAX_ITEM_BYTES:
            raise PayloadTooLargeError(
                f"{self.key.sk} of {self.key.pk} takes {size // 1000} KB;"
                f" at most {MAX_ITEM_BYTES // 1000} KB can be stored."
            )
        arguments: dict[str, Any] = {"TableName": table_name, "Item": item}
        if self.condition is not None:
            arguments["ConditionExpression"] = self.condition.text
            arguments.update(self.condition.names_and_values())
        return arguments


@dataclass(frozen=True, slots=True)
class Change:
    """Attributes to change if the condition holds; only of use together with other writes."""

    key: Key
    update: Expression
    condition: Expression

    def arguments(self, table_name: str) -> dict[str, Any]:
        """Return the arguments of an Update in a transaction."""
        both = Expression(
            "", self.update.names | self.condition.names, self.update.values | self.condition.values
        )
        return {
            "TableName": table_name,
            "Key": _wire_key(self.key),
            "UpdateExpression": self.update.text,
            "ConditionExpression": self.condition.text,
            **both.names_and_values(),
        }


@dataclass(frozen=True, slots=True)
class Removal:
    """An item to delete, if the condition holds when there is one."""

    key: Key
    condition: Expression | None = None

    def arguments(self, table_name: str) -> dict[str, Any]:
        """Return the arguments of a Delete in a transaction."""
        arguments: dict[str, Any] = {"TableName": table_name, "Key": _wire_key(self.key)}
        if self.condition is not None:
            arguments["ConditionExpression"] = self.condition.text
            arguments.update(self.condition.names_and_values())
        return arguments


_ACTIONS: Mapping[type[Any], str] = {Put: "Put", Change: "Update", Removal: "Delete"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of a query: items, how many matched and were read, and where to go on."""

    items: Sequence[dict[str, Any]]
    count: int
    scanned: int
    last_key: Mapping[str, Any] | None


class DynamoDbTable:
    """Typed access to one table; raises the product's errors only."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        # The stubs type arguments that are written out; ours are composed, hence Any.
        self._client: Any = client
        self._name = table_name

    @aws_errors()
    def get(self, key: Key) -> dict[str, Any] | None:
        """Read an item consistently."""
        answer = self._client.get_item(
            TableName=self._name, Key=_wire_key(key), ConsistentRead=True
        )
        return unmarshal(answer["Item"]) if "Item" in answer else None

    @aws_errors()
    def put(self, put: Put) -> None:
        """Write an item; ConcurrentUpdateError when its condition does not hold."""
        self._client.put_item(**put.arguments(self._name))

    @aws_errors()
    def put_together(self, *writes: Put | Change | Removal) -> None:
        """Write all items or none."""
        self._client.transact_write_items(
            TransactItems=[{_ACTIONS[type(write)]: write.arguments(self._name)} for write in writes]
        )

    @aws_errors()
    def delete(self, key: Key, condition: Expression) -> None:
        """Delete an item; ConcurrentUpdateError when the condition does not hold."""
        self._client.delete_item(
            TableName=self._name,
            Key=_wire_key(key),
            ConditionExpression=condition.text,
            **condition.names_and_values(),
        )

    @aws_errors()
    def delete_all(self, keys: Sequence[Key]) -> None:
        """Delete items, whether they are there or not; UnavailableError when some are left."""
        for begin in range(0, len(keys), _BATCH):
            requests = [{"DeleteRequest": {"Key": _wire_key(k)}} for k in keys[begin:][:_BATCH]]
            answer = self._client.batch_write_item(RequestItems={self._name: requests})
            if answer.get("UnprocessedItems"):
                raise UnavailableError("The table is too busy to delete all.")

    @aws_errors()
    def put_all(self, puts: Sequence[Put]) -> None:
        """Write items without conditions; UnavailableError when some were not written."""
        for begin in range(0, len(puts), _BATCH):
            items = [put.arguments(self._name)["Item"] for put in puts[begin:][:_BATCH]]
            requests = [{"PutRequest": {"Item": item}} for item in items]
            answer = self._client.batch_write_item(RequestItems={self._name: requests})
            if answer.get("UnprocessedItems"):
                raise UnavailableError("The table is too busy to write all.")

    @aws_errors()
    def update(self, key: Key, update: Expression) -> dict[str, Any]:
        """Change an item and return it as it was; ConcurrentUpdateError when there is none."""
        answer = self._client.update_item(
            TableName=self._name,
            Key=_wire_key(key),
            UpdateExpression=update.text,
            ConditionExpression="attribute_exists(pk)",
            ReturnValues="ALL_OLD",
            **update.names_and_values(),
        )
        return unmarshal(answer["Attributes"])

    @aws_errors()
    def upsert(self, key: Key, update: Expression, condition: Expression) -> dict[str, Any]:
        """Change or make an item and return it as it is now; ConcurrentUpdateError otherwise."""
        both = Expression("", update.names | condition.names, update.values | condition.values)
        answer = self._client.update_item(
            TableName=self._name,
            Key=_wire_key(key),
            UpdateExpression=update.text,
            ConditionExpression=condition.text,
            ReturnValues="ALL_NEW",
            **both.names_and_values(),
        )
        return unmarshal(answer["Attributes"])

    def query_all(
        self, condition: Expression, *, consistent: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read all items that a key condition names, by sort key."""
        start: Mapping[str, Any] | None = None
        while True:
            answer = self.query(condition, start=start, ConsistentRead=consistent)
            yield from answer.items
            start = answer.last_key
            if start is None:
                return

    @aws_errors()
    def query(
        self, condition: Expression, *, start: Mapping[str, Any] | None = None, **options: Any
    ) -> Answer:
        """Read one page; `options` are further arguments of Query."""
        if start is not None:
            options["ExclusiveStartKey"] = start
        answer = self._client.query(
            TableName=self._name,
            KeyConditionExpression=condition.text,
            **condition.names_and_values(),
            **options,
        )
        return Answer(
            [unmarshal(item) for item in answer.get("Items", ())],
            answer["Count"],
            answer["ScannedCount"],
            answer.get("LastEvaluatedKey"),
        )


def in_partition(pk: str, sort: str = "", *, after: str = "") -> Expression:
    """Return the key condition of a partition: all, those that begin so, or those after a place."""
    if sort:
        return Expression("pk = :pk AND begins_with(sk, :sk)", {}, {":pk": pk, ":sk": sort})
    if after:
        return Expression("pk = :pk AND sk > :sk", {}, {":pk": pk, ":sk": after})
    return Expression("pk = :pk", {}, {":pk": pk})


def between(first: Key, last: Key) -> Expression:
    """Return the key condition of what lies between two keys of a partition, both included."""
    values = {":pk": first.pk, ":first": first.sk, ":last": last.sk}
    return Expression("pk = :pk AND sk BETWEEN :first AND :last", {}, values)


def _wire_key(key: Key) -> dict[str, Any]:
    return marshal({"pk": key.pk, "sk": key.sk})
