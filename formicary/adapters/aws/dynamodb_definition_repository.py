"""Job types in the table: a pointer to the version in force, and the versions, which never change.

A type that is forgotten leaves its pointer as a tombstone, because its versions stay: when a type
of that name is saved again, it goes on with the next number, whatever number the caller proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_lists import ListQuery, list_page
from formicary.adapters.aws.dynamodb_schedules import DynamoDbSchedules
from formicary.adapters.aws.dynamodb_table import ABSENT, DynamoDbTable, Expression, Put
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.paging import scope_of
from formicary.adapters.run_summary import time_text
from formicary.adapters.type_record import changed_type, kept_concurrency, published_by_another
from formicary.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from formicary.domain.records import DefinitionVersion, JobTypeRecord, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbDefinitionRepository(DynamoDbSchedules):
    """DefinitionRepository on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def find_type(self, tenant: str, job_type: str) -> JobTypeRecord | None:
        """Return the job type, None when there is none."""
        item = self._table.get(keys.type_key(tenant, job_type))
        return None if item is None or item["deleted"] else _decode_type(tenant, item["summary"])

    def find_version(self, tenant: str, job_type: str, version: int) -> DefinitionVersion | None:
        """Return one version, None when there is none."""
        item = self._table.get(keys.version_key(tenant, job_type, version))
        return None if item is None else _decode_version(tenant, job_type, version, item)

    def publish(self, tenant: str, job_type: str) -> None:
        """Make the job type a public plugin of the tenant."""
        ours = Expression("attribute_not_exists(pk) OR tenant = :t", {}, {":t": tenant})
        try:
            self._table.put(Put(keys.plugin_key(job_type), {"tenant": tenant}, ours))
        except ConcurrentUpdateError as error:
            raise ConflictError(published_by_another(job_type)) from error

    def publisher(self, job_type: str) -> str | None:
        """Return the tenant whose public plugin the job type is."""
        item = self._table.get(keys.plugin_key(job_type))
        return None if item is None else str(item["tenant"])

    def save_version(
        self, version: DefinitionVersion, summary: Mapping[str, Any], expected_version: int
    ) -> JobTypeRecord:
        """Store a new version and put it in force; the record tells the number it was given."""
        key = keys.type_key(version.tenant, version.job_type)
        item = self._table.get(key)
        before = None
        if item is not None and item["deleted"]:
            version = replace(version, version=item["version"] + 1)
        elif item is not None:
            before = _decode_type(version.tenant, item["summary"])
        if (before.version if before else 0) != expected_version:
            raise ConcurrentUpdateError(f"{version.job_type} was saved by somebody else.")
        record = _record(version, summary, before)
        self._table.put_together(
            Put(
                keys.version_key(version.tenant, version.job_type, version.version),
                _encode_version(version),
                ABSENT,
            ),
            Put(
                key,
                _encode_type(record, _next_revision(item)),
                ABSENT if item is None else _unchanged(item),
            ),
        )
        return record

    def change_type(
        self,
        tenant: str,
        job_type: str,
        *,
        disabled: bool | None = None,
        concurrency: int | None = None,
    ) -> JobTypeRecord:
        """Change what belongs to a type and to none of its versions."""
        key = keys.type_key(tenant, job_type)
        item = self._table.get(key)
        if item is None or item["deleted"]:
            raise NotFoundError(f"There is no job type {job_type!r}.")
        record = changed_type(_decode_type(tenant, item["summary"]), disabled, concurrency)
        attributes = _encode_type(record, _next_revision(item))
        self._table.put(Put(key, attributes, _unchanged(item)))
        return record

    def delete_type(self, tenant: str, job_type: str) -> None:
        """Forget the type; its versions stay."""
        try:
            self._table.update(
                keys.type_key(tenant, job_type),
                Expression(
                    "SET #d = :true REMOVE gsi1pk, gsi1sk, summary",
                    {"#d": "deleted"},
                    {":true": True},
                ),
            )
        except ConcurrentUpdateError:
            return  # there never was such a type

    def list_types(
        self, tenant: str, *, offset: int, limit: int, token: str | None = None
    ) -> Page[JobTypeRecord]:
        """List the types by name."""
        query = ListQuery(
            partition=keys.types_list(tenant),
            scope=scope_of("types", tenant, {}),
            descending=False,
            decode=lambda summary: _decode_type(tenant, summary),
            matches={},
        )
        return list_page(self._table, query, offset=offset, limit=limit, token=token)


def _record(
    version: DefinitionVersion, summary: Mapping[str, Any], before: JobTypeRecord | None
) -> JobTypeRecord:
    return JobTypeRecord(
        tenant=version.tenant,
        job_type=version.job_type,
        version=version.version,
        sha256=version.sha256,
        created_at=before.created_at if before else version.created_at,
        updated_at=version.created_at,
        disabled=before.disabled if before else False,
        summary=unpack(pack(dict(summary))),
        concurrency=kept_concurrency(before, summary),
    )


def _unchanged(item: Mapping[str, Any]) -> Expression:
    names = {"#v": "version", "#d": "deleted", "#r": "revision"}
    values = {":v": item["version"], ":d": item["deleted"]}
    if "revision" not in item:
        return Expression("#v = :v AND #d = :d AND attribute_not_exists(#r)", names, values)
    values[":r"] = item["revision"]
    return Expression("#v = :v AND #d = :d AND #r = :r", names, values)


def _next_revision(item: Mapping[str, Any] | None) -> int:
    """Count the writes of a type: its settings change without a new version."""
    return int(item.get("revision", 0)) + 1 if item else 1


def _encode_type(record: JobTypeRecord, revision: int) -> dict[str, Any]:
    return {
        "gsi1pk": keys.types_list(record.tenant),
        "gsi1sk": keys.part(record.job_type),
        "version": record.version,
        "revision": revision,
        "deleted": False,
        "summary": {
            "job_type": record.job_type,
            "version": record.version,
            "sha256": record.sha256,
            "created_at": time_text(record.created_at),
            "updated_at": time_text(record.updated_at),
            "disabled": record.disabled,
            "concurrency": record.concurrency,
            "shown": pack(record.summary),
        },
    }


def _decode_type(tenant: str, summary: Mapping[str, Any]) -> JobTypeRecord:
    return JobTypeRecord(
        tenant=tenant,
        job_type=summary["job_type"],
        version=summary["version"],
        sha256=summary["sha256"],
        created_at=datetime.fromisoformat(summary["created_at"]),
        updated_at=datetime.fromisoformat(summary["updated_at"]),
        disabled=summary["disabled"],
        concurrency=summary.get("concurrency"),
        summary=unpack(summary["shown"]),
    )


def _encode_version(version: DefinitionVersion) -> dict[str, Any]:
    return {
        "text": pack(version.text),
        "sha256": version.sha256,
        "created_at": time_text(version.created_at),
        "user_id": version.user_id,
    }


def _decode_version(
    tenant: str, job_type: str, number: int, item: Mapping[str, Any]
) -> DefinitionVersion:
    return DefinitionVersion(
        tenant=tenant,
        job_type=job_type,
        version=number,
        text=unpack(item["text"]),
        sha256=item["sha256"],
        created_at=datetime.fromisoformat(item["created_at"]),
        user_id=item["user_id"],
    )
