"""The part of the gate repository that keeps job resources: few items, in one partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import DynamoDbTable, Put, Removal, in_partition
from formicary.adapters.aws.items import pack, unpack
from formicary.domain.job_resource import JobResource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbResources:
    """Job resources."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def put_resource(self, tenant: str, resource: JobResource) -> None:
        """Store a job resource."""
        key = keys.resource_key(tenant, resource.id)
        self._table.put(Put(key, {"resource": pack(resource.model_dump(mode="json"))}))

    def find_resource(self, tenant: str, resource_id: str) -> JobResource | None:
        """Return a job resource."""
        item = self._table.get(keys.resource_key(tenant, resource_id))
        return None if item is None else JobResource.model_validate(unpack(item["resource"]))

    def list_resources(self, tenant: str) -> Sequence[JobResource]:
        """Return the job resources by id."""
        partition = in_partition(keys.resource_key(tenant, "").pk)
        items = self._table.query_all(partition, consistent=True)
        return [JobResource.model_validate(unpack(item["resource"])) for item in items]

    def delete_resource(self, tenant: str, resource_id: str) -> None:
        """Forget a job resource."""
        self._table.put_together(Removal(keys.resource_key(tenant, resource_id)))
