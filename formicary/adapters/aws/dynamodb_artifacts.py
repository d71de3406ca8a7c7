"""The part of the run repository that keeps the metadata of artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_lists import ListQuery, list_page
from formicary.adapters.aws.dynamodb_table import (
    INDEX,
    DynamoDbTable,
    Expression,
    Put,
    in_partition,
)
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.paging import checked_artifact_filters, scope_of
from formicary.domain.artifact import Artifact
from formicary.domain.records import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbArtifacts:
    """Artifacts beside their run; the index knows all of each, so that a list is one query."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def put_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Store the metadata of an artifact."""
        attributes = {
            "gsi1pk": keys.artifacts_list(tenant),
            "gsi1sk": keys.part(artifact.id),
            "summary": _encode(artifact),
        }
        key = keys.artifact_key(tenant, artifact.job_request_id, artifact.id)
        self._table.put(Put(key, attributes))

    def find_artifact(self, tenant: str, artifact_id: str) -> Artifact | None:
        """Return an artifact by id, from the index, which follows a write within moments."""
        condition = Expression(
            "gsi1pk = :pk AND gsi1sk = :sk",
            {},
            {":pk": keys.artifacts_list(tenant), ":sk": keys.part(artifact_id)},
        )
        answer = self._table.query(condition, IndexName=INDEX, Limit=1)
        return _decode(answer.items[0]["summary"]) if answer.items else None

    def artifacts_of_run(self, tenant: str, request_id: str) -> Sequence[Artifact]:
        """Return the artifacts of a run in the order of their ids; read consistently."""
        condition = in_partition(keys.run_key(tenant, request_id).pk, keys.ARTIFACT_PREFIX)
        items = self._table.query_all(condition, consistent=True)
        return [_decode(item["summary"]) for item in items]

    def list_artifacts(
        self,
        tenant: str,
        *,
        filters: Mapping[str, str],
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Artifact]:
        """List artifacts, the newest first."""
        matches = {name: (value,) for name, value in checked_artifact_filters(filters).items()}
        query = ListQuery(
            partition=keys.artifacts_list(tenant),
            scope=scope_of("artifacts", tenant, matches),
            descending=True,
            decode=_decode,
            matches=matches,
        )
        return list_page(self._table, query, offset=offset, limit=limit, token=token)


def _encode(artifact: Artifact) -> dict[str, Any]:
    fields = artifact.model_dump(mode="json")
    fields["metadata"] = pack(fields["metadata"]) if fields["metadata"] else None
    return {name: value for name, value in fields.items() if value}


def _decode(summary: Mapping[str, Any]) -> Artifact:
    fields: dict[str, Any] = {"key": "", "name": "", "content_type": "", **summary}
    if "metadata" in fields:
        fields["metadata"] = unpack(fields["metadata"])
    return Artifact.model_validate(fields)
